/* SPDX-License-Identifier: Apache-2.0 */
#include "secur_impersonate.h"

#include <stdlib.h>

#include "package.h"
#include "secur_packages.h"

/* The default cache of a thread whose client delegated no credential. It is never filled, so that
 * the thread cannot use the server's own credentials. */
#define NO_CREDENTIALS "MEMORY:sspi-no-credentials"

/* The cache is changed first, because that needs no privilege and can be undone. */
SECURITY_STATUS secur_impersonate_begin(struct secur_impersonation *state,
                                        const struct account *account, const char *ccache)
{
    const struct package *caches = secur_packages_with_ccache();

    if (!secur_identity_get(&state->own))
        return SEC_E_INSUFFICIENT_MEMORY;
    if (caches != NULL &&
        !caches->use_ccache(ccache == NULL ? NO_CREDENTIALS : ccache, &state->ccache)) {
        secur_identity_clear(&state->own);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    if (secur_identity_take(&state->own, account)) {
        state->thread = secur_identity_thread();
        state->active = true;
        return SEC_E_OK;
    }
    if (caches != NULL)
        (void)caches->use_ccache(state->ccache, NULL);
    free(state->ccache);
    state->ccache = NULL;
    secur_identity_clear(&state->own);
    return SEC_E_NO_IMPERSONATION;
}

SECURITY_STATUS secur_impersonate_revert(struct secur_impersonation *state)
{
    const struct package *caches = secur_packages_with_ccache();
    SECURITY_STATUS status = SEC_E_OK;

    secur_identity_restore(&state->own);
    /* If there is no memory for the name, the thread gets the machine's default cache. It must not
     * keep the client's. */
    if (caches != NULL && !caches->use_ccache(state->ccache, NULL)) {
        (void)caches->use_ccache(NULL, NULL);
        status = SEC_E_INSUFFICIENT_MEMORY;
    }
    free(state->ccache);
    secur_identity_clear(&state->own);
    *state = (struct secur_impersonation){0};
    return status;
}

bool secur_impersonate_is_by_this_thread(const struct secur_impersonation *state)
{
    return state->active && state->thread == secur_identity_thread();
}

bool secur_impersonate_end(struct secur_impersonation *state)
{
    if (secur_impersonate_is_by_this_thread(state))
        (void)secur_impersonate_revert(state);
    return !state->active;
}
