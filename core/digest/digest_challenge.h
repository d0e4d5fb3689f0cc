/* SPDX-License-Identifier: Apache-2.0 */
/* Writes one challenge of WWW-Authenticate (RFC 7616 3.3), without the word "Digest", and the
 * challenge of SASL (RFC 2831 2.1.1). Pure. */
#ifndef DIGEST_CHALLENGE_H
#define DIGEST_CHALLENGE_H

#include "bytes.h"
#include "sspi_acceptor.h"

/* Longest realm in octets: a line of the user file can hold no longer one. */
#define DIGEST_CHALLENGE_REALM_LIMIT 255

/* Longest domain directive in octets. */
#define DIGEST_CHALLENGE_DOMAIN_LIMIT 1024

/* True if `realm` may stand in a header: not empty, within the limit, UTF-8 without control
 * characters. A line break from a variable would begin another header. */
bool digest_challenge_realm_fits(struct sspi_view realm) MUST_USE;

/* True if `domain` is a list of URIs or paths with one blank between them, in printable ASCII
 * without quotes and backslashes, within the limit. */
bool digest_challenge_domain_fits(struct sspi_view domain) MUST_USE;

/* The common parts of all challenges of one answer. They share the nonce, because some clients mix
 * several nonces up. The caller has checked `realm` and `domain`. `nonce` and `opaque` need no
 * quoting. */
struct digest_challenge {
    struct sspi_view realm;
    struct sspi_view domain; /* absent: no domain directive */
    struct sspi_view nonce;
    struct sspi_view opaque;
    const char *qop; /* "auth", "auth-int" or "auth,auth-int" */
    bool userhash;
    bool stale;
};

/* Appends the directives for `algorithm`, which is not NONE. */
void digest_challenge_append(struct bytes *to, const struct digest_challenge *challenge,
                             enum sspi_digest_algorithm algorithm);

/* The longest protected message that a client may send in SASL, in octets. */
#define DIGEST_CHALLENGE_MAXBUF 65535

/* Appends the challenge of SASL. It offers qop auth, auth-int if `auth_int`, and auth-conf if
 * `ciphers` is not 0. A bit of `ciphers` is 1 << enum digest_cipher. The text is shorter than 2048
 * octets. */
void digest_challenge_append_sasl(struct bytes *to, struct sspi_view realm, struct sspi_view nonce,
                                  bool auth_int, unsigned int ciphers);

#endif
