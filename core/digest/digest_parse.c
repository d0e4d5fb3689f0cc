/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_parse.h"

#include "digest_directive.h"
#include "digest_name.h"
#include "escape.h"
#include "hash.h"
#include "hex.h"
#include "error_info.h"
#include "utf8.h"

/* Reads which of its forms the name has. */
static enum sspi_reason read_name_form(const struct digest_directives *d,
                                       struct digest_response *response)
{
    bool extended = d->value[DIGEST_USERNAME_EXTENDED].data != NULL;
    struct sspi_view userhash = d->value[DIGEST_USERHASH];
    char shown[ESCAPE_VALUE_SIZE];

    response->userhash = userhash.data != NULL && bytes_equal_nocase(userhash, SSPI_VIEW("true"));
    if (userhash.data != NULL && !response->userhash &&
        !bytes_equal_nocase(userhash, SSPI_VIEW("false"))) {
        return error_info_set(d->error_info, SSPI_REASON_MALFORMED,
                              "userhash is %s, not true or false",
                              escape_text(shown, sizeof(shown), userhash));
    }
    /* RFC 7616 3.4: both of them "MUST be treated as an error". username* is for names that are not
     * hashed. */
    if (extended && d->value[DIGEST_USERNAME].data != NULL)
        return error_info_set(d->error_info, SSPI_REASON_MALFORMED,
                              "the client sent both username and username*");
    if (extended && response->userhash)
        return error_info_set(d->error_info, SSPI_REASON_MALFORMED,
                              "the client sent both username* and userhash=true");
    if (!extended && d->value[DIGEST_USERNAME].data == NULL)
        return error_info_set(d->error_info, SSPI_REASON_MALFORMED,
                              "directive username is missing");
    return SSPI_REASON_NONE;
}

static enum sspi_reason read_qop(const struct digest_directives *d,
                                 struct digest_response *response)
{
    struct sspi_view qop = d->value[DIGEST_QOP];
    char shown[ESCAPE_VALUE_SIZE];

    if (qop.data == NULL) {
        return error_info_set(
            d->error_info, SSPI_REASON_UNSUPPORTED,
            "qop is missing: the client uses RFC 2069, or does not know the offered qop");
    }
    response->integrity = bytes_equal_nocase(qop, SSPI_VIEW("auth-int"));
    if (!response->integrity && !bytes_equal_nocase(qop, SSPI_VIEW("auth"))) {
        return error_info_set(d->error_info, SSPI_REASON_UNSUPPORTED,
                              "qop is %s, not auth or auth-int",
                              escape_text(shown, sizeof(shown), qop));
    }
    return SSPI_REASON_NONE;
}

static enum sspi_reason read_count(const struct digest_directives *d,
                                   struct digest_response *response)
{
    struct sspi_view nc = d->value[DIGEST_NC];
    char shown[ESCAPE_VALUE_SIZE];
    uint8_t count[4];

    /* RFC 7616 3.4: nc-value = 8LHEX. Upper case is accepted too. The digits are hashed as the
     * client sent them. */
    if (!hex_decode(nc, count, sizeof(count))) {
        return error_info_set(d->error_info, SSPI_REASON_MALFORMED, "nc is %s, not 8 hex digits",
                              escape_text(shown, sizeof(shown), nc));
    }
    response->count =
        (uint32_t)count[0] << 24 | (uint32_t)count[1] << 16 | (uint32_t)count[2] << 8 | count[3];
    /* RFC 7616 3.4: the first request has "nc=00000001". nc=00000000 is well-formed. A client that
     * begins with it sends 1 next, so a new challenge is enough. */
    if (response->count == 0)
        return error_info_set(d->error_info, SSPI_REASON_UNSUPPORTED,
                              "nc is 0, but the first request must have 1");
    return SSPI_REASON_NONE;
}

/* Reads algorithm, nc and response: each value has a form of its own. */
static enum sspi_reason read_values(const struct digest_directives *d,
                                    struct digest_response *response)
{
    struct sspi_view algorithm = d->value[DIGEST_ALGORITHM];
    char shown[ESCAPE_VALUE_SIZE];

