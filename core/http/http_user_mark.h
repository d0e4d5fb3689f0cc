/* SPDX-License-Identifier: Apache-2.0 */
/* What a login of NTLM that stays on its connection remembers of its line in the user file: enough
 * to tell later whether the line is there and the same, and nothing that anybody could log in with.
 */
#ifndef HTTP_USER_MARK_H
#define HTTP_USER_MARK_H

#include "hash.h"
#include "http_proof.h"

#define HTTP_USER_MARK_KEY_LEN 32

struct http_user_mark {
    uint64_t generation;      /* store_users_generation() when the line was last right */
    uint8_t digest[HASH_MAX]; /* HMAC of the NT hash by a random key */
};

enum http_user_mark_state {
    HTTP_USER_MARK_RIGHT,
    HTTP_USER_MARK_GONE,   /* no line of this user */
    HTTP_USER_MARK_CHANGED /* another NT hash, or libcrypto failed */
};

/* True when a user file proved it. Winbind's users are not known here. */
bool http_user_mark_applies(const struct http_proof *proof);

/* Marks the line that proved it. `generation` is that of the file before the proof. False: the file
 * was read again since, or libcrypto failed; such a login must not stay. */
bool http_user_mark_take(const uint8_t key[HTTP_USER_MARK_KEY_LEN], const struct http_proof *proof,
                         uint64_t generation, struct http_user_mark *ret_mark) SSPI_MUST_USE;

/* Looks for the line again when the file was read again, and not before; notes in `mark` that it is
 * right. Reads no file. */
enum http_user_mark_state http_user_mark_check(const uint8_t key[HTTP_USER_MARK_KEY_LEN],
                                               const struct http_proof *proof,
                                               struct http_user_mark *mark) SSPI_MUST_USE;

#endif
