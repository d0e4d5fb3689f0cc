/* SPDX-License-Identifier: Apache-2.0 */
/* What stands behind the two kinds of handles. Known to sspi/ only. */
#ifndef SSPI_CONTEXT_H
#define SSPI_CONTEXT_H

#include <pthread.h>

#include "sspi_handle.h"
#include "sspi_held.h"
#include "sspi_impersonate.h"
#include "sspi_wrapping.h"

/* Constant once made, so any number of threads may read it. */
struct sspi_credential {
    struct sspi_object object;
    const struct package *package;
    void *data; /* the package's; released with the credential */
};

enum sspi_context_state {
    SSPI_CONTEXT_PARTIAL,
    SSPI_CONTEXT_ESTABLISHED,
    SSPI_CONTEXT_FAILED /* can only be deleted */
};

struct sspi_context {
    struct sspi_object object;
    struct sspi_credential *credential; /* holds a reference */
    void *data;                         /* the package's; NULL until it makes one */
    struct sspi_wrapping *wrapping;     /* the layer over the package; NULL: none */
    enum sspi_context_state state;
    bool client_done;   /* the client's last token was taken */
    ULONG requirements; /* ASC_REQ_* of the last AcceptSecurityContext */
    struct sspi_impersonation impersonation;
    struct sspi_held held; /* of a context that is not established, whatever its package says */
    /* Held through a message function: calls of several threads on one context follow each other.
     */
    pthread_mutex_t message_lock;
};

#endif
