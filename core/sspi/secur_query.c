/* SPDX-License-Identifier: Apache-2.0 */
#include "secur_query.h"

#include <stdlib.h>
#include <string.h>

#include "secur_context.h"
#include "secur_message.h"
#include "secur_packages.h"
#include "secur_token.h"
#include "utf8.h"

/* Milliseconds between 1601-01-01 and 1970-01-01. */
#define FILETIME_EPOCH_MS UINT64_C(11644473600000)
#define FILETIME_PER_MS   10000

TimeStamp secur_query_timestamp(uint64_t time_ms)
{
    uint64_t filetime = INT64_MAX;

    if (time_ms < INT64_MAX / FILETIME_PER_MS - FILETIME_EPOCH_MS)
        filetime = (time_ms + FILETIME_EPOCH_MS) * FILETIME_PER_MS;
    return (TimeStamp){.LowPart = (uint32_t)filetime, .HighPart = (int32_t)(filetime >> 32)};
}

static SECURITY_STATUS copy_a(const char *text, SEC_CHAR **ret_text)
{
    SEC_CHAR *copy = strdup(text);

    if (copy == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    *ret_text = copy;
    return SEC_E_OK;
}

static SECURITY_STATUS copy_w(const char *text, SEC_WCHAR **ret_text)
{
    struct sspi_view from = bytes_view(text);

    if (!utf8_valid(from))
        return SEC_E_INTERNAL_ERROR;
    SEC_WCHAR *copy = utf8_to_utf16(from, NULL);
    if (copy == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    *ret_text = copy;
    return SEC_E_OK;
}

static SECURITY_STATUS query_lifespan(const struct package_info *info,
                                      SecPkgContext_Lifespan *lifespan)
{
    lifespan->tsStart = secur_query_timestamp(info->start_ms);
    lifespan->tsExpiry = secur_query_timestamp(info->expiry_ms);
    return SEC_E_OK;
}

/* The authority is the client's realm in Kerberos, its domain in NTLM, and the realm in Digest. */
static SECURITY_STATUS query_authority_a(const struct package_info *info,
                                         SecPkgContext_AuthorityA *authority)
{
    return info->realm == NULL ? SEC_E_UNSUPPORTED_FUNCTION
                               : copy_a(info->realm, &authority->sAuthorityName);
}

static SECURITY_STATUS query_authority_w(const struct package_info *info,
                                         SecPkgContext_AuthorityW *authority)
{
    return info->realm == NULL ? SEC_E_UNSUPPORTED_FUNCTION
                               : copy_w(info->realm, &authority->sAuthorityName);
}

/* Returns the service that the client named; "": it named no service. */
static const char *server_name(const struct package_info *info)
{
    return info->target == NULL ? "" : info->target;
}

static SECURITY_STATUS query_native_a(const struct package_info *info,
                                      SecPkgContext_NativeNamesA *names)
{
    SECURITY_STATUS status = copy_a(info->name, &names->sClientName);

    if (status != SEC_E_OK)
        return status;
    status = copy_a(server_name(info), &names->sServerName);
    if (status != SEC_E_OK)
        free(names->sClientName);
    return status;
}

static SECURITY_STATUS query_native_w(const struct package_info *info,
                                      SecPkgContext_NativeNamesW *names)
{
    SECURITY_STATUS status = copy_w(info->name, &names->sClientName);

    if (status != SEC_E_OK)
        return status;
    status = copy_w(server_name(info), &names->sServerName);
    if (status != SEC_E_OK)
        free(names->sClientName);
    return status;
}

static SECURITY_STATUS query_token(struct secur_context *context, SecPkgContext_AccessToken *access)
{
    struct sspi_token *token;
    SECURITY_STATUS status = secur_token_make(context, &token);

    if (status == SEC_E_OK)
        access->AccessToken = token;
    return status;
}

static SECURITY_STATUS query_target(const struct package_info *info,
                                    SecPkgContext_ClientSpecifiedTarget *target)
{
    if (info->target == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    return copy_w(info->target, &target->sTargetName);
}

static SECURITY_STATUS query_a(struct secur_context *context, const struct package_info *info,
                               ULONG attribute, void *buffer)
{
    const struct package *package = context->base.credential->package;

    switch (attribute) {
    case SECPKG_ATTR_NAMES:
        return copy_a(info->name, &((SecPkgContext_NamesA *)buffer)->sUserName);
    case SECPKG_ATTR_LIFESPAN:
        return query_lifespan(info, buffer);
    case SECPKG_ATTR_PACKAGE_INFO:
        return secur_packages_copy_a(&package, 1,
                                     &((SecPkgContext_PackageInfoA *)buffer)->PackageInfo);
    case SECPKG_ATTR_NEGOTIATION_INFO: {
        SecPkgContext_NegotiationInfoA *negotiation = buffer;
        negotiation->NegotiationState = SECPKG_NEGOTIATION_COMPLETE;
        return secur_packages_copy_a(&info->mechanism, 1, &negotiation->PackageInfo);
    }
    case SECPKG_ATTR_FLAGS:
        ((SecPkgContext_Flags *)buffer)->Flags = secur_context_attributes(context);
        return SEC_E_OK;
    case SECPKG_ATTR_CLIENT_SPECIFIED_TARGET:
        return query_target(info, buffer);
    case SECPKG_ATTR_AUTHORITY:
        return query_authority_a(info, buffer);
    case SECPKG_ATTR_NATIVE_NAMES:
        return query_native_a(info, buffer);
    case SECPKG_ATTR_ACCESS_TOKEN:
        return query_token(context, buffer);
    default:
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
}

static SECURITY_STATUS query_w(struct secur_context *context, const struct package_info *info,
                               ULONG attribute, void *buffer)
{
    const struct package *package = context->base.credential->package;

    switch (attribute) {
    case SECPKG_ATTR_NAMES:
        return copy_w(info->name, &((SecPkgContext_NamesW *)buffer)->sUserName);
    case SECPKG_ATTR_PACKAGE_INFO:
        return secur_packages_copy_w(&package, 1,
                                     &((SecPkgContext_PackageInfoW *)buffer)->PackageInfo);
    case SECPKG_ATTR_NEGOTIATION_INFO: {
        SecPkgContext_NegotiationInfoW *negotiation = buffer;
        negotiation->NegotiationState = SECPKG_NEGOTIATION_COMPLETE;
        return secur_packages_copy_w(&info->mechanism, 1, &negotiation->PackageInfo);
    }
    case SECPKG_ATTR_AUTHORITY:
        return query_authority_w(info, buffer);
    case SECPKG_ATTR_NATIVE_NAMES:
        return query_native_w(info, buffer);
    default:
        return query_a(context, info, attribute, buffer); /* the rest has one form */
    }
}

typedef SECURITY_STATUS query_form(struct secur_context *context, const struct package_info *info,
                                   ULONG attribute, void *buffer);

/* The only attribute of a context that is not established. */
static SECURITY_STATUS query_last_token(const struct secur_context *context,
                                        SecPkgContext_LastClientTokenStatus *status)
{
    if (context->base.state == PACKAGE_CONTEXT_FAILED)
        return SEC_E_INVALID_HANDLE;
    if (context->pending.is_pending) /* the client does not have the answer yet */
        status->LastClientTokenStatus = SecPkgAttrLastClientTokenMaybe;
    else
        status->LastClientTokenStatus =
            context->base.client_done ? SecPkgAttrLastClientTokenYes : SecPkgAttrLastClientTokenNo;
    return SEC_E_OK;
}

static SECURITY_STATUS query(PCtxtHandle handle, ULONG attribute, void *buffer, query_form *form)
{
    struct secur_object *object;

    SECURITY_STATUS status =
        secur_handle_begin(handle, SECUR_HANDLE_CONTEXT, SECUR_HANDLE_SHARED, &object);
    if (status != SEC_E_OK)
        return status;
    struct secur_context *context = (struct secur_context *)object;
    const struct package_info *info = package_context_info(&context->base);
    if (buffer == NULL)
        status = SEC_E_INVALID_PARAMETER;
    else if (attribute == SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS)
        status = query_last_token(context, buffer);
    else if (info == NULL)
        status = SEC_E_INVALID_HANDLE;
    else
        status = form(context, info, attribute, buffer);
    secur_handle_end(object, SECUR_HANDLE_SHARED);
    return status;
}

SECURITY_STATUS SEC_ENTRY QueryContextAttributesA(PCtxtHandle phContext, ULONG ulAttribute,
                                                  void *pBuffer)
{
    if (secur_message_has_attribute(ulAttribute))
        return secur_message_query(phContext, ulAttribute, pBuffer, false);
    return query(phContext, ulAttribute, pBuffer, query_a);
}

SECURITY_STATUS SEC_ENTRY QueryContextAttributesW(PCtxtHandle phContext, ULONG ulAttribute,
                                                  void *pBuffer)
{
    if (secur_message_has_attribute(ulAttribute))
        return secur_message_query(phContext, ulAttribute, pBuffer, true);
    return query(phContext, ulAttribute, pBuffer, query_w);
}

SECURITY_STATUS SEC_ENTRY FreeContextBuffer(void *pvContextBuffer)
{
    free(pvContextBuffer);
    return SEC_E_OK;
}
