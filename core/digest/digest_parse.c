/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_parse.h"

#include <stdlib.h>

#include "digest_params.h"
#include "escape.h"
#include "hash.h"
#include "hex.h"
#include "report.h"

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
};

/* The known directives; absent ones have data NULL. */
struct values {
    struct sspi_view value[N_DIRECTIVES];
    struct sspi_view raw[N_DIRECTIVES];
    struct sspi_report *report;
};

/* For client text in a report. */
#define SHOWN_SIZE 81

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
    }
    return SSPI_REASON_NONE;
}

/* Things that are valid but not done here. */
static enum sspi_reason check_supported(const struct values *v)
{
    struct sspi_view userhash = v->value[USERHASH];
    char shown[SHOWN_SIZE];

    if (v->value[USERNAME_EXTENDED].data != NULL) {
        if (v->value[USERNAME].data != NULL) {
            /* RFC 7616 3.4: not both. */
            return report_write(v->report, SSPI_REASON_MALFORMED, "both username and username*");
        }
        return report_write(v->report, SSPI_REASON_UNSUPPORTED, "username* is not supported");
    }
    if (userhash.data != NULL && bytes_equal_nocase(userhash, SSPI_VIEW("true")))
        return report_write(v->report, SSPI_REASON_UNSUPPORTED, "userhash was not offered");
    if (userhash.data != NULL && !bytes_equal_nocase(userhash, SSPI_VIEW("false"))) {
        return report_write(v->report, SSPI_REASON_MALFORMED, "userhash is %s, not true or false",
                            escape_text(shown, sizeof(shown), userhash));
    }
    return SSPI_REASON_NONE;
}

static enum sspi_reason check_qop(const struct values *v)
{
    struct sspi_view qop = v->value[QOP];
    char shown[SHOWN_SIZE];

    if (qop.data == NULL) {
        return report_write(
            v->report, SSPI_REASON_UNSUPPORTED,
            "no qop: the client speaks RFC 2069, or qop=\"auth\" was not understood");
    }
    if (bytes_equal_nocase(qop, SSPI_VIEW("auth-int")))
        return report_write(v->report, SSPI_REASON_UNSUPPORTED, "qop auth-int was not offered");
    if (!bytes_equal_nocase(qop, SSPI_VIEW("auth"))) {
        return report_write(v->report, SSPI_REASON_MALFORMED, "qop is %s, not auth",
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

static enum sspi_reason evaluate(const struct values *v, struct digest_response *response)
{
    static const enum directive_id always[] = {USERNAME, REALM, NONCE, URI, RESPONSE};
    static const enum directive_id with_qop[] = {NC, CNONCE};
    enum sspi_reason reason = check_supported(v);

    if (reason == SSPI_REASON_NONE)
        reason = check_present(v, always, sizeof(always) / sizeof(always[0]));
    if (reason == SSPI_REASON_NONE)
        reason = check_qop(v);
    if (reason == SSPI_REASON_NONE) {
        /* RFC 7616 3.4: cnonce and nc "MUST be specified if a qop directive is sent". */
        reason = check_present(v, with_qop, sizeof(with_qop) / sizeof(with_qop[0]));
    }
    if (reason == SSPI_REASON_NONE)
        reason = read_values(v, response);
    response->username = v->value[USERNAME];
    response->realm = v->value[REALM];
    response->raw_username = v->raw[USERNAME];
    response->raw_realm = v->raw[REALM];
    response->nonce = v->value[NONCE];
    response->uri = v->value[URI];
    response->cnonce = v->value[CNONCE];
    response->qop = v->value[QOP];
    response->nc = v->value[NC];
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
    reason = collect(&params, &v);
    if (reason == SSPI_REASON_NONE)
        reason = evaluate(&v, &response);
    if (reason != SSPI_REASON_NONE) {
        digest_params_free(&params);
        return reason;
    }
    response.storage = params.storage; /* the values stay where they are */
    *ret_response = response;
    return SSPI_REASON_NONE;
}

void digest_parse_free(struct digest_response *response)
{
    free(response->storage);
    *response = (struct digest_response){0};
}
