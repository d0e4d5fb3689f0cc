/* SPDX-License-Identifier: Apache-2.0 */
/* Names of services, "HTTP/host@REALM", and the patterns that accept them. Pure.
 *
 * A pattern is "HTTP/host" (in every realm), "HTTP/host@REALM", "HTTP/" (every host) or "*" (every
 * name). Service and host are compared without case, as in Active Directory; realms with case. */
#ifndef BINDING_SERVICE_H
#define BINDING_SERVICE_H

#include "bytes.h"

/* True when `text` is a pattern. */
bool binding_service_is_pattern(struct sspi_view text);

/* True if a principal, which has a realm, matches one of the patterns, or there are no patterns. */
bool binding_service_accepts_principal(struct sspi_view principal, const struct sspi_view *patterns,
                                       size_t n_patterns);

/* True if a name that only the client says ("HTTP/host" in NTLM and Digest) matches one of the
 * patterns. Such names have no realm, so the realms of the patterns do not count. */
bool binding_service_accepts_name(struct sspi_view name, const struct sspi_view *patterns,
                                  size_t n_patterns);

/* Appends the patterns for a message: "HTTP/<any host>, host/web". */
void binding_service_describe(const struct sspi_view *patterns, size_t n_patterns,
                              struct bytes *to);

#endif
