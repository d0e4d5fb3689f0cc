/* SPDX-License-Identifier: Apache-2.0 */
/* The offer to one request: algorithms, qualities of protection, userhash. The challenges state it,
 * and a response must keep to it. */
#ifndef DIGEST_OFFER_H
#define DIGEST_OFFER_H

#include "digest_credential.h"
#include "digest_response.h"
#include "package.h"

struct digest_offer {
    enum sspi_digest_algorithm algorithms[SSPI_DIGEST_ALGORITHMS_LIMIT];
    size_t n_algorithms; /* 0: no algorithm can be offered */
    bool auth;
    bool auth_int;
    bool userhash;
};

/* Makes the offer of `credential` to the users of `realm`, with the caller's in->requirements. */
void digest_offer_make(const struct digest_credential *credential, const struct package_input *in,
                       struct sspi_view realm, struct digest_offer *ret_offer);

/* Writes up to in->n_tokens challenges with `nonce`, one for each algorithm. Returns
 * SEC_I_CONTINUE_NEEDED, or an error with error_info. The caller has checked `realm` with
 * digest_challenge_realm_fits(). */
SECURITY_STATUS digest_offer_challenge(const struct digest_credential *credential,
                                       const struct package_input *in, struct sspi_view realm,
                                       struct sspi_view nonce, bool stale,
                                       struct package_output *out) MUST_USE;

/* Returns SEC_E_OK if `response` keeps to `offer`. Otherwise error_info says what was not offered.
 */
SECURITY_STATUS digest_offer_check(const struct digest_offer *offer,
                                   const struct digest_response *response,
                                   struct sspi_error_info *error_info) MUST_USE;

#endif
