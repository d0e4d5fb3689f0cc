/* SPDX-License-Identifier: Apache-2.0 */
#include "http_user_name.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "http_options.h"
#include "kerberos_keytab.h"
#include "kerberos_name.h"
#include "ntlm_winbind.h"
#include "store_nt_users.h"

static enum http_user_name take(char *name, char **ret_name)
{
    if (name == NULL)
        return HTTP_USER_NAME_NO_MEMORY;
    *ret_name = name;
    return HTTP_USER_NAME_GOOD;
}

/* alice@DEFAULT.REALM becomes alice, with its escapes; a name of another realm stays complete. */
static enum http_user_name shorten_principal(const struct http_user *user, char **ret_name)
{
    const char *realm = kerberos_name_realm(user->name);
    if (user->default_realm == NULL || *realm == '\0' || strcmp(realm, user->default_realm) != 0)
        return take(strdup(user->name), ret_name);
    return take(strndup(user->name, (size_t)(realm - 1 - user->name)), ret_name);
}

static enum http_user_name map_principal(const struct http_user *user, char **ret_name)
{
    if (kerberos_name_has_escape(user->name))
        return HTTP_USER_NAME_AMBIGUOUS;
    char *name = kerberos_local_name(user->name);
    if (name == NULL && errno != ENOMEM)
        return HTTP_USER_NAME_NO_ACCOUNT;
    return take(name, ret_name);
}

static enum http_user_name spell_principal(const struct http_user *user, uint64_t form,
                                           char **ret_name)
{
    switch (form) {
    case HTTP_NAME_SHORT:
        return shorten_principal(user, ret_name);
    case HTTP_NAME_LOCAL:
        return map_principal(user, ret_name);
    default:
        return take(strdup(user->name), ret_name);
    }
}

static enum http_user_name spell_account(const struct http_user *user, uint64_t form,
                                         char **ret_name)
{
    const char *backslash = strchr(user->name, '\\');
    const char *account = backslash == NULL ? user->name : backslash + 1;
    /* LAB\@carol@EXAMPLE.ORG is also the text of a principal. */
    if (*account == '@' || *account == '/')
        return HTTP_USER_NAME_AMBIGUOUS;
    if (form == HTTP_NAME_FULL || (form == HTTP_NAME_SHORT && !user->is_of_own_domain))
        return take(strdup(user->name), ret_name);
    if (!user->is_of_own_domain)
        return HTTP_USER_NAME_NO_ACCOUNT;
    if (strpbrk(account, "@/\\") != NULL)
        return HTTP_USER_NAME_AMBIGUOUS;
    return take(strdup(account), ret_name);
}

static enum http_user_name spell_digest(const struct http_user *user, uint64_t form,
                                        char **ret_name)
{
    if (form != HTTP_NAME_FULL && !user->is_digest_only_scheme && strchr(user->name, '/') != NULL)
        return HTTP_USER_NAME_AMBIGUOUS;
    return take(strdup(user->name), ret_name);
}

enum http_user_name http_user_name_spell(const struct http_user *user, uint64_t form,
                                         char **ret_name)
{
    if (user->package == HTTP_PACKAGE_DIGEST)
        return spell_digest(user, form, ret_name);
    if (user->runs == HTTP_MECHANISM_NTLM)
        return spell_account(user, form, ret_name);
    return spell_principal(user, form, ret_name);
}

static bool is_of_own_domain(const struct http_proof *proof)
{
    char file_domain[STORE_USERS_NAME_LIMIT + 1];
    struct ntlm_winbind_names names;
    const char *own = NULL;
    if (proof->resource->users != NULL &&
        store_nt_users_domain(proof->resource->users, file_domain))
        own = file_domain;
    else if (proof->resource->winbind != NULL &&
             ntlm_winbind_names(proof->resource->winbind, &names))
        own = names.nb_domain;
    return own != NULL && bytes_equal_nocase(bytes_view(proof->realm), bytes_view(own));
}

enum http_user_name http_user_name_make(const struct sspi_exchange *exchange,
                                        const struct sspi_policy *policy, char **ret_name)
{
    const struct http_proof *proof = &exchange->proof;
    uint64_t form = sspi_policy_number(policy, SSPI_OPTION_USER_NAME);
    const struct http_user user = {
        .package = proof->package,
        .runs = proof->runs,
        .name = proof->name,
        .default_realm = exchange->acceptor->default_realm,
        .is_of_own_domain =
            proof->runs == HTTP_MECHANISM_NTLM && form != HTTP_NAME_FULL && is_of_own_domain(proof),
        .is_digest_only_scheme = http_options_offers_digest_only(policy),
    };
    return http_user_name_spell(&user, form, ret_name);
}
