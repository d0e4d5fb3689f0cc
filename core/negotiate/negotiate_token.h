/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes the messages of SPNEGO (RFC 4178 4.2, MS-SPNG 2.2.1). Pure. */
#ifndef NEGOTIATE_TOKEN_H
#define NEGOTIATE_TOKEN_H

#include "bytes.h"

/* The most mechanisms that an initiator may list. Windows lists four. */
#define NEGOTIATE_TOKEN_MECHANISMS_LIMIT 16

enum negotiate_token_kind {
    NEGOTIATE_TOKEN_EMPTY,    /* no token: the client asks the acceptor to begin */
    NEGOTIATE_TOKEN_INIT,     /* GSS framing with SPNEGO's OID */
    NEGOTIATE_TOKEN_RESPONSE, /* NegTokenResp, which has no framing */
    NEGOTIATE_TOKEN_FRAMED,   /* GSS framing with another mechanism's OID */
    NEGOTIATE_TOKEN_NTLM,     /* "NTLMSSP" and a NUL */
    NEGOTIATE_TOKEN_UNKNOWN
};

/* Tells the kind of a token by its first octets. It does not check the rest. FRAMED sets *ret_oid
 * to the contents of the OID, borrowed. */
enum negotiate_token_kind negotiate_token_kind(struct sspi_view token,
                                               struct sspi_view *ret_oid) MUST_USE;

/* Views into the token. Data NULL: the field is absent. */
struct negotiate_token_init {
    struct sspi_view mech_list; /* the whole DER element, over which a mechListMIC is computed */
    struct sspi_view mechanisms[NEGOTIATE_TOKEN_MECHANISMS_LIMIT]; /* contents of the OIDs */
    size_t n_mechanisms;                                           /* at least one */
    struct sspi_view token; /* for the first mechanism, sent before the acceptor has chosen one */
    struct sspi_view mic;
};

/* Reads a framed NegTokenInit or NegTokenInit2. False: malformed, no mechanism, or too many. */
bool negotiate_token_parse_init(struct sspi_view token,
                                struct negotiate_token_init *ret_init) MUST_USE;

/* negState (RFC 4178 4.2.2). */
enum negotiate_token_state {
    NEGOTIATE_TOKEN_STATE_NONE = -1,
    NEGOTIATE_TOKEN_ACCEPT_COMPLETED = 0,
    NEGOTIATE_TOKEN_ACCEPT_INCOMPLETE = 1,
    NEGOTIATE_TOKEN_REJECT = 2,
    NEGOTIATE_TOKEN_REQUEST_MIC = 3
};

/* Views into the token, or into the fields to write. Data NULL: the field is absent. */
struct negotiate_token_response {
    enum negotiate_token_state state;
    struct sspi_view mechanism; /* supportedMech: contents of the OID */
    struct sspi_view token;
    struct sspi_view mic;
};

/* Reads a NegTokenResp. False: malformed. */
bool negotiate_token_parse_response(struct sspi_view token,
                                    struct negotiate_token_response *ret_response) MUST_USE;

/* Appends a NegTokenResp. Check to->failed. */
void negotiate_token_format_response(const struct negotiate_token_response *response,
                                     struct bytes *to);

/* Appends the acceptor's own NegTokenInit2 (MS-SPNG 3.2.5.2): the mechanisms in order of
 * preference, and the fixed name hint, which clients ignore. Check to->failed. */
void negotiate_token_format_hints(const struct sspi_view *mechanisms, size_t n_mechanisms,
                                  struct bytes *to);

#endif
