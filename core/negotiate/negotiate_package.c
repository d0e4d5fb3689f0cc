/* SPDX-License-Identifier: Apache-2.0 */
/* The Negotiate package. It distinguishes SPNEGO from bare tokens, and enforces the limits. */
#include <stdlib.h>

#include "negotiate_spnego.h"
#include "negotiate_token.h"
#include "error_info.h"

#define LEGS_LIMIT  8
#define BYTES_LIMIT 65536

/* The longest Kerberos token, with SPNEGO around it. */
#define MAX_TOKEN 48256
#define RPC_ID    9 /* RPC_C_AUTHN_GSS_NEGOTIATE */

/* Handles one leg of a mechanism without SPNEGO around it. */
static SECURITY_STATUS advance_bare(struct negotiate_step *step)
{
    struct negotiate_context *context = step->context;
    BYTES_CLEANUP struct bytes token = {0};
    SECURITY_STATUS status = negotiate_spnego_run_mechanism(step, step->in->token, &token);
    if (token.len > 0) {
        bytes_append_view(&step->out->tokens[0], bytes_as_view(&token));
        step->out->n_tokens = 1;
        if (step->out->tokens[0].failed)
            return error_info_no_memory(step->out->error_info);
    }
    context->phase = status == SEC_E_OK ? NEGOTIATE_DONE : NEGOTIATE_MECHANISM;
    return status;
}

static SECURITY_STATUS refuse_bare(struct negotiate_step *step, enum negotiate_token_kind kind,
                                   struct sspi_view oid)
{
    BYTES_CLEANUP struct bytes sent = {0}, accepted = {0};
    bool kerberos = negotiate_credential_allows(step->credential, &negotiate_mechanism_table[0]);
    if (kind == NEGOTIATE_TOKEN_NTLM)
        bytes_append_text(&sent, "NTLM");
    else
        negotiate_mechanism_name(oid, &sent);
    negotiate_credential_describe(step->credential, &accepted);
    return error_info_refuse(step->out->error_info, SEC_E_INVALID_TOKEN, SSPI_REASON_NOT_OFFERED,
                             "the client sent %.*s, but this server accepts %.*s%s",
                             (int)bytes_as_view(&sent).len, bytes_as_view(&sent).data,
                             (int)bytes_as_view(&accepted).len, bytes_as_view(&accepted).data,
                             kind == NEGOTIATE_TOKEN_NTLM && kerberos ? NEGOTIATE_NO_TICKET : "");
}

static SECURITY_STATUS start_bare(struct negotiate_step *step, enum negotiate_token_kind kind,
                                  struct sspi_view oid)
{
    const struct negotiate_mechanism *found = negotiate_mechanism_by_kind(kind, oid);
    if (!negotiate_credential_allows(step->credential, found) || found->bare != kind)
        return refuse_bare(step, kind, oid);
    step->context->chosen = found;
    step->context->bare = true;
    return advance_bare(step);
}

static SECURITY_STATUS start(struct negotiate_step *step)
{
    struct sspi_view oid = {NULL, 0};
    enum negotiate_token_kind kind = negotiate_token_kind(step->in->token, &oid);
    switch (kind) {
    case NEGOTIATE_TOKEN_EMPTY:
        return negotiate_spnego_hint(step);
    case NEGOTIATE_TOKEN_INIT:
        return negotiate_spnego_start(step);
    case NEGOTIATE_TOKEN_FRAMED:
    case NEGOTIATE_TOKEN_NTLM:
        return start_bare(step, kind, oid);
    case NEGOTIATE_TOKEN_RESPONSE:
        return error_info_refuse(
            step->out->error_info, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED,
            "the token continues a negotiation that did not begin on this connection: the client "
            "changed the connection, or a proxy shares it between clients");
    case NEGOTIATE_TOKEN_UNKNOWN:
    default:
        return error_info_refuse(step->out->error_info, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED,
                                 "the token of %zu bytes is not SPNEGO, Kerberos or NTLM",
                                 step->in->token.len);
    }
}

