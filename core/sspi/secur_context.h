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
    /* A message function holds it, so that the calls of several threads on one context run one
     * after the other. */
    pthread_mutex_t message_lock;
};

/* Makes a partial context behind no handle yet, with a reference to `credential`. `new_layer` makes
 * its layer; NULL: none. NULL: no memory. secur_handle_unref() frees the context. */
struct secur_context *secur_context_new(struct package_credential *credential,
                                        package_layer_new *new_layer) MUST_USE;

/* ASC_RET_* of an established context: the package's, as far as the layer agreed to them, and those
 * that hold for all packages. */
ULONG secur_context_attributes(const struct secur_context *context);

#endif
