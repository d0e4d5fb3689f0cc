/* SPDX-License-Identifier: Apache-2.0 */
/* What a client may send in place of its user's name (RFC 7616 3.4.4). Pure. */
#ifndef STORE_USERS_USERHASH_H
#define STORE_USERS_USERHASH_H

#include "hash.h"

/* H(user:realm), hash_len(algorithm) octets, of names as they stand in the file. False as
 * hash_end(): the algorithm is not available on this machine. */
bool store_users_userhash(struct hash_run *run, enum sspi_digest_algorithm algorithm,
                          struct sspi_view user, struct sspi_view realm,
                          uint8_t ret_userhash[HASH_MAX]) MUST_USE;

#endif
