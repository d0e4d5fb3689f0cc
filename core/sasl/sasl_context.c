/* SPDX-License-Identifier: Apache-2.0 */
#include "sasl_context.h"

#include <string.h>

#include "error_info.h"
#include "escape.h"
#include "sasl_cookie.h"
#include "secur_context.h"

struct sasl_context *sasl_context_of(struct package_layer *layer)
{
    return (struct sasl_context *)layer;
}

/* The limit for messages to the client is the smaller one of the caller's and the client's. */
static void set_send_limit(struct sasl_context *sasl)
{
    sasl->layer.send_limit = sasl->send_size < sasl->peer_size ? sasl->send_size : sasl->peer_size;
}

/* SASL_OPTION_SEND_SIZE is "the maximum buffer size that can be transmitted to the remote SASL
 * process minus the block size, the trailer size, and the maximum signature size". */
SECURITY_STATUS sasl_context_set_peer_size(struct sasl_context *sasl,
                                           const struct package_inner *below, ULONG size)
{
    const struct package_info *info = below->package->info(*below->context);
    SecPkgContext_Sizes sizes;

    if (info == NULL || info->mechanism->messages == NULL)
        return SEC_E_INTERNAL_ERROR;
    SECURITY_STATUS status = info->mechanism->messages->sizes(*below->context, &sizes);
    if (status != SEC_E_OK)
        return status;
    ULONG added = sizes.cbBlockSize + sizes.cbSecurityTrailer + sizes.cbMaxSignature;
    sasl->peer_size = size > added ? size - added : 0;
    set_send_limit(sasl);
    return SEC_E_OK;
}

SECURITY_STATUS sasl_context_take_authzid(struct sasl_context *sasl, struct sspi_view authzid,
                                          struct sspi_error_info *error_info)
{
    char shown[ESCAPE_VALUE_SIZE];

    if (authzid.len > 0 && sasl->forbids_authzid)
        return error_info_refuse(error_info, SEC_E_ALGORITHM_MISMATCH, SSPI_REASON_UNSUPPORTED,
                                 "the client wants to act as \"%s\", which is forbidden here",
                                 escape_text(shown, sizeof(shown), authzid));
    bytes_append_view(&sasl->authzid, authzid);
    return sasl->authzid.failed ? SEC_E_INSUFFICIENT_MEMORY : SEC_E_OK;
}

/* ---- SaslSetContextOption, SaslGetContextOption ---- */

/* Finds a SASL context and locks its message_lock until end(). */
static SECURITY_STATUS begin(PCtxtHandle handle, struct secur_context **ret_context)
{
    struct secur_object *object;

    SECURITY_STATUS status =
        secur_handle_begin(handle, SECUR_HANDLE_CONTEXT, SECUR_HANDLE_SHARED, &object);
    if (status != SEC_E_OK)
        return status;
    struct secur_context *context = (struct secur_context *)object;
    /* The page of SEC_E_INVALID_HANDLE: the context "was not found in the SASL list". */
    if (context->base.layer == NULL || context->base.state == PACKAGE_CONTEXT_FAILED) {
        secur_handle_end(object, SECUR_HANDLE_SHARED);
        return SEC_E_INVALID_HANDLE;
    }
    (void)pthread_mutex_lock(&context->message_lock);
    *ret_context = context;
    return SEC_E_OK;
}

static void end(struct secur_context *context)
{
    (void)pthread_mutex_unlock(&context->message_lock);
    secur_handle_end(&context->object, SECUR_HANDLE_SHARED);
}

static SECURITY_STATUS set_receive_size(struct sasl_context *sasl, ULONG size)
{
    if (sasl->size_sent)
        return SEC_E_UNSUPPORTED_FUNCTION;
    if (size > SASL_COOKIE_SIZE_LIMIT)
        return SEC_E_INVALID_PARAMETER;
    sasl->layer.receive_limit = size;
    return SEC_E_OK;
}

