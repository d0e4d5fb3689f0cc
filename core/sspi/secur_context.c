/* SPDX-License-Identifier: Apache-2.0 */
#include "secur_context.h"

#include <stdlib.h>

/* ASC_REQ_CONNECTION: "The security context will not handle formatting messages". No context does.
 * ASC_REQ_IDENTIFY: ImpersonateSecurityContext refuses the context. */
#define ATTRIBUTES_OF_REQUIREMENTS (ASC_REQ_CONNECTION | ASC_REQ_IDENTIFY)

static void destroy(struct secur_object *object)
{
    struct secur_context *context = (struct secur_context *)object;

    /* Another thread deleted the context while this thread began to impersonate the client. */
    (void)secur_impersonate_end(&context->impersonation);
    secur_pending_clear(&context->pending);
    package_context_clear(&context->base);
    (void)pthread_mutex_destroy(&context->message_lock);
    free(context);
}

struct secur_context *secur_context_new(struct package_credential *credential,
                                        package_layer_new *new_layer)
{
    struct secur_context *context = calloc(1, sizeof(*context));

    if (context == NULL)
        return NULL;
    if (pthread_mutex_init(&context->message_lock, NULL) != 0) {
        free(context);
        return NULL;
    }
    secur_handle_init(&context->object, SECUR_HANDLE_CONTEXT, destroy);
    package_context_init(&context->base, credential);
    if (new_layer != NULL && (context->base.layer = new_layer(credential->package)) == NULL) {
        secur_handle_unref(&context->object);
        return NULL;
    }
    return context;
}

ULONG secur_context_attributes(const struct secur_context *context)
{
    const struct package_layer *layer = context->base.layer;
    ULONG attributes = package_context_info(&context->base)->attributes;

    if (layer != NULL)
        attributes &= ~layer->hidden_attributes;
    return attributes | (context->base.requirements & ATTRIBUTES_OF_REQUIREMENTS);
}
