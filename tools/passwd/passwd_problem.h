/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PASSWD_PROBLEM_H
#define PASSWD_PROBLEM_H

/* Prints one line on standard error, "sspi-passwd: what is wrong; what would be right". A name from
 * the command line may be in it, a password or a hash never. */
void passwd_problem(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
