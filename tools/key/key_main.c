/* SPDX-License-Identifier: Apache-2.0 */
/* sspi-key: makes and rotates the keys of sessions. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "key_change.h"
#include "tool_problem.h"

const struct tool_texts tool_texts = {
    .name = "sspi-key",
    .file = "a key file",
    .when_exists = "change it with --add and --rotate",
    .when_missing = "-c creates it",
};

static const char help[] =
    "usage: sspi-key -c FILE\n"
    "       sspi-key --add FILE\n"
    "       sspi-key --rotate FILE\n"
    "\n"
    "Writes the key file of SSPIKeyFile (Apache) and sspi_key_file (nginx). All servers with the\n"
    "same file accept each other's sessions. The first key seals new sessions, and all keys open\n"
    "existing ones.\n"
    "\n"
    "  -c         create FILE with one new key; FILE must not exist\n"
    "  --add      append a new key, which only opens\n"
    "  --rotate   put the last key in front, so that it seals, and keep the first four keys.\n"
    "             Comments and empty lines stay in their order.\n"
    "  --help     print this\n"
    "  --version  print the version\n"
    "\n"
    "To change the key of several hosts: run --add on one of them and copy FILE to all others,\n"
    "then run --rotate and copy FILE again. Servers use a new file within a second if their\n"
    "workers can read it; reload the other servers after each copy. The fourth rotation after a\n"
    "key began to seal drops it, and ends the sessions that it sealed.\n"
    "\n"
    "An account that can read FILE can log in as any user. Only its owner can read a new file.\n"
    "This is enough for a server that root starts. If workers must see changes without a reload,\n"
    "let their group read the file: chgrp www-data FILE; chmod 640 FILE\n"
    "A file that other accounts can use is refused. A file is replaced in one step and keeps its\n"
    "mode, owner and access list.\n"
    "\n"
    "Exit status: 0 done; 1 failed; 2 wrong usage. After 1 or 2 no file has changed.\n";

/* The forms of the command. */
static const struct form {
    const char *option;
    int (*run)(const char *path);
} forms[] = {{"-c", key_create}, {"--add", key_add}, {"--rotate", key_rotate}};

enum { OPT_HELP = 1 << 16, OPT_VERSION };

static const struct option names[] = {{"add", no_argument, NULL, 1},
                                      {"rotate", no_argument, NULL, 2},
                                      {"help", no_argument, NULL, OPT_HELP},
                                      {"version", no_argument, NULL, OPT_VERSION},
                                      {0}};

/* Sets *form, which was NULL before. False: reported. */
static bool choose(const struct form *chosen, const struct form **form)
{
    if (*form != NULL && *form != chosen) {
        tool_problem("%s and %s do not go together; leave one of them out", (*form)->option,
                     chosen->option);
        return false;
    }
    *form = chosen;
    return true;
}

/* Reads the options. NULL in *ret_form: there is nothing more to do. Returns the exit status. */
static int read_options(int argc, char **argv, const struct form **ret_form)
{
    int flag;
    const struct form *form = NULL;
    *ret_form = NULL;
    while ((flag = getopt_long(argc, argv, "c", names, NULL)) != -1) {
        if (flag == OPT_HELP)
            return fputs(help, stdout) >= 0 ? TOOL_EXIT_DONE : TOOL_EXIT_FAILED;
        if (flag == OPT_VERSION)
            return puts("sspi-key " SSPI_VERSION) >= 0 ? TOOL_EXIT_DONE : TOOL_EXIT_FAILED;
        if (flag == '?' || !choose(&forms[flag == 'c' ? 0 : flag], &form))
            return TOOL_EXIT_USAGE;
    }
    if (form == NULL)
        tool_problem("name -c, --add or --rotate; see sspi-key --help");
    else if (argc - optind != 1)
        tool_problem("%s needs one file; see sspi-key --help", form->option);
    else
        *ret_form = form;
    return *ret_form == NULL ? TOOL_EXIT_USAGE : TOOL_EXIT_DONE;
}

int main(int argc, char **argv)
{
    const struct form *form;
    signal(SIGXFSZ, SIG_IGN); /* a file over the size limit is a write error, which is reported */
    int status = read_options(argc, argv, &form);
    if (form != NULL)
        status = form->run(argv[optind]);
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        tool_problem("cannot write the output: %s", strerror(errno));
        return TOOL_EXIT_FAILED;
    }
    return status;
}
