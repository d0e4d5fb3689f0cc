/* SPDX-License-Identifier: Apache-2.0 */
#include "secur_token.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "account.h"
#include "secur_context.h"

#define ACCOUNT_CLEANUP __attribute__((cleanup(account_clear)))

struct sspi_token {
    struct secur_context *context; /* a reference: name and credential are its own */
    const struct package_info *info;
    char *local_name; /* NULL: none */
    struct account account;
    char **sids; /* the user's first; ends with NULL; NULL: none */
    size_t n_sids;
};

/* The package that authenticated the client, and its context. Under Negotiate it is the mechanism.
 */
struct mechanism {
    const struct package *package;
    void *data;
};

static struct mechanism mechanism_of(const struct secur_context *context)
{
    const struct package *package = context->base.credential->package;
    if (package->mechanism_context == NULL)
        return (struct mechanism){package, context->base.data};
    return (struct mechanism){package->info(context->base.data)->mechanism,
                              package->mechanism_context(context->base.data)};
}

static SECURITY_STATUS local_name(const struct secur_context *context, char **ret_name)
{
    const struct package_info *info = context->base.credential->package->info(context->base.data);
    struct mechanism mechanism = mechanism_of(context);

    *ret_name = NULL;
    if ((info->attributes & ASC_RET_NULL_SESSION) != 0)
        return SEC_E_OK; /* an anonymous client has no account */
    if (mechanism.package->local_name != NULL)
        return mechanism.package->local_name(mechanism.data, ret_name);
    *ret_name = strdup(info->name);
    return *ret_name == NULL ? SEC_E_INSUFFICIENT_MEMORY : SEC_E_OK;
}

static SECURITY_STATUS read_logon(struct secur_context *context)
{
    /* Only one thread at a time may call a package with an established context. */
    (void)pthread_mutex_lock(&context->message_lock);
    SECURITY_STATUS status = package_context_read_logon(&context->base);
    (void)pthread_mutex_unlock(&context->message_lock);
    return status;
}

static bool append_sid(struct sspi_token *token, const struct sid *sid)
{
    char text[SID_TEXT_SIZE];
    (void)sid_write(sid, text);
    token->sids[token->n_sids] = strdup(text);
    return token->sids[token->n_sids++] != NULL;
}

/* Writes the user's SID and those of its groups as texts. */
static SECURITY_STATUS write_sids(struct sspi_token *token)
{
    struct sid_list_at at = {.rest = bytes_as_view(&token->info->groups)};
    if (token->info->user_sid.n_sub == 0)
        return SEC_E_OK;
    token->sids = calloc(2 + sid_list_count(at.rest), sizeof(*token->sids));
    bool done = token->sids != NULL && append_sid(token, &token->info->user_sid);
    while (done && sid_list_next(&at))
        done = append_sid(token, &at.sid);
    return done ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

/* Frees a token that has no reference yet. */
static void token_free(struct sspi_token *token)
{
    for (size_t i = 0; i < token->n_sids; i++)
        free(token->sids[i]);
    free(token->sids);
    account_clear(&token->account);
    free(token->local_name);
    free(token);
}

SECURITY_STATUS secur_token_make(struct secur_context *context, struct sspi_token **ret_token)
{
    struct sspi_token *token = calloc(1, sizeof(*token));

    if (token == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    token->info = context->base.credential->package->info(context->base.data);
    SECURITY_STATUS status = read_logon(context);
    if (status == SEC_E_OK)
        status = write_sids(token);
    if (status == SEC_E_OK)
        status = local_name(context, &token->local_name);
    if (status == SEC_E_OK && token->local_name != NULL)
        status = account_find(token->local_name, &token->account);
    if (status != SEC_E_OK) {
        token_free(token);
        return status;
    }
    secur_handle_ref(&context->object);
    token->context = context;
    *ret_token = token;
    return SEC_E_OK;
}

void sspi_token_close(struct sspi_token *token)
{
    if (token == NULL)
        return;
    secur_handle_unref(&token->context->object);
    token_free(token);
}

const char *sspi_token_name(const struct sspi_token *token)
{
    return token->info->name;
}

const char *sspi_token_account(const struct sspi_token *token)
{
    return token->account.exists ? token->local_name : NULL;
}

uint32_t sspi_token_uid(const struct sspi_token *token)
{
    return token->account.exists ? token->account.uid : SSPI_TOKEN_NO_ID;
}

uint32_t sspi_token_gid(const struct sspi_token *token)
{
    return token->account.exists ? token->account.gid : SSPI_TOKEN_NO_ID;
}

_Static_assert(sizeof(gid_t) == sizeof(uint32_t), "groups are returned as they are");

const uint32_t *sspi_token_groups(const struct sspi_token *token, size_t *ret_n)
{
    *ret_n = token->account.n_groups;
    return token->account.groups;
}

const char *const *sspi_token_sids(const struct sspi_token *token, size_t *ret_n)
{
    *ret_n = token->n_sids;
    return (const char *const *)token->sids;
}

const char *sspi_token_credential_cache(const struct sspi_token *token)
{
    return token->info->ccache;
}

SECURITY_STATUS SEC_ENTRY QuerySecurityContextToken(PCtxtHandle phContext, void **Token)
{
    struct secur_object *object;
    struct sspi_token *token;

    if (Token == NULL)
        return SEC_E_INVALID_PARAMETER;
    *Token = NULL;
    SECURITY_STATUS status =
        secur_handle_begin(phContext, SECUR_HANDLE_CONTEXT, SECUR_HANDLE_SHARED, &object);
    if (status != SEC_E_OK)
        return status;
    struct secur_context *context = (struct secur_context *)object;
    status = context->base.state == PACKAGE_CONTEXT_ESTABLISHED ? secur_token_make(context, &token)
                                                                : SEC_E_INVALID_HANDLE;
    if (status == SEC_E_OK)
        *Token = token;
    secur_handle_end(object, SECUR_HANDLE_SHARED);
    return status;
}

/* ---- ImpersonateSecurityContext, RevertSecurityContext ---- */

static SECURITY_STATUS find_account(const struct secur_context *context,
                                    struct account *ret_account)
{
    char *name;
    SECURITY_STATUS status = local_name(context, &name);

    if (status == SEC_E_OK && name != NULL)
        status = account_find(name, ret_account);
    free(name);
    return status;
}

static SECURITY_STATUS impersonate(struct secur_context *context)
{
    ACCOUNT_CLEANUP struct account account = {0};

    if (context->base.state != PACKAGE_CONTEXT_ESTABLISHED)
        return SEC_E_INVALID_HANDLE;
    /* ASC_REQ_IDENTIFY: the caller may learn who the client is, but may not act as the client. */
    if (context->impersonation.active || geteuid() != 0 ||
        (secur_context_attributes(context) & ASC_RET_IDENTIFY) != 0)
        return SEC_E_NO_IMPERSONATION;
    SECURITY_STATUS status = find_account(context, &account);
    if (status != SEC_E_OK)
        return status;
    if (!account.exists)
        return SEC_E_NO_IMPERSONATION;
    return secur_impersonate_begin(
        &context->impersonation, &account,
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
    status = secur_impersonate_is_by_this_thread(state) ? secur_impersonate_revert(state)
                                                        : SEC_E_NO_IMPERSONATION;
    secur_handle_end(object, SECUR_HANDLE_EXCLUSIVE);
    return status;
}
