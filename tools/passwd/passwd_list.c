/* SPDX-License-Identifier: Apache-2.0 */
#include "passwd_list.h"

#include <stdio.h>
#include <string.h>

#include "passwd_database.h"
#include "tool_file.h"
#include "passwd_name.h"
#include "tool_problem.h"
#include "passwd_table.h"

/* Splits user:realm. */
static void cut_name(struct sspi_view name, struct sspi_view *ret_user, struct sspi_view *ret_realm)
{
    const char *colon = memchr(name.data, ':', name.len);
    *ret_user = (struct sspi_view){name.data, (size_t)(colon - name.data)};
    *ret_realm = (struct sspi_view){colon + 1, name.len - ret_user->len - 1};
}

static void print(const struct passwd_table_user *entry, struct sspi_view user,
                  struct sspi_view realm)
{
    /* The strongest algorithm of Digest is first. SASL's line belongs to MD5's, and NT is last. */
    static const enum passwd_kind order[PASSWD_N_KINDS] = {PASSWD_SHA_512_256, PASSWD_SHA_256,
                                                           PASSWD_MD5, PASSWD_SASL, PASSWD_NT};
    printf("%.*s\t%.*s\t", (int)user.len, user.data, (int)realm.len, realm.data);
    const char *separator = "";
    for (size_t i = 0; i < PASSWD_N_KINDS; i++)
        if (entry->line[order[i]].data != NULL) {
            printf("%s%s", separator, passwd_kind_name(order[i]));
            separator = ",";
        }
    putchar('\n');
}

/* Prints the users that the options select, and returns their number. */
static size_t print_wanted(const struct passwd_table *table, const struct passwd_options *options)
{
    size_t n_printed = 0;
    for (size_t i = 0; i < table->n_users; i++) {
        struct sspi_view user, realm;
        cut_name(table->users[i].name, &user, &realm);
        if ((options->user != NULL && !passwd_name_is(user, bytes_view(options->user))) ||
            (options->realm != NULL && !passwd_name_is(realm, bytes_view(options->realm))))
            continue;
        print(&table->users[i], user, realm);
        n_printed++;
    }
    return n_printed;
}

static int list(const struct passwd_table *table, const struct passwd_options *options)
{
    if (print_wanted(table, options) > 0 || (options->user == NULL && options->realm == NULL))
        return TOOL_EXIT_DONE;
    tool_problem("%s has no user%s%s%s%s", options->file, options->user == NULL ? "" : " ",
                 options->user == NULL ? "" : options->user,
                 options->realm == NULL ? "" : " in realm ",
                 options->realm == NULL ? "" : options->realm);
    return TOOL_EXIT_FAILED;
}

static int list_text(struct passwd_table *table, const struct passwd_options *options)
{
    TOOL_FILE_CLEANUP struct tool_file file = TOOL_FILE_NONE;
    if (!tool_file_load(options->file, TOOL_FILE_READ, &file) ||
        !passwd_table_fill(table, options->file, bytes_as_view(&file.text), NULL))
        return TOOL_EXIT_FAILED;
    return list(table, options);
}

static int list_database(struct passwd_table *table, const struct passwd_options *options)
{
    PASSWD_DATABASE_CLEANUP struct store_users_cdb *cdb = passwd_database_open(options->file);
    struct store_users_line line;
    unsigned place = 0;
    if (cdb == NULL)
        return TOOL_EXIT_FAILED;
    while (store_users_cdb_next(cdb, &place, &line)) {
        bytes_wipe(line.hash, sizeof line.hash);
        struct sspi_view name = {line.user.data, line.user.len + 1 + line.realm.len};
        struct passwd_table_user *user = passwd_table_add(table, name);
        if (user == NULL) {
            tool_problem(OUT_OF_MEMORY);
            return TOOL_EXIT_FAILED;
        }
        user->line[passwd_kind_of(&line)] = name;
    }
    return list(table, options);
}

int passwd_list(const struct passwd_options *options)
{
    PASSWD_TABLE_CLEANUP struct passwd_table table = {0};
    if (!passwd_table_begin(&table))
        return TOOL_EXIT_FAILED;
    return passwd_database_is(options->file) ? list_database(&table, options)
                                             : list_text(&table, options);
}
