/* SPDX-License-Identifier: Apache-2.0 */
/* The NTLM package (MS-NLMP), connection-oriented: NEGOTIATE in, CHALLENGE out, AUTHENTICATE in.
 *
 *   state        message        goes to
 *   BEGUN        NEGOTIATE      CHALLENGED
 *   CHALLENGED   AUTHENTICATE   ESTABLISHED
 *   any          anything else  FAILED, and stays there */
#include <string.h>

#include "ntlm_challenge.h"
#include "ntlm_context.h"
#include "ntlm_protect.h"
#include "error_info.h"
#include "store_users.h"

/* The values that Windows' NTLM package returns. */
#define MAX_TOKEN 2888
#define RPC_ID    10 /* RPC_C_AUTHN_WINNT */

#define PROOF_CLEANUP __attribute__((cleanup(ntlm_verify_clear)))

PACKAGE_CREDENTIAL(struct ntlm_credential, ntlm_credential_new, ntlm_credential_free)

static SECURITY_STATUS read_negotiate(struct sspi_view token, uint32_t *ret_flags,
                                      struct sspi_error_info *error_info)
{
    const char *problem;
    if (!ntlm_message_read_negotiate(token, ret_flags, &problem))
        return error_info_refuse(error_info, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED,
                                 "malformed NTLM NEGOTIATE message of %zu octets: %s", token.len,
                                 problem);
    /* MS-NLMP 2.2.2.5: datagrams begin with CHALLENGE. */
    if ((*ret_flags & NTLM_FLAG_DATAGRAM) != 0)
        return error_info_refuse(
            error_info, SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_UNSUPPORTED,
            "the client asks for NTLM for datagrams, which is not supported: use a connection");
    return SEC_E_OK;
}

/* The names of one challenge, and the buffers that the views point to. */
struct names {
    struct ntlm_winbind_names winbind;
    char domain[STORE_USERS_NAME_LIMIT + 1];
    struct ntlm_challenge_names sent;
};

/* False: winbind has not returned its names yet. */
static bool find_names(const struct ntlm_credential *credential, struct names *names)
{
    const char *dot = strchr(credential->dns_computer, '.');
    names->sent.dns_computer = bytes_view(credential->dns_computer);
    if (credential->winbind != NULL) {
        if (!ntlm_winbind_names(credential->winbind, &names->winbind))
            return false;
        names->sent.nb_computer = bytes_view(names->winbind.nb_computer);
        names->sent.nb_domain = bytes_view(names->winbind.nb_domain);
        names->sent.dns_domain = bytes_view(names->winbind.dns_domain);
        return true;
    }
    names->sent.nb_computer = bytes_view(credential->nb_computer);
    names->sent.dns_domain = bytes_view(dot == NULL ? "" : dot + 1);
    /* The file may have lost its NT lines since the credential was made. */
    names->sent.nb_domain = store_users_nt_domain(credential->users, names->domain)
                                ? bytes_view(names->domain)
                                : names->sent.nb_computer;
    return true;
}

static SECURITY_STATUS write_challenge(const struct ntlm_credential *credential,
                                       struct ntlm_context *context,
                                       struct sspi_error_info *error_info)
{
    const struct clock *clock = credential->clock;
    struct names ours;
    if (!find_names(credential, &ours))
        return error_info_refuse(
            error_info, SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_UNREACHABLE,
            "winbind has not returned the names of this machine and its domain yet: "
            "is winbindd running, and has it reached a domain controller?");
    if (!clock->random(clock->self, context->server_challenge, sizeof(context->server_challenge)))
        return error_info_refuse(
            error_info, SEC_E_INTERNAL_ERROR, SSPI_REASON_INTERNAL,
            "OpenSSL's random generator failed, so that no challenge can be made");
    if (!ntlm_challenge_write(&context->challenge, context->flags, context->server_challenge,
                              &ours.sent, ntlm_challenge_filetime(clock->now_ms(clock->self))))
        return error_info_no_memory(error_info);
    return SEC_E_OK;
}

static SECURITY_STATUS begin(struct ntlm_credential *credential, struct ntlm_context *context,
                             const struct package_input *in, struct package_output *out)
{
    uint32_t asked;
    ntlm_credential_refresh(credential);
    SECURITY_STATUS status = read_negotiate(in->token, &asked, out->error_info);
    if (status != SEC_E_OK)
        return status;
    context->flags = ntlm_challenge_flags(asked);
    bytes_append_view(&context->negotiate, in->token);
    status = write_challenge(credential, context, out->error_info);
    if (status != SEC_E_OK)
        return status;
    bytes_append_view(&out->tokens[0], bytes_as_view(&context->challenge));
    if (context->negotiate.failed || out->tokens[0].failed)
        return error_info_no_memory(out->error_info);
    out->n_tokens = 1;
    context->may_wait = credential->winbind != NULL;
    context->state = NTLM_CONTEXT_CHALLENGED;
    return SEC_I_CONTINUE_NEEDED;
}

