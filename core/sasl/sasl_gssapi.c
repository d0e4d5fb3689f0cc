/* SPDX-License-Identifier: Apache-2.0 */
#include "sasl_gssapi.h"

#include <string.h>

#include "error_info.h"
#include "sasl_cookie.h"

/* Octets for what sealing adds to a cookie. No encryption type of Kerberos needs as many. */
#define ROOM 256

/* Seals a cookie: RFC 4752 3.2 "with conf_flag set to FALSE". */
static SECURITY_STATUS append_sealed(struct bytes *to, const struct package_inner *below,
                                     uint8_t cookie[SASL_COOKIE_LEN])
{
    char token[ROOM], padding[ROOM];
    const struct package_message_part part = {(char *)cookie, SASL_COOKIE_LEN, true};
    struct package_message message = {.parts = &part,
                                      .n_parts = 1,
                                      .token = {.data = token, .room = sizeof(token)},
                                      .padding = {.data = padding, .room = sizeof(padding)}};

    SECURITY_STATUS status = below->package->messages->seal(*below->context, false, &message);
    if (status != SEC_E_OK)
        return status < 0 && status != SEC_E_BUFFER_TOO_SMALL ? status : SEC_E_INTERNAL_ERROR;
    bytes_append(to, token, message.token.len);
    bytes_append(to, cookie, SASL_COOKIE_LEN);
    bytes_append(to, padding, message.padding.len);
    return to->failed ? SEC_E_INSUFFICIENT_MEMORY : SEC_E_OK;
}

/* The layers that the caller's flags ask for and the context has. The server always offers the
 * layer "no protection" as well. */
static uint8_t layers(ULONG requirements, ULONG attributes)
{
    uint8_t offered = SASL_COOKIE_NONE;

    if ((attributes & ASC_RET_INTEGRITY) == 0)
        return offered;
    if ((requirements & PACKAGE_ASKS_INTEGRITY) != 0)
        offered |= SASL_COOKIE_INTEGRITY;
    if ((requirements & ASC_REQ_CONFIDENTIALITY) != 0 &&
        (attributes & ASC_RET_CONFIDENTIALITY) != 0)
        offered |= SASL_COOKIE_CONFIDENTIALITY;
    return offered;
}

static SECURITY_STATUS offer(struct sasl_context *sasl, const struct package_inner *below,
                             const struct package_input *in, struct package_output *out)
{
    const struct package_info *info = below->package->info(*below->context);
    uint8_t cookie[SASL_COOKIE_LEN];

    if (info == NULL)
        return SEC_E_INTERNAL_ERROR;
    sasl->offered = layers(in->requirements, info->attributes);
    sasl_cookie_write(sasl->offered, sasl->layer.receive_limit, cookie);
    SECURITY_STATUS status = append_sealed(&out->tokens[0], below, cookie);
    if (status != SEC_E_OK)
        return status;
    out->n_tokens = 1;
    sasl->size_sent = true;
    sasl->state = SASL_COOKIE;
    return SEC_I_CONTINUE_NEEDED;
}

SECURITY_STATUS sasl_gssapi_begin(struct sasl_context *sasl, const struct package_inner *below,
                                  const struct package_input *in, struct package_output *out)
{
    /* SaslAcceptSecurityContext page: "SASL processing is suspended for one round trip". */
    if (out->n_tokens > 0 && out->tokens[0].len > 0) {
        sasl->state = SASL_SUSPENDED;
        return SEC_I_CONTINUE_NEEDED;
    }
    return offer(sasl, below, in, out);
}

SECURITY_STATUS sasl_gssapi_resume(struct sasl_context *sasl, const struct package_inner *below,
                                   const struct package_input *in, struct package_output *out)
{
    /* RFC 4752 3.1: the client "responds with no data". */
    if (in->token.len > 0)
        return error_info_refuse(out->error_info, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED,
                                 "the client answers the last token of its login with %zu octets",
                                 in->token.len);
    return offer(sasl, below, in, out);
}

/* Decrypts and checks the client's cookie. `opened` receives a copy of the token, and *ret_cookie
 * is a view into it. */
static SECURITY_STATUS unseal(const struct package_inner *below, struct sspi_view token,
                              struct bytes *opened, struct sspi_view *ret_cookie,
                              struct sspi_error_info *error_info)
{
    bool encrypted;

    bytes_append_view(opened, token);
    if (opened->failed)
        return SEC_E_INSUFFICIENT_MEMORY;
    const struct package_message message = {.whole = opened->data, .whole_len = opened->len};
    SECURITY_STATUS status =
        token.len == 0
            ? SEC_E_INCOMPLETE_MESSAGE
            : below->package->messages->unseal(*below->context, &message, ret_cookie, &encrypted);
    switch (status) {
    case SEC_E_OK:
    case SEC_E_INSUFFICIENT_MEMORY:
    case SEC_E_INTERNAL_ERROR:
    case SEC_E_CONTEXT_EXPIRED:
        return status;
    default: /* SaslAcceptSecurityContext page: "the message failed to decrypt" */
        return error_info_refuse(error_info, SEC_E_INVALID_TOKEN, SSPI_REASON_ALTERED,
                                 "the client's SASL cookie is not what the client sealed");
    }
}

static SECURITY_STATUS read_cookie(struct sspi_view text, struct sasl_cookie *ret_cookie,
                                   struct sspi_error_info *error_info)
{
    return sasl_cookie_read(text, ret_cookie, error_info) == SSPI_REASON_NONE ? SEC_E_OK
                                                                              : SEC_E_INVALID_TOKEN;
}

/* Sets the layer that the client chose. The context then hides the attributes that this layer does
 * not have. */
static SECURITY_STATUS agree(struct sasl_context *sasl, const struct package_inner *below,
                             const struct sasl_cookie *cookie, struct sspi_error_info *error_info)
{
    if ((cookie->layer & sasl->offered) == 0)
        return error_info_refuse(error_info, SEC_E_QOP_NOT_SUPPORTED, SSPI_REASON_UNSUPPORTED,
                                 "the client chose SASL layer %u, but the offered layers are %u",
                                 cookie->layer, sasl->offered);
    switch (cookie->layer) {
    case SASL_COOKIE_CONFIDENTIALITY:
        sasl->layer.only_encrypted = true;
        break;
    case SASL_COOKIE_INTEGRITY:
        sasl->layer.hidden_attributes = ASC_RET_CONFIDENTIALITY;
        break;
    case SASL_COOKIE_NONE:
    default:
        sasl->layer.hidden_attributes = ASC_RET_CONFIDENTIALITY | ASC_RET_INTEGRITY;
        return SEC_E_OK;
    }
    return sasl_context_set_peer_size(sasl, below, cookie->size);
}

SECURITY_STATUS sasl_gssapi_end(struct sasl_context *sasl, const struct package_inner *below,
                                const struct package_input *in, struct package_output *out)
{
    BYTES_CLEANUP struct bytes opened = {0};
    struct sasl_cookie cookie;
    struct sspi_view text;

    SECURITY_STATUS status = unseal(below, in->token, &opened, &text, out->error_info);
    if (status == SEC_E_OK)
        status = read_cookie(text, &cookie, out->error_info);
    if (status == SEC_E_OK)
        status = agree(sasl, below, &cookie, out->error_info);
    if (status == SEC_E_OK)
        status = sasl_context_take_authzid(sasl, cookie.authzid, out->error_info);
    if (status == SEC_E_OK)
        sasl->state = SASL_ENDED;
    return status;
}
