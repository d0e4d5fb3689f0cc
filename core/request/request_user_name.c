/* SPDX-License-Identifier: Apache-2.0 */
#include "request_user_name.h"

#include <errno.h>
#include <string.h>

#include "policy.h"
#include "kerberos_name.h"
#include "ntlm_winbind.h"
#include "store_users.h"

static enum request_user_name take(char *name, char **ret_name)
{
    if (name == NULL)
        return REQUEST_USER_NAME_NO_MEMORY;
    *ret_name = name;
    return REQUEST_USER_NAME_GOOD;
}

/* alice@DEFAULT.REALM becomes alice, with its escapes; a name of another realm stays complete. */
static enum request_user_name shorten_principal(const struct request_user *user, char **ret_name)
{
    const char *realm = kerberos_name_realm(user->name);
    if (user->default_realm == NULL || *realm == '\0' || strcmp(realm, user->default_realm) != 0)
        return take(strdup(user->name), ret_name);
    return take(strndup(user->name, (size_t)(realm - 1 - user->name)), ret_name);
}

static enum request_user_name map_principal(const struct request_user *user, char **ret_name)
{
    if (kerberos_name_has_escape(user->name))
        return REQUEST_USER_NAME_AMBIGUOUS;
    char *name = kerberos_local_name(user->name);
    if (name == NULL && errno != ENOMEM)
        return REQUEST_USER_NAME_NO_ACCOUNT;
    return take(name, ret_name);
}

static enum request_user_name spell_principal(const struct request_user *user, uint64_t form,
                                              char **ret_name)
{
    switch (form) {
    case SSPI_USER_NAME_SHORT:
        return shorten_principal(user, ret_name);
    case SSPI_USER_NAME_LOCAL:
        return map_principal(user, ret_name);
    default:
        return take(strdup(user->name), ret_name);
    }
}

static enum request_user_name spell_account(const struct request_user *user, uint64_t form,
                                            char **ret_name)
{
    const char *backslash = strchr(user->name, '\\');
    const char *account = backslash == NULL ? user->name : backslash + 1;
    /* LAB\@carol@EXAMPLE.ORG is also the text of a principal. */
    if (*account == '@' || *account == '/')
        return REQUEST_USER_NAME_AMBIGUOUS;
    if (form == SSPI_USER_NAME_FULL || (form == SSPI_USER_NAME_SHORT && !user->is_of_own_domain))
        return take(strdup(user->name), ret_name);
    if (!user->is_of_own_domain)
        return REQUEST_USER_NAME_NO_ACCOUNT;
    if (strpbrk(account, "@/\\") != NULL)
        return REQUEST_USER_NAME_AMBIGUOUS;
    return take(strdup(account), ret_name);
}

static enum request_user_name spell_digest(const struct request_user *user, uint64_t form,
                                           char **ret_name)
{
    if (form != SSPI_USER_NAME_FULL && !user->is_digest_only_scheme &&
        strchr(user->name, '/') != NULL)
        return REQUEST_USER_NAME_AMBIGUOUS;
    return take(strdup(user->name), ret_name);
}

enum request_user_name request_user_name_spell(const struct request_user *user, uint64_t form,
                                               char **ret_name)
{
    if (user->scheme == SSPI_SCHEME_DIGEST)
        return spell_digest(user, form, ret_name);
    if (user->mech == SSPI_MECH_NTLM)
        return spell_account(user, form, ret_name);
    return spell_principal(user, form, ret_name);
}

static bool is_of_own_domain(const struct policy_identity *identity)
{
    char file_domain[STORE_USERS_NAME_LIMIT + 1];
    struct ntlm_winbind_names names;
    const char *own = NULL;
    if (identity->source->users != NULL &&
        store_users_nt_domain(identity->source->users, file_domain))
        own = file_domain;
    else if (identity->source->winbind != NULL &&
             ntlm_winbind_names(identity->source->winbind, &names))
        own = names.nb_domain;
    return own != NULL && bytes_equal_nocase(bytes_view(identity->realm), bytes_view(own));
}

enum request_user_name request_user_name_make(const struct sspi_exchange *exchange,
                                              const struct sspi_policy *policy, char **ret_name)
{
    const struct policy_identity *identity = &exchange->identity;
    uint64_t form = policy->user_name;
    const struct request_user user = {
        .scheme = identity->scheme,
        .mech = identity->mech,
        .name = identity->name,
        .default_realm = exchange->acceptor->default_realm,
        .is_of_own_domain = identity->mech == SSPI_MECH_NTLM && form != SSPI_USER_NAME_FULL &&
                            is_of_own_domain(identity),
        .is_digest_only_scheme = policy_offers_digest_only(policy),
    };
    return request_user_name_spell(&user, form, ret_name);
}

enum request_user_name request_user_name_account(const struct sspi_exchange *exchange,
                                                 char **ret_account)
{
    const struct policy_identity *identity = &exchange->identity;
    const struct request_user user = {
        .scheme = identity->scheme,
        .mech = identity->mech,
        .name = identity->name,
        .is_of_own_domain = identity->mech == SSPI_MECH_NTLM && is_of_own_domain(identity),
    };
    if (identity->mech == SSPI_MECH_NTLM)
        return spell_account(&user, SSPI_USER_NAME_LOCAL, ret_account);
    if (identity->mech == SSPI_MECH_KERBEROS)
        return map_principal(&user, ret_account);
    return REQUEST_USER_NAME_NO_ACCOUNT;
}