static SECURITY_STATUS set_processing(struct sasl_context *sasl, ULONG processing)
{
    if (sasl->state == SASL_ENDED)
        return SEC_E_UNSUPPORTED_FUNCTION;
    if (processing != Sasl_AuthZIDForbidden && processing != Sasl_AuthZIDProcessed)
        return SEC_E_INVALID_PARAMETER;
    sasl->forbids_authzid = processing == Sasl_AuthZIDForbidden;
    return SEC_E_OK;
}

static SECURITY_STATUS set(struct sasl_context *sasl, ULONG option, const void *value, ULONG size)
{
    ULONG number;

    if (option != SASL_OPTION_RECV_SIZE && option != SASL_OPTION_SEND_SIZE &&
        option != SASL_OPTION_AUTHZ_PROCESSING)
        return SEC_E_UNSUPPORTED_FUNCTION;
    if (value == NULL || size < sizeof(number))
        return SEC_E_BUFFER_TOO_SMALL;
    memcpy(&number, value, sizeof(number));
    if (option == SASL_OPTION_RECV_SIZE)
        return set_receive_size(sasl, number);
    if (option == SASL_OPTION_AUTHZ_PROCESSING)
        return set_processing(sasl, number);
    sasl->send_size = number;
    set_send_limit(sasl);
    return SEC_E_OK;
}

SECURITY_STATUS SEC_ENTRY SaslSetContextOption(PCtxtHandle ContextHandle, ULONG Option, void *Value,
                                               ULONG Size)
{
    struct secur_context *context;

    SECURITY_STATUS status = begin(ContextHandle, &context);
    if (status != SEC_E_OK)
        return status;
    status = set(sasl_context_of(context->base.layer), Option, Value, Size);
    end(context);
    return status;
}

/* Points *ret_value at the value: in the context, or in *number, which it sets. */
static SECURITY_STATUS find(const struct secur_context *context, const struct sasl_context *sasl,
                            ULONG option, ULONG *number, struct sspi_view *ret_value)
{
    *ret_value = (struct sspi_view){(const char *)number, sizeof(*number)};
    switch (option) {
    case SASL_OPTION_SEND_SIZE:
        *number = sasl->layer.send_limit;
        return SEC_E_OK;
    case SASL_OPTION_RECV_SIZE:
        *number = sasl->layer.receive_limit;
        return SEC_E_OK;
    case SASL_OPTION_AUTHZ_PROCESSING:
        *number = sasl->forbids_authzid ? Sasl_AuthZIDForbidden : Sasl_AuthZIDProcessed;
        return SEC_E_OK;
    case SASL_OPTION_AUTHZ_STRING:
        if (sasl->forbids_authzid)
            return SEC_E_UNSUPPORTED_FUNCTION;
        if (context->base.state != PACKAGE_CONTEXT_ESTABLISHED)
            return SEC_E_INVALID_HANDLE;
        *ret_value = bytes_as_view(&sasl->authzid);
        return SEC_E_OK;
    default:
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
}

static SECURITY_STATUS copy(struct sspi_view from, void *to, ULONG room, PULONG needed)
{
    if (needed != NULL)
        *needed = (ULONG)from.len;
    if (from.len > room || (to == NULL && from.len > 0))
        return SEC_E_BUFFER_TOO_SMALL;
    if (from.len > 0)
        memcpy(to, from.data, from.len);
    return SEC_E_OK;
}

SECURITY_STATUS SEC_ENTRY SaslGetContextOption(PCtxtHandle ContextHandle, ULONG Option, void *Value,
                                               ULONG Size, PULONG Needed)
{
    struct secur_context *context;
    struct sspi_view value;
    ULONG number;

    SECURITY_STATUS status = begin(ContextHandle, &context);
    if (status != SEC_E_OK)
        return status;
    status = find(context, sasl_context_of(context->base.layer), Option, &number, &value);
    if (status == SEC_E_OK)
        status = copy(value, Value, Size, Needed);
    end(context);
    return status;
}
