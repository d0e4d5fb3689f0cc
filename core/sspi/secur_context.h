/* SPDX-License-Identifier: Apache-2.0 */
/* What stands behind the two kinds of handles. Known to sspi/ only. */
#ifndef SECUR_CONTEXT_H
#define SECUR_CONTEXT_H

#include <pthread.h>

#include "secur_handle.h"
#include "secur_pending.h"
#include "secur_impersonate.h"
#include "package_layer.h"

/* Constant once made, so any number of threads may read it. */
struct secur_credential {
    struct secur_object object;
    const struct package *package;
    void *data; /* the package's; released with the credential */
};

enum secur_context_state {
    SECUR_CONTEXT_PARTIAL,
    SECUR_CONTEXT_ESTABLISHED,
    SECUR_CONTEXT_FAILED /* can only be deleted */
};

struct secur_context {
    struct secur_object object;
    struct secur_credential *credential; /* holds a reference */
    void *data;                          /* the package's; NULL until it makes one */
    struct package_layer *layer;         /* the layer over the package; NULL: none */
    enum secur_context_state state;
    bool client_done;   /* the client's last token was taken */
    ULONG requirements; /* ASC_REQ_* of the last AcceptSecurityContext */
    struct secur_impersonation impersonation;
    struct secur_pending
        pending; /* of a context that is not established, whatever its package says */
    /* Held through a message function: calls of several threads on one context follow each other.
     */
    pthread_mutex_t message_lock;
};

#endif
