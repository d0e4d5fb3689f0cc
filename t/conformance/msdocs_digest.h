/* SPDX-License-Identifier: Apache-2.0 */
/* For the files msdocs_digest*: a credential over a user file, and a client of Digest. */
#ifndef MSDOCS_DIGEST_H
#define MSDOCS_DIGEST_H

#include "msdocs_call.h"

#include "digest_fixture.h"

#define CHANNEL "tls-server-end-point:the certificate of this test"

/* A credential that keeps contexts, as Windows' does. Its user file has alice and bob in the realm
 * REALM. */
extern CredHandle digest;
extern const char *user_file;

/* A call for GET /x?y in REALM. */
struct msdocs_call http_call(void);

/* The nonce of a new challenge. */
struct msdocs_nonce {
    char text[256];
};
struct msdocs_nonce new_nonce(void);

/* The client's message, freed by client_free(). The call's token becomes a view of it. */
void client_sends(const struct client *client, struct msdocs_call *call);
void client_free(struct msdocs_call *call);

/* One whole login of `client` in a context of its own, which is deleted unless the caller wants it.
 */
SECURITY_STATUS msdocs_login(const struct client *client, CtxtHandle *ret_context);

/* Until the next msdocs_random(false) the machine has no randomness. */
void msdocs_random(bool fails);

/* Credentials that are made until the next msdocs_md5(false) find an OpenSSL without MD5, as FIPS
 * has it. */
void msdocs_md5(bool forbidden);

/* msdocs_digest_status.c: "Return value" */
void digest_sec_e_ok_the_security_context_was_accepted(void **unused);
void digest_sec_i_continue_needed_a_returned_token_is_waited_for(void **unused);
void digest_sec_i_complete_needed_complete_auth_token_must_be_called(void **unused);
void digest_a_count_is_committed_once_by_the_call_that_verifies(void **unused);
void digest_sec_e_internal_error_an_error_occurred_that_did_not_map(void **unused);
void digest_sec_e_invalid_handle_the_handle_passed_is_not_valid(void **unused);
void digest_sec_e_invalid_token_the_token_passed_is_not_valid(void **unused);
void digest_sec_e_logon_denied_the_logon_failed(void **unused);
void digest_sec_e_no_authenticating_authority_the_domain_name_is_incorrect(void **unused);
void digest_sec_e_no_credentials_there_are_no_users(void **unused);
void digest_sec_e_security_qos_failed_an_attribute_flag_is_not_valid(void **unused);
void digest_status_logon_failure_called_after_the_context_was_established(void **unused);
void digest_sec_e_bad_bindings_channel_binding_policy_was_not_satisfied(void **unused);

/* msdocs_digest_messages.c */
void digest_verify_signature_accepts_later_requests_in_sequence(void **unused);
void digest_verify_signature_refuses_other_messages(void **unused);
void digest_make_signature_signs_the_answer(void **unused);
void digest_make_signature_needs_a_valid_nonce(void **unused);
void digest_query_context_attributes(void **unused);
void digest_a_sess_login_has_a_session_key(void **unused);

/* msdocs_digest_sasl.c */
void digest_encrypt_message_has_data_and_padding(void **unused);
void digest_decrypt_message_takes_a_stream_or_parts(void **unused);
void digest_signatures_have_token_and_data(void **unused);
void digest_sasl_has_no_requests(void **unused);
void digest_sasl_attributes_can_be_asked_for(void **unused);
void digest_sasl_needs_md5(void **unused);

/* msdocs_sasl_digest.c */
void sasl_asc_req_confidentiality_encrypts(void **unused);
void sasl_asc_req_http_uses_digest_for_http(void **unused);
void sasl_the_bit_does_not_mean_http_beside_a_channel_binding(void **unused);
void sasl_options_of_digest_md5(void **unused);
void sasl_authz_of_digest_md5_may_be_forbidden(void **unused);

#endif
