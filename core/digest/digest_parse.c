/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_parse.h"

#include <stdlib.h>

#include "digest_name.h"
#include "digest_params.h"
#include "escape.h"
#include "hash.h"
#include "hex.h"
#include "report.h"
#include "utf8.h"

enum directive_id {
    USERNAME,
    USERNAME_EXTENDED,
    REALM,
    NONCE,
    URI,
    RESPONSE,
    ALGORITHM,
    CNONCE,
    QOP,
    NC,
    USERHASH,
    OPAQUE,
    HASHED_DIRS,
    SERVICE_NAME,
    CHANNEL_BINDING,
    N_DIRECTIVES
};

/* Those without a limit of their own have a fixed form, which is checked. */
static const struct {
    const char *name;
    size_t limit;
} directives[N_DIRECTIVES] = {
    [USERNAME] = {"username", DIGEST_PARSE_USERNAME_LIMIT},
    [USERNAME_EXTENDED] = {"username*", DIGEST_PARAMS_TEXT_LIMIT},
    [REALM] = {"realm", DIGEST_PARSE_REALM_LIMIT},
    [NONCE] = {"nonce", DIGEST_PARSE_NONCE_LIMIT},
    [URI] = {"uri", DIGEST_PARSE_URI_LIMIT},
    [RESPONSE] = {"response", DIGEST_PARAMS_TEXT_LIMIT},
    [ALGORITHM] = {"algorithm", DIGEST_PARAMS_TEXT_LIMIT},
    [CNONCE] = {"cnonce", DIGEST_PARSE_CNONCE_LIMIT},
    [QOP] = {"qop", DIGEST_PARAMS_TEXT_LIMIT},
    [NC] = {"nc", DIGEST_PARAMS_TEXT_LIMIT},
    [USERHASH] = {"userhash", DIGEST_PARAMS_TEXT_LIMIT},
    [OPAQUE] = {"opaque", DIGEST_PARSE_OPAQUE_LIMIT},
    [HASHED_DIRS] = {"hashed-dirs", DIGEST_PARSE_HASHED_DIRS_LIMIT},
    [SERVICE_NAME] = {"service-name", DIGEST_PARSE_SERVICE_LIMIT},
    [CHANNEL_BINDING] = {"channel-binding", DIGEST_PARSE_CHANNEL_BINDING_LIMIT},
};

/* The known directives; absent ones have data NULL. */
struct values {
    struct sspi_view value[N_DIRECTIVES];
    struct sspi_view raw[N_DIRECTIVES];
    bool extended_is_quoted; /* username* */
    struct sspi_report *report;
};

/* For client text in a report. */
#define SHOWN_SIZE 81

/* RFC 7616 knows UTF-8 alone. What else a user's name may be is read_username()'s to say. */
static enum sspi_reason check_encoding(const struct digest_params *params, struct values *v)
{
    char shown[SHOWN_SIZE];

    for (size_t i = 0; i < params->n; i++) {
        const struct digest_param *param = &params->param[i];
        if (!utf8_valid(param->raw) && !bytes_equal_nocase(param->name, SSPI_VIEW("username"))) {
            return report_write(v->report, SSPI_REASON_MALFORMED, "directive %s is not UTF-8",
                                escape_text(shown, sizeof(shown), param->name));
        }
    }
    return SSPI_REASON_NONE;
}

/* RFC 7616 3.4: "Any unrecognized directive MUST be ignored". */
static enum sspi_reason collect(const struct digest_params *params, struct values *v)
{
    for (size_t i = 0; i < N_DIRECTIVES; i++) {
        const struct digest_param *param = digest_params_find(params, directives[i].name);
        if (param == NULL)
            continue;
        if (param->value.len > directives[i].limit) {
            return report_write(v->report, SSPI_REASON_TOO_LARGE,
                                "%s has %zu octets, more than %zu", directives[i].name,
                                param->value.len, directives[i].limit);
        }
        v->value[i] = param->value;
        v->raw[i] = param->raw;
        if (i == USERNAME_EXTENDED)
            v->extended_is_quoted = param->quoted;
    }
    return check_encoding(params, v);
}

/* In which of its forms the name comes. */
static enum sspi_reason read_name_form(const struct values *v, struct digest_response *response)
{
    bool extended = v->value[USERNAME_EXTENDED].data != NULL;
    struct sspi_view userhash = v->value[USERHASH];
    char shown[SHOWN_SIZE];

