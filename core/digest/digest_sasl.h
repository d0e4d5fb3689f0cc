/* SPDX-License-Identifier: Apache-2.0 */
/* Digest as the SASL mechanism DIGEST-MD5 (RFC 2831): one challenge, one response, the server's
 * rspauth, and then messages. The context keeps its nonce, so the server stores nothing else about
 * the client. Subsequent authentication (2.2) is not supported, as in MS-DPSP. */
#ifndef DIGEST_SASL_H
#define DIGEST_SASL_H

#include "digest_context.h"
#include "package.h"

/* The first call. Makes *context and a challenge for `realm`, which the caller has checked with
 * digest_challenge_realm_fits(). Returns SEC_I_CONTINUE_NEEDED, or an error with error_info. */
SECURITY_STATUS digest_sasl_challenge(struct digest_credential *credential,
                                      struct digest_context **context,
                                      const struct package_input *in, struct sspi_view realm,
                                      struct package_output *out) MUST_USE;

/* The second call, on the context of the first.
 * SEC_E_OK: the context is established, and the token is rspauth.
 * SEC_E_INCOMPLETE_MESSAGE with SSPI_REASON_HASH_WANTED: no error was found so far. Call again with
 * the user's hash.
 * Any other status: the response is refused, and error_info says why. */
SECURITY_STATUS digest_sasl_respond(struct digest_credential *credential,
                                    struct digest_context *context, const struct package_input *in,
                                    struct package_output *out) MUST_USE;

#endif
