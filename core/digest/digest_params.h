/* SPDX-License-Identifier: Apache-2.0 */
/* A list of auth-params (RFC 9110 11.2) taken apart, whatever they mean, and one of them written.
 * Pure. */
#ifndef DIGEST_PARAMS_H
#define DIGEST_PARAMS_H

#include "bytes.h"
#include "sspi_acceptor.h"

/* Longest text and most parameters in it. */
#define DIGEST_PARAMS_TEXT_LIMIT 65536
#define DIGEST_PARAMS_LIMIT      32

/* Views into the text; `value` may point into the list's own storage instead. */
struct digest_param {
    struct sspi_view name;
    struct sspi_view raw;   /* between the quotes, backslashes kept */
    struct sspi_view value; /* quoted-pairs undone */
    bool quoted;            /* not a token */
};

struct digest_params {
    struct digest_param param[DIGEST_PARAMS_LIMIT];
    size_t n;
    char *storage; /* values that had quoted-pairs; NULL when there are none */
};

/* Parses `text`, which must outlive the list; what is quoted may be in any encoding.
 * SSPI_REASON_NONE: *ret_params is set, end it with digest_params_clear(). Otherwise nothing is to
 * be freed and `report` (never NULL) says what is wrong, by its place in the text and never by the
 * text itself, which could be a password:
 *  MALFORMED  breaks the grammar, a name comes twice, control characters but tabs
 *  TOO_LARGE  over one of the limits above
 *  INTERNAL   no memory */
enum sspi_reason digest_params_parse(struct sspi_view text, struct digest_params *ret_params,
                                     struct sspi_error_info *error_info) MUST_USE;

/* The parameter of that name, letters without case; NULL when there is none. */
const struct digest_param *digest_params_find(const struct digest_params *params, const char *name);

/* Appends `name`="value", with quoted-pairs where they are needed. `value` has no control
 * characters but tabs. */
void digest_params_append_quoted(struct bytes *to, const char *name, struct sspi_view value);

/* A zero-initialised list is fine. */
void digest_params_clear(struct digest_params *params);

#endif
