/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_directive.h"

#include "digest_name.h"
#include "digest_params.h"
#include "escape.h"
#include "hash.h"
#include "hex.h"
#include "error_info.h"
#include "utf8.h"

/* The name of each directive in each form, NULL if the form does not know it. A directive without a
 * limit of its own has a fixed form, which is checked. */
static const struct {
    const char *name[2];
    size_t limit;
} directives[N_DIGEST_DIRECTIVES] = {
    [DIGEST_USERNAME] = {{"username", "username"}, DIGEST_PARSE_USERNAME_LIMIT},
    [DIGEST_USERNAME_EXTENDED] = {{"username*", NULL}, DIGEST_PARAMS_TEXT_LIMIT},
    [DIGEST_REALM] = {{"realm", "realm"}, DIGEST_PARSE_REALM_LIMIT},
    [DIGEST_NONCE] = {{"nonce", "nonce"}, DIGEST_PARSE_NONCE_LIMIT},
    [DIGEST_URI] = {{"uri", "digest-uri"}, DIGEST_PARSE_URI_LIMIT},
    [DIGEST_RESPONSE] = {{"response", "response"}, DIGEST_PARAMS_TEXT_LIMIT},
    [DIGEST_ALGORITHM] = {{"algorithm", "algorithm"}, DIGEST_PARAMS_TEXT_LIMIT},
    [DIGEST_CNONCE] = {{"cnonce", "cnonce"}, DIGEST_PARSE_CNONCE_LIMIT},
    [DIGEST_QOP] = {{"qop", "qop"}, DIGEST_PARAMS_TEXT_LIMIT},
    [DIGEST_NC] = {{"nc", "nc"}, DIGEST_PARAMS_TEXT_LIMIT},
    [DIGEST_USERHASH] = {{"userhash", NULL}, DIGEST_PARAMS_TEXT_LIMIT},
    [DIGEST_OPAQUE] = {{"opaque", NULL}, DIGEST_PARSE_OPAQUE_LIMIT},
    [DIGEST_HASHED_DIRS] = {{"hashed-dirs", "hashed-dirs"}, DIGEST_PARSE_HASHED_DIRS_LIMIT},
    [DIGEST_SERVICE_NAME] = {{"service-name", "service-name"}, DIGEST_PARSE_SERVICE_LIMIT},
    [DIGEST_CHANNEL_BINDING] = {{"channel-binding", "channel-binding"},
                                DIGEST_PARSE_CHANNEL_BINDING_LIMIT},
    [DIGEST_CHARSET] = {{NULL, "charset"}, DIGEST_PARAMS_TEXT_LIMIT},
    [DIGEST_MAXBUF] = {{NULL, "maxbuf"}, DIGEST_PARAMS_TEXT_LIMIT},
    [DIGEST_CIPHER] = {{NULL, "cipher"}, DIGEST_PARAMS_TEXT_LIMIT},
    [DIGEST_AUTHZID] = {{NULL, "authzid"}, DIGEST_PARSE_AUTHZID_LIMIT},
};

/* A person types the name, so a name that no user can have counts as an unknown user. After a 401
 * browsers ask for another name. After a 400 they show an error page without a prompt. */
#define UNUSABLE_NAME SSPI_REASON_WRONG_PASSWORD

static const char *name_of(const struct digest_directives *d, enum digest_directive id)
{
    return directives[id].name[d->form];
}

/* Both RFCs only know UTF-8. Each form decides which other encoding of a user's name it accepts. */
static enum sspi_reason check_encoding(const struct digest_params *params,
                                       struct digest_directives *d)
{
    char shown[ESCAPE_VALUE_SIZE];

    for (size_t i = 0; i < params->n; i++) {
        const struct digest_param *param = &params->param[i];
        if (!utf8_valid(param->raw) && !bytes_equal_nocase(param->name, SSPI_VIEW("username"))) {
            return error_info_set(d->error_info, SSPI_REASON_MALFORMED, "directive %s is not UTF-8",
                                  escape_text(shown, sizeof(shown), param->name));
        }
    }
    return SSPI_REASON_NONE;
}

/* Checks the other names, because pages and logs show them. The form checks the user's name. */
static enum sspi_reason check_names(const struct digest_directives *d)
{
    static const enum digest_directive names[] = {DIGEST_REALM, DIGEST_SERVICE_NAME,
                                                  DIGEST_AUTHZID};
    char shown[ESCAPE_VALUE_SIZE];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct sspi_view name = d->value[names[i]];
        if (!utf8_is_name(name)) {
            return error_info_set(d->error_info, SSPI_REASON_MALFORMED,
                                  "%s has a control character: \"%s\"", name_of(d, names[i]),
                                  escape_text(shown, sizeof(shown), name));
        }
    }
    return SSPI_REASON_NONE;
}

/* RFC 7616 3.4: "Any unrecognized directive MUST be ignored"; RFC 2831 2.1.2 has the same as
 * auth-param. */
static enum sspi_reason collect(const struct digest_params *params, struct digest_directives *d)
{
    for (size_t i = 0; i < N_DIGEST_DIRECTIVES; i++) {
        const char *name = name_of(d, i);
        const struct digest_param *param = name == NULL ? NULL : digest_params_find(params, name);
        if (param == NULL)
            continue;
        if (param->value.len > directives[i].limit) {
            return error_info_set(
                d->error_info, i == DIGEST_USERNAME ? UNUSABLE_NAME : SSPI_REASON_TOO_LARGE,
                "%s has %zu octets, more than %zu", name, param->value.len, directives[i].limit);
        }
        d->value[i] = param->value;
        d->raw[i] = param->raw;
        if (i == DIGEST_USERNAME_EXTENDED)
            d->extended_is_quoted = param->quoted;
    }
    return check_encoding(params, d);
}

