/* SPDX-License-Identifier: Apache-2.0 */
/* Splits a list of auth-params (RFC 9110 11.2), whatever they mean, and writes one of them. Pure.
 */
#ifndef DIGEST_PARAMS_H
#define DIGEST_PARAMS_H

#include "bytes.h"
#include "sspi_acceptor.h"

/* Longest text in octets, and the most parameters in it. */
#define DIGEST_PARAMS_TEXT_LIMIT 65536
#define DIGEST_PARAMS_LIMIT      32

/* Views into the text; `value` may point into the list's own storage instead. */
struct digest_param {
    struct sspi_view name;
    struct sspi_view raw;   /* the text between the quotes, with its backslashes */
    struct sspi_view value; /* the text after quoted-pairs are decoded */
    bool quoted;            /* a quoted-string, not a token */
};

struct digest_params {
    struct digest_param param[DIGEST_PARAMS_LIMIT];
    size_t n;
    char *storage; /* the values that had quoted-pairs; NULL if there are no such values */
};

/* Parses `text`, which must outlive the list. Quoted values may have any encoding.
 * SSPI_REASON_NONE: *ret_params is set, and the caller clears it with digest_params_clear().
 * Otherwise there is nothing to clear, and error_info (never NULL) says what is wrong. It names the
 * position in the text and never quotes the text, which can be a password. The reasons:
 *  MALFORMED  The grammar is broken, a name comes twice, or there is a control character that is
 *             not a tab.
 *  TOO_LARGE  Over one of the limits above.
 *  INTERNAL   No memory. */
enum sspi_reason digest_params_parse(struct sspi_view text, struct digest_params *ret_params,
                                     struct sspi_error_info *error_info) MUST_USE;

/* Finds the parameter of that name in any case. NULL: there is no such parameter. */
const struct digest_param *digest_params_find(const struct digest_params *params, const char *name);

/* Appends `name`="value" with the necessary quoted-pairs. `value` has no control characters except
 * tabs. */
void digest_params_append_quoted(struct bytes *to, const char *name, struct sspi_view value);

/* Frees the storage. The list may be zero-initialised. */
void digest_params_clear(struct digest_params *params);

#endif
