/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_offer.h"

#include <string.h>

#include "binding_check.h"
#include "digest_challenge.h"
#include "error_info.h"
#include "store_state.h"
#include "store_users.h"

static bool demands_binding(const struct package_input *in)
{
    return binding_rules_of(in).mode == BINDING_MODE_REQUIRE;
}

static bool has_md5_users(const struct digest_credential *credential, struct sspi_view realm)
{
    size_t n_users, n_with_md5;

    store_users_count(credential->users, realm, SSPI_DIGEST_MD5, &n_users, &n_with_md5);
    return n_with_md5 > 0;
}

/* The algorithms if the caller chose none: those for which every user of the realm has a hash. */
static size_t default_algorithms(const struct digest_credential *credential,
                                 const struct package_input *in, struct sspi_view realm,
                                 enum sspi_digest_algorithm algorithms[2])
{
    if (credential->caller_hashes) {
        algorithms[0] = SSPI_DIGEST_MD5;
        return 1;
    }
    /* Only Windows' clients can bind to a channel. They know MD5 and MD5-sess, and the Digest pages
     * call MD5-sess the faster one. */
    if (demands_binding(in) && has_md5_users(credential, realm)) {
        algorithms[0] = SSPI_DIGEST_MD5_SESS;
        algorithms[1] = SSPI_DIGEST_MD5;
        return 2;
    }
    return store_users_algorithms(credential->users, realm, algorithms);
}

void digest_offer_make(const struct digest_credential *credential, const struct package_input *in,
                       struct sspi_view realm, struct digest_offer *ret_offer)
{
    bool demanded = (in->requirements & PACKAGE_ASKS_INTEGRITY) != 0;
    enum sspi_digest_algorithm defaults[2];

    *ret_offer = (struct digest_offer){
        .auth = !demanded,
        .auth_int = demanded || credential->offers_integrity,
        .userhash = credential->offers_userhash,
    };
    if (credential->n_algorithms > 0) {
        memcpy(ret_offer->algorithms, credential->algorithms, sizeof(ret_offer->algorithms));
        ret_offer->n_algorithms = credential->n_algorithms;
        return;
    }
    size_t n_defaults = default_algorithms(credential, in, realm, defaults);
    for (size_t i = 0; i < n_defaults; i++)
        if (hash_available(&credential->hashes, defaults[i]))
            ret_offer->algorithms[ret_offer->n_algorithms++] = defaults[i];
}

static const char *qop_of(const struct digest_offer *offer)
{
    if (!offer->auth_int)
        return "auth";
    return offer->auth ? "auth,auth-int" : "auth-int";
}

SECURITY_STATUS digest_offer_challenge(const struct digest_credential *credential,
                                       const struct package_input *in, struct sspi_view realm,
                                       struct sspi_view nonce, bool stale,
                                       struct package_output *out)
{
    struct digest_offer offer;

    digest_offer_make(credential, in, realm, &offer);
    if (offer.n_algorithms == 0) {
        error_info_set(out->error_info, SSPI_REASON_CONFIGURATION,
                       "no algorithm to offer: this machine's OpenSSL does not allow those of the "
                       "user file");
        return SEC_E_NO_CREDENTIALS;
    }
    const struct digest_challenge challenge = {
        .realm = realm,
        .domain = bytes_view(credential->domain),
        .nonce = nonce,
        .opaque = store_state_opaque(credential->state),
        .qop = qop_of(&offer),
        .userhash = offer.userhash,
        .stale = stale,
    };
    for (size_t i = 0; i < offer.n_algorithms && i < in->n_tokens && i < PACKAGE_CHALLENGES_LIMIT;
         i++) {
        digest_challenge_append(&out->tokens[i], &challenge, offer.algorithms[i]);
        if (out->tokens[i].failed)
            return error_info_no_memory(out->error_info);
        out->n_tokens = i + 1;
    }
    return SEC_I_CONTINUE_NEEDED;
}

SECURITY_STATUS digest_offer_check(const struct digest_offer *offer,
                                   const struct digest_response *response,
                                   struct sspi_error_info *error_info)
{
    bool offered = false;

    for (size_t i = 0; i < offer->n_algorithms; i++)
        offered = offered || offer->algorithms[i] == response->algorithm;
    if (!offered) {
        error_info_set(error_info, SSPI_REASON_NOT_OFFERED, "algorithm %s was not offered",
                       hash_name(response->algorithm));
        return SEC_E_LOGON_DENIED;
    }
    if (response->integrity ? !offer->auth_int : !offer->auth) {
        error_info_set(error_info, SSPI_REASON_NOT_OFFERED, "qop %s was not offered",
                       response->integrity ? "auth-int" : "auth");
        return SEC_E_QOP_NOT_SUPPORTED;
    }
    if (response->userhash && !offer->userhash) {
        error_info_set(error_info, SSPI_REASON_NOT_OFFERED, "userhash was not offered");
        return SEC_E_LOGON_DENIED;
    }
    return SEC_E_OK;
}
