/* SPDX-License-Identifier: Apache-2.0 */
/* The Kerberos package: one leg, an AP-REQ in GSS framing, which MIT's krb5 mechanism verifies. */
#include <errno.h>
#include <gssapi/gssapi_ext.h>
#include <stdlib.h>

#include "kerberos_accept.h"
#include "kerberos_delegation.h"
#include "kerberos_gss.h"
#include "kerberos_message.h"
#include "kerberos_name.h"
#include "kerberos_pac.h"

/* The values that Windows' Kerberos package returns. */
#define MAX_TOKEN 48000
#define RPC_ID    16

static SECURITY_STATUS accept_token(void *credential, void **context,
                                    const struct package_input *in, struct package_output *out)
{
    if (*context != NULL)
        return error_info_refuse(out->error_info, SEC_E_INVALID_TOKEN, SSPI_REASON_LEGS,
                                 "Kerberos has one leg, but the client sent another one");
    struct kerberos_context *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return error_info_no_memory(out->error_info);
    *context = made;
    SECURITY_STATUS status =
        kerberos_accept_run(credential, in, out, &made->gss, &made->client, &made->info);
    made->established = status == SEC_E_OK;
    return status;
}

PACKAGE_CREDENTIAL(struct kerberos_credential, kerberos_credential_new, kerberos_credential_free)

static const struct package_info *info(const void *context)
{
    const struct kerberos_context *kerberos = context;
    return kerberos->established ? &kerberos->info : NULL;
}

static SECURITY_STATUS make_mic(void *context, struct sspi_view message, struct bytes *ret_mic)
{
    struct kerberos_context *kerberos = context;
    if (!kerberos->established)
        return SEC_E_INVALID_HANDLE;
    OM_uint32 minor;
    gss_buffer_desc input = kerberos_gss_buffer(message);
    gss_buffer_desc mic = GSS_C_EMPTY_BUFFER;
    SECURITY_STATUS status = kerberos_gss_mic_status(
        gss_get_mic(&minor, kerberos->gss, GSS_C_QOP_DEFAULT, &input, &mic));
    if (status == SEC_E_OK)
        bytes_append(ret_mic, mic.value, mic.length);
    gss_release_buffer(&minor, &mic);
    if (status == SEC_E_OK && ret_mic->failed)
        return SEC_E_INSUFFICIENT_MEMORY;
    return status;
}

static SECURITY_STATUS check_mic(void *context, struct sspi_view message, struct sspi_view mic)
{
    struct kerberos_context *kerberos = context;
    if (!kerberos->established)
        return SEC_E_INVALID_HANDLE;
    OM_uint32 minor;
    gss_buffer_desc input = kerberos_gss_buffer(message);
    gss_buffer_desc token = kerberos_gss_buffer(mic);
    return kerberos_gss_mic_status(gss_verify_mic(&minor, kerberos->gss, &input, &token, NULL));
}

/* By krb5.conf's auth_to_local. */
static SECURITY_STATUS local_name(const void *context, char **ret_name)
{
    const struct kerberos_context *kerberos = context;
    *ret_name = kerberos_local_name(kerberos->info.name);
    return *ret_name == NULL && errno == ENOMEM ? SEC_E_INSUFFICIENT_MEMORY : SEC_E_OK;
}

/* Copies the ticket's PAC, which kerberos_signed_pac.h has verified. Returns false if MIT returns
 * no PAC, or does not say "authenticated". One call for the whole PAC costs as much as one for a
 * buffer of it, because MIT reads its configuration in each call. No network. */
static bool copy_pac(gss_name_t client, gss_buffer_desc *ret_pac)
{
    static char attribute[] = "urn:mspac:";
    gss_buffer_desc name = {sizeof(attribute) - 1, attribute};
    OM_uint32 minor;
    int authenticated = 0, complete = 0, more = -1;
    OM_uint32 major = gss_get_name_attribute(&minor, client, &name, &authenticated, &complete,
                                             ret_pac, NULL, &more);
    return major == GSS_S_COMPLETE && authenticated != 0;
}

/* False: no memory. */
static bool read_pac(struct sspi_view pac, struct package_info *info)
{
    struct kerberos_pac_logon logon;
    struct sspi_view buffer;
    if (!kerberos_pac_find(pac, KERBEROS_PAC_LOGON_INFO, &buffer)) {
        info->logon_problem = "the PAC of the ticket has no logon information";
        return true;
    }
    enum kerberos_pac_status status = kerberos_pac_read_logon(buffer, &logon);
    if (status == KERBEROS_PAC_MALFORMED)
        info->logon_problem = "the logon information of the ticket's PAC is malformed or too long";
    info->user_sid = logon.user_sid;
    info->groups = logon.groups;
    info->sam_name = logon.sam_name;
    if (status == KERBEROS_PAC_OK && kerberos_pac_find(pac, KERBEROS_PAC_UPN_DNS_INFO, &buffer))
        status = kerberos_pac_read_upn(buffer, &info->upn);
    return status != KERBEROS_PAC_NO_MEMORY;
}

/* A PAC that is missing or cannot be read is no failure: the client then has no groups. */
static SECURITY_STATUS read_logon(void *context)
{
    struct kerberos_context *kerberos = context;
    gss_buffer_desc pac = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor;
    bool done = true;
    if (kerberos->client == GSS_C_NO_NAME)
        return SEC_E_OK;
    if (copy_pac(kerberos->client, &pac))
        done = read_pac((struct sspi_view){pac.value, pac.length}, &kerberos->info);
    else
        kerberos->info.logon_problem = KERBEROS_NO_SIGNED_PAC;
    gss_release_buffer(&minor, &pac);
    gss_release_name(&minor, &kerberos->client);
    return done ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

static void take_delegated(void *context, struct package_delegated *ret_delegated)
{
    struct kerberos_context *kerberos = context;
    ret_delegated->ccache = kerberos->info.ccache;
    ret_delegated->evidence = kerberos->info.evidence;
    kerberos->info.ccache = NULL;
    kerberos->info.evidence = (struct bytes){0};
}

static void destroy(void *context)
{
    struct kerberos_context *kerberos = context;
    OM_uint32 minor;
    gss_release_name(&minor, &kerberos->client);
    gss_delete_sec_context(&minor, &kerberos->gss, GSS_C_NO_BUFFER);
    kerberos_delegation_free(kerberos->info.ccache);
    package_info_clear(&kerberos->info);
    free(kerberos);
}

static char package_name[] = MICROSOFT_KERBEROS_NAME_A;
static char package_comment[] = "Kerberos 5 tickets in GSSAPI framing";

const struct package kerberos_package = {
    .about = {.fCapabilities = SECPKG_FLAG_INTEGRITY | SECPKG_FLAG_PRIVACY |
                               SECPKG_FLAG_READONLY_WITH_CHECKSUM | SECPKG_FLAG_CONNECTION |
                               SECPKG_FLAG_EXTENDED_ERROR | SECPKG_FLAG_NEGOTIABLE |
                               SECPKG_FLAG_GSS_COMPATIBLE | SECPKG_FLAG_MUTUAL_AUTH,
              .wVersion = 1,
              .wRPCID = RPC_ID,
              .cbMaxToken = MAX_TOKEN,
              .Name = package_name,
              .Comment = package_comment},
    .acquire = acquire,
    .release = release,
    .accept = accept_token,
    .info = info,
    .local_name = local_name,
    .read_logon = read_logon,
    .take_delegated = take_delegated,
    .use_ccache = kerberos_delegation_use,
    .make_mic = make_mic,
    .check_mic = check_mic,
    .messages = &kerberos_message_calls,
    .destroy = destroy,
};