    response->algorithm = SSPI_DIGEST_MD5;
    if (algorithm.data != NULL)
        response->algorithm = hash_from_name(algorithm);
    if (response->algorithm == SSPI_DIGEST_NONE) {
        return error_info_set(d->error_info, SSPI_REASON_NOT_OFFERED,
                              "algorithm %s was not offered",
                              escape_text(shown, sizeof(shown), algorithm));
    }
    enum sspi_reason reason = read_count(d, response);
    return reason == SSPI_REASON_NONE ? digest_directive_read_digits(d, response) : reason;
}

static enum sspi_reason read_extended(const struct digest_directives *d,
                                      struct digest_response *response)
{
    BYTES_CLEANUP struct bytes names = {0};
    struct sspi_view extended = d->value[DIGEST_USERNAME_EXTENDED];
    char shown[ESCAPE_VALUE_SIZE];

    /* RFC 8187 3.2.1: an ext-value is not a quoted-string. */
    if (d->extended_is_quoted || !digest_name_append_extended(&names, extended)) {
        if (names.failed)
            return error_info_set(d->error_info, SSPI_REASON_INTERNAL, OUT_OF_MEMORY);
        return error_info_set(
            d->error_info, SSPI_REASON_MALFORMED,
            "username* is %s, but must be UTF-8'' with a percent-encoded name and no quotes",
            escape_text(shown, sizeof(shown), extended));
    }
    return digest_directive_keep_names(d, &names, names.len, response);
}

/* RFC 7616 3.4.4: H(username ":" realm) in hexadecimal. */
static enum sspi_reason read_userhash(const struct digest_directives *d,
                                      struct digest_response *response)
{
    BYTES_CLEANUP struct bytes names = {0};
    uint8_t digest[HASH_MAX];
    size_t len = hash_len(response->algorithm);

    if (!hex_decode(d->value[DIGEST_USERNAME], digest, len)) {
        return error_info_set(d->error_info, SSPI_REASON_MALFORMED,
                              "username is not the %zu hexadecimal digits of a userhash", 2 * len);
    }
    bytes_append_hex(&names, digest, len);
    return digest_directive_keep_names(d, &names, names.len, response);
}

static enum sspi_reason read_username(const struct digest_directives *d,
                                      struct digest_response *response)
{
    if (d->value[DIGEST_USERNAME].data == NULL)
        return read_extended(d, response);
    if (response->userhash)
        return read_userhash(d, response);
    return utf8_valid(d->raw[DIGEST_USERNAME]) ? digest_directive_take_username(d, response)
                                               : digest_directive_take_latin_1(d, response);
}

static enum sspi_reason evaluate(const struct digest_directives *d,
                                 struct digest_response *response)
{
    static const enum digest_directive always[] = {DIGEST_REALM, DIGEST_NONCE, DIGEST_URI,
                                                   DIGEST_RESPONSE};
    static const enum digest_directive with_qop[] = {DIGEST_NC, DIGEST_CNONCE};
    enum sspi_reason reason = read_name_form(d, response);

    if (reason == SSPI_REASON_NONE)
        reason = digest_directive_check_present(d, always, sizeof(always) / sizeof(always[0]));
    if (reason == SSPI_REASON_NONE)
        reason = read_qop(d, response);
    if (reason == SSPI_REASON_NONE) {
        /* RFC 7616 3.4: cnonce and nc "MUST be specified if a qop directive is sent". */
        reason =
            digest_directive_check_present(d, with_qop, sizeof(with_qop) / sizeof(with_qop[0]));
    }
    if (reason == SSPI_REASON_NONE)
        reason = read_values(d, response);
    if (reason == SSPI_REASON_NONE)
        reason = read_username(d, response);
    digest_directive_copy(d, response);
    return reason;
}

enum sspi_reason digest_parse_response(struct sspi_view text, struct digest_response *ret_response,
                                       struct sspi_error_info *error_info)
{
    return digest_directive_parse(text, DIGEST_FORM_HTTP, evaluate, ret_response, error_info);
}
