/* SPDX-License-Identifier: Apache-2.0 */
/* Lets one thread act as an account of this machine, with the credential cache of a client, and
 * changes it back. */
#ifndef SECUR_IMPERSONATE_H
#define SECUR_IMPERSONATE_H

#include "secur_identity.h"

/* A member of each context. The context zero-initialises it. */
struct secur_impersonation {
    bool active;
    pid_t thread;              /* the thread that acts as the client */
    struct secur_identity own; /* the identity that the thread had before */
    char *ccache; /* the default credential cache that it had before; NULL: the machine's */
};

/* Makes the calling thread act as `account`. `ccache` is the client's credential cache; NULL: the
 * client delegated no credential. SEC_E_NO_IMPERSONATION: the thread has no privilege for it.
 * SEC_E_INSUFFICIENT_MEMORY. On an error nothing has changed. */
SECURITY_STATUS secur_impersonate_begin(struct secur_impersonation *state,
                                        const struct account *account, const char *ccache) MUST_USE;

/* True when the calling thread is the one that acts as the client. */
bool secur_impersonate_is_by_this_thread(const struct secur_impersonation *state);

/* Changes the calling thread, which acts as the client, back. SEC_E_INSUFFICIENT_MEMORY: the thread
 * acts as the server again, but its default credential cache is now the machine's. */
SECURITY_STATUS secur_impersonate_revert(struct secur_impersonation *state);

/* Called when a context is deleted. If the calling thread acts as the context's client, changes it
 * back. False: another thread does so, and only that thread can change itself back. */
bool secur_impersonate_end(struct secur_impersonation *state);

#endif
