/* SPDX-License-Identifier: Apache-2.0 */
/* For the files msdocs_negotiate*. */
#ifndef MSDOCS_NEGOTIATE_H
#define MSDOCS_NEGOTIATE_H

#include "msdocs_call.h"

#include "negotiate_client.h"

#define SERVICE "HTTP@localhost"
#define CHANNEL "tls-server-end-point:the certificate of this test"

/* A credential with the realm's http.keytab. */
extern CredHandle negotiate;

/* Returns the path of a file of the realm, valid until the next call. */
const char *realm_file(const char *name);

/* A call with a new token of alice. Free it with call_end(). */
struct msdocs_call call_of_alice(OM_uint32 client_flags, const char *client_binding);
void call_end(struct msdocs_call *call);

/* msdocs_negotiate_status.c: "Return value" and "Remarks" */
void sec_e_ok_the_security_context_received_from_the_client_was_accepted(void **unused);
void sec_i_continue_needed_the_returned_token_goes_into_another_call(void **unused);
void sec_e_internal_error_an_error_occurred_that_did_not_map(void **unused);
void sec_e_invalid_handle_the_handle_passed_is_not_valid(void **unused);
void sec_e_invalid_token_the_token_passed_is_not_valid(void **unused);
void sec_e_logon_denied_the_logon_failed(void **unused);
void sec_e_no_credentials_the_credential_is_not_usable(void **unused);
void sec_i_complete_is_no_step_of_negotiate(void **unused);
void a_partially_created_context_is_freed_by_delete_security_context(void **unused);
void the_caller_determines_whether_the_attributes_are_sufficient(void **unused);
void query_security_context_token_and_impersonation_after_the_end(void **unused);
void query_context_attributes_describe_the_login(void **unused);
void a_null_pauthdata_means_the_machine_s_defaults(void **unused);

#endif
