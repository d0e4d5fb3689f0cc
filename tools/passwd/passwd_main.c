/* SPDX-License-Identifier: Apache-2.0 */
/* sspi-passwd: sets passwords in a Digest user file. */
#include <sys/stat.h>

#include "passwd_edit.h"
#include "passwd_file.h"
#include "passwd_hash.h"
#include "passwd_options.h"
#include "passwd_problem.h"
#include "passwd_prompt.h"
#include "store_users.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

#define FILE_CLEANUP   __attribute__((cleanup(passwd_file_close)))
#define SECRET_CLEANUP __attribute__((cleanup(passwd_prompt_wipe)))

static bool ask(const struct passwd_options *options, struct passwd_secret *ret_secret)
{
    return options->from_stdin ? passwd_prompt_stdin(ret_secret)
                               : passwd_prompt_terminal(options->user, ret_secret);
}

static int create(const struct passwd_options *options)
{
    SECRET_CLEANUP struct passwd_secret secret = {.len = 0};
    BYTES_CLEANUP struct bytes lines = {0};
    struct stat info;
    if (lstat(options->file, &info) == 0) { /* before anybody types a password for nothing */
        passwd_problem("%s exists already; leave -c out to change it", options->file);
        return EXIT_FAILED;
    }
    if (!ask(options, &secret) ||
        !passwd_hash_lines(options, bytes_view(options->realm),
                           (struct sspi_view){secret.text, secret.len}, &lines))
        return EXIT_FAILED;
    if (lines.failed) {
        passwd_problem("not enough memory");
        return EXIT_FAILED;
    }
    return passwd_file_create(options->file, bytes_as_view(&lines)) ? EXIT_DONE : EXIT_FAILED;
}

/* Lines that went without a successor held the old password; whoever used them must know. */
static void tell_dropped(const struct passwd_options *options, const struct passwd_edit *edit)
{
    for (enum passwd_kind kind = 0; kind < PASSWD_N_KINDS; kind++) {
        bool dropped = edit->removed[kind];
        for (size_t i = 0; i < options->n_kinds; i++)
            dropped = dropped && options->kinds[i] != kind;
        if (dropped)
            passwd_problem("note: %s had a %s line with the old password, which is removed; name "
                           "it in -a to have a new one",
                           options->user, passwd_kind_name(kind));
    }
}

/* Replaces the user's lines by `lines`, which are empty to delete. */
static int edit(const struct passwd_options *options, struct sspi_view realm,
                struct sspi_view lines)
{
    FILE_CLEANUP struct passwd_file file = {.file = -1};
    BYTES_CLEANUP struct bytes text = {.limit = STORE_USERS_FILE_LIMIT};
    struct passwd_edit result;
    if (!passwd_file_open(options->file, &file) ||
        !passwd_edit_lines(options->file, bytes_as_view(&file.text), bytes_view(options->user),
                           realm, lines, &text, &result))
        return EXIT_FAILED;
    if (text.failed) {
        passwd_problem("%s would be larger than 64 MiB; nothing was changed", options->file);
        return EXIT_FAILED;
    }
    if (options->action == PASSWD_DELETE && result.n_removed == 0) {
        passwd_problem("%s has no user %s in realm %.*s; nothing was changed", options->file,
                       options->user, (int)realm.len, realm.data);
        return EXIT_FAILED;
    }
    if (!passwd_file_replace(&file, bytes_as_view(&text)))
        return EXIT_FAILED;
    if (options->action == PASSWD_SET)
        tell_dropped(options, &result);
    return EXIT_DONE;
}

/* The realm as an own copy, and that the file is there and right, before anybody is asked. The lock
 * is not held while a person types. */
static int look(const struct passwd_options *options, struct bytes *ret_realm)
{
    FILE_CLEANUP struct passwd_file file = {.file = -1};
    BYTES_CLEANUP struct bytes unused = {0};
    struct passwd_edit edit;
    struct sspi_view realm = bytes_view(options->realm);
    if (!passwd_file_open(options->file, &file))
        return EXIT_FAILED;
    struct sspi_view text = bytes_as_view(&file.text);
    if (!passwd_edit_lines(options->file, text, bytes_view(options->user), bytes_view(""),
                           bytes_view(""), &unused, &edit))
        return EXIT_FAILED;
    if (realm.data == NULL && !passwd_edit_realm(options->file, text, &realm))
        return EXIT_USAGE;
    bytes_append_view(ret_realm, realm);
    return ret_realm->failed ? EXIT_FAILED : EXIT_DONE;
}

static int change(const struct passwd_options *options)
{
    SECRET_CLEANUP struct passwd_secret secret = {.len = 0};
    BYTES_CLEANUP struct bytes lines = {0};
    BYTES_CLEANUP struct bytes realm = {0};
    int status = look(options, &realm);
    if (status != EXIT_DONE)
        return status;
    if (options->action == PASSWD_SET) {
        if (!ask(options, &secret) ||
            !passwd_hash_lines(options, bytes_as_view(&realm),
                               (struct sspi_view){secret.text, secret.len}, &lines))
            return EXIT_FAILED;
        if (lines.failed) {
            passwd_problem("not enough memory");
            return EXIT_FAILED;
        }
    }
    return edit(options, bytes_as_view(&realm), bytes_as_view(&lines));
}

int main(int argc, char **argv)
{
    struct passwd_options options;
    switch (passwd_options_read(argc, argv, &options)) {
    case PASSWD_USAGE_SHOWN:
        return EXIT_DONE;
    case PASSWD_USAGE_RIGHT:
        return options.action == PASSWD_CREATE ? create(&options) : change(&options);
    case PASSWD_USAGE_WRONG:
    default:
        return EXIT_USAGE;
    }
}
