/* SPDX-License-Identifier: Apache-2.0 */
/* The object behind a context's handle. */
#ifndef SECUR_CONTEXT_H
#define SECUR_CONTEXT_H

#include <pthread.h>

#include "secur_handle.h"
#include "secur_pending.h"
#include "secur_impersonate.h"
#include "package_context.h"

struct secur_context {
    struct secur_object object;
    struct package_context base; /* has a reference to the credential */
    struct secur_impersonation impersonation;
    /* An answer that did not fit the caller's buffers. Until it is delivered the context is not
     * established, although the package's own context may be. */
    struct secur_pending pending;
    /* Each message function locks it, so that calls of several threads on one context run one after
     * the other. */
    pthread_mutex_t message_lock;
};

/* Makes a partial context, which has no handle yet, with a reference to `credential`. `new_layer`
 * makes its layer; if it is NULL, the context has no layer. The caller owns the first reference,
 * and ends it by secur_handle_unref(). Returns NULL: no memory. */
struct secur_context *secur_context_new(struct package_credential *credential,
                                        package_layer_new *new_layer) MUST_USE;

/* Returns the ASC_RET_* of an established context: the package's, without those that the layer
 * hides, and those that are the same for all packages. */
ULONG secur_context_attributes(const struct secur_context *context);

/* Returns the status of a package's message function. A status that is neither SEC_E_OK nor an
 * error becomes SEC_E_INTERNAL_ERROR, because callers would take it for a success. */
static inline SECURITY_STATUS secur_context_settle(SECURITY_STATUS status)
{
    return status > 0 ? SEC_E_INTERNAL_ERROR : status;
}

#endif
