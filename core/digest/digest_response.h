/* SPDX-License-Identifier: Apache-2.0 */
/* The parsed response of a client. digest_parse.h reads it from HTTP, and digest_sasl_parse.h from
 * SASL. Pure. */
#ifndef DIGEST_RESPONSE_H
#define DIGEST_RESPONSE_H

#include "bytes.h"
#include "digest_cipher.h"
#include "sspi_acceptor.h"

/* Longest values, in octets after quoted-pairs are decoded. */
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

/* The views point into the parsed text, `storage` or `names`, which must all outlive them. An
 * absent directive is an absent view. */
struct digest_response {
    /* UTF-8: the value of username, or of username* with its percent-encoding decoded. If username
     * is not UTF-8, it is taken as ISO-8859-1, which some clients send although they hash UTF-8. If
     * `userhash`, the hexadecimal H(username:realm) in lower case. */
    struct sspi_view username;
    struct sspi_view realm; /* may be empty: Windows sends no realm with user@domain */
    /* The same values as between the quotes, with their backslashes. Some clients write a single
     * backslash into a name and hash that. Without backslashes they equal the values above. */
    struct sspi_view raw_username;
    struct sspi_view raw_realm;
    struct sspi_view nonce;
    struct sspi_view uri; /* in SASL: digest-uri */
    struct sspi_view cnonce;
    struct sspi_view qop; /* in the spelling that the client hashed; in SASL "auth" if absent */
    struct sspi_view nc;  /* eight digits in the client's spelling */
    struct sspi_view opaque;
    /* Windows' extension (draft-santesson-digestbind): the directives that the cnonce protects. */
    struct sspi_view hashed_dirs;
    struct sspi_view service_name;
    struct sspi_view channel_binding;
    struct sspi_view authzid;  /* SASL: the identity that the client wants to act as */
    uint32_t count;            /* the number in nc; never 0 */
    bool sasl;                 /* RFC 2831 */
    bool integrity;            /* qop is auth-int, or auth-conf */
    enum digest_cipher cipher; /* the cipher of qop auth-conf; else NONE */
    uint32_t max_buffer;       /* SASL: octets of the longest protected message for the client */
    bool userhash;
    enum sspi_digest_algorithm algorithm; /* RFC 7616 3.4: MD5 if the client named no algorithm */
    uint8_t response[32];                 /* hash_len(algorithm) octets */
    char *storage;                        /* the values that had quoted-pairs */
    char *names;                          /* the user's name if it was converted */
};

/* Copies `response` with all that its views point to. The caller clears the copy with
 * digest_response_clear(). False: no memory. */
bool digest_response_copy(const struct digest_response *response,
                          struct digest_response *ret_copy) MUST_USE;

/* Frees the members. The response may be zero-initialised. */
void digest_response_clear(struct digest_response *response);

#define DIGEST_RESPONSE_CLEANUP __attribute__((cleanup(digest_response_clear)))

#endif
