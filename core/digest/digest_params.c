/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_params.h"

#include <stdlib.h>
#include <string.h>

#include "field.h"
#include "error_info.h"

struct parser {
    struct sspi_view text;
    size_t at;
    struct digest_params *params;
    size_t storage_len; /* octets of the storage that are in use; the storage is as large as the
                           text */
    struct sspi_error_info *error_info;
};

/* The octet at `at`. The text holds no NUL (checked first), so that NUL can mean its end. */
static char here(const struct parser *p)
{
    return p->at < p->text.len ? p->text.data[p->at] : '\0';
}

static enum sspi_reason malformed(const struct parser *p, const char *what)
{
    return error_info_set(p->error_info, SSPI_REASON_MALFORMED, "at octet %zu: %s", p->at + 1,
                          what);
}

static void skip_blanks(struct parser *p)
{
    while (here(p) == ' ' || here(p) == '\t')
        p->at++;
}

static struct sspi_view take_token(struct parser *p)
{
    struct sspi_view token = {p->text.data + p->at, 0};

    while (field_is_token_char(here(p))) {
        p->at++;
        token.len++;
    }
    return token;
}

/* Copies `raw` without its quoted-pairs into the storage. */
static enum sspi_reason unescape(struct parser *p, struct sspi_view raw,
                                 struct sspi_view *ret_value)
{
    char **storage = &p->params->storage;

    if (*storage == NULL && (*storage = malloc(p->text.len)) == NULL)
        return error_info_set(p->error_info, SSPI_REASON_INTERNAL, OUT_OF_MEMORY);
    char *out = *storage + p->storage_len;
    ret_value->data = out;
    for (size_t i = 0; i < raw.len; i++) {
        if (raw.data[i] == '\\')
            i++; /* take_quoted() checked that an octet follows */
        *out++ = raw.data[i];
    }
    ret_value->len = (size_t)(out - ret_value->data);
    p->storage_len += ret_value->len;
    return SSPI_REASON_NONE;
}

/* RFC 9110 5.6.4: quoted-string. The parser is at its first quote. */
static enum sspi_reason take_quoted(struct parser *p, struct digest_param *param)
{
    bool escaped = false;

    p->at++;
    param->raw = (struct sspi_view){p->text.data + p->at, 0};
    while (here(p) != '"') {
        size_t len = 1;
        if (here(p) == '\\') {
            escaped = true;
            len = 2;
        }
        if (p->text.len - p->at < len)
            return malformed(p, "a quote is not closed");
        p->at += len;
        param->raw.len += len;
    }
    p->at++;
    param->value = param->raw;
    return escaped ? unescape(p, param->raw, &param->value) : SSPI_REASON_NONE;
}

/* RFC 9110 11.2: auth-param = token BWS "=" BWS ( token / quoted-string ) */
static enum sspi_reason take_param(struct parser *p, struct digest_param *param)
{
    param->name = take_token(p);
    if (param->name.len == 0)
        return malformed(p, "the name of a directive is missing");
    skip_blanks(p);
    if (here(p) != '=') {
        /* Two Authorization headers that were joined with a comma end here too. */
        return malformed(p, "no \"=\" after a name (were two Authorization headers joined?)");
    }
    p->at++;
    skip_blanks(p);
    param->quoted = here(p) == '"';
    if (param->quoted)
        return take_quoted(p, param);
    param->raw = param->value = take_token(p);
    return param->value.len > 0 ? SSPI_REASON_NONE : malformed(p, "a directive has no value");
}

/* RFC 9110 11.2: "each parameter name MUST only occur once", in any spelling of case. */
static enum sspi_reason add_param(struct parser *p, const struct digest_param *param)
{
    struct digest_params *params = p->params;

    for (size_t i = 0; i < params->n; i++)
        if (bytes_equal_nocase(params->param[i].name, param->name))
            return malformed(p, "a directive comes twice");
    if (params->n == DIGEST_PARAMS_LIMIT) {
        return error_info_set(p->error_info, SSPI_REASON_TOO_LARGE,
                              "the header has more than %d directives", DIGEST_PARAMS_LIMIT);
    }
    params->param[params->n++] = *param;
    return SSPI_REASON_NONE;
}

/* RFC 9110 5.6.1.2: a list; empty elements are allowed, white space around commas too. */
static enum sspi_reason take_list(struct parser *p)
{
    for (;;) {
        struct digest_param param;
        skip_blanks(p);
        if (p->at == p->text.len)
            return SSPI_REASON_NONE;
        if (here(p) == ',') {
            p->at++;
            continue;
        }
        enum sspi_reason reason = take_param(p, &param);
        if (reason == SSPI_REASON_NONE)
            reason = add_param(p, &param);
        if (reason != SSPI_REASON_NONE)
            return reason;
        skip_blanks(p);
        if (p->at < p->text.len && here(p) != ',')
            return malformed(p, "a comma is missing, or a quote in a value has no backslash");
    }
}

static enum sspi_reason check_octets(struct sspi_view text, struct sspi_error_info *error_info)
{
    if (text.len > DIGEST_PARAMS_TEXT_LIMIT) {
        return error_info_set(error_info, SSPI_REASON_TOO_LARGE,
                              "the credentials have %zu octets, more than %d", text.len,
                              DIGEST_PARAMS_TEXT_LIMIT);
    }
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if ((c < 0x20 && c != '\t') || c == 0x7F) {
            return error_info_set(error_info, SSPI_REASON_MALFORMED,
                                  "at octet %zu: control character 0x%02x", i + 1, c);
        }
    }
    return SSPI_REASON_NONE;
}

enum sspi_reason digest_params_parse(struct sspi_view text, struct digest_params *ret_params,
                                     struct sspi_error_info *error_info)
{
    struct parser p = {.text = text, .params = ret_params, .error_info = error_info};
    enum sspi_reason reason = check_octets(text, error_info);

    ret_params->n = 0;
    ret_params->storage = NULL;
    if (reason == SSPI_REASON_NONE)
        reason = take_list(&p);
    if (reason != SSPI_REASON_NONE)
        digest_params_clear(ret_params);
    return reason;
}

const struct digest_param *digest_params_find(const struct digest_params *params, const char *name)
{
    for (size_t i = 0; i < params->n; i++)
        if (bytes_equal_nocase(params->param[i].name, bytes_view(name)))
            return &params->param[i];
    return NULL;
}

void digest_params_append_quoted(struct bytes *to, const char *name, struct sspi_view value)
{
    bytes_append_text(to, name);
    bytes_append_text(to, "=\"");
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] == '"' || value.data[i] == '\\')
            bytes_append_char(to, '\\');
        bytes_append_char(to, value.data[i]);
    }
    bytes_append_char(to, '"');
}

void digest_params_clear(struct digest_params *params)
{
    free(params->storage);
    params->storage = NULL;
    params->n = 0;
}
