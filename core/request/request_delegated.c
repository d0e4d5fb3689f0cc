/* SPDX-License-Identifier: Apache-2.0 */
#include "request_delegated.h"

#include <stdlib.h>

#include "kerberos_delegation.h"

static void destroy(struct request_delegated *delegated)
{
    kerberos_delegation_free(delegated->from.ccache);
    bytes_free(&delegated->from.evidence);
    free(delegated);
}

REF(request_delegated, struct request_delegated, ref, destroy)

SECURITY_STATUS request_delegated_take(struct package_context *context,
                                       struct request_delegated **ret_delegated)
{
    bool asked = (context->requirements & ASC_REQ_DELEGATE) != 0;
    const struct package_info *info = package_context_info(context);
    *ret_delegated = NULL;
    if (info == NULL || (!asked && info->evidence.len == 0))
        return SEC_E_OK;
    struct request_delegated *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    ref_init(&made->ref);
    made->asked = asked;
    package_context_take_delegated(context, &made->from);
    *ret_delegated = made;
    return SEC_E_OK;
}

void request_delegation_clear(struct request_delegation *delegation)
{
    sspi_job_unref(delegation->job);
    request_delegated_unref(delegation->login);
    for (size_t i = 0; i < delegation->n_files; i++)
        acceptor_ccache_unref(delegation->files[i]);
    free(delegation->files);
    for (size_t i = 0; i < SSPI_DELEGATION_COUNT; i++)
        bytes_free(&delegation->failed[i]);
}
