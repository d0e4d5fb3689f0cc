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

/* Copies a buffer of the ticket's PAC, and returns true, if MIT has verified the PAC. MIT 1.20 then
 * says "authenticated": the KDC's signature with the service's key covers the whole PAC, and the
 * PAC names the ticket's client and time (krb5_pac_verify()). MIT does not refuse a ticket with a
 * PAC of another signature. The caller releases *ret_value. No network. */
static bool find_buffer(gss_name_t client, const char *attribute, gss_buffer_desc *ret_value)
{
    gss_buffer_desc name = kerberos_gss_buffer(bytes_view(attribute));
    gss_buffer_desc shown = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor;
    int authenticated = 0, complete = 0, more = -1;
    OM_uint32 major = gss_get_name_attribute(&minor, client, &name, &authenticated, &complete,
                                             ret_value, &shown, &more);
    gss_release_buffer(&minor, &shown);
    return major == GSS_S_COMPLETE && authenticated != 0;
}

static struct sspi_view view_of(const gss_buffer_desc *buffer)
{
    return (struct sspi_view){buffer->value, buffer->length};
}

static bool read_upn(gss_name_t client, struct package_info *info)
{
    gss_buffer_desc value = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor;
    enum kerberos_pac_status status = KERBEROS_PAC_OK;
    if (find_buffer(client, "urn:mspac:upn-dns-info", &value))
        status = kerberos_pac_read_upn(view_of(&value), &info->upn);
    gss_release_buffer(&minor, &value);
    return status != KERBEROS_PAC_NO_MEMORY;
}

static bool read_logon_info(gss_name_t client, struct package_info *info)
{
    gss_buffer_desc value = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor;
    struct kerberos_pac_logon logon = {0};
    enum kerberos_pac_status status = KERBEROS_PAC_OK;
    if (!find_buffer(client, "urn:mspac:logon-info", &value))
        info->logon_problem = "the ticket has no group information that its KDC signed";
    else
        status = kerberos_pac_read_logon(view_of(&value), &logon);
    if (status == KERBEROS_PAC_MALFORMED)
        info->logon_problem = "the group information of the ticket is malformed or too long";
    gss_release_buffer(&minor, &value);
    info->user_sid = logon.user_sid;
    info->groups = logon.groups;
    info->sam_name = logon.sam_name;
    return status != KERBEROS_PAC_NO_MEMORY;
}

/* A PAC that is missing or cannot be read is no failure: the client then has no groups. */
static SECURITY_STATUS read_logon(void *context)
{
    struct kerberos_context *kerberos = context;
    struct package_info *info = &kerberos->info;
    OM_uint32 minor;
    gss_name_t client = GSS_C_NO_NAME;
    if (info->user_sid.n_sub > 0 || info->logon_problem != NULL)
        return SEC_E_OK;
    OM_uint32 major =
        gss_inquire_context(&minor, kerberos->gss, &client, NULL, NULL, NULL, NULL, NULL, NULL);
    /* For an established context, only memory can be missing. */
    bool done = major == GSS_S_COMPLETE && read_logon_info(client, info) &&
                (info->user_sid.n_sub == 0 || read_upn(client, info));
    gss_release_name(&minor, &client);
    return done ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
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
    .read_logon = read_logon,
    .use_ccache = kerberos_delegation_use,
    .make_mic = make_mic,
    .check_mic = check_mic,
    .messages = &kerberos_message_calls,
    .destroy = destroy,
};
