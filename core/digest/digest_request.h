/* SPDX-License-Identifier: Apache-2.0 */
/* The requests behind the one that established a context (VerifySignature), and the server's proof
 * for its answers (MakeSignature), both in HTTP's form. */
#ifndef DIGEST_REQUEST_H
#define DIGEST_REQUEST_H

#include "digest_context.h"

/* Checks one more request with the context's nonce, by the key kept from its login, and uses up its
 * nonce count, which must be the one behind the last (Digest pages, VerifySignature).
 * SEC_E_INVALID_HANDLE      not established, or its credential is gone
 * SEC_E_UNSUPPORTED_FUNCTION  the credential keeps no contexts, or it is one of SASL
 * SEC_E_INVALID_TOKEN       malformed, another request's uri, HEntity that is none
 * SEC_E_INCOMPLETE_MESSAGE  auth-int without HEntity: call again with it
 * SEC_E_QOP_NOT_SUPPORTED   a quality of protection that is not offered
 * SEC_E_MESSAGE_ALTERED     not what this context's client would have sent
 * SEC_E_OUT_OF_SEQUENCE     another count is due, or the nonce is too old
 * SEC_E_BAD_BINDINGS        another channel than the login's
 * SEC_E_INSUFFICIENT_MEMORY, SEC_E_INTERNAL_ERROR
 * The context stays established on all of them. */
SECURITY_STATUS digest_request_verify(struct digest_context *context,
                                      const struct package_input *in,
                                      struct sspi_error_info *error_info) MUST_USE;

/* Writes the value of Authentication-Info for the answer to the request that was verified last into
 * out->tokens[0]. in->entity_hash is the hash of the answer's body, for auth-int; absent: as
 * digest_info_append(). SEC_E_NO_AUTHENTICATING_AUTHORITY: the nonce is too old, the client has to
 * log in again. Others as above. */
SECURITY_STATUS digest_request_sign(struct digest_context *context, const struct package_input *in,
                                    struct package_output *out) MUST_USE;

/* Appends H(A1) of a -sess login. SEC_E_UNSUPPORTED_FUNCTION for the others, where it is as good as
 * the password, and as above. */
SECURITY_STATUS digest_request_session_key(struct digest_context *context,
                                           struct bytes *ret_key) MUST_USE;

#endif
