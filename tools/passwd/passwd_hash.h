/* SPDX-License-Identifier: Apache-2.0 */
/* The hashes of a password, and the lines they are kept in. */
#ifndef PASSWD_HASH_H
#define PASSWD_HASH_H

#include "hash.h"
#include "passwd_options.h"

/* Computes what a line of that kind holds: passwd_kind_len() octets, which the caller wipes. False:
 * told (this machine's OpenSSL cannot do it, no memory). */
bool passwd_hash(const struct hash_suite *suite, enum passwd_kind kind, struct sspi_view user,
                 struct sspi_view realm, struct sspi_view password,
                 uint8_t ret_hash[HASH_MAX]) MUST_USE;

/* hash_suite_open(); false: told. */
bool passwd_hash_open(struct hash_suite *ret_suite) MUST_USE;

/* Appends one line for each of the kinds of `options`, and behind that of MD5 the one of SASL when
 * its hash is another. False: told. */
bool passwd_hash_lines(const struct passwd_options *options, struct sspi_view realm,
                       struct sspi_view password, struct bytes *to) MUST_USE;

#endif
