/* SPDX-License-Identifier: Apache-2.0 */
#include "passwd_edit.h"

#include <string.h>

#include "hash.h"
#include "passwd_problem.h"
#include "store_users_parse.h"

/* A walk over the lines that have a user. */
struct walk {
    const char *path;
    struct sspi_view rest;
    unsigned number;
    struct sspi_view whole; /* the line with its end */
    enum store_users_kind kind;
    struct store_users_line line;
};

/* False: the end, or a bad line, which is told and ret_bad set. */
static bool next(struct walk *walk, bool *ret_bad)
{
    struct sspi_view text;
    const char *problem;
    *ret_bad = false;
    if (!store_users_parse_next(&walk->rest, &walk->whole, &text))
        return false;
    walk->number++;
    walk->kind = store_users_parse_line(text, &walk->line, &problem);
    bytes_wipe(walk->line.hash, sizeof walk->line.hash);
    if (walk->kind == STORE_USERS_BAD) {
        passwd_problem("%s:%u: %s; nothing was changed", walk->path, walk->number, problem);
        *ret_bad = true;
        return false;
    }
    return true;
}

static bool has_user(const struct walk *walk)
{
    return walk->kind == STORE_USERS_DIGEST || walk->kind == STORE_USERS_NT;
}

bool passwd_edit_realm(const char *path, struct sspi_view text, struct sspi_view *ret_realm)
{
    struct walk walk = {.path = path, .rest = text};
    struct sspi_view realm = {NULL, 0};
    bool bad;
    while (next(&walk, &bad)) {
        if (!has_user(&walk))
            continue;
        if (realm.data != NULL && !bytes_equal(realm, walk.line.realm)) {
            passwd_problem("%s has several realms; name one with -r", path);
            return false;
        }
        realm = walk.line.realm;
    }
    if (!bad && realm.data == NULL)
        passwd_problem("%s has no realm yet; name one with -r", path);
    *ret_realm = realm;
    return !bad && realm.data != NULL;
}

static enum passwd_kind kind_of(const struct walk *walk)
{
    enum passwd_kind kind = 0;
    while (kind < PASSWD_NT &&
           (walk->kind == STORE_USERS_NT ||
            strcmp(passwd_kind_name(kind), hash_name(walk->line.algorithm)) != 0))
        kind++;
    return kind;
}

bool passwd_edit_lines(const char *path, struct sspi_view text, struct sspi_view user,
                       struct sspi_view realm, struct sspi_view lines, struct bytes *to,
                       struct passwd_edit *ret_edit)
{
    struct walk walk = {.path = path, .rest = text};
    bool bad;
    memset(ret_edit, 0, sizeof *ret_edit);
    while (next(&walk, &bad)) {
        if (!has_user(&walk) || !bytes_equal(walk.line.user, user) ||
            !bytes_equal(walk.line.realm, realm)) {
            bytes_append_view(to, walk.whole);
            continue;
        }
        if (ret_edit->n_removed++ == 0)
            bytes_append_view(to, lines);
        ret_edit->removed[kind_of(&walk)] = true;
    }
    if (bad)
        return false;
    if (ret_edit->n_removed == 0) {
        if (to->len > 0 && to->data[to->len - 1] != '\n' && lines.len > 0)
            bytes_append_char(to, '\n');
        bytes_append_view(to, lines);
    }
    return true;
}
