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

enum request_user_name request_user_name_map(const char *principal, char **ret_account)
{
    if (kerberos_name_has_escape(principal))
        return REQUEST_USER_NAME_AMBIGUOUS;
    char *name = kerberos_local_name(principal);
    if (name == NULL && errno != ENOMEM)
        return REQUEST_USER_NAME_NO_ACCOUNT;
    return take(name, ret_account);
}

/* A backslash separates a domain from an account, and escapes the next character of a principal.
 * LAB\@carol@EXAMPLE.ORG is also the text of a principal. */
static bool is_account_ambiguous(const char *account)
{
    return *account == '@' || *account == '/';
}

static enum request_user_name spell_sam(const struct request_user *user, char **ret_name)
{
    if (user->sam_name == NULL)
        return take(strdup(user->name), ret_name);
    if (is_account_ambiguous(strchr(user->sam_name, '\\') + 1))
        return REQUEST_USER_NAME_AMBIGUOUS;
    return take(strdup(user->sam_name), ret_name);
}

/* True for "alice@example.com": exactly one `@` between two parts, and no other separator of a
 * name. */
static bool is_plain_upn(const char *upn)
{
    const char *at = strchr(upn, '@');
    return at != NULL && at != upn && at[1] != '\0' && strchr(at + 1, '@') == NULL &&
           strpbrk(upn, "/\\") == NULL;
}

/* True if `suffix` is spelt as a realm is: it is one that is known here, or it has no lower-case
 * letter. Realms are written in capital letters (RFC 4120 section 6.1). */
static bool is_spelt_as_realm(const struct request_user *user, const char *suffix)
{
    if (strcmp(suffix, kerberos_name_realm(user->name)) == 0 ||
        (user->default_realm != NULL && strcmp(suffix, user->default_realm) == 0) ||
        (user->service_realm != NULL && strcmp(suffix, user->service_realm) == 0))
        return true;
    while (*suffix != '\0' && (*suffix < 'a' || *suffix > 'z'))
        suffix++;
    return *suffix == '\0';
}

/* An account of the directory may have a user principal name that is the principal of another
 * account, also of another realm. */
static enum request_user_name spell_upn(const struct request_user *user, char **ret_name)
{
    const char *upn = user->upn;
    if (upn == NULL)
        return take(strdup(user->name), ret_name);
    if (!is_plain_upn(upn))
        return REQUEST_USER_NAME_AMBIGUOUS;
    bool is_own = bytes_equal_nocase(bytes_view(upn), bytes_view(user->name));
    if (!is_own && is_spelt_as_realm(user, strchr(upn, '@') + 1))
        return REQUEST_USER_NAME_AMBIGUOUS;
    return take(strdup(upn), ret_name);
}

static enum request_user_name spell_principal(const struct request_user *user, uint64_t form,
                                              char **ret_name)
{
    switch (form) {
    case SSPI_USER_NAME_SHORT:
        return shorten_principal(user, ret_name);
    case SSPI_USER_NAME_LOCAL:
        return request_user_name_map(user->name, ret_name);
    case SSPI_USER_NAME_SAM:
        return spell_sam(user, ret_name);
    case SSPI_USER_NAME_UPN:
        return spell_upn(user, ret_name);
    default:
        return take(strdup(user->name), ret_name);
    }
}

/* True for the forms in which a name may have no domain and no realm. */
static bool cuts_domain(uint64_t form)
{
    return form == SSPI_USER_NAME_SHORT || form == SSPI_USER_NAME_LOCAL;
}

static enum request_user_name spell_account(const struct request_user *user, uint64_t form,
                                            char **ret_name)
{
    const char *backslash = strchr(user->name, '\\');
    const char *account = backslash == NULL ? user->name : backslash + 1;
    if (is_account_ambiguous(account) || (form == SSPI_USER_NAME_SAM && user->is_of_user_file))
        return REQUEST_USER_NAME_AMBIGUOUS;
    if (!cuts_domain(form) || (form == SSPI_USER_NAME_SHORT && !user->is_of_own_domain))
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
    if (cuts_domain(form) && !user->is_digest_only_scheme && strchr(user->name, '/') != NULL)
        return REQUEST_USER_NAME_AMBIGUOUS;
    return take(strdup(user->name), ret_name);
}

enum request_user_name request_user_name_spell(const struct request_user *user, uint64_t form,
                                               char **ret_name)
{
    if (user->mech == SSPI_MECH_NONE)
        return spell_digest(user, form, ret_name);
    if (user->mech == SSPI_MECH_NTLM)
        return spell_account(user, form, ret_name);
    return spell_principal(user, form, ret_name);
}

bool request_user_name_is_of_own_domain(const struct policy_identity *identity)
{
    char file_domain[STORE_USERS_NAME_LIMIT + 1];
    struct ntlm_winbind_names names;
    const char *own = NULL;
    if (identity->source == NULL)
        return false;
    if (identity->source->users != NULL &&
        store_users_nt_domain(identity->source->users, file_domain))
        own = file_domain;
    else if (identity->source->winbind != NULL &&
             ntlm_winbind_names(identity->source->winbind, &names))
        own = names.nb_domain;
    return own != NULL && bytes_equal_nocase(bytes_view(identity->realm), bytes_view(own));
}

/* The PAC of a foreign realm may claim any domain and any name. */
static bool trusts_pac(const struct policy_identity *identity, const struct sspi_policy *policy)
{
    return !identity->is_foreign || policy->groups.offers[SSPI_GROUPS_TICKET_UNFILTERED];
}

enum request_user_name request_user_name_make(const struct sspi_exchange *exchange,
                                              const struct sspi_policy *policy, char **ret_name)
{
    const struct policy_identity *identity = &exchange->identity;
    uint64_t form = policy->user_name;
    bool is_kerberos = identity->mech == SSPI_MECH_KERBEROS;
    bool has_pac = is_kerberos && trusts_pac(identity, policy);
    const struct request_user user = {
        .mech = identity->mech,
        .name = identity->name,
        .default_realm = exchange->acceptor->default_realm,
        .service_realm = is_kerberos ? kerberos_name_realm(identity->target) : NULL,
        .sam_name = has_pac ? identity->sam_name : NULL,
        .upn = has_pac ? identity->upn : NULL,
        .is_of_own_domain = identity->mech == SSPI_MECH_NTLM && cuts_domain(form) &&
                            request_user_name_is_of_own_domain(identity),
        .is_of_user_file = identity->mech == SSPI_MECH_NTLM && identity->source->users != NULL,
        .is_digest_only_scheme = policy_has_only_digest_users(policy),
    };
    return request_user_name_spell(&user, form, ret_name);
}

enum request_user_name request_user_name_account(const struct policy_identity *identity,
                                                 char **ret_account)
{
    const struct request_user user = {
        .mech = identity->mech,
        .name = identity->name,
        .is_of_own_domain = request_user_name_is_of_own_domain(identity),
    };
    return spell_account(&user, SSPI_USER_NAME_LOCAL, ret_account);
}
