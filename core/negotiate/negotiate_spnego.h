/* SPDX-License-Identifier: Apache-2.0 */
/* SPNEGO's acceptor (RFC 4178).
 *
 *   phase      message                        goes to
 *   START      nothing                        START, having sent our own list (NegTokenInit2)
 *   START      NegTokenInit                   MECHANISM, MIC or DONE, by what the mechanism says
 *   START      bare token of a mechanism      MECHANISM or DONE, without SPNEGO around it
 *   MECHANISM  NegTokenResp, responseToken    MECHANISM, MIC or DONE
 *   MIC        NegTokenResp, mechListMIC      DONE
 *   any        anything else, or an error     FAILED
 */
#ifndef NEGOTIATE_SPNEGO_H
#define NEGOTIATE_SPNEGO_H

#include "negotiate_credential.h"

/* Why a client that could use Kerberos does not. */
#define NEGOTIATE_NO_TICKET                                                                        \
    ": most often it found no Kerberos ticket for HTTP/<this host>; check that it is logged in "   \
    "to "                                                                                          \
    "the realm, trusts this site, and that the KDC knows this name"

enum negotiate_phase {
    NEGOTIATE_START,
    NEGOTIATE_MECHANISM, /* the mechanism waits for its next token */
    NEGOTIATE_MIC, /* it is done, our MIC is sent, the client's is required and not here yet */
    NEGOTIATE_DONE,
    NEGOTIATE_FAILED
};

struct negotiate_context {
    enum negotiate_phase phase;
    const struct negotiate_mechanism *chosen;
    void *mechanism; /* its context */
    bool bare;       /* no SPNEGO around the mechanism's tokens */
    bool hint_sent;  /* our NegTokenInit2 was sent */
    bool reply_sent; /* our first NegTokenResp was sent */
    bool mechanism_done;
    bool mic_required;
    bool single_mechanism; /* the client listed no other mechanism */
    bool mic_sent;
    bool mic_verified;
    struct bytes mech_list; /* as the client sent it */
    size_t n_legs;
    size_t n_bytes;
};

/* One call of accept. Borrows all it points to. */
struct negotiate_step {
    struct negotiate_credential *credential;
    struct negotiate_context *context;
    const struct package_input *in;
    struct package_output *out;
    struct sspi_view supported; /* OID that the first answer names: as the client listed it */
    bool last;                  /* the client says that it waits for no further message */
};

/* All of these return SEC_E_OK (established), SEC_I_CONTINUE_NEEDED, or a refusal with its report
 * filled; then the context is of no more use. Their output goes to step->out. */

/* Answers an empty first token with our own list. */
SECURITY_STATUS negotiate_spnego_hint(struct negotiate_step *step) MUST_USE;

/* Takes a framed NegTokenInit. */
SECURITY_STATUS negotiate_spnego_start(struct negotiate_step *step) MUST_USE;

/* Takes what comes after that. */
SECURITY_STATUS negotiate_spnego_continue(struct negotiate_step *step) MUST_USE;

/* Gives the chosen mechanism one token. *ret_token, the caller's to free on every status, is its
 * answer. */
SECURITY_STATUS negotiate_spnego_run_mechanism(struct negotiate_step *step, struct sspi_view token,
                                               struct bytes *ret_token) MUST_USE;

#endif
