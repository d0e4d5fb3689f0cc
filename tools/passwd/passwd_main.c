/* SPDX-License-Identifier: Apache-2.0 */
/* sspi-passwd: writes and reads user files of Digest and NTLM. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "passwd_change.h"
#include "passwd_compile.h"
#include "passwd_import.h"
#include "passwd_list.h"
#include "tool_problem.h"
#include "passwd_verify.h"

const struct tool_texts tool_texts = {
    .name = "sspi-passwd",
    .file = "a user file",
    .when_exists = "leave -c out to change it",
    .when_missing = "-c creates it",
};

static int run(const struct passwd_options *options)
{
    switch (options->action) {
    case PASSWD_CREATE:
        return passwd_create(options);
    case PASSWD_VERIFY:
        return passwd_verify(options);
    case PASSWD_LIST:
        return passwd_list(options);
    case PASSWD_IMPORT:
        return passwd_import(options);
    case PASSWD_COMPILE:
        return passwd_compile(options);
    case PASSWD_SET:
    case PASSWD_DELETE:
    default:
        return passwd_change(options);
    }
}

int main(int argc, char **argv)
{
    struct passwd_options options;
    int status = TOOL_EXIT_DONE;
    signal(SIGXFSZ, SIG_IGN); /* a file over the size limit is a write error, which is reported */
    switch (passwd_options_read(argc, argv, &options)) {
    case PASSWD_USAGE_SHOWN:
        break;
    case PASSWD_USAGE_RIGHT:
        status = run(&options);
        passwd_options_free(&options);
        break;
    case PASSWD_USAGE_WRONG:
    default:
        return TOOL_EXIT_USAGE;
    }
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        tool_problem("cannot write the output: %s", strerror(errno));
        return TOOL_EXIT_FAILED;
    }
    return status;
}
