/* SPDX-License-Identifier: Apache-2.0 */
#include "secur_message_call.h"

#include "secur_query.h"

/* What a layer agreed on may change meanwhile: read under the lock. */
static void set_limits(struct secur_message_call *call, const struct package_layer *layer)
{
    call->send_limit = PACKAGE_MESSAGE_LIMIT;
    call->receive_limit = SIZE_MAX;
    if (layer == NULL)
        return;
    if (layer->send_limit < call->send_limit)
        call->send_limit = layer->send_limit;
    call->receive_limit = layer->receive_limit;
    call->only_encrypted = layer->only_encrypted;
}

SECURITY_STATUS secur_message_call_begin(PCtxtHandle handle, struct secur_message_call *ret_call)
{
    struct secur_object *object;

    /* Shared: a thread that reads and one that writes may meet in one context, as on Windows. What
     * they must not do at a time, the lock keeps apart. */
    SECURITY_STATUS status =
        secur_handle_begin(handle, SECUR_HANDLE_CONTEXT, SECUR_HANDLE_SHARED, &object);
    if (status != SEC_E_OK)
        return status;
    struct secur_context *context = (struct secur_context *)object;
    const struct package *package = context->base.credential->package;
    const struct package_info *info = NULL;
    if (context->base.state == PACKAGE_CONTEXT_ESTABLISHED)
        info = package->info(context->base.data);
    if (info == NULL) {
        secur_handle_end(object, SECUR_HANDLE_SHARED);
        return SEC_E_INVALID_HANDLE;
    }
    *ret_call = (struct secur_message_call){.context = context,
                                            .messages = info->mechanism->messages,
                                            .data = context->base.data,
                                            .attributes = secur_query_attributes(context)};
    if (package->mechanism_context != NULL)
        ret_call->data = package->mechanism_context(context->base.data);
    (void)pthread_mutex_lock(&context->message_lock); /* cannot fail on one of the default kind */
    set_limits(ret_call, context->base.layer);
    return SEC_E_OK;
}

void secur_message_call_end(struct secur_message_call *call)
{
    (void)pthread_mutex_unlock(&call->context->message_lock);
    secur_handle_end(&call->context->object, SECUR_HANDLE_SHARED);
}

bool secur_message_call_can(const struct secur_message_call *call, ULONG attributes)
{
    return (call->attributes & attributes) != 0;
}
