/* SPDX-License-Identifier: Apache-2.0 */
#include "passwd_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool_problem.h"

#define FIRST_CAPACITY 64

bool passwd_table_begin(struct passwd_table *ret_table)
{
    *ret_table = (struct passwd_table){0};
    /* An attacker who chooses user names does not know the key, so the names do not collide. */
    bool done = getentropy(ret_table->key, sizeof ret_table->key) == 0;
    if (!done)
        tool_problem("the system gives no random numbers: %s", strerror(errno));
    return done;
}

void passwd_table_end(struct passwd_table *table)
{
    free(table->users);
    free(table->slots);
    *table = (struct passwd_table){0};
}

/* Returns the slot of the name, or the empty slot for it. n_slots must not be 0. */
static size_t *slot_of(const struct passwd_table *table, struct sspi_view name)
{
    size_t at = store_siphash(table->key, name.data, name.len).low;
    for (;; at++) {
        size_t *slot = &table->slots[at & (table->n_slots - 1)];
        if (*slot == 0 || bytes_equal(table->users[*slot - 1].name, name))
            return slot;
    }
}

static bool grow(struct passwd_table *table)
{
    size_t capacity = table->capacity == 0 ? FIRST_CAPACITY : 2 * table->capacity;
    struct passwd_table_user *users = reallocarray(table->users, capacity, sizeof *users);
    if (users == NULL)
        return false;
    table->users = users;
    table->capacity = capacity;
    size_t *slots = calloc(2 * capacity, sizeof *slots);
    if (slots == NULL)
        return false;
    free(table->slots);
    table->slots = slots;
    table->n_slots = 2 * capacity;
    for (size_t i = 0; i < table->n_users; i++)
        *slot_of(table, table->users[i].name) = i + 1;
    return true;
}

struct passwd_table_user *passwd_table_find(const struct passwd_table *table, struct sspi_view name)
{
    if (table->n_users == 0)
        return NULL;
    size_t slot = *slot_of(table, name);
    return slot == 0 ? NULL : &table->users[slot - 1];
}

struct passwd_table_user *passwd_table_add(struct passwd_table *table, struct sspi_view name)
{
    struct passwd_table_user *user = passwd_table_find(table, name);
    if (user != NULL)
        return user;
    if (table->n_users == table->capacity && !grow(table))
        return NULL;
    user = &table->users[table->n_users];
    *user = (struct passwd_table_user){.name = name};
    *slot_of(table, name) = ++table->n_users;
    return user;
}

/* False: reported. */
static bool add_line(struct passwd_table *table, const struct passwd_lines *lines)
{
    struct passwd_table_user *user = passwd_table_add(table, passwd_lines_name(lines));
    if (user == NULL) {
        passwd_lines_report(lines, OUT_OF_MEMORY);
        return false;
    }
    if (user->line[lines->kind].data != NULL) {
        passwd_lines_report_second(lines);
        return false;
    }
    user->line[lines->kind] = lines->text;
    return true;
}

bool passwd_table_fill(struct passwd_table *table, const char *path, struct sspi_view text,
                       struct passwd_progress *progress)
{
    PASSWD_LINES_CLEANUP struct passwd_lines lines;
    enum passwd_next next;
    passwd_lines_of_text(path, text, &lines);
    lines.progress = progress;
    while ((next = passwd_lines_next(&lines)) == PASSWD_NEXT_LINE)
        if (lines.has_user && !add_line(table, &lines))
            return false;
    return next == PASSWD_NEXT_END;
}
