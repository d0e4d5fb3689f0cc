/* SPDX-License-Identifier: Apache-2.0 */
#include "passwd_actions.h"
#include "passwd_hash.h"
#include "passwd_output.h"
#include "passwd_problem.h"
#include "passwd_prompt.h"

int passwd_create(const struct passwd_options *options)
{
    PASSWD_PROMPT_CLEANUP struct passwd_secret secret = {.len = 0};
    BYTES_CLEANUP struct bytes lines = {0};
    /* Looks before anybody types a password for nothing. */
    bool done = passwd_file_is_free(options->file) &&
                passwd_prompt(options->from_stdin, PASSWD_PROMPT_NEW, options->user, &secret) &&
                passwd_hash_lines(options, bytes_view(options->realm),
                                  (struct sspi_view){secret.text, secret.len}, &lines) &&
                passwd_output_put(options->file, NULL, bytes_as_view(&lines));
    return done ? PASSWD_EXIT_DONE : PASSWD_EXIT_FAILED;
}
