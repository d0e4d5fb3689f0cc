/* SPDX-License-Identifier: Apache-2.0 */
/* Verifies the requests that follow the login of a context (VerifySignature), and signs its answers
 * (MakeSignature). Both only exist in HTTP's form. */
#ifndef DIGEST_REQUEST_H
#define DIGEST_REQUEST_H

#include "digest_context.h"

/* Checks a further request of the context's nonce with the session's key, and uses up its nonce
 * count. The count must follow the last one (Digest pages, VerifySignature).
 * SEC_E_INVALID_HANDLE        the context is not established, or its credential was released
 * SEC_E_UNSUPPORTED_FUNCTION  the credential keeps no contexts, or the context has SASL's form
 * SEC_E_INVALID_TOKEN         malformed, the uri of another request, or a malformed HEntity
 * SEC_E_INCOMPLETE_MESSAGE    auth-int without HEntity: call again with it
 * SEC_E_QOP_NOT_SUPPORTED     a quality of protection that was not offered
 * SEC_E_MESSAGE_ALTERED       not what this context's client would have sent
 * SEC_E_OUT_OF_SEQUENCE       another count is due, or the nonce is too old
 * SEC_E_BAD_BINDINGS          another channel than at the login
 * SEC_E_INSUFFICIENT_MEMORY, SEC_E_INTERNAL_ERROR
 * The context stays established after all of them. */
SECURITY_STATUS digest_request_verify(struct digest_context *context,
                                      const struct package_input *in,
                                      struct sspi_error_info *error_info) MUST_USE;

/* Signs the answer to the request that was verified last. The value of Authentication-Info goes
 * into out->tokens[0]. For auth-int, in->entity_hash is the hash of the answer's body. If it is
 * absent, digest_info_append() says what is written. SEC_E_NO_AUTHENTICATING_AUTHORITY: the nonce
 * is too old, and the client must log in again. Other statuses as above. */
SECURITY_STATUS digest_request_sign(struct digest_context *context, const struct package_input *in,
                                    struct package_output *out) MUST_USE;

/* Appends H(A1) of a -sess login. SEC_E_UNSUPPORTED_FUNCTION: another login, whose H(A1) is as good
 * as the password. Other statuses as above. */
SECURITY_STATUS digest_request_session_key(struct digest_context *context,
                                           struct bytes *ret_key) MUST_USE;

#endif