enum sspi_reason digest_directive_parse(struct sspi_view text, enum digest_form form,
                                        digest_directive_evaluate *evaluate,
                                        struct digest_response *ret_response,
                                        struct sspi_error_info *error_info)
{
    struct digest_params params;
    struct digest_directives d = {.form = form, .error_info = error_info};
    struct digest_response response = {0};
    enum sspi_reason reason = digest_params_parse(text, &params, error_info);

    if (reason != SSPI_REASON_NONE)
        return reason;
    response.storage = params.storage; /* the values stay where they are */
    reason = collect(&params, &d);
    if (reason == SSPI_REASON_NONE)
        reason = check_names(&d);
    if (reason == SSPI_REASON_NONE)
        reason = evaluate(&d, &response);
    if (reason == SSPI_REASON_NONE)
        *ret_response = response;
    else
        digest_response_clear(&response);
    return reason;
}

enum sspi_reason digest_directive_check_present(const struct digest_directives *d,
                                                const enum digest_directive *ids, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (d->value[ids[i]].data == NULL) {
            return error_info_set(d->error_info, SSPI_REASON_MALFORMED, "directive %s is missing",
                                  name_of(d, ids[i]));
        }
    }
    return SSPI_REASON_NONE;
}

enum sspi_reason digest_directive_read_digits(const struct digest_directives *d,
                                              struct digest_response *response)
{
    struct sspi_view digits = d->value[DIGEST_RESPONSE];
    size_t len = hash_len(response->algorithm);

    /* Serf answers SHA-256 with the digits of MD5. Another scheme or algorithm can succeed. */
    if (digits.len != 2 * len) {
        return error_info_set(d->error_info, SSPI_REASON_UNSUPPORTED,
                              "response has %zu digits, but %s needs %zu", digits.len,
                              hash_name(response->algorithm), 2 * len);
    }
    if (!hex_decode_lower(digits, response->response, len)) {
        return error_info_set(d->error_info, SSPI_REASON_MALFORMED,
                              "response is not lower-case hexadecimal");
    }
    return SSPI_REASON_NONE;
}

/* Checks the name that all later checks use. */
static enum sspi_reason check_username(const struct digest_directives *d,
                                       const struct digest_response *response)
{
    if (response->username.len == 0)
        return error_info_set(d->error_info, UNUSABLE_NAME, "username is empty");
    if (response->username.len > DIGEST_PARSE_USERNAME_LIMIT) {
        return error_info_set(d->error_info, UNUSABLE_NAME,
                              "username has %zu octets of UTF-8, more than %d",
                              response->username.len, DIGEST_PARSE_USERNAME_LIMIT);
    }
    if (!utf8_is_name(response->username)) {
        return error_info_set(d->error_info, UNUSABLE_NAME,
                              "username has a control character, or is neither UTF-8 nor "
                              "ISO-8859-1");
    }
    return SSPI_REASON_NONE;
}

enum sspi_reason digest_directive_take_username(const struct digest_directives *d,
                                                struct digest_response *response)
{
    response->username = d->value[DIGEST_USERNAME];
    response->raw_username = d->raw[DIGEST_USERNAME];
    return check_username(d, response);
}

enum sspi_reason digest_directive_take_latin_1(const struct digest_directives *d,
                                               struct digest_response *response)
{
    BYTES_CLEANUP struct bytes names = {0};
    struct sspi_view name = d->value[DIGEST_USERNAME], raw = d->raw[DIGEST_USERNAME];

    digest_name_append_latin_1(&names, name);
    size_t len = names.len;
    if (raw.len > name.len)
        digest_name_append_latin_1(&names, raw);
    return digest_directive_keep_names(d, &names, len, response);
}

enum sspi_reason digest_directive_keep_names(const struct digest_directives *d, struct bytes *names,
                                             size_t len, struct digest_response *response)
{
    size_t both_len;

    response->names = bytes_steal(names, &both_len);
    if (response->names == NULL)
        return error_info_set(d->error_info, SSPI_REASON_INTERNAL, OUT_OF_MEMORY);
    response->username = (struct sspi_view){response->names, len};
    response->raw_username = response->username;
    if (both_len > len)
        response->raw_username = (struct sspi_view){response->names + len, both_len - len};
    return check_username(d, response);
}

void digest_directive_copy(const struct digest_directives *d, struct digest_response *response)
{
    response->realm = d->value[DIGEST_REALM];
    response->raw_realm = d->raw[DIGEST_REALM];
    response->nonce = d->value[DIGEST_NONCE];
    response->uri = d->value[DIGEST_URI];
    response->cnonce = d->value[DIGEST_CNONCE];
    response->qop = d->value[DIGEST_QOP];
    response->nc = d->value[DIGEST_NC];
    response->opaque = d->value[DIGEST_OPAQUE];
    response->authzid = d->value[DIGEST_AUTHZID];
    response->hashed_dirs = d->value[DIGEST_HASHED_DIRS];
    response->service_name = d->value[DIGEST_SERVICE_NAME];
    response->channel_binding = d->value[DIGEST_CHANNEL_BINDING];
}
