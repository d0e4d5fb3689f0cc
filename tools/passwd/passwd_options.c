/* SPDX-License-Identifier: Apache-2.0 */
#include "passwd_options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "passwd_problem.h"
#include "store_users_parse.h"

static const char help[] =
    "usage: sspi-passwd [-c] [-a ALG[,ALG...]] [-r REALM] [-D] [--stdin] FILE USER\n"
    "\n"
    "Sets the password of USER in a user file for SSPIDigestUserFile (Apache) or\n"
    "sspi_digest_user_file (nginx). The user's lines of that realm are replaced; every\n"
    "other line stays as it is. The file is replaced in one step.\n"
    "\n"
    "  -c         create FILE; it must not exist\n"
    "  -a ALG,..  one line for each: SHA-256, SHA-512-256, MD5, NT (default SHA-256,MD5).\n"
    "             MD5 is written as Apache's htdigest does. NT is for NTLM.\n"
    "  -r REALM   the realm, for NT the domain; without it the only one in FILE\n"
    "  -D         delete the user's lines of that realm\n"
    "  --stdin    read the password from one line of standard input, do not ask\n"
    "  --help     print this\n"
    "  --version  print the version\n"
    "\n"
    "A password has 1 to 256 octets of UTF-8 and is taken as it is typed; it is not brought\n"
    "to Unicode's normal form C, so type it the same way in the browser.\n"
    "A new file can be read by its owner alone. That is enough for a server started by root,\n"
    "which reads it before it gives its rights up. For workers to see changes without a\n"
    "reload, let their group read it: chgrp www-data FILE; chmod 640 FILE\n"
    "\n"
    "Exit status: 0 done, 1 failed and nothing changed, 2 wrong usage.\n";

static const char *const kind_names[PASSWD_N_KINDS] = {
    [PASSWD_MD5] = "MD5",
    [PASSWD_SHA_256] = "SHA-256",
    [PASSWD_SHA_512_256] = "SHA-512-256",
    [PASSWD_NT] = "NT",
};

const char *passwd_kind_name(enum passwd_kind kind)
{
    return kind_names[kind];
}

static bool add_kind(struct passwd_options *options, struct sspi_view name)
{
    for (enum passwd_kind kind = 0; kind < PASSWD_N_KINDS; kind++) {
        if (!bytes_equal_nocase(name, bytes_view(kind_names[kind])))
            continue;
        for (size_t i = 0; i < options->n_kinds; i++)
            if (options->kinds[i] == kind) {
                passwd_problem("-a names %s twice; name it once", kind_names[kind]);
                return false;
            }
        options->kinds[options->n_kinds++] = kind;
        return true;
    }
    passwd_problem("-a: unknown algorithm \"%.*s\"; SHA-256, SHA-512-256, MD5 and NT are right",
                   (int)name.len, name.data);
    return false;
}

static bool add_kinds(struct passwd_options *options, const char *list)
{
    options->n_kinds = 0;
    for (;;) {
        size_t len = strcspn(list, ",");
        if (!add_kind(options, (struct sspi_view){list, len}))
            return false;
        if (list[len] == '\0')
            return true;
        list += len + 1;
    }
}

static bool set_action(struct passwd_options *options, enum passwd_action action)
{
    if (options->action != PASSWD_SET && options->action != action) {
        passwd_problem("-c and -D do not go together; give one of them");
        return false;
    }
    options->action = action;
    return true;
}

/* What fits together only as a whole. */
static bool check(const struct passwd_options *options)
{
    const char *problem = store_users_parse_name(bytes_view(options->user), false);
    if (problem == NULL && options->realm != NULL)
        problem = store_users_parse_name(bytes_view(options->realm), true);
    if (problem == NULL && options->user[0] == '#')
        problem = "the user name starts with #, which makes a line a comment; leave it out";
    if (problem == NULL && strncmp(options->user, "\xef\xbb\xbf", 3) == 0)
        problem = "the user name starts with a byte order mark; leave it out";
    if (problem == NULL && options->action == PASSWD_CREATE && options->realm == NULL)
        problem = "a new file needs a realm; name it with -r";
    if (problem == NULL && options->action == PASSWD_DELETE &&
        (options->n_kinds != 0 || options->from_stdin))
        problem = "-D deletes all lines of the user in the realm; leave -a and --stdin out";
    if (problem != NULL)
        passwd_problem("%s", problem);
    return problem == NULL;
}

/* False: told. Stops at --help and --version with ret_shown. */
static bool read_flags(int argc, char **argv, struct passwd_options *options, bool *ret_shown)
{
    enum { OPT_STDIN = 256, OPT_HELP, OPT_VERSION };
    static const struct option names[] = {{"stdin", no_argument, NULL, OPT_STDIN},
                                          {"help", no_argument, NULL, OPT_HELP},
                                          {"version", no_argument, NULL, OPT_VERSION},
                                          {0}};
    bool right = true;
    int flag;
    *ret_shown = false;
    while (right && !*ret_shown && (flag = getopt_long(argc, argv, "ca:r:D", names, NULL)) != -1) {
        switch (flag) {
        case 'c':
            right = set_action(options, PASSWD_CREATE);
            break;
        case 'D':
            right = set_action(options, PASSWD_DELETE);
            break;
        case 'a':
            right = add_kinds(options, optarg);
            break;
        case 'r':
            options->realm = optarg;
            break;
        case OPT_STDIN:
            options->from_stdin = true;
            break;
        case OPT_HELP:
            *ret_shown = fputs(help, stdout) >= 0;
            break;
        case OPT_VERSION:
            *ret_shown = puts("sspi-passwd " SSPI_VERSION) >= 0;
            break;
        default: /* getopt_long() has told */
            right = false;
            break;
        }
    }
    return right;
}

enum passwd_usage passwd_options_read(int argc, char **argv, struct passwd_options *ret_options)
{
    struct passwd_options options = {.action = PASSWD_SET};
    bool shown;
    if (!read_flags(argc, argv, &options, &shown))
        return PASSWD_USAGE_WRONG;
    if (shown)
        return PASSWD_USAGE_SHOWN;
    if (argc - optind != 2) {
        passwd_problem("needs a file and a user; see sspi-passwd --help");
        return PASSWD_USAGE_WRONG;
    }
    options.file = argv[optind];
    options.user = argv[optind + 1];
    if (!check(&options))
        return PASSWD_USAGE_WRONG;
    if (options.n_kinds == 0) {
        options.kinds[options.n_kinds++] = PASSWD_SHA_256;
        options.kinds[options.n_kinds++] = PASSWD_MD5;
    }
    *ret_options = options;
    return PASSWD_USAGE_RIGHT;
}
