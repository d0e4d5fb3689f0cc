/* SPDX-License-Identifier: Apache-2.0 */
/* ImpersonateSecurityContext, RevertSecurityContext: what was before stands in the context. */
#ifndef SSPI_IMPERSONATE_H
#define SSPI_IMPERSONATE_H

#include "sspi_identity.h"

struct sspi_context;

/* A member of each context; zero-initialise it. */
struct sspi_impersonation {
    bool active;
    pid_t thread; /* that acts as the client */
    struct sspi_identity own;
    char *ccache; /* its default credential cache before; NULL: the machine's */
};

/* Before a context is deleted. Ends an impersonation of the calling thread. False: another thread
 * acts as this context's client, and only that one can stop. */
bool sspi_impersonate_end(struct sspi_context *context);

#endif
