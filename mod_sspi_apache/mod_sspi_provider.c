/* SPDX-License-Identifier: Apache-2.0 */
/* Reads Digest users from httpd's authn providers (SSPIDigestProvider): file, dbd, socache. They
 * support only MD5, because their function has no parameter for the algorithm. */
#include "mod_sspi.h"

#include "ap_provider.h"
#include "apr_strings.h"
#include "http_log.h"
#include "mod_auth.h"

APLOG_USE_MODULE(sspi);

const char *mod_sspi_provider_check(apr_pool_t *p, const char *directive, const char *name)
{
    const authn_provider *provider =
        ap_lookup_provider(AUTHN_PROVIDER_GROUP, name, AUTHN_PROVIDER_VERSION);

    if (provider == NULL) {
        return apr_psprintf(p,
                            "%s: there is no authn provider \"%s\"; load its module (mod_authn_%s) "
                            "before this line",
                            directive, name, name);
    }
    if (provider->get_realm_hash == NULL) {
        return apr_psprintf(p,
                            "%s: the provider \"%s\" has no hashes for Digest; use file, dbd or "
                            "socache",
                            directive, name);
    }
    return NULL;
}

/* Asks one provider. True: the search is done; if *ret_hash is NULL, the user is refused. False:
 * the provider does not have the user. */
static bool ask_provider(request_rec *r, const char *name, const struct sspi_result *result,
                         char **ret_hash, bool *ret_failed)
{
    const authn_provider *provider =
        ap_lookup_provider(AUTHN_PROVIDER_GROUP, name, AUTHN_PROVIDER_VERSION);
    authn_status status = AUTH_GENERAL_ERROR;

    if (provider != NULL && provider->get_realm_hash != NULL) {
        apr_table_setn(r->notes, AUTHN_PROVIDER_NAME_NOTE, name);
        status = provider->get_realm_hash(r, result->lookup_user.data, result->lookup_realm.data,
                                          ret_hash);
        apr_table_unset(r->notes, AUTHN_PROVIDER_NAME_NOTE);
    }
    switch (status) {
    case AUTH_USER_FOUND:
        return true;
    case AUTH_DENIED: /* the provider has the user, so no other provider may admit the user */
        *ret_hash = NULL;
        return true;
    case AUTH_USER_NOT_FOUND:
        return false;
    case AUTH_GRANTED:
    case AUTH_GENERAL_ERROR:
    default:
        ap_log_rerror(
            APLOG_MARK, APLOG_ERR, 0, r,
            "SSPIDigestProvider: the provider %s failed: the request is answered with 500; "
            "see the errors of its module",
            name);
        *ret_failed = true;
        return true;
    }
}

bool mod_sspi_provider_look_up(request_rec *r, const struct sspi_policy *policy,
                               struct sspi_exchange *exchange, const struct sspi_result *result)
{
    const struct sspi_words *names = &policy->digest_providers;
    char *hash = NULL;
    bool failed = false;
    bool done = false;

    for (size_t i = 0; i < names->n && !done; i++) {
        const char *name = apr_pstrmemdup(r->pool, names->words[i].data, names->words[i].len);

        done = ask_provider(r, name, result, &hash, &failed);
    }
    if (failed) {
        return false;
    }
    sspi_exchange_set_hash(exchange, mod_sspi_view(done ? hash : NULL));
    return true;
}
