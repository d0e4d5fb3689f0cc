/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PASSWD_PROBLEM_H
#define PASSWD_PROBLEM_H

#include "error_info.h" /* OUT_OF_MEMORY */

/* Prints one line on standard error: "sspi-passwd: the problem; its remedy". The line may contain a
 * name from the command line, but never a password or a hash.
 *
 * Most functions of this program print the problem themselves before they fail. Their comments say
 * "reported" for this. */
void passwd_problem(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
