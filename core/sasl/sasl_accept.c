/* SPDX-License-Identifier: Apache-2.0 */
#include "sasl_accept.h"

#include <stdlib.h>

#include "error_info.h"
#include "sasl_gssapi.h"
#include "secur_accept.h"

static SECURITY_STATUS malformed(struct sspi_error_info *error_info, const char *what)
{
    return error_info_refuse(error_info, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED, "%s", what);
}

/* The login succeeded, and the package itself has agreed on the layer (all except GSSAPI). */
static SECURITY_STATUS end_login(struct sasl_context *sasl, const struct package_inner *below,
                                 struct package_output *out)
{
    const struct package_info *info = below->package->info(*below->context);
    SECURITY_STATUS status = SEC_E_OK;

    if (info == NULL)
        return SEC_E_INTERNAL_ERROR;
    sasl->layer.only_encrypted = (info->attributes & ASC_RET_CONFIDENTIALITY) != 0;
    if (info->peer_limit > 0)
        status = sasl_context_set_peer_size(sasl, below, info->peer_limit);
    if (status == SEC_E_OK)
        status = sasl_context_take_authzid(sasl, bytes_view(info->authzid), out->error_info);
    if (status == SEC_E_OK)
        sasl->state = SASL_ENDED;
    else
        out->n_tokens = 0; /* the token would tell the client that the login succeeded */
    return status;
}

static SECURITY_STATUS login(struct sasl_context *sasl, const struct package_inner *below,
                             const struct package_input *in, struct package_output *out)
{
    bool began = sasl->state == SASL_LOGIN;

    if (in->token.len == 0 && sasl->profile->client_first && !began) {
        if (sasl->state == SASL_ASKED)
            return malformed(out->error_info,
                             "the client sent an empty message twice: it must begin the login");
        sasl->state = SASL_ASKED;
        return SEC_I_CONTINUE_NEEDED; /* RFC 4422 3.2: the server sends an empty challenge */
    }
    sasl->state = SASL_LOGIN;
    SECURITY_STATUS status = below->package->accept(below->credential, below->context, in, out);
    if (sasl->profile->sends_size)
        sasl->size_sent = true;
    if (status != SEC_E_OK)
        return status;
    return sasl->profile->has_cookies ? sasl_gssapi_begin(sasl, below, in, out)
                                      : end_login(sasl, below, out);
}

/* SaslAcceptSecurityContext page, ASC_REQ_HTTP: "Use Digest for HTTP." */
static SECURITY_STATUS accept_http(struct sasl_context *sasl, const struct package_inner *below,
                                   const struct package_input *in, struct package_output *out)
{
    SECURITY_STATUS status = below->package->accept(below->credential, below->context, in, out);

    sasl->state = status == SEC_E_OK ? SASL_ENDED : SASL_LOGIN;
    return status;
}

static SECURITY_STATUS step(struct package_layer *layer, const struct package_inner *below,
                            const struct package_input *in, struct package_output *out)
{
    struct sasl_context *sasl = sasl_context_of(layer);
    bool asks_http = (in->requirements & ASC_REQ_HTTP) != 0;

    if (in->http && !asks_http)
        return malformed(out->error_info,
                         "SECBUFFER_PKG_PARAMS needs ASC_REQ_HTTP in a SASL context");
    if (in->http && below->package == &digest_package)
        return accept_http(sasl, below, in, out);
    switch (sasl->state) {
    case SASL_SUSPENDED:
        return sasl_gssapi_resume(sasl, below, in, out);
    case SASL_COOKIE:
        return sasl_gssapi_end(sasl, below, in, out);
    default:
        return login(sasl, below, in, out);
    }
}

static void destroy(struct package_layer *layer)
{
    struct sasl_context *sasl = sasl_context_of(layer);

    bytes_free(&sasl->authzid);
    free(sasl);
}

struct package_layer *sasl_accept_new_layer(const struct package *package)
{
    struct sasl_context *sasl = calloc(1, sizeof(*sasl));

    if (sasl == NULL)
        return NULL;
    sasl->layer = (struct package_layer){.accept = step,
                                         .destroy = destroy,
                                         .send_limit = SASL_CONTEXT_SIZE,
                                         .receive_limit = SASL_CONTEXT_SIZE};
    sasl->profile = sasl_profile_of(package);
    sasl->send_size = SASL_CONTEXT_SIZE;
    sasl->peer_size = UINT32_MAX;
    return &sasl->layer;
}

SECURITY_STATUS SEC_ENTRY SaslAcceptSecurityContext(PCredHandle phCredential, PCtxtHandle phContext,
                                                    PSecBufferDesc pInput, ULONG fContextReq,
                                                    ULONG TargetDataRep, PCtxtHandle phNewContext,
                                                    PSecBufferDesc pOutput, PULONG pfContextAttr,
                                                    PTimeStamp ptsExpiry)
{
    const struct secur_accept_call call = {phCredential, phContext, pInput,        fContextReq,
                                           phNewContext, pOutput,   pfContextAttr, ptsExpiry};

    (void)TargetDataRep;
    return secur_accept(&call, sasl_accept_new_layer);
}
