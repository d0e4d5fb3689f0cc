/* SPDX-License-Identifier: Apache-2.0 */
/* Digest as the SASL mechanism DIGEST-MD5 (RFC 2831): one challenge, one response, the server's
 * proof, and then messages. The context keeps its nonce, so that nothing is written down for a
 * client. Subsequent authentication (2.2) is not there: MS-DPSP has none either. */
#ifndef DIGEST_SASL_H
#define DIGEST_SASL_H

#include "digest_context.h"
#include "package.h"

/* The first call: makes *context, and a challenge for `realm`, which fits
 * (digest_challenge_realm_fits()). SEC_I_CONTINUE_NEEDED, or an error with a report. */
SECURITY_STATUS digest_sasl_challenge(struct digest_credential *credential,
                                      struct digest_context **context,
                                      const struct package_input *in, struct sspi_view realm,
                                      struct package_output *out) MUST_USE;

/* The second one, on the context of the first. SEC_E_OK: it is established, and the token is
 * rspauth. SEC_E_INCOMPLETE_MESSAGE with SSPI_REASON_HASH_WANTED: nothing is wrong so far, call
 * again with the user's hash. Anything else: refused, the report says why. */
SECURITY_STATUS digest_sasl_respond(struct digest_credential *credential,
                                    struct digest_context *context, const struct package_input *in,
                                    struct package_output *out) MUST_USE;

#endif
