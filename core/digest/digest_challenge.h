/* SPDX-License-Identifier: Apache-2.0 */
/* One challenge of WWW-Authenticate (RFC 7616 3.3), without the word "Digest". Pure. */
#ifndef DIGEST_CHALLENGE_H
#define DIGEST_CHALLENGE_H

#include "bytes.h"
#include "sspi_acceptor.h"

/* Longest realm: what a line of the user file can hold. */
#define DIGEST_CHALLENGE_REALM_LIMIT 255

/* True when `realm` may stand in a header: not empty, within the limit, UTF-8 without control
 * characters (a line break from a variable would start another header). */
bool digest_challenge_realm_fits(struct sspi_view realm) SSPI_MUST_USE;

/* Appends the directives. `realm` fits; `nonce` needs no quoting; `algorithm` is not NONE. All
 * challenges of one answer carry the same nonce, because clients mix several up. */
void digest_challenge_append(struct bytes *to, struct sspi_view realm, struct sspi_view nonce,
                             enum sspi_digest_algorithm algorithm, bool stale);

#endif
