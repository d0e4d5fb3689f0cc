/* SPDX-License-Identifier: Apache-2.0 */
/* The line of a user file that verified an identity, and its mark, which a persistent NTLM login
 * keeps. The mark shows later whether the line still exists and is unchanged. An attacker cannot
 * log in with it. */
#ifndef ACCEPTOR_USER_MARK_H
#define ACCEPTOR_USER_MARK_H

#include "hash.h"
#include "policy_identity.h"
#include "store_users_parse.h" /* STORE_USERS_HASH_MAX */

#define ACCEPTOR_USER_MARK_KEY_LEN 32

struct acceptor_user_mark {
    uint64_t generation;      /* store_users_generation() when the line was last found unchanged */
    uint8_t digest[HASH_MAX]; /* HMAC of the line's hash by a random key */
};

enum acceptor_user_mark_state {
    ACCEPTOR_USER_MARK_RIGHT,
    ACCEPTOR_USER_MARK_GONE,   /* no line of this user */
    ACCEPTOR_USER_MARK_CHANGED /* another hash, or libcrypto failed */
};

/* True if a user file verified the identity. Users of winbind and of httpd's own providers have no
 * mark. */
bool acceptor_user_mark_applies(const struct policy_identity *identity);

/* Copies the hash of the user's line that verifies the identity now: the NT hash, or the hash of
 * the identity's Digest algorithm. Returns its length. 0: there is no such line. The caller wipes
 * `ret_hash`. Allocates nothing and reads no file. */
size_t acceptor_user_mark_find(const struct policy_identity *identity,
                               uint8_t ret_hash[STORE_USERS_HASH_MAX]) MUST_USE;

/* Marks the line that verified the identity. `hashes` are those of the acceptor. `generation` is
 * that of the file before the verification. False: the file was read again since, or libcrypto
 * failed; the connection must not keep the login. */
bool acceptor_user_mark_take(const struct hash_suite *hashes,
                             const uint8_t key[ACCEPTOR_USER_MARK_KEY_LEN],
                             const struct policy_identity *identity, uint64_t generation,
                             struct acceptor_user_mark *ret_mark) MUST_USE;

/* Searches the line again only if the file was read again. Notes in `mark` that the line is
 * unchanged. Reads no file. */
enum acceptor_user_mark_state acceptor_user_mark_check(
    const struct hash_suite *hashes, const uint8_t key[ACCEPTOR_USER_MARK_KEY_LEN],
    const struct policy_identity *identity, struct acceptor_user_mark *mark) MUST_USE;

#endif
