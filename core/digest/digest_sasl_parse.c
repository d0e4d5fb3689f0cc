/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_sasl_parse.h"

#include <string.h>

#include "digest_directive.h"
#include "escape.h"
#include "error_info.h"
#include "utf8.h"

static enum sspi_reason malformed(const struct digest_directives *d, enum digest_directive id,
                                  const char *wanted)
{
    char shown[ESCAPE_VALUE_SIZE];

    return error_info_set(d->error_info, SSPI_REASON_MALFORMED, "%s: \"%s\"", wanted,
                          escape_text(shown, sizeof(shown), d->value[id]));
}

/* RFC 2831 2.1.2: checks the directives that have only one allowed value. */
static enum sspi_reason check_fixed(const struct digest_directives *d)
{
    struct sspi_view charset = d->value[DIGEST_CHARSET];
    struct sspi_view algorithm = d->value[DIGEST_ALGORITHM];

    if (charset.data != NULL && !bytes_equal_nocase(charset, SSPI_VIEW("utf-8")))
        return malformed(d, DIGEST_CHARSET, "charset is not utf-8");
    if (algorithm.data != NULL && !bytes_equal_nocase(algorithm, SSPI_VIEW("md5-sess")))
        return malformed(d, DIGEST_ALGORITHM, "algorithm is not md5-sess");
    /* No client can continue a session with a second login. */
    if (!bytes_equal(d->value[DIGEST_NC], SSPI_VIEW("00000001")))
        return malformed(d, DIGEST_NC, "nc is not 00000001");
    return SSPI_REASON_NONE;
}

static enum sspi_reason read_cipher(const struct digest_directives *d,
                                    struct digest_response *response)
{
    struct sspi_view cipher = d->value[DIGEST_CIPHER];
    char shown[ESCAPE_VALUE_SIZE];

    /* RFC 2831 2.1.2: "This directive MUST appear exactly once if "auth-conf" is negotiated". */
    if (cipher.data == NULL)
        return error_info_set(d->error_info, SSPI_REASON_MALFORMED,
                              "cipher is missing, which qop auth-conf needs");
    response->cipher = digest_cipher_from_name(cipher);
    if (response->cipher == DIGEST_CIPHER_NONE) {
        return error_info_set(d->error_info, SSPI_REASON_NOT_OFFERED, "cipher %s was not offered",
                              escape_text(shown, sizeof(shown), cipher));
    }
    return SSPI_REASON_NONE;
}

/* RFC 2831 2.1.2: "If not present, it defaults to "auth"", and then the client hashed "auth". */
static enum sspi_reason read_qop(const struct digest_directives *d,
                                 struct digest_response *response)
{
    char shown[ESCAPE_VALUE_SIZE];

    if (response->qop.data == NULL)
        response->qop = SSPI_VIEW("auth");
    bool conf = bytes_equal_nocase(response->qop, SSPI_VIEW("auth-conf"));
    response->integrity = conf || bytes_equal_nocase(response->qop, SSPI_VIEW("auth-int"));
    if (!response->integrity && !bytes_equal_nocase(response->qop, SSPI_VIEW("auth"))) {
        return error_info_set(d->error_info, SSPI_REASON_NOT_OFFERED, "qop %s was not offered",
                              escape_text(shown, sizeof(shown), response->qop));
    }
    return conf ? read_cipher(d, response) : SSPI_REASON_NONE;
}

static enum sspi_reason read_maxbuf(const struct digest_directives *d,
                                    struct digest_response *response)
{
    struct sspi_view digits = d->value[DIGEST_MAXBUF];
    uint32_t value = 0;

    response->max_buffer = DIGEST_SASL_PARSE_MAXBUF_DEFAULT;
    if (digits.data == NULL)
        return SSPI_REASON_NONE;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9')
            return malformed(d, DIGEST_MAXBUF, "maxbuf is not a number");
        value = value * 10 + (uint32_t)(digits.data[i] - '0');
        if (value > DIGEST_SASL_PARSE_MAXBUF_MOST)
            return malformed(d, DIGEST_MAXBUF, "maxbuf is over 16777215");
    }
    if (value < DIGEST_SASL_PARSE_MAXBUF_LEAST)
        return malformed(d, DIGEST_MAXBUF, "maxbuf is below 17");
    response->max_buffer = value;
    return SSPI_REASON_NONE;
}