    response->userhash = userhash.data != NULL && bytes_equal_nocase(userhash, SSPI_VIEW("true"));
    if (userhash.data != NULL && !response->userhash &&
        !bytes_equal_nocase(userhash, SSPI_VIEW("false"))) {
        return report_write(v->report, SSPI_REASON_MALFORMED, "userhash is %s, not true or false",
                            escape_text(shown, sizeof(shown), userhash));
    }
    /* RFC 7616 3.4: both of them "MUST be treated as an error"; username* is for names that are not
     * hashed. */
    if (extended && v->value[USERNAME].data != NULL)
        return report_write(v->report, SSPI_REASON_MALFORMED, "both username and username*");
    if (extended && response->userhash)
        return report_write(v->report, SSPI_REASON_MALFORMED, "both username* and userhash=true");
    if (!extended && v->value[USERNAME].data == NULL)
        return report_write(v->report, SSPI_REASON_MALFORMED, "directive username is missing");
    return SSPI_REASON_NONE;
}

static enum sspi_reason read_qop(const struct values *v, struct digest_response *response)
{
    struct sspi_view qop = v->value[QOP];
    char shown[SHOWN_SIZE];

    if (qop.data == NULL) {
        return report_write(
            v->report, SSPI_REASON_UNSUPPORTED,
            "no qop: the client speaks RFC 2069, or the offered qop was not understood");
    }
    response->integrity = bytes_equal_nocase(qop, SSPI_VIEW("auth-int"));
    if (!response->integrity && !bytes_equal_nocase(qop, SSPI_VIEW("auth"))) {
        return report_write(v->report, SSPI_REASON_MALFORMED, "qop is %s, not auth or auth-int",
                            escape_text(shown, sizeof(shown), qop));
    }
    return SSPI_REASON_NONE;
}

static enum sspi_reason check_present(const struct values *v, const enum directive_id *ids,
                                      size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (v->value[ids[i]].data == NULL) {
            return report_write(v->report, SSPI_REASON_MALFORMED, "directive %s is missing",
                                directives[ids[i]].name);
        }
    }
    return SSPI_REASON_NONE;
}

/* algorithm, nc and response: the values with a form of their own. */
static enum sspi_reason read_values(const struct values *v, struct digest_response *response)
{
    struct sspi_view algorithm = v->value[ALGORITHM];
    struct sspi_view digits = v->value[RESPONSE];
    char shown[SHOWN_SIZE];
    uint8_t count[4];

    response->algorithm = SSPI_DIGEST_MD5;
    if (algorithm.data != NULL)
        response->algorithm = hash_from_name(algorithm);
    if (response->algorithm == SSPI_DIGEST_NONE) {
        return report_write(v->report, SSPI_REASON_MECHANISM, "algorithm %s was not offered",
                            escape_text(shown, sizeof(shown), algorithm));
    }
    /* RFC 7616 3.4: nc-value = 8LHEX; upper case is taken too, the digits are hashed as they came.
     */
    if (!hex_decode(v->value[NC], count, sizeof(count))) {
        return report_write(v->report, SSPI_REASON_MALFORMED, "nc is %s, not 8 hex digits",
                            escape_text(shown, sizeof(shown), v->value[NC]));
    }
    response->count =
        (uint32_t)count[0] << 24 | (uint32_t)count[1] << 16 | (uint32_t)count[2] << 8 | count[3];
    if (response->count == 0)
        return report_write(v->report, SSPI_REASON_MALFORMED, "nc is 0; the first request is 1");
    size_t len = hash_len(response->algorithm);
    if (digits.len != 2 * len) {
        return report_write(v->report, SSPI_REASON_MALFORMED,
                            "response has %zu digits, %s gives %zu", digits.len,
                            hash_name(response->algorithm), 2 * len);
    }
    if (!hex_decode_lower(digits, response->response, len)) {
        return report_write(v->report, SSPI_REASON_MALFORMED,
                            "response is not lower-case hexadecimal");
    }
    return SSPI_REASON_NONE;
}

/* The name as all later checks see it. */
static enum sspi_reason check_username(const struct values *v,
                                       const struct digest_response *response)
{
    if (response->username.len == 0)
        return report_write(v->report, SSPI_REASON_MALFORMED, "username is empty");
    if (response->username.len > DIGEST_PARSE_USERNAME_LIMIT) {
        return report_write(v->report, SSPI_REASON_TOO_LARGE,
                            "username has %zu octets of UTF-8, more than %d",
                            response->username.len, DIGEST_PARSE_USERNAME_LIMIT);
    }
    if (utf8_has_control(response->username)) {
        return report_write(v->report, SSPI_REASON_MALFORMED,
                            "username has a control character, or is neither UTF-8 nor "
                            "ISO-8859-1");
    }
    return SSPI_REASON_NONE;
}

/* Moves `names` into the response: the name in its first `len` octets, behind it the raw one when
 * that differs. */
static enum sspi_reason keep_names(const struct values *v, struct bytes *names, size_t len,
                                   struct digest_response *response)
{
    size_t both_len;

