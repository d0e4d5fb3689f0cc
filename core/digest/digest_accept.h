/* SPDX-License-Identifier: Apache-2.0 */
/* Gives challenges and checks responses in HTTP's form. The functions change a credential's nonce
 * counts, but no context. Any number of threads may call them. */
#ifndef DIGEST_ACCEPT_H
#define DIGEST_ACCEPT_H

#include "digest_context.h"
#include "digest_response.h"

/* Writes up to in->n_tokens challenges, one for each algorithm, all with the same new nonce.
 * Returns SEC_I_CONTINUE_NEEDED, or an error with error_info. The caller has checked `realm` with
 * digest_challenge_realm_fits(). */
SECURITY_STATUS digest_accept_challenge(const struct digest_credential *credential,
                                        const struct package_input *in, struct sspi_view realm,
                                        bool stale, struct package_output *out) MUST_USE;

/* Checks a parsed response. If it is right, uses up its nonce count.
 * SEC_E_OK: *ret_identity is set, and the caller clears it with digest_identity_clear(). If the
 * caller has room for a token, the first one is the value of Authentication-Info.
 * SEC_E_INCOMPLETE_MESSAGE: no error was found so far, but the caller must pass more. The reason in
 * error_info says what: SSPI_REASON_ENTITY_WANTED or SSPI_REASON_HASH_WANTED. out->need
 * says for which user or algorithm.
 * SEC_I_CONTINUE_NEEDED: the nonce is no longer good. The password is right or could not be checked
 * yet. The caller gives a challenge with stale=true.
 * Any other status: the response is refused, and error_info says why. */
SECURITY_STATUS digest_accept_verify(struct digest_credential *credential,
                                     const struct package_input *in, struct sspi_view realm,
                                     const struct digest_response *response,
                                     struct digest_identity *ret_identity,
                                     struct package_output *out) MUST_USE;

/* Checks what does not depend on the user: method, realm, uri, and that the response keeps to the
 * offer. */
SECURITY_STATUS digest_accept_check_request(const struct digest_credential *credential,
                                            const struct package_input *in, struct sspi_view realm,
                                            const struct digest_response *response,
                                            struct sspi_error_info *error_info) MUST_USE;

/* Makes a new nonce for `realm`. SEC_E_OK, or an error with error_info. */
SECURITY_STATUS digest_accept_make_nonce(const struct digest_credential *credential,
                                         struct sspi_view realm,
                                         char ret_nonce[DIGEST_NONCE_LEN + 1],
                                         struct sspi_error_info *error_info) MUST_USE;

/* Returns SEC_E_OK if the response is for `realm`, or names no realm and has a username that
 * contains one. Otherwise returns SEC_E_NO_AUTHENTICATING_AUTHORITY with error_info. */
SECURITY_STATUS digest_accept_check_realm(const struct digest_response *response,
                                          struct sspi_view realm,
                                          struct sspi_error_info *error_info) MUST_USE;

/* Copies in->entity_hash. SEC_E_INVALID_TOKEN: it does not have hash_len(algorithm) octets. */
SECURITY_STATUS digest_accept_read_entity(struct sspi_view octets,
                                          enum sspi_digest_algorithm algorithm,
                                          uint8_t ret_hash[HASH_MAX],
                                          struct sspi_error_info *error_info) MUST_USE;

/* Uses up the nonce count of a right response. SEC_E_OK; SEC_E_OUT_OF_SEQUENCE: the count was used
 * before; SEC_I_CONTINUE_NEEDED: the table no longer knows whether it was used, or the nonce
 * belongs to another user. */
SECURITY_STATUS digest_accept_use_count(const struct digest_credential *credential,
                                        struct sspi_view user, struct sspi_view realm,
                                        const struct digest_response *response, uint64_t issued_ms,
                                        struct sspi_error_info *error_info) MUST_USE;

#endif