/* RFC 2831 2.1.2: digest-uri = serv-type "/" host [ "/" serv-name ]. The RFC allows letters,
 * digits, hyphens and dots, but real services and hosts have other characters too. */
static bool is_service(struct sspi_view uri)
{
    size_t n_slashes = 0, part_len = 0;

    for (size_t i = 0; i < uri.len; i++) {
        unsigned char c = (unsigned char)uri.data[i];
        if (c == '/') {
            if (part_len == 0)
                return false;
            n_slashes++;
            part_len = 0;
        } else if (c <= ' ' || c >= 0x7F || c == '"' || c == '\\') {
            return false;
        } else {
            part_len++;
        }
    }
    return part_len > 0 && (n_slashes == 1 || n_slashes == 2);
}

static enum sspi_reason check_service(const struct digest_directives *d,
                                      const struct digest_response *response)
{
    if (response->uri.len > DIGEST_PARSE_SERVICE_LIMIT) {
        return error_info_set(d->error_info, SSPI_REASON_TOO_LARGE,
                              "digest-uri has %zu octets, more than %d", response->uri.len,
                              DIGEST_PARSE_SERVICE_LIMIT);
    }
    return is_service(response->uri) ? SSPI_REASON_NONE
                                     : malformed(d, DIGEST_URI, "digest-uri is not service/host");
}

/* RFC 2831 2.1.2: username is ISO-8859-1 unless charset says otherwise. authzid is always UTF-8.
 * Cyrus' client sends UTF-8 without charset. A name in ISO-8859-1 whose octets are also valid UTF-8
 * is not expected from a real user. */
static enum sspi_reason read_names(const struct digest_directives *d,
                                   struct digest_response *response)
{
    bool utf_8 = utf8_valid(d->raw[DIGEST_USERNAME]);

    if (!utf_8 && d->value[DIGEST_CHARSET].data != NULL)
        return error_info_set(d->error_info, SSPI_REASON_MALFORMED, "username is not UTF-8");
    return utf_8 ? digest_directive_take_username(d, response)
                 : digest_directive_take_latin_1(d, response);
}

static enum sspi_reason evaluate(const struct digest_directives *d,
                                 struct digest_response *response)
{
    /* RFC 2831 2.1.2 says of each of them: "This directive is required and MUST be present exactly
     * once; otherwise, authentication fails". */
    static const enum digest_directive always[] = {DIGEST_USERNAME, DIGEST_NONCE, DIGEST_CNONCE,
                                                   DIGEST_NC,       DIGEST_URI,   DIGEST_RESPONSE};
    enum sspi_reason reason =
        digest_directive_check_present(d, always, sizeof(always) / sizeof(always[0]));

    response->sasl = true;
    response->algorithm = SSPI_DIGEST_MD5_SESS;
    response->count = 1; /* check_fixed() checks it */
    digest_directive_copy(d, response);
    if (reason == SSPI_REASON_NONE)
        reason = check_fixed(d);
    if (reason == SSPI_REASON_NONE)
        reason = digest_directive_read_digits(d, response);
    if (reason == SSPI_REASON_NONE)
        reason = read_qop(d, response);
    if (reason == SSPI_REASON_NONE)
        reason = read_maxbuf(d, response);
    if (reason == SSPI_REASON_NONE)
        reason = check_service(d, response);
    if (reason == SSPI_REASON_NONE)
        reason = read_names(d, response);
    return reason;
}

enum sspi_reason digest_sasl_parse_response(struct sspi_view text,
                                            struct digest_response *ret_response,
                                            struct sspi_error_info *error_info)
{
    if (text.len > DIGEST_SASL_PARSE_TEXT_LIMIT) {
        return error_info_set(error_info, SSPI_REASON_TOO_LARGE,
                              "the response has %zu octets, more than %d", text.len,
                              DIGEST_SASL_PARSE_TEXT_LIMIT);
    }
    return digest_directive_parse(text, DIGEST_FORM_SASL, evaluate, ret_response, error_info);
}
