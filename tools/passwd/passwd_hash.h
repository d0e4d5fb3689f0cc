/* SPDX-License-Identifier: Apache-2.0 */
/* Computes the hashes of a password, and formats the lines that contain them. */
#ifndef PASSWD_HASH_H
#define PASSWD_HASH_H

#include "hash.h"
#include "passwd_options.h"

/* Computes the hash in a line of this kind: passwd_kind_len() octets, which the caller wipes.
 * False: reported (this machine's OpenSSL lacks the algorithm, out of memory). */
bool passwd_hash(const struct hash_suite *suite, enum passwd_kind kind, struct sspi_view user,
                 struct sspi_view realm, struct sspi_view password,
                 uint8_t ret_hash[HASH_MAX]) MUST_USE;

/* As hash_suite_init(). False: reported. */
bool passwd_hash_open(struct hash_suite *ret_suite) MUST_USE;

/* Appends one line for each kind of `options`. An MD5 line is followed by a line of SASL if the
 * hash of SASL differs. False: reported. */
bool passwd_hash_lines(const struct passwd_options *options, struct sspi_view realm,
                       struct sspi_view password, struct bytes *to) MUST_USE;

#endif
