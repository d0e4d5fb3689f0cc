/* SPDX-License-Identifier: Apache-2.0 */
#include "passwd_verify.h"

#include <stdio.h>

#include "passwd_database.h"
#include "passwd_edit.h"
#include "tool_file.h"
#include "passwd_hash.h"
#include "passwd_lines.h"
#include "tool_problem.h"
#include "passwd_prompt.h"

#define N_DATABASE_KINDS 4 /* all but NT */

/* Compares one password with several lines. */
struct check {
    const struct passwd_options *options;
    struct hash_suite suite;
    struct passwd_secret secret;
    size_t n_right;
    size_t n_wrong;
};

static void end(struct check *check)
{
    hash_suite_clear(&check->suite);
    passwd_prompt_wipe(&check->secret);
}

static void report_missing(const struct passwd_options *options, struct sspi_view realm)
{
    tool_problem("%s has no user %s in realm %.*s", options->file, options->user, (int)realm.len,
                 realm.data);
}

static bool ask(struct check *check)
{
    return passwd_prompt(check->options->from_stdin, PASSWD_PROMPT_OLD, check->options->user,
                         &check->secret) &&
           passwd_hash_open(&check->suite);
}

/* Compares the password with one line. The names are hashed as written in the file, because a
 * client that logs in with this line sends them so. `number` is the number of the line, 0 in a
 * database. */
static void check_line(struct check *check, unsigned long number, enum passwd_kind kind,
                       struct sspi_view user, struct sspi_view realm, const uint8_t *hash)
{
    uint8_t wanted[HASH_MAX];
    struct sspi_view password = {check->secret.text, check->secret.len};
    if (!passwd_hash(&check->suite, kind, user, realm, password, wanted)) {
        check->n_wrong++;
        return;
    }
    size_t len = passwd_kind_len(kind);
    const char *file = check->options->file, *name = passwd_kind_name(kind);
    if (bytes_equal_secret((struct sspi_view){(const char *)wanted, len},
                           (struct sspi_view){(const char *)hash, len})) {
        check->n_right++;
        printf("%s\tright\n", name);
    } else {
        check->n_wrong++;
        if (number > 0)
            tool_problem("%s:%lu: the %s line has another password", file, number, name);
        else
            tool_problem("%s: the %s line has another password", file, name);
    }
    bytes_wipe(wanted, sizeof wanted);
}

/* Counts the user's lines and, if the password was read, compares it with each of them. False:
 * reported (a line is wrong). */
static bool check_lines(struct check *check, struct sspi_view text, struct sspi_view realm,
                        size_t *ret_n_lines)
{
    PASSWD_LINES_CLEANUP struct passwd_lines lines;
    enum passwd_next next;
    *ret_n_lines = 0;
    passwd_lines_of_text(check->options->file, text, &lines);
    while ((next = passwd_lines_next(&lines)) == PASSWD_NEXT_LINE) {
        if (!passwd_lines_is_of(&lines, bytes_view(check->options->user), realm))
            continue;
        ++*ret_n_lines;
        if (check->secret.len > 0)
            check_line(check, lines.number, lines.kind, lines.line.user, lines.line.realm,
                       lines.line.hash);
    }
    return next == PASSWD_NEXT_END;
}

static int verify_text(struct check *check)
{
    TOOL_FILE_CLEANUP struct tool_file file = TOOL_FILE_NONE;
    BYTES_CLEANUP struct bytes realm = {0};
    const struct passwd_options *options = check->options;
    size_t n_lines;
    if (!tool_file_load(options->file, TOOL_FILE_READ, &file))
        return TOOL_EXIT_FAILED;
    struct sspi_view text = bytes_as_view(&file.text);
    int status = passwd_edit_realm(options->file, text, options->realm, &realm);
    if (status != TOOL_EXIT_DONE)
        return status;
    if (!check_lines(check, text, bytes_as_view(&realm), &n_lines))
        return TOOL_EXIT_FAILED;
    if (n_lines == 0) /* before the user types a password */
        report_missing(options, bytes_as_view(&realm));
    else if (ask(check) && !check_lines(check, text, bytes_as_view(&realm), &n_lines))
        return TOOL_EXIT_FAILED;
    return TOOL_EXIT_DONE;
}

static bool find(const struct store_users_cdb *cdb, struct sspi_view user, struct sspi_view realm,
                 enum passwd_kind kind, uint8_t ret_hash[STORE_USERS_HASH_MAX])
{
    return kind == PASSWD_SASL
               ? store_users_cdb_sasl_hash(cdb, user, realm, ret_hash)
               : store_users_cdb_hash(cdb, user, realm, passwd_kind_algorithm(kind), ret_hash);
}

static int verify_database(struct check *check)
{
    static const enum passwd_kind kinds[N_DATABASE_KINDS] = {PASSWD_SHA_512_256, PASSWD_SHA_256,
                                                             PASSWD_MD5, PASSWD_SASL};
    const struct passwd_options *options = check->options;
    struct sspi_view user = bytes_view(options->user), realm = bytes_view(options->realm);
    PASSWD_DATABASE_CLEANUP struct store_users_cdb *cdb = passwd_database_open(options->file);
    if (cdb == NULL)
        return TOOL_EXIT_FAILED;
    uint8_t hashes[N_DATABASE_KINDS][STORE_USERS_HASH_MAX];
    bool has[N_DATABASE_KINDS], any = false;
    for (size_t i = 0; i < N_DATABASE_KINDS; i++) {
        has[i] = find(cdb, user, realm, kinds[i], hashes[i]);
        any = any || has[i];
    }
    if (!any)
        report_missing(options, realm);
    else if (ask(check))
        for (size_t i = 0; i < N_DATABASE_KINDS; i++)
            if (has[i])
                check_line(check, 0, kinds[i], user, realm, hashes[i]);
    bytes_wipe(hashes, sizeof hashes);
    return TOOL_EXIT_DONE;
}

int passwd_verify(const struct passwd_options *options)
{
    __attribute__((cleanup(end))) struct check check = {.options = options};
    int status = passwd_database_is(options->file) ? verify_database(&check) : verify_text(&check);
    if (status != TOOL_EXIT_DONE)
        return status;
    return check.n_right > 0 && check.n_wrong == 0 ? TOOL_EXIT_DONE : TOOL_EXIT_FAILED;
}
