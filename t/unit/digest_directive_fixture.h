/* SPDX-License-Identifier: Apache-2.0 */
/* Responses that the tests of the two parsers build from the usual directives with a few changes.
 */
#ifndef DIGEST_DIRECTIVE_FIXTURE_H
#define DIGEST_DIRECTIVE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bytes.h"

/* A directive. If the value is NULL, the directive is left out. */
struct directive {
    const char *name;
    const char *value;
};

#define DIRECTIVE_CHANGES_LIMIT 3

static inline void append_directive(struct bytes *text, const char *name, const char *value)
{
    if (value != NULL)
        bytes_append_format(text, "%s%s=%s", text->len > 0 ? "," : "", name, value);
}

/* Appends the `n_usual` directives, each replaced by the change of its name. Then appends the
 * changes that have another name. Changes end with a NULL name. */
static inline void append_directives(struct bytes *text, const struct directive *usual,
                                     size_t n_usual, const struct directive *changes)
{
    bool used[DIRECTIVE_CHANGES_LIMIT] = {false};

    for (size_t i = 0; i < n_usual; i++) {
        const char *value = usual[i].value;
        for (size_t j = 0; changes[j].name != NULL; j++) {
            if (strcmp(usual[i].name, changes[j].name) == 0) {
                value = changes[j].value;
                used[j] = true;
            }
        }
        append_directive(text, usual[i].name, value);
    }
    for (size_t j = 0; changes[j].name != NULL; j++)
        if (!used[j])
            append_directive(text, changes[j].name, changes[j].value);
}

/* Returns a copy of `text` that lives until the next call, because the parsed values point into it.
 * It has a block of its own size, so that a sanitizer detects a read beyond it. */
static inline struct sspi_view copy_exactly(struct sspi_view text)
{
    static char *copy;

    free(copy);
    copy = malloc(text.len + (text.len == 0));
    assert_non_null(copy);
    memcpy(copy, text.data, text.len);
    return (struct sspi_view){copy, text.len};
}

#endif
