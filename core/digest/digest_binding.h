/* SPDX-License-Identifier: Apache-2.0 */
/* Windows' Extended Protection for Digest. The client puts a hash of the TLS channel and of the
 * service into its cnonce, so that the response protects both. The specification is
 * draft-santesson-digestbind. The formulas are those of .NET's published _DigestClient.cs. Pure. */
#ifndef DIGEST_BINDING_H
#define DIGEST_BINDING_H

#include "digest_response.h"
#include "hash.h"
#include "package.h"

/* The first octets of the nonce of a server that knows the extension. The cnonce of a client that
 * knows it begins with them too. */
#define DIGEST_BINDING_PREFIX "+Upgraded+v1"

/* Whether the directives about channel and service agree with the cnonce. */
enum digest_binding_status {
    DIGEST_BINDING_READ,
    DIGEST_BINDING_FORGED, /* hashed-dirs and cnonce contradict each other: a directive was removed
                              or changed */
    DIGEST_BINDING_FAILED  /* libcrypto failed, or MD5 is not allowed on this machine */
};

/* The channel and service that the client named. The caller may only use them after it has verified
 * the response. */
struct digest_binding {
    struct package_client_channel channel;
    struct sspi_view service; /* absent if the client does not know the extension; borrowed */
};

/* Reads the three directives of `from` and compares their hash with its cnonce, in constant time.
 * READ sets *ret_binding. */
enum digest_binding_status digest_binding_read(struct hash_run *run,
                                               const struct digest_response *from,
                                               struct digest_binding *ret_binding) MUST_USE;

/* Writes the refusal for a status other than READ. */
SECURITY_STATUS digest_binding_refuse(enum digest_binding_status status,
                                      struct sspi_error_info *error_info);

/* Reads the binding, then calls binding_check() with the rules of `in`. SEC_E_OK sets *ret_binding
 * and *ret_bound. Otherwise error_info says why. */
SECURITY_STATUS digest_binding_check(struct hash_run *run, const struct digest_response *from,
                                     const struct package_input *in,
                                     struct digest_binding *ret_binding,
                                     enum package_bound *ret_bound,
                                     struct sspi_error_info *error_info) MUST_USE;

#endif
