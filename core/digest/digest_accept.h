/* SPDX-License-Identifier: Apache-2.0 */
/* One call's work: giving challenges, checking a response. Knows credentials, no contexts. Any
 * number of threads at a time. */
#ifndef DIGEST_ACCEPT_H
#define DIGEST_ACCEPT_H

#include "digest_context.h"
#include "digest_response.h"

/* Writes up to in->n_tokens challenges, one an algorithm, all with the same new nonce.
 * SEC_I_CONTINUE_NEEDED, or an error with a report. `realm` fits (digest_challenge_realm_fits()).
 */
SECURITY_STATUS digest_accept_challenge(const struct digest_credential *credential,
                                        const struct package_input *in, struct sspi_view realm,
                                        bool stale, struct package_output *out) MUST_USE;

/* Checks a parsed response and, when all is right, uses up its nonce count.
 * SEC_E_OK: *ret_identity is set, end it with digest_identity_clear(); the first output token is
 *   the value for Authentication-Info, if the caller has room for a token.
 * SEC_E_INCOMPLETE_MESSAGE: nothing is wrong so far, but the caller must hand in more; the report's
 *   reason says what (SSPI_REASON_ENTITY_WANTED, SSPI_REASON_HASH_WANTED).
 * SEC_I_CONTINUE_NEEDED: the nonce is not good any more, and the password is right or could not be
 *   checked yet: a challenge with stale=true is wanted.
 * Anything else: refused. The report says why. */
SECURITY_STATUS digest_accept_verify(struct digest_credential *credential,
                                     const struct package_input *in, struct sspi_view realm,
                                     const struct digest_response *response,
                                     struct digest_identity *ret_identity,
                                     struct package_output *out) MUST_USE;

/* What is wrong with a response whoever its user is: method, realm, uri, what is not offered. */
SECURITY_STATUS digest_accept_check_request(const struct digest_credential *credential,
                                            const struct package_input *in, struct sspi_view realm,
                                            const struct digest_response *response,
                                            struct sspi_error_info *error_info) MUST_USE;

/* A fresh nonce for `realm`. SEC_E_OK, or an error with a report. */
SECURITY_STATUS digest_accept_make_nonce(const struct digest_credential *credential,
                                         struct sspi_view realm,
                                         char ret_nonce[DIGEST_NONCE_LEN + 1],
                                         struct sspi_error_info *error_info) MUST_USE;

/* SEC_E_OK when the response is for `realm`, or for none beside a name that has its own; else
 * SEC_E_NO_AUTHENTICATING_AUTHORITY with a report. */
SECURITY_STATUS digest_accept_check_realm(const struct digest_response *response,
                                          struct sspi_view realm,
                                          struct sspi_error_info *error_info) MUST_USE;

/* Turns HEntity into hash_len(algorithm) octets; SEC_E_INVALID_TOKEN where it is none. */
SECURITY_STATUS digest_accept_read_entity(struct sspi_view hex,
                                          enum sspi_digest_algorithm algorithm,
                                          uint8_t ret_hash[HASH_MAX],
                                          struct sspi_error_info *error_info) MUST_USE;

/* Uses up the nonce count of a right response. SEC_E_OK; SEC_E_OUT_OF_SEQUENCE: used before;
 * SEC_I_CONTINUE_NEEDED: not to be told any more, or the nonce is another user's. */
SECURITY_STATUS digest_accept_use_count(const struct digest_credential *credential,
                                        struct sspi_view user, struct sspi_view realm,
                                        const struct digest_response *response, uint64_t issued_ms,
                                        struct sspi_error_info *error_info) MUST_USE;

#endif