    response->names = bytes_steal(names, &both_len);
    if (response->names == NULL)
        return report_write(v->report, SSPI_REASON_INTERNAL, "out of memory");
    response->username = (struct sspi_view){response->names, len};
    response->raw_username = response->username;
    if (both_len > len)
        response->raw_username = (struct sspi_view){response->names + len, both_len - len};
    return check_username(v, response);
}

static enum sspi_reason read_extended(const struct values *v, struct digest_response *response)
{
    BYTES_CLEANUP struct bytes names = {0};
    struct sspi_view extended = v->value[USERNAME_EXTENDED];
    char shown[SHOWN_SIZE];

    /* RFC 8187 3.2.1: an ext-value is no quoted-string. */
    if (v->extended_is_quoted || !digest_name_append_extended(&names, extended)) {
        if (names.failed)
            return report_write(v->report, SSPI_REASON_INTERNAL, "out of memory");
        return report_write(v->report, SSPI_REASON_MALFORMED,
                            "username* is %s, not UTF-8'' and a percent-encoded name, unquoted",
                            escape_text(shown, sizeof(shown), extended));
    }
    return keep_names(v, &names, names.len, response);
}

/* RFC 7616 3.4.4: H(username ":" realm) in hexadecimal. */
static enum sspi_reason read_userhash(const struct values *v, struct digest_response *response)
{
    BYTES_CLEANUP struct bytes names = {0};
    uint8_t digest[HASH_MAX];
    size_t len = hash_len(response->algorithm);

    if (!hex_decode(v->value[USERNAME], digest, len)) {
        return report_write(v->report, SSPI_REASON_MALFORMED,
                            "username is not the %zu hexadecimal digits of a userhash", 2 * len);
    }
    bytes_append_hex(&names, digest, len);
    return keep_names(v, &names, names.len, response);
}

static enum sspi_reason read_username(const struct values *v, struct digest_response *response)
{
    BYTES_CLEANUP struct bytes names = {0};
    struct sspi_view name = v->value[USERNAME], raw = v->raw[USERNAME];

    if (name.data == NULL)
        return read_extended(v, response);
    if (response->userhash)
        return read_userhash(v, response);
    if (!utf8_valid(raw)) {
        digest_name_append_latin_1(&names, name);
        size_t len = names.len;
        if (raw.len > name.len)
            digest_name_append_latin_1(&names, raw);
        return keep_names(v, &names, len, response);
    }
    response->username = name;
    response->raw_username = raw;
    return check_username(v, response);
}

static enum sspi_reason evaluate(const struct values *v, struct digest_response *response)
{
    static const enum directive_id always[] = {REALM, NONCE, URI, RESPONSE};
    static const enum directive_id with_qop[] = {NC, CNONCE};
    enum sspi_reason reason = read_name_form(v, response);

    if (reason == SSPI_REASON_NONE)
        reason = check_present(v, always, sizeof(always) / sizeof(always[0]));
    if (reason == SSPI_REASON_NONE)
        reason = read_qop(v, response);
    if (reason == SSPI_REASON_NONE) {
        /* RFC 7616 3.4: cnonce and nc "MUST be specified if a qop directive is sent". */
        reason = check_present(v, with_qop, sizeof(with_qop) / sizeof(with_qop[0]));
    }
    if (reason == SSPI_REASON_NONE)
        reason = read_values(v, response);
    if (reason == SSPI_REASON_NONE)
        reason = read_username(v, response);
    response->realm = v->value[REALM];
    response->raw_realm = v->raw[REALM];
    response->nonce = v->value[NONCE];
    response->uri = v->value[URI];
    response->cnonce = v->value[CNONCE];
    response->qop = v->value[QOP];
    response->nc = v->value[NC];
    response->opaque = v->value[OPAQUE];
    response->hashed_dirs = v->value[HASHED_DIRS];
    response->service_name = v->value[SERVICE_NAME];
    response->channel_binding = v->value[CHANNEL_BINDING];
    return reason;
}

enum sspi_reason digest_parse_response(struct sspi_view text, struct digest_response *ret_response,
                                       struct sspi_report *report)
{
    struct digest_params params;
    struct values v = {.report = report};
    struct digest_response response = {0};
    enum sspi_reason reason = digest_params_parse(text, &params, report);

    if (reason != SSPI_REASON_NONE)
        return reason;
    response.storage = params.storage; /* the values stay where they are */
    reason = collect(&params, &v);
    if (reason == SSPI_REASON_NONE)
        reason = evaluate(&v, &response);
    if (reason == SSPI_REASON_NONE)
        *ret_response = response;
    else
        digest_parse_free(&response);
    return reason;
}

void digest_parse_free(struct digest_response *response)
{
    free(response->storage);
    free(response->names);
    *response = (struct digest_response){0};
}
