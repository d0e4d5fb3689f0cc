/* SPDX-License-Identifier: Apache-2.0 */
/* ImpersonateSecurityContext, RevertSecurityContext: what was before stands in the context. */
#ifndef SECUR_IMPERSONATE_H
#define SECUR_IMPERSONATE_H

#include "secur_identity.h"

/* A member of each context; zero-initialise it. */
struct secur_impersonation {
    bool active;
    pid_t thread; /* that acts as the client */
    struct secur_identity own;
    char *ccache; /* its default credential cache before; NULL: the machine's */
};

/* Before a context is deleted. Ends an impersonation of the calling thread. False: another thread
 * acts as this context's client, and only that one can stop. */
bool secur_impersonate_end(struct secur_impersonation *state);

#endif
