/* SPDX-License-Identifier: Apache-2.0 */
#include "sspi_impersonate.h"

#include <stdlib.h>
#include <unistd.h>

#include "sspi_context.h"
#include "sspi_packages.h"
#include "sspi_query.h"
#include "sspi_token.h"

/* The default cache of a thread whose client delegated nothing: never filled, so that nothing goes
 * out in the server's own name. */
#define NO_CREDENTIALS "MEMORY:sspi-no-credentials"

#define ACCOUNT_CLEANUP __attribute__((cleanup(sspi_account_end)))

static SECURITY_STATUS find_account(const struct sspi_context *context,
                                    struct sspi_account *ret_account)
{
    char *name;
    SECURITY_STATUS status = sspi_token_local_name(context, &name);

    if (status == SEC_E_OK && name != NULL)
        status = sspi_account_find(name, ret_account);
    free(name);
    return status;
}

/* The thread's cache first: it needs no privilege and is easily put back. */
static SECURITY_STATUS become(struct sspi_impersonation *state, const struct sspi_account *account,
                              const char *ccache)
{
    const struct package *caches = sspi_packages_with_ccache();

    if (!sspi_identity_get(&state->own))
        return SEC_E_INSUFFICIENT_MEMORY;
    if (caches != NULL &&
        !caches->use_ccache(ccache == NULL ? NO_CREDENTIALS : ccache, &state->ccache)) {
        sspi_identity_end(&state->own);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    if (sspi_identity_take(&state->own, account)) {
        state->thread = sspi_identity_thread();
        state->active = true;
        return SEC_E_OK;
    }
    if (caches != NULL)
        (void)caches->use_ccache(state->ccache, NULL);
    free(state->ccache);
    state->ccache = NULL;
    sspi_identity_end(&state->own);
    return SEC_E_NO_IMPERSONATION;
}

static SECURITY_STATUS revert(struct sspi_impersonation *state)
{
    const struct package *caches = sspi_packages_with_ccache();
    SECURITY_STATUS status = SEC_E_OK;

    sspi_identity_restore(&state->own);
    /* Without memory for its name the machine's default cache it is, never the client's. */
    if (caches != NULL && !caches->use_ccache(state->ccache, NULL)) {
        (void)caches->use_ccache(NULL, NULL);
        status = SEC_E_INSUFFICIENT_MEMORY;
    }
    free(state->ccache);
    sspi_identity_end(&state->own);
    *state = (struct sspi_impersonation){0};
    return status;
}

static bool is_ours(const struct sspi_impersonation *state)
{
    return state->active && state->thread == sspi_identity_thread();
}

bool sspi_impersonate_end(struct sspi_context *context)
{
    if (is_ours(&context->impersonation))
        (void)revert(&context->impersonation);
    return !context->impersonation.active;
}

static SECURITY_STATUS impersonate(struct sspi_context *context)
{
    ACCOUNT_CLEANUP struct sspi_account account = {0};

    if (context->state != SSPI_CONTEXT_ESTABLISHED)
        return SEC_E_INVALID_HANDLE;
    /* ASC_REQ_IDENTIFY: the client is looked at, nothing is done in its name. */
    if (context->impersonation.active || geteuid() != 0 ||
        (sspi_query_attributes(context) & ASC_RET_IDENTIFY) != 0)
        return SEC_E_NO_IMPERSONATION;
    SECURITY_STATUS status = find_account(context, &account);
    if (status != SEC_E_OK)
        return status;
    if (!account.exists)
        return SEC_E_NO_IMPERSONATION;
    return become(&context->impersonation, &account,
                  context->credential->package->info(context->data)->ccache);
}

SECURITY_STATUS SEC_ENTRY ImpersonateSecurityContext(PCtxtHandle phContext)
{
    struct sspi_object *object;
    SECURITY_STATUS status =
        sspi_handle_begin(phContext, SSPI_HANDLE_CONTEXT, SSPI_HANDLE_EXCLUSIVE, &object);

    if (status != SEC_E_OK)
        return status;
    status = impersonate((struct sspi_context *)object);
    sspi_handle_end(object, SSPI_HANDLE_EXCLUSIVE);
    return status;
}

SECURITY_STATUS SEC_ENTRY RevertSecurityContext(PCtxtHandle phContext)
{
    struct sspi_object *object;
    SECURITY_STATUS status =
        sspi_handle_begin(phContext, SSPI_HANDLE_CONTEXT, SSPI_HANDLE_EXCLUSIVE, &object);

    if (status != SEC_E_OK)
        return status;
    struct sspi_impersonation *state = &((struct sspi_context *)object)->impersonation;
    status = is_ours(state) ? revert(state) : SEC_E_NO_IMPERSONATION;
    sspi_handle_end(object, SSPI_HANDLE_EXCLUSIVE);
    return status;
}