static SECURITY_STATUS check_limits(struct negotiate_step *step)
{
    struct negotiate_context *context = step->context;
    size_t len = step->in->token.len;
    if (len > PACKAGE_TOKEN_LIMIT)
        return error_info_refuse(step->out->error_info, SEC_E_INVALID_TOKEN, SSPI_REASON_TOO_LARGE,
                                 "the token has %zu bytes; at most %d are accepted", len,
                                 PACKAGE_TOKEN_LIMIT);
    if (context->n_legs == LEGS_LIMIT || len > BYTES_LIMIT - context->n_bytes)
        return error_info_refuse(step->out->error_info, SEC_E_INVALID_TOKEN, SSPI_REASON_LEGS,
                                 "the negotiation has more than %d legs or %d bytes", LEGS_LIMIT,
                                 BYTES_LIMIT);
    context->n_legs++;
    context->n_bytes += len;
    return SEC_E_OK;
}

static SECURITY_STATUS accept_token(void *credential, void **context,
                                    const struct package_input *in, struct package_output *out)
{
    struct negotiate_step step = {
        .credential = credential, .context = *context, .in = in, .out = out};
    if (step.context == NULL) {
        step.context = calloc(1, sizeof(*step.context));
        if (step.context == NULL)
            return error_info_no_memory(step.out->error_info);
        *context = step.context;
    }
    SECURITY_STATUS status = check_limits(&step);
    if (status == SEC_E_OK) {
        switch (step.context->phase) {
        case NEGOTIATE_START:
            status = start(&step);
            break;
        case NEGOTIATE_MECHANISM:
        case NEGOTIATE_MIC:
            status = step.context->bare ? advance_bare(&step) : negotiate_spnego_continue(&step);
            break;
        case NEGOTIATE_DONE:
        case NEGOTIATE_FAILED:
        default:
            status = error_info_refuse(step.out->error_info, SEC_E_INVALID_TOKEN, SSPI_REASON_LEGS,
                                       "the negotiation has ended");
            break;
        }
    }
    if (status != SEC_E_OK && status != SEC_I_CONTINUE_NEEDED)
        step.context->phase = NEGOTIATE_FAILED;
    return status;
}

PACKAGE_CREDENTIAL(struct negotiate_credential, negotiate_credential_new, negotiate_credential_free)

static bool may_wait(const void *context)
{
    const struct negotiate_context *negotiate = context;
    return negotiate->mechanism != NULL && negotiate->chosen->package->may_wait != NULL &&
           negotiate->chosen->package->may_wait(negotiate->mechanism);
}

static const struct package_info *info(const void *context)
{
    const struct negotiate_context *negotiate = context;
    if (negotiate->phase != NEGOTIATE_DONE)
        return NULL;
    return negotiate->chosen->package->info(negotiate->mechanism);
}

static void *mechanism_context(void *context)
{
    return ((struct negotiate_context *)context)->mechanism;
}

static void destroy(void *context)
{
    struct negotiate_context *negotiate = context;
    if (negotiate->mechanism != NULL)
        negotiate->chosen->package->destroy(negotiate->mechanism);
    bytes_free(&negotiate->mech_list);
    free(negotiate);
}

static char package_name[] = NEGOSSP_NAME_A;
static char package_comment[] = "SPNEGO over Kerberos and NTLM, and their tokens without it";

const struct package negotiate_package = {
    .about = {.fCapabilities = SECPKG_FLAG_INTEGRITY | SECPKG_FLAG_PRIVACY |
                               SECPKG_FLAG_READONLY_WITH_CHECKSUM | SECPKG_FLAG_CONNECTION |
                               SECPKG_FLAG_EXTENDED_ERROR | SECPKG_FLAG_GSS_COMPATIBLE |
                               SECPKG_FLAG_MUTUAL_AUTH,
              .wVersion = 1,
              .wRPCID = RPC_ID,
              .cbMaxToken = MAX_TOKEN,
              .Name = package_name,
              .Comment = package_comment},
    .acquire = acquire,
    .release = release,
    .accept = accept_token,
    .may_wait = may_wait,
    .info = info,
    .mechanism_context = mechanism_context,
    .destroy = destroy,
};
