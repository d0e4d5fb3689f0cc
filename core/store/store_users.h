/* SPDX-License-Identifier: Apache-2.0 */
/* The Digest user file in memory: lines `user:realm:hex32` (htdigest, MD5) and
 * `user:realm:ALGORITHM:hex` (MD5, SHA-256, SHA-512-256; NT lines belong to NTLM and are skipped).
 */
#ifndef STORE_USERS_H
#define STORE_USERS_H

#include "bytes.h"
#include "sspi_acceptor.h"
#include "store_file.h" /* enum store_refresh */

/* Longest line; user and realm each at most 255 octets. */
#define STORE_USERS_LINE_LIMIT 1024
#define STORE_USERS_FILE_LIMIT (64u << 20)
#define STORE_USERS_HASH_MAX   32

/* Reads the file and indexes it by a hash of user and realm. NULL on failure; `error` (never NULL)
 * then holds "file:line: what is wrong; what would be right" without any hash in it. Blocks on the
 * file. Comments (#) and empty lines are skipped, CRLF is accepted. */
struct sspi_users *store_users_open(const char *path, char *error, size_t error_size) SSPI_MUST_USE;

/* NULL is fine. */
void store_users_close(struct sspi_users *users);

const char *store_users_path(const struct sspi_users *users);

/* Looks at the file at most once a second of `now_ms` (one stat), and reads it again when it
 * changed. Thread-safe; one thread reads, the others go on with the old users. */
enum store_refresh store_users_refresh(struct sspi_users *users, uint64_t now_ms, char *error,
                                       size_t error_size);

/* H(user:realm:password) of the user for one algorithm, copied to `ret_hash`. False: no such line;
 * ret_hash then holds a fixed dummy of that length so that callers do the same work. Thread-safe.
 */
bool store_users_hash(struct sspi_users *users, struct sspi_view user, struct sspi_view realm,
                      enum sspi_digest_algorithm algorithm,
                      uint8_t ret_hash[STORE_USERS_HASH_MAX]) SSPI_MUST_USE;

/* How many users the realm (an absent view: all realms) has, and for how many of them there is a
 * line of `algorithm`. A realm without users gives 0 and 0. */
void store_users_count(struct sspi_users *users, struct sspi_view realm,
                       enum sspi_digest_algorithm algorithm, size_t *ret_users,
                       size_t *ret_with_algorithm);

/* The algorithms to offer for `realm` where nobody chose any, strongest first: of SHA-256 and MD5
 * those for which every user of the realm has a line. When there is none such, the one with the
 * most lines, so that one user added without it locks nobody else out. Returns how many, 1 or 2. */
size_t store_users_algorithms(struct sspi_users *users, struct sspi_view realm,
                              enum sspi_digest_algorithm ret_algorithms[2]);

#endif
