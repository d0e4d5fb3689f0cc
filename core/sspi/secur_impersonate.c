/* SPDX-License-Identifier: Apache-2.0 */
#include "secur_impersonate.h"

#include <stdlib.h>
#include <unistd.h>

#include "secur_context.h"
#include "secur_packages.h"
#include "secur_query.h"
#include "secur_token.h"

/* The default cache of a thread whose client delegated nothing: never filled, so that nothing goes
 * out in the server's own name. */
#define NO_CREDENTIALS "MEMORY:sspi-no-credentials"

#define ACCOUNT_CLEANUP __attribute__((cleanup(secur_account_end)))

static SECURITY_STATUS find_account(const struct secur_context *context,
                                    struct secur_account *ret_account)
{
    char *name;
    SECURITY_STATUS status = secur_token_local_name(context, &name);

    if (status == SEC_E_OK && name != NULL)
        status = secur_account_find(name, ret_account);
    free(name);
    return status;
}

/* The thread's cache first: it needs no privilege and is easily put back. */
static SECURITY_STATUS become(struct secur_impersonation *state,
                              const struct secur_account *account, const char *ccache)
{
    const struct package *caches = secur_packages_with_ccache();

    if (!secur_identity_get(&state->own))
        return SEC_E_INSUFFICIENT_MEMORY;
    if (caches != NULL &&
        !caches->use_ccache(ccache == NULL ? NO_CREDENTIALS : ccache, &state->ccache)) {
        secur_identity_end(&state->own);
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
    secur_identity_end(&state->own);
    return SEC_E_NO_IMPERSONATION;
}

static SECURITY_STATUS revert(struct secur_impersonation *state)
{
    const struct package *caches = secur_packages_with_ccache();
    SECURITY_STATUS status = SEC_E_OK;

    secur_identity_restore(&state->own);
    /* Without memory for its name the machine's default cache it is, never the client's. */
    if (caches != NULL && !caches->use_ccache(state->ccache, NULL)) {
        (void)caches->use_ccache(NULL, NULL);
        status = SEC_E_INSUFFICIENT_MEMORY;
    }
    free(state->ccache);
    secur_identity_end(&state->own);
    *state = (struct secur_impersonation){0};
    return status;
}

static bool is_ours(const struct secur_impersonation *state)
{
    return state->active && state->thread == secur_identity_thread();
}

bool secur_impersonate_end(struct secur_impersonation *state)
{
    if (is_ours(state))
        (void)revert(state);
    return !state->active;
}

static SECURITY_STATUS impersonate(struct secur_context *context)
{
    ACCOUNT_CLEANUP struct secur_account account = {0};

    if (context->base.state != PACKAGE_CONTEXT_ESTABLISHED)
        return SEC_E_INVALID_HANDLE;
    /* ASC_REQ_IDENTIFY: the client is looked at, nothing is done in its name. */
    if (context->impersonation.active || geteuid() != 0 ||
        (secur_query_attributes(context) & ASC_RET_IDENTIFY) != 0)
        return SEC_E_NO_IMPERSONATION;
    SECURITY_STATUS status = find_account(context, &account);
    if (status != SEC_E_OK)
        return status;
    if (!account.exists)
        return SEC_E_NO_IMPERSONATION;
    return become(&context->impersonation, &account,
                  context->base.credential->package->info(context->base.data)->ccache);
}

SECURITY_STATUS SEC_ENTRY ImpersonateSecurityContext(PCtxtHandle phContext)
{
    struct secur_object *object;
    SECURITY_STATUS status =
        secur_handle_begin(phContext, SECUR_HANDLE_CONTEXT, SECUR_HANDLE_EXCLUSIVE, &object);

    if (status != SEC_E_OK)
        return status;
    status = impersonate((struct secur_context *)object);
    secur_handle_end(object, SECUR_HANDLE_EXCLUSIVE);
    return status;
}

SECURITY_STATUS SEC_ENTRY RevertSecurityContext(PCtxtHandle phContext)
{
    struct secur_object *object;
    SECURITY_STATUS status =
        secur_handle_begin(phContext, SECUR_HANDLE_CONTEXT, SECUR_HANDLE_EXCLUSIVE, &object);

    if (status != SEC_E_OK)
        return status;
    struct secur_impersonation *state = &((struct secur_context *)object)->impersonation;
    status = is_ours(state) ? revert(state) : SEC_E_NO_IMPERSONATION;
    secur_handle_end(object, SECUR_HANDLE_EXCLUSIVE);
    return status;
}
