/* SPDX-License-Identifier: Apache-2.0 */
/* The users of a file with their lines, found by name and kept in the order of the file. */
#ifndef PASSWD_TABLE_H
#define PASSWD_TABLE_H

#include "passwd_lines.h"
#include "store_siphash.h"

struct passwd_table_user {
    struct sspi_view name;                 /* user:realm */
    struct sspi_view line[PASSWD_N_KINDS]; /* without its end; absent when there is none */
    bool used[PASSWD_N_KINDS];             /* for the caller */
    bool is_known;                         /* the same */
};

/* Initialise with passwd_table_begin(). All views borrow from what was added. */
struct passwd_table {
    struct passwd_table_user *users;
    size_t n_users;
    size_t capacity;
    size_t *slots;  /* open addressing: a place in `users` + 1, 0 is empty; half of them at least */
    size_t n_slots; /* a power of two */
    uint8_t key[STORE_SIPHASH_KEY_SIZE];
};

/* False: told (no randomness). */
bool passwd_table_begin(struct passwd_table *ret_table) MUST_USE;

/* Adds all users of a text. `progress` may be NULL. False: told (a bad line, a second line of one
 * user, realm and algorithm, no memory). */
bool passwd_table_fill(struct passwd_table *table, const char *path, struct sspi_view text,
                       struct passwd_progress *progress) MUST_USE;

/* The user of that name (user:realm), a new one when there is none yet. NULL: no memory. It is
 * valid until the next call. */
struct passwd_table_user *passwd_table_add(struct passwd_table *table,
                                           struct sspi_view name) MUST_USE;

/* NULL when there is none of that name. */
struct passwd_table_user *passwd_table_find(const struct passwd_table *table,
                                            struct sspi_view name);

void passwd_table_end(struct passwd_table *table);

#define PASSWD_TABLE_CLEANUP __attribute__((cleanup(passwd_table_end)))

#endif
