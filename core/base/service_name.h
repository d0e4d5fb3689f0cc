/* SPDX-License-Identifier: Apache-2.0 */
/* Names of services, "HTTP/host@REALM", and the patterns that accept them. Every package uses these
 * rules: Kerberos for its keys and tickets, NTLM and Digest for the names that clients send. Pure.
 *
 * A pattern is "HTTP/host" (in every realm), "HTTP/host@REALM", "HTTP/" (every host) or "*" (every
 * name). Service and host are compared without case, as in Active Directory. Realms are compared
 * with case. */
#ifndef SERVICE_NAME_H
#define SERVICE_NAME_H

#include "bytes.h"

/* True if `text` is a pattern. */
bool service_name_is_pattern(struct sspi_view text);

/* True if a principal, which has a realm, matches one of the patterns, or there are no patterns. */
bool service_name_accepts_principal(struct sspi_view principal, const struct sspi_view *patterns,
                                    size_t n_patterns);

/* True if the name that a client of NTLM or Digest sent ("HTTP/host") matches one of the patterns.
 * Such names have no realm, so the realms of the patterns are ignored. */
bool service_name_accepts(struct sspi_view name, const struct sspi_view *patterns,
                          size_t n_patterns);

/* As service_name_accepts(), but ignores patterns for every host or every name. Each pattern must
 * have passed service_name_is_pattern(). */
bool service_name_is_listed(struct sspi_view name, const struct sspi_view *patterns,
                            size_t n_patterns);

/* True if the host of "HTTP/host" or "HTTP/host@REALM" has no dot, or there is no host. */
bool service_name_is_dotless(struct sspi_view name);

/* Appends the patterns for a message: "HTTP/<any host>, host/web". */
void service_name_describe(const struct sspi_view *patterns, size_t n_patterns, struct bytes *to);

#endif
