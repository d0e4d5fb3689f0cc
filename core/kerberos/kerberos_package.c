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
    SECURITY_STATUS status = kerberos_accept_run(credential, in, out, &made->gss, &made->info);
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

/* Reads the SIDs in the PAC of the ticket of an established context. MIT has verified the KDC's
 * signature over them. OK without SIDs: the ticket has no PAC, or the PAC has no SIDs (MIT's KDC).
 * MALFORMED: the PAC cannot be read. No network. */
static enum kerberos_pac_status sids_of(gss_ctx_id_t context, struct kerberos_pac_sids *ret_sids)
{
    static char attribute[] = "urn:mspac:logon-info";
    gss_buffer_desc name = {sizeof(attribute) - 1, attribute};
    gss_buffer_desc value = GSS_C_EMPTY_BUFFER, shown = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor;
    int authenticated = 0, complete = 0, more = -1;
    enum kerberos_pac_status status = KERBEROS_PAC_OK;
    *ret_sids = (struct kerberos_pac_sids){0};
    gss_name_t client = GSS_C_NO_NAME;
    OM_uint32 major =
        gss_inquire_context(&minor, context, &client, NULL, NULL, NULL, NULL, NULL, NULL);
    if (major != GSS_S_COMPLETE)
        return KERBEROS_PAC_NO_MEMORY; /* for an established context, only memory can be missing */
    major = gss_get_name_attribute(&minor, client, &name, &authenticated, &complete, &value, &shown,
                                   &more);
    /* Authenticated: MIT has verified the signature that the KDC made with the service's key. */
    if (major == GSS_S_COMPLETE && authenticated != 0)
        status = kerberos_pac_read((struct sspi_view){value.value, value.length}, ret_sids);
    gss_release_buffer(&minor, &value);
    gss_release_buffer(&minor, &shown);
    gss_release_name(&minor, &client);
    return status;
}

/* A signed PAC that cannot be read is no failure. The context then has no SIDs. */
static SECURITY_STATUS read_sids(void *context)
{
    struct kerberos_context *kerberos = context;
    struct kerberos_pac_sids sids;
    if (kerberos->info.sids != NULL)
        return SEC_E_OK;
    if (sids_of(kerberos->gss, &sids) == KERBEROS_PAC_NO_MEMORY)
        return SEC_E_INSUFFICIENT_MEMORY;
    kerberos->info.sids = sids.sids;
    kerberos->info.n_sids = sids.n_sids;
    return SEC_E_OK;
}

static void destroy(void *context)
{
    struct kerberos_context *kerberos = context;
    OM_uint32 minor;
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
    .read_sids = read_sids,
    .use_ccache = kerberos_delegation_use,
    .make_mic = make_mic,
    .check_mic = check_mic,
    .messages = &kerberos_message_calls,
    .destroy = destroy,
};
