/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the directives of a response, and the values that have the same meaning in HTTP (RFC 7616
 * 3.4) and in SASL (RFC 2831 2.1.2). The returned reasons are those of digest_parse.h.
 * SSPI_REASON_NONE means that no error was found. Pure. */
#ifndef DIGEST_DIRECTIVE_H
#define DIGEST_DIRECTIVE_H

#include "digest_response.h"

enum digest_form { DIGEST_FORM_HTTP, DIGEST_FORM_SASL };

enum digest_directive {
    DIGEST_USERNAME,
    DIGEST_USERNAME_EXTENDED,
    DIGEST_REALM,
    DIGEST_NONCE,
    DIGEST_URI,
    DIGEST_RESPONSE,
    DIGEST_ALGORITHM,
    DIGEST_CNONCE,
    DIGEST_QOP,
    DIGEST_NC,
    DIGEST_USERHASH,
    DIGEST_OPAQUE,
    DIGEST_HASHED_DIRS,
    DIGEST_SERVICE_NAME,
    DIGEST_CHANNEL_BINDING,
    DIGEST_CHARSET,
    DIGEST_MAXBUF,
    DIGEST_CIPHER,
    DIGEST_AUTHZID,
    N_DIGEST_DIRECTIVES
};

/* The directives that the form knows. Absent ones have data NULL. */
struct digest_directives {
    enum digest_form form;
    struct sspi_view value[N_DIGEST_DIRECTIVES];
    struct sspi_view raw[N_DIGEST_DIRECTIVES];
    bool extended_is_quoted; /* username* */
    struct sspi_error_info *error_info;
};

/* Fills the response from the directives. */
typedef enum sspi_reason digest_directive_evaluate(const struct digest_directives *d,
                                                   struct digest_response *response);

/* Splits `text` into directives, checks their limits and calls `evaluate`. SSPI_REASON_NONE:
 * *ret_response is set, and the caller clears it with digest_response_clear(). */
enum sspi_reason digest_directive_parse(struct sspi_view text, enum digest_form form,
                                        digest_directive_evaluate *evaluate,
                                        struct digest_response *ret_response,
                                        struct sspi_error_info *error_info) MUST_USE;

enum sspi_reason digest_directive_check_present(const struct digest_directives *d,
                                                const enum digest_directive *ids,
                                                size_t n) MUST_USE;

/* Reads the directive response, which must be present. Its length follows from response->algorithm.
 */
enum sspi_reason digest_directive_read_digits(const struct digest_directives *d,
                                              struct digest_response *response) MUST_USE;

/* Takes the directive username, which is UTF-8. */
enum sspi_reason digest_directive_take_username(const struct digest_directives *d,
                                                struct digest_response *response) MUST_USE;

/* Takes the directive username and converts it from ISO-8859-1. */
enum sspi_reason digest_directive_take_latin_1(const struct digest_directives *d,
                                               struct digest_response *response) MUST_USE;

/* Moves `names` into the response. Its first `len` octets are the name. If the raw name differs, it
 * follows them. */
enum sspi_reason digest_directive_keep_names(const struct digest_directives *d, struct bytes *names,
                                             size_t len, struct digest_response *response) MUST_USE;

/* Copies the values that need no conversion. */
void digest_directive_copy(const struct digest_directives *d, struct digest_response *response);

#endif
