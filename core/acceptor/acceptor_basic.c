/* SPDX-License-Identifier: Apache-2.0 */
#include "acceptor_basic.h"

#include <openssl/ssl.h>
#include <stdio.h>

#include "policy.h"

static const char *name_of(enum sspi_server server, enum sspi_option option)
{
    return sspi_option_info(option)->name[server];
}

/* Basic proves no channel, so nothing would be offered. */
static bool check_channel(const struct sspi_policy *policy, enum sspi_server server, char *error)
{
    bool is_only = policy->schemes.order[0] == SSPI_SCHEME_BASIC && policy->schemes.order[1] == 0;
    if (!is_only || !policy_demands_channel(policy))
        return true;
    snprintf(error, SSPI_ERROR_SIZE,
             "%s lists only Basic, which proves no channel, but %s demands one: list another "
             "package, or set %s allow",
             name_of(server, SSPI_OPTION_PACKAGES),
             policy->requires_channel_bound ? "channel-bound"
                                            : name_of(server, SSPI_OPTION_CHANNEL_BINDING),
             name_of(server, SSPI_OPTION_CHANNEL_BINDING));
    return false;
}

static bool check_file(const struct sspi_policy *policy, enum sspi_server server, char *error)
{
    if (policy->digest_user_file.n > 0 || policy->ntlm_user_file.n > 0)
        return true;
    snprintf(error, SSPI_ERROR_SIZE, "%s is file, which needs %s or %s",
             name_of(server, SSPI_OPTION_BASIC_VERIFY),
             name_of(server, SSPI_OPTION_DIGEST_USER_FILE),
             name_of(server, SSPI_OPTION_NTLM_USER_FILE));
    return false;
}

/* A location has one source of accounts with a domain. */
static bool check_winbind(const struct sspi_policy *policy, enum sspi_server server, char *error)
{
    const char *file = name_of(server, SSPI_OPTION_NTLM_USER_FILE);
    const char *verify = name_of(server, SSPI_OPTION_BASIC_VERIFY);
    if (policy->ntlm_user_file.n == 0)
        return true;
    snprintf(error, SSPI_ERROR_SIZE,
             "%s is winbind, but %s names a file with the accounts of this location: remove %s, or "
             "use %s file",
             verify, file, file, verify);
    return false;
}

static bool check_verifier(const struct sspi_policy *policy, enum sspi_server server, char *error)
{
    enum sspi_basic_verify verifier;
    if (!policy_basic_verifier(policy, &verifier)) {
        snprintf(error, SSPI_ERROR_SIZE,
                 "%s lists Basic, but nothing verifies its passwords: set %s (kdc), or %s or %s "
                 "(file), or %s winbind",
                 name_of(server, SSPI_OPTION_PACKAGES), name_of(server, SSPI_OPTION_KEYTAB),
                 name_of(server, SSPI_OPTION_DIGEST_USER_FILE),
                 name_of(server, SSPI_OPTION_NTLM_USER_FILE),
                 name_of(server, SSPI_OPTION_BASIC_VERIFY));
        return false;
    }
    switch (verifier) {
    case SSPI_BASIC_VERIFY_FILE:
        return check_file(policy, server, error);
    case SSPI_BASIC_VERIFY_WINBIND:
        return check_winbind(policy, server, error);
    case SSPI_BASIC_VERIFY_KDC:
        break; /* the keytab is opened as for Negotiate */
    }
    return true;
}

bool sspi_policy_check_basic(const struct sspi_policy *policy, enum sspi_server server, char *error)
{
    return !policy->schemes.offers[SSPI_SCHEME_BASIC] ||
           (check_channel(policy, server, error) && check_verifier(policy, server, error));
}

bool acceptor_basic_check(const struct sspi_policy *policy, enum sspi_server server, bool has_realm,
                          char *error)
{
    if (has_realm || !policy->schemes.offers[SSPI_SCHEME_BASIC])
        return sspi_policy_check_basic(policy, server, error);
    snprintf(error, SSPI_ERROR_SIZE, "%s lists Basic, which needs %s: %s",
             name_of(server, SSPI_OPTION_PACKAGES), name_of(server, SSPI_OPTION_REALM),
             sspi_option_info(SSPI_OPTION_REALM)->help);
    return false;
}

bool acceptor_basic_open_hash(const struct sspi_policy *policy, enum sspi_server server,
                              struct ntlm_nt_hash *hash, char *error)
{
    bool needed = policy_basic_has(policy, SSPI_MECH_NTLM);
    /* A .htaccess file may offer Basic where this policy does not. */
    if (policy->ntlm_user_file.n == 0 || hash->md4 != NULL || ntlm_nt_hash_init(hash) || !needed)
        return true;
    snprintf(error, SSPI_ERROR_SIZE,
             "%s lists Basic, but OpenSSL has no MD4, which the NT lines of %s need: install its "
             "legacy provider (legacy.so)",
             name_of(server, SSPI_OPTION_PACKAGES), name_of(server, SSPI_OPTION_NTLM_USER_FILE));
    return false;
}

void acceptor_basic_protect_tls(struct ssl_ctx_st *ctx)
{
    SSL_CTX_set_options(ctx, SSL_OP_CLEANSE_PLAINTEXT);
}
