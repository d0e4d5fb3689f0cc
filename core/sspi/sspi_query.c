/* SPDX-License-Identifier: Apache-2.0 */
#include "sspi_query.h"

#include <stdlib.h>
#include <string.h>

#include "sspi_context.h"
#include "sspi_message.h"
#include "sspi_packages.h"
#include "utf8.h"

/* Milliseconds between 1601-01-01 and 1970-01-01. */
#define FILETIME_EPOCH_MS UINT64_C(11644473600000)
#define FILETIME_PER_MS   10000

TimeStamp sspi_query_timestamp(uint64_t time_ms)
{
    uint64_t filetime = INT64_MAX;

    if (time_ms < INT64_MAX / FILETIME_PER_MS - FILETIME_EPOCH_MS)
        filetime = (time_ms + FILETIME_EPOCH_MS) * FILETIME_PER_MS;
    return (TimeStamp){.LowPart = (uint32_t)filetime, .HighPart = (int32_t)(filetime >> 32)};
}

static const struct sspi_context_info *info_of(const struct sspi_context *context)
{
    if (context->state != SSPI_CONTEXT_ESTABLISHED)
        return NULL;
    return context->credential->package->info(context->data);
}

const struct sspi_context_info *sspi_context_info(const CtxtHandle *context)
{
    struct sspi_object *object;

    SECURITY_STATUS status =
        sspi_handle_begin(context, SSPI_HANDLE_CONTEXT, SSPI_HANDLE_SHARED, &object);
    if (status != SEC_E_OK)
        return NULL;
    const struct sspi_context_info *info = info_of((struct sspi_context *)object);
    sspi_handle_end(object, SSPI_HANDLE_SHARED);
    return info;
}

bool sspi_context_waits(const CtxtHandle *context)
{
    struct sspi_object *object;

    if (sspi_handle_begin(context, SSPI_HANDLE_CONTEXT, SSPI_HANDLE_SHARED, &object) != SEC_E_OK)
        return false;
    const struct sspi_context *about = (const struct sspi_context *)object;
    const struct sspi_package *package = about->credential->package;
    bool waits = about->state == SSPI_CONTEXT_PARTIAL && about->data != NULL &&
                 package->waits != NULL && package->waits(about->data);
    sspi_handle_end(object, SSPI_HANDLE_SHARED);
    return waits;
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

static SECURITY_STATUS query_lifespan(const struct sspi_context_info *info,
                                      SecPkgContext_Lifespan *lifespan)
{
    lifespan->tsStart = sspi_query_timestamp(info->start_ms);
    lifespan->tsExpiry = sspi_query_timestamp(info->expiry_ms);
    return SEC_E_OK;
}

static SECURITY_STATUS query_flags(const struct sspi_context *context,
                                   const struct sspi_context_info *info, SecPkgContext_Flags *flags)
{
    flags->Flags = info->attributes | (context->requirements & ASC_REQ_CONNECTION);
    return SEC_E_OK;
}

static SECURITY_STATUS query_target(const struct sspi_context_info *info,
                                    SecPkgContext_ClientSpecifiedTarget *target)
{
    if (info->target == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    return copy_w(info->target, &target->sTargetName);
}

static SECURITY_STATUS query_a(const struct sspi_context *context,
                               const struct sspi_context_info *info, ULONG attribute, void *buffer)
{
    const struct sspi_package *package = context->credential->package;

    switch (attribute) {
    case SECPKG_ATTR_NAMES:
        return copy_a(info->name, &((SecPkgContext_NamesA *)buffer)->sUserName);
    case SECPKG_ATTR_LIFESPAN:
        return query_lifespan(info, buffer);
    case SECPKG_ATTR_PACKAGE_INFO:
        return sspi_packages_copy_a(&package, 1,
                                    &((SecPkgContext_PackageInfoA *)buffer)->PackageInfo);
    case SECPKG_ATTR_NEGOTIATION_INFO: {
        SecPkgContext_NegotiationInfoA *negotiation = buffer;
        negotiation->NegotiationState = SECPKG_NEGOTIATION_COMPLETE;
        return sspi_packages_copy_a(&info->mechanism, 1, &negotiation->PackageInfo);
    }
    case SECPKG_ATTR_FLAGS:
        return query_flags(context, info, buffer);
    case SECPKG_ATTR_CLIENT_SPECIFIED_TARGET:
        return query_target(info, buffer);
    default:
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
}

static SECURITY_STATUS query_w(const struct sspi_context *context,
                               const struct sspi_context_info *info, ULONG attribute, void *buffer)
{
    const struct sspi_package *package = context->credential->package;

    switch (attribute) {
    case SECPKG_ATTR_NAMES:
        return copy_w(info->name, &((SecPkgContext_NamesW *)buffer)->sUserName);
    case SECPKG_ATTR_PACKAGE_INFO:
        return sspi_packages_copy_w(&package, 1,
                                    &((SecPkgContext_PackageInfoW *)buffer)->PackageInfo);
    case SECPKG_ATTR_NEGOTIATION_INFO: {
        SecPkgContext_NegotiationInfoW *negotiation = buffer;
        negotiation->NegotiationState = SECPKG_NEGOTIATION_COMPLETE;
        return sspi_packages_copy_w(&info->mechanism, 1, &negotiation->PackageInfo);
    }
    default:
        return query_a(context, info, attribute, buffer); /* the rest has one form */
    }
}

typedef SECURITY_STATUS query_form(const struct sspi_context *context,
                                   const struct sspi_context_info *info, ULONG attribute,
                                   void *buffer);

static SECURITY_STATUS query(PCtxtHandle handle, ULONG attribute, void *buffer, query_form *form)
{
    struct sspi_object *object;

    SECURITY_STATUS status =
        sspi_handle_begin(handle, SSPI_HANDLE_CONTEXT, SSPI_HANDLE_SHARED, &object);
    if (status != SEC_E_OK)
        return status;
    const struct sspi_context *context = (const struct sspi_context *)object;
    const struct sspi_context_info *info = info_of(context);
    if (buffer == NULL)
        status = SEC_E_INVALID_PARAMETER;
    else if (info == NULL)
        status = SEC_E_INVALID_HANDLE;
    else
        status = form(context, info, attribute, buffer);
    sspi_handle_end(object, SSPI_HANDLE_SHARED);
    return status;
}

SECURITY_STATUS SEC_ENTRY QueryContextAttributesA(PCtxtHandle phContext, ULONG ulAttribute,
                                                  void *pBuffer)
{
    if (sspi_message_answers(ulAttribute))
        return sspi_message_query(phContext, ulAttribute, pBuffer, false);
    return query(phContext, ulAttribute, pBuffer, query_a);
}

SECURITY_STATUS SEC_ENTRY QueryContextAttributesW(PCtxtHandle phContext, ULONG ulAttribute,
                                                  void *pBuffer)
{
    if (sspi_message_answers(ulAttribute))
        return sspi_message_query(phContext, ulAttribute, pBuffer, true);
    return query(phContext, ulAttribute, pBuffer, query_w);
}

SECURITY_STATUS SEC_ENTRY FreeContextBuffer(void *pvContextBuffer)
{
    free(pvContextBuffer);
    return SEC_E_OK;
}
