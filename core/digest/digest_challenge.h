/* SPDX-License-Identifier: Apache-2.0 */
/* One challenge of WWW-Authenticate (RFC 7616 3.3), without the word "Digest", and that of SASL
 * (RFC 2831 2.1.1). Pure. */
#ifndef DIGEST_CHALLENGE_H
#define DIGEST_CHALLENGE_H

#include "bytes.h"
#include "digest_cipher.h"
#include "sspi_acceptor.h"

/* Longest realm: what a line of the user file can hold. */
#define DIGEST_CHALLENGE_REALM_LIMIT 255

/* Longest domain directive. */
#define DIGEST_CHALLENGE_DOMAIN_LIMIT 1024

/* True when `realm` may stand in a header: not empty, within the limit, UTF-8 without control
 * characters (a line break from a variable would start another header). */
bool digest_challenge_realm_fits(struct sspi_view realm) MUST_USE;

/* True when `domain` is a list of URIs or paths, one blank between two, printable ASCII without
 * quotes and backslashes, within the limit. */
bool digest_challenge_domain_fits(struct sspi_view domain) MUST_USE;

/* What all challenges of one answer have in common, the nonce too, because clients mix several up.
 * The views are checked: `realm` and `domain` fit, `nonce` and `opaque` need no quoting. */
struct digest_challenge {
    struct sspi_view realm;
    struct sspi_view domain; /* absent: not told */
    struct sspi_view nonce;
    struct sspi_view opaque;
    const char *qop; /* "auth", "auth-int" or "auth,auth-int" */
    bool userhash;
    bool stale;
};

/* Appends the directives for `algorithm`, which is not NONE. */
void digest_challenge_append(struct bytes *to, const struct digest_challenge *challenge,
                             enum sspi_digest_algorithm algorithm);

/* Octets of a protected message that a client may send us in SASL. */
#define DIGEST_CHALLENGE_MAXBUF 65535

/* Appends the challenge of SASL: qop auth, and with it auth-int and auth-conf, which is offered
 * when `ciphers` (1 << enum digest_cipher) has any. Less than 2048 octets. */
void digest_challenge_append_sasl(struct bytes *to, struct sspi_view realm, struct sspi_view nonce,
                                  bool auth_int, unsigned int ciphers);

#endif
