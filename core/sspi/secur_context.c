/* SPDX-License-Identifier: Apache-2.0 */
#include "secur_context.h"

/* ASC_REQ_CONNECTION: "The security context will not handle formatting messages". No context does.
 * ASC_REQ_IDENTIFY: ImpersonateSecurityContext refuses the context. */
#define ATTRIBUTES_OF_REQUIREMENTS (ASC_REQ_CONNECTION | ASC_REQ_IDENTIFY)

ULONG secur_context_attributes(const struct secur_context *context)
{
    const struct package_layer *layer = context->base.layer;
    ULONG attributes = package_context_info(&context->base)->attributes;

    if (layer != NULL)
        attributes &= ~layer->hidden_attributes;
    return attributes | (context->base.requirements & ATTRIBUTES_OF_REQUIREMENTS);
}
