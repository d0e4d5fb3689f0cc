/* SPDX-License-Identifier: Apache-2.0 */
#include "passwd_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "passwd_database.h"
#include "passwd_name.h"
#include "tool_problem.h"

/* The text of --help. */
static const char help[] =
    "usage: sspi-passwd [-c] [-a ALG[,ALG...]] [-r REALM] [-D] [--stdin] FILE USER\n"
    "       sspi-passwd --verify [-r REALM] [--stdin] FILE USER\n"
    "       sspi-passwd --list [-r REALM] FILE [USER]\n"
    "       sspi-passwd [-c] --import HTDIGEST FILE\n"
    "       sspi-passwd --compile DATABASE FILE\n"
    "\n"
    "Writes user files for SSPIDigestUserFile (Apache) and sspi_digest_user_file (nginx).\n"
    "The first form sets the password of USER: it replaces the user's lines of the realm and\n"
    "leaves all other lines unchanged. A file is replaced in one step and keeps its mode,\n"
    "owner and access list.\n"
    "\n"
    "  -c         create FILE; it must not exist\n"
    "  -a ALG,..  write a line for each ALG: SHA-256, SHA-512-256, MD5, NT (default\n"
    "             SHA-256,MD5). An MD5 line has the form of Apache's htdigest. If SASL's\n"
    "             DIGEST-MD5 needs another hash, an MD5-ISO-8859-1 line is added. NT is for\n"
    "             NTLM.\n"
    "  -r REALM   the realm, or for NT the domain; default: the only realm in FILE. -r \"\" is\n"
    "             the empty realm, which Windows sends with user@domain.\n"
    "  -D         delete the user's lines of the realm; with -a only those of ALG\n"
    "  --stdin    read the password from one line of standard input and do not ask for it\n"
    "  --verify   print for each of the user's lines of the realm whether the password is\n"
    "             right. FILE may be cdb:DATABASE; then -r is required.\n"
    "  --list     print one line for each user and realm, in the order of FILE: user, realm\n"
    "             and algorithms (\"SHA-256,MD5\"), separated by tabs. FILE may be\n"
    "             cdb:DATABASE.\n"
    "  --import   copy the lines of an htdigest file, or of another user file, into FILE.\n"
    "             They replace lines of the same user, realm and algorithm.\n"
    "  --compile  write the users of FILE to a database, for very many users. Name it as\n"
    "             cdb:DATABASE in the server's configuration. Servers use a new database\n"
    "             within a second if their workers can read it. NT lines are left out.\n"
    "  --help     print this\n"
    "  --version  print the version\n"
    "\n"
    "Names and passwords are UTF-8. They are converted to Unicode's normal form C before they\n"
    "are hashed; RFC 7616 requires clients to do the same. A password has 1 to 256 octets.\n"
    "Only its owner can read a new file. This is enough for a server that root starts, because\n"
    "it reads the file before it changes to another user. If workers must see changes without\n"
    "a reload, let their group read the file: chgrp www-data FILE; chmod 640 FILE\n"
    "\n"
    "Exit status: 0 done, or all lines are right; 1 failed, a line is wrong, or there is no\n"
    "such line; 2 wrong usage. After 1 or 2 no file has changed.\n";

/* The options of the command line, one bit for each. */
enum given {
    GIVEN_DELETE = 1 << 0,
    GIVEN_VERIFY = 1 << 1,
    GIVEN_LIST = 1 << 2,
    GIVEN_IMPORT = 1 << 3,
    GIVEN_COMPILE = 1 << 4,
    GIVEN_CREATE = 1 << 5,
    GIVEN_ALGORITHM = 1 << 6,
    GIVEN_REALM = 1 << 7,
    GIVEN_STDIN = 1 << 8,
};

static const char *const option_names[] = {"-D", "--verify", "--list", "--import", "--compile",
                                           "-c", "-a",       "-r",     "--stdin"};

/* The forms of the command. The command has the first form whose `option` was given. The last form
 * has no option. */
static const struct form {
    unsigned option;
    enum passwd_action action;
    unsigned goes_with;
    int min_operands, max_operands;
    const char *needs;
} forms[] = {
    {GIVEN_DELETE, PASSWD_DELETE, GIVEN_ALGORITHM | GIVEN_REALM, 2, 2, "a file and a user"},
    {GIVEN_VERIFY, PASSWD_VERIFY, GIVEN_REALM | GIVEN_STDIN, 2, 2, "a file and a user"},
    {GIVEN_LIST, PASSWD_LIST, GIVEN_REALM, 1, 2, "a file and at most one user"},
    {GIVEN_IMPORT, PASSWD_IMPORT, GIVEN_CREATE, 1, 1, "the file to take lines from and one file"},
    {GIVEN_COMPILE, PASSWD_COMPILE, 0, 1, 1, "a database and one file"},
    {GIVEN_CREATE, PASSWD_CREATE, GIVEN_ALGORITHM | GIVEN_REALM | GIVEN_STDIN, 2, 2,
     "a file and a user"},
    {0, PASSWD_SET, GIVEN_ALGORITHM | GIVEN_REALM | GIVEN_STDIN, 2, 2, "a file and a user"},
};

/* The options as given on the command line. */
struct raw {
    unsigned given;
    const char *realm;
};

