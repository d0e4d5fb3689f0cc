/* SPDX-License-Identifier: Apache-2.0 */
/* Windows' Extended Protection for Digest: the client puts a hash of the TLS channel and of the
 * service it means to reach into its cnonce, so that the response vouches for both
 * (draft-santesson-digestbind; formulas as in .NET's published _DigestClient.cs). Pure. */
#ifndef DIGEST_BINDING_H
#define DIGEST_BINDING_H

#include "digest_parse.h"
#include "hash.h"
#include "sspi_package.h"

/* Begins nonces of servers that know the extension and, behind them, cnonces of clients that do. */
#define DIGEST_BINDING_PREFIX "+Upgraded+v1"

/* What the client said about its channel. Believe it only once its response is right. */
enum digest_binding_claim {
    DIGEST_BINDING_SILENT,  /* nothing: it does not know the extension */
    DIGEST_BINDING_NONE,    /* it speaks through no TLS channel: 32 zeros */
    DIGEST_BINDING_CHANNEL, /* through the channel that from->channel_binding names */
    DIGEST_BINDING_FORGED,  /* hashed-dirs and cnonce contradict each other: stripped or changed */
    DIGEST_BINDING_FAILED   /* libcrypto failed, or MD5 is not allowed on this machine */
};

/* Reads the three directives of `from` and compares their hash with its cnonce, in constant time.
 */
enum digest_binding_claim digest_binding_read(struct hash_run *run,
                                              const struct digest_response *from);

/* Judges a claim under the policy table of the EPA pages: `in->bindings` are the channels that
 * would be right, in->requirements has ASC_REQ_ALLOW_MISSING_BINDINGS and ASC_REQ_PROXY_BINDINGS.
 * SEC_E_OK sets *ret_bound; SEC_E_BAD_BINDINGS, SEC_E_INTERNAL_ERROR: `report` says why. */
SECURITY_STATUS digest_binding_judge(struct hash_run *run, enum digest_binding_claim claim,
                                     const struct digest_response *from,
                                     const struct sspi_accept_input *in, enum sspi_bound *ret_bound,
                                     struct sspi_report *report) SSPI_MUST_USE;

#endif