static SECURITY_STATUS finish(const struct ntlm_credential *credential,
                              struct ntlm_context *context, const struct package_input *in,
                              struct sspi_error_info *error_info)
{
    PROOF_CLEANUP struct ntlm_proof proof = {0};
    struct ntlm_verify_exchange exchange = {
        .negotiate = bytes_as_view(&context->negotiate),
        .challenge = bytes_as_view(&context->challenge),
        .flags = context->flags,
    };
    memcpy(exchange.server_challenge, context->server_challenge, sizeof(exchange.server_challenge));
    /* Read first, so contents that are loaded meanwhile have a newer number. */
    uint64_t generation = credential->users != NULL ? store_users_generation(credential->users) : 0;
    SECURITY_STATUS status =
        ntlm_verify_authenticate(credential, &exchange, in, &proof, error_info);
    if (status != SEC_E_OK)
        return status;
    if (!ntlm_context_establish(context, credential, &proof))
        return error_info_no_memory(error_info);
    context->info.users_generation = generation;
    return SEC_E_OK;
}

static SECURITY_STATUS accept_token(void *credential, void **context,
                                    const struct package_input *in, struct package_output *out)
{
    SECURITY_STATUS status;
    if (*context == NULL && (*context = ntlm_context_new()) == NULL)
        return error_info_no_memory(out->error_info);
    struct ntlm_context *ntlm = *context;
    switch (ntlm->state) {
    case NTLM_CONTEXT_BEGUN:
        status = begin(credential, ntlm, in, out);
        break;
    case NTLM_CONTEXT_CHALLENGED:
        status = finish(credential, ntlm, in, out->error_info);
        break;
    case NTLM_CONTEXT_ESTABLISHED:
    case NTLM_CONTEXT_FAILED:
    default:
        status = error_info_refuse(out->error_info, SEC_E_INVALID_TOKEN, SSPI_REASON_LEGS,
                                   "the NTLM exchange has ended: the client must begin a new one");
        break;
    }
    if (status != SEC_E_OK && status != SEC_I_CONTINUE_NEEDED)
        ntlm->state = NTLM_CONTEXT_FAILED;
    return status;
}

static bool may_wait(const void *context)
{
    const struct ntlm_context *ntlm = context;
    return ntlm->state == NTLM_CONTEXT_CHALLENGED && ntlm->may_wait;
}

static const struct package_info *info(const void *context)
{
    const struct ntlm_context *ntlm = context;
    return ntlm->state == NTLM_CONTEXT_ESTABLISHED ? &ntlm->info : NULL;
}

/* MS-SPNG 3.3.5.1: RC4 has the same state for the mechListMIC and for the first message after it.
 * The sequence numbers go on: that message has number 1, as gss-ntlmssp in MIT's SPNEGO expects.
 * Each direction has one mechListMIC, and these two functions are only for it. */
static SECURITY_STATUS make_mic(void *context, struct sspi_view message, struct bytes *ret_mic)
{
    struct ntlm_context *ntlm = context;
    uint8_t signature[NTLM_SIGN_LEN];
    if (ntlm->state != NTLM_CONTEXT_ESTABLISHED)
        return SEC_E_INVALID_HANDLE;
    if (!ntlm->can_sign)
        return SEC_E_UNSUPPORTED_FUNCTION;
    if (!ntlm_sign_make(&ntlm->sign, &ntlm->sign.server, message, signature) ||
        !ntlm_sign_restart(&ntlm->sign.server))
        return SEC_E_INTERNAL_ERROR;
    bytes_append(ret_mic, signature, sizeof(signature));
    return ret_mic->failed ? SEC_E_INSUFFICIENT_MEMORY : SEC_E_OK;
}

static SECURITY_STATUS check_mic(void *context, struct sspi_view message, struct sspi_view mic)
{
    struct ntlm_context *ntlm = context;
    if (ntlm->state != NTLM_CONTEXT_ESTABLISHED)
        return SEC_E_INVALID_HANDLE;
    if (!ntlm->can_sign)
        return SEC_E_UNSUPPORTED_FUNCTION;
    enum ntlm_sign_status status = ntlm_sign_check(&ntlm->sign, &ntlm->sign.client, message, mic);
    if (status == NTLM_SIGN_FAILED || !ntlm_sign_restart(&ntlm->sign.client))
        return SEC_E_INTERNAL_ERROR;
    return status == NTLM_SIGN_RIGHT ? SEC_E_OK : SEC_E_MESSAGE_ALTERED;
}

static void destroy(void *context)
{
    ntlm_context_free(context);
}

static char package_name[] = NTLMSP_NAME_A;
static char package_comment[] = "NTLM with NTLMv2 responses";

const struct package ntlm_package = {
    .about = {.fCapabilities = SECPKG_FLAG_INTEGRITY | SECPKG_FLAG_PRIVACY |
                               SECPKG_FLAG_READONLY_WITH_CHECKSUM | SECPKG_FLAG_CONNECTION |
                               SECPKG_FLAG_NEGOTIABLE,
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
    .make_mic = make_mic,
    .check_mic = check_mic,
    .messages = &ntlm_protect_calls,
    .destroy = destroy,
};
