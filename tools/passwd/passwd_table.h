/* SPDX-License-Identifier: Apache-2.0 */
/* The users of a file and their lines, in the order of the file, with a hash table of their
 * names. */
#ifndef PASSWD_TABLE_H
#define PASSWD_TABLE_H

#include "passwd_lines.h"
#include "store_siphash.h"

struct passwd_table_user {
    struct sspi_view name;                 /* user:realm */
    struct sspi_view line[PASSWD_N_KINDS]; /* without its line break; absent: no line */
    bool used[PASSWD_N_KINDS];             /* for the caller */
    bool is_known;                         /* for the caller */
};

/* Initialise with passwd_table_begin(). All views borrow from the texts that were added. */
struct passwd_table {
    struct passwd_table_user *users;
    size_t n_users;
    size_t capacity;
    size_t *slots;  /* open addressing: an index of `users` + 1, or 0; at least half are empty */
    size_t n_slots; /* a power of two */
    uint8_t key[STORE_SIPHASH_KEY_SIZE];
};

/* False: reported (the system gives no random numbers). */
bool passwd_table_begin(struct passwd_table *ret_table) MUST_USE;

/* Adds all users of a text. `progress` may be NULL. False: reported (a line is wrong, there is a
 * second line of one user, realm and algorithm, or out of memory). */
bool passwd_table_fill(struct passwd_table *table, const char *path, struct sspi_view text,
                       struct passwd_progress *progress) MUST_USE;

/* Returns the user of this name (user:realm), and adds it if it is missing. NULL: out of memory.
 * The pointer is valid until the next call. */
struct passwd_table_user *passwd_table_add(struct passwd_table *table,
                                           struct sspi_view name) MUST_USE;

/* Returns NULL if no user has this name. */
struct passwd_table_user *passwd_table_find(const struct passwd_table *table,
                                            struct sspi_view name);

void passwd_table_end(struct passwd_table *table);

#define PASSWD_TABLE_CLEANUP __attribute__((cleanup(passwd_table_end)))

#endif
