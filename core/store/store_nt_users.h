/* SPDX-License-Identifier: Apache-2.0 */
/* The users of NTLM: the lines `user:DOMAIN:NT:hex` of a user file, beside those of Digest
 * (store_users.h, which also says how the file is opened and read again). User and domain are found
 * without case, as Windows does (fold.h); every line has a domain, and neither name a backslash,
 * which stands between the two wherever they are told. A database has no such lines. */
#ifndef STORE_NT_USERS_H
#define STORE_NT_USERS_H

#include "store_users.h"
#include "store_users_parse.h" /* STORE_USERS_NAME_LIMIT */

/* MD4 of the password in UTF-16LE (MS-NLMP 3.3.1): whoever has it can log in. */
#define STORE_NT_USERS_HASH_LEN 16

struct store_nt_user {
    char user[STORE_USERS_NAME_LIMIT + 1]; /* as in the file */
    char domain[STORE_USERS_NAME_LIMIT + 1];
    uint8_t hash[STORE_NT_USERS_HASH_LEN];
};

/* Looks a user up; names in UTF-8 and of any length. No domain is the file's own
 * (store_nt_users_domain()): most clients send none when a person typed none. Wipe *ret_user.
 * False: no such line; its hash is a fixed dummy then, so that callers do the same work.
 * Thread-safe, no file is read. */
bool store_nt_users_find(struct sspi_users *users, struct sspi_view user, struct sspi_view domain,
                         struct store_nt_user *ret_user) MUST_USE;

/* The file's own domain: that of its first NT line. False: it has none. */
bool store_nt_users_domain(struct sspi_users *users,
                           char ret_domain[STORE_USERS_NAME_LIMIT + 1]) MUST_USE;

#endif