static bool add_kind(struct passwd_options *options, struct sspi_view name)
{
    enum passwd_kind kind = passwd_kind_from_name(name);
    if (kind == PASSWD_N_KINDS) {
        tool_problem("-a: unknown algorithm \"%.*s\"; SHA-256, SHA-512-256, MD5 and NT are right",
                     (int)name.len, name.data);
        return false;
    }
    if (passwd_kind_asked(kind) != kind) {
        const char *asked = passwd_kind_name(passwd_kind_asked(kind));
        tool_problem("-a: %s lines are written and deleted together with %s lines; name %s",
                     passwd_kind_name(kind), asked, asked);
        return false;
    }
    for (size_t i = 0; i < options->n_kinds; i++)
        if (options->kinds[i] == kind) {
            tool_problem("-a names %s twice; name it once", passwd_kind_name(kind));
            return false;
        }
    options->kinds[options->n_kinds++] = kind;
    return true;
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

/* Returns the name of the first option of several bits. */
static const char *name_of(unsigned given)
{
    size_t i = 0;
    while ((given >> i & 1) == 0)
        i++;
    return option_names[i];
}

/* Finds the form of the command and checks that its options and operands fit. False: reported. */
static bool choose_form(const struct raw *raw, int n_operands, struct passwd_options *options)
{
    const struct form *form = forms;
    while (form->option != 0 && (raw->given & form->option) == 0)
        form++;
    unsigned wrong = raw->given & ~(form->option | form->goes_with);
    bool right = false;
    if (wrong != 0)
        tool_problem("%s and %s do not go together; leave one of them out", name_of(form->option),
                     name_of(wrong));
    else if (n_operands < form->min_operands || n_operands > form->max_operands)
        tool_problem("%s%sneeds %s; see sspi-passwd --help",
                     form->option == 0 ? "" : name_of(form->option), form->option == 0 ? "" : " ",
                     form->needs);
    else if (form->action == PASSWD_CREATE && raw->realm == NULL)
        tool_problem("a new file needs a realm; name it with -r");
    else
        right = true;
    options->action = form->action;
    options->create = (raw->given & GIVEN_CREATE) != 0;
    options->from_stdin = (raw->given & GIVEN_STDIN) != 0;
    return right;
}

/* False: reported. Stops at --help and --version and sets *ret_shown. */
static bool read_flags(int argc, char **argv, struct passwd_options *options, struct raw *raw,
                       bool *ret_shown)
{
    enum { OPT_HELP = 1 << 16, OPT_VERSION };
    static const struct option names[] = {{"stdin", no_argument, NULL, GIVEN_STDIN},
                                          {"verify", no_argument, NULL, GIVEN_VERIFY},
                                          {"list", no_argument, NULL, GIVEN_LIST},
                                          {"import", required_argument, NULL, GIVEN_IMPORT},
                                          {"compile", required_argument, NULL, GIVEN_COMPILE},
                                          {"help", no_argument, NULL, OPT_HELP},
                                          {"version", no_argument, NULL, OPT_VERSION},
                                          {0}};
    int flag;
    *ret_shown = true;
    while ((flag = getopt_long(argc, argv, "ca:r:D", names, NULL)) != -1) {
        switch (flag) {
        case 'c':
            raw->given |= GIVEN_CREATE;
            break;
        case 'D':
            raw->given |= GIVEN_DELETE;
            break;
        case 'a':
            raw->given |= GIVEN_ALGORITHM;
            if (!add_kinds(options, optarg))
                return false;
            break;
        case 'r':
            raw->given |= GIVEN_REALM;
            raw->realm = optarg;
            break;
        case OPT_HELP:
            return fputs(help, stdout) >= 0;
        case OPT_VERSION:
            return puts("sspi-passwd " SSPI_VERSION) >= 0;
        case '?': /* getopt_long() has printed a message */
            return false;
        default:
            raw->given |= (unsigned)flag;
            if (optarg != NULL)
                options->other = optarg;
            break;
        }
    }
    *ret_shown = false;
    return true;
}

/* sspi-passwd reads a database or writes a new one; it never changes one. */
static bool check_database(struct passwd_options *options)
{
    if (options->action == PASSWD_COMPILE)
        options->other = passwd_database_path(options->other);
    if (!passwd_database_is(options->file) || options->action == PASSWD_LIST)
        return true;
    if (options->action == PASSWD_VERIFY && options->realm != NULL)
        return true;
    tool_problem("%s is a database; name %s", options->file,
                 options->action == PASSWD_VERIFY ? "the realm with -r"
                                                  : "the user file that it is compiled from");
    return false;
}

enum passwd_usage passwd_options_read(int argc, char **argv, struct passwd_options *ret_options)
{
    struct passwd_options options = {.file = NULL};
    struct raw raw = {.given = 0};
    bool shown;
    if (!read_flags(argc, argv, &options, &raw, &shown))
        return PASSWD_USAGE_WRONG;
    if (shown)
        return PASSWD_USAGE_SHOWN;
    if (!choose_form(&raw, argc - optind, &options))
        return PASSWD_USAGE_WRONG;
    options.file = argv[optind];
    bool right = true;
    if (argc - optind == 2)
        right = (options.user = passwd_name_make(argv[optind + 1], false)) != NULL;
    if (right && raw.realm != NULL)
        right = (options.realm = passwd_name_make(raw.realm, true)) != NULL;
    if (!right || !check_database(&options)) {
        passwd_options_free(&options);
        return PASSWD_USAGE_WRONG;
    }
    if (options.n_kinds == 0 && (options.action == PASSWD_SET || options.action == PASSWD_CREATE)) {
        options.kinds[options.n_kinds++] = PASSWD_SHA_256;
        options.kinds[options.n_kinds++] = PASSWD_MD5;
    }
    *ret_options = options;
    return PASSWD_USAGE_RIGHT;
}

void passwd_options_free(struct passwd_options *options)
{
    free(options->user);
    free(options->realm);
    *options = (struct passwd_options){.file = NULL};
}
