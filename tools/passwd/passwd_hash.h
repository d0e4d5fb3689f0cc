/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of one user. */
#ifndef PASSWD_HASH_H
#define PASSWD_HASH_H

#include "bytes.h"
#include "passwd_options.h"

/* Appends one line for each of the kinds. False: told (an algorithm that this machine's OpenSSL
 * does not have, no memory). */
bool passwd_hash_lines(const struct passwd_options *options, struct sspi_view realm,
                       struct sspi_view password, struct bytes *to) SSPI_MUST_USE;

#endif
