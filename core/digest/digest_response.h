/* SPDX-License-Identifier: Apache-2.0 */
/* The response of a client, which digest_parse.h reads from HTTP and digest_sasl_parse.h from SASL.
 * Pure. */
#ifndef DIGEST_RESPONSE_H
#define DIGEST_RESPONSE_H

#include "bytes.h"
#include "digest_cipher.h"
#include "sspi_acceptor.h"

/* Longest values, in octets after quoted-pairs are undone. */
#define DIGEST_PARSE_USERNAME_LIMIT        256 /* in UTF-8 */
#define DIGEST_PARSE_REALM_LIMIT           256
#define DIGEST_PARSE_NONCE_LIMIT           256
#define DIGEST_PARSE_CNONCE_LIMIT          256
#define DIGEST_PARSE_OPAQUE_LIMIT          256
#define DIGEST_PARSE_URI_LIMIT             16384
#define DIGEST_PARSE_SERVICE_LIMIT         512
#define DIGEST_PARSE_HASHED_DIRS_LIMIT     256
#define DIGEST_PARSE_CHANNEL_BINDING_LIMIT 64
#define DIGEST_PARSE_AUTHZID_LIMIT         1024

/* Views into the parsed text, `storage` or `names`: they live as long as all three. Absent
 * directives are absent views. */
struct digest_response {
    /* UTF-8: of username, or of username* with its percent-encoding undone. Octets of username that
     * are not UTF-8 are taken as ISO-8859-1, which some clients send although they hash UTF-8. When
     * `userhash`, the hexadecimal H(username:realm) in lower case. */
    struct sspi_view username;
    struct sspi_view realm; /* may be empty: Windows sends none beside user@domain */
    /* The same as between the quotes, backslashes kept: some clients put a name there as it is,
     * with a single backslash, and hash that. Equal to the above when there is none. */
    struct sspi_view raw_username;
    struct sspi_view raw_realm;
    struct sspi_view nonce;
    struct sspi_view uri; /* SASL: digest-uri */
    struct sspi_view cnonce;
    struct sspi_view qop; /* in the client's spelling, which it hashed; SASL: "auth" without one */
    struct sspi_view nc;  /* eight digits in the client's spelling */
    struct sspi_view opaque;
    /* Windows' extension (draft-santesson-digestbind): which directives the cnonce vouches for. */
    struct sspi_view hashed_dirs;
    struct sspi_view service_name;
    struct sspi_view channel_binding;
    struct sspi_view authzid;  /* SASL: whom the client wants to act as */
    uint32_t count;            /* what nc says; never 0 */
    bool sasl;                 /* RFC 2831 */
    bool integrity;            /* qop is auth-int, or auth-conf */
    enum digest_cipher cipher; /* qop is auth-conf: what it named; else NONE */
    uint32_t max_buffer;       /* SASL: octets of a protected message that the client takes */
    bool userhash;
    enum sspi_digest_algorithm algorithm; /* RFC 7616 3.4: MD5 when the client named none */
    uint8_t response[32];                 /* hash_len(algorithm) octets */
    char *storage;                        /* values that had quoted-pairs */
    char *names;                          /* the user's name where it did not come as it is kept */
};

/* A copy of `response` that depends on nothing; end it with digest_response_clear(). False: no
 * memory. */
bool digest_response_copy(const struct digest_response *response,
                          struct digest_response *ret_copy) MUST_USE;

/* A zero-initialised one is fine. */
void digest_response_clear(struct digest_response *response);

#define DIGEST_RESPONSE_CLEANUP __attribute__((cleanup(digest_response_clear)))

#endif
