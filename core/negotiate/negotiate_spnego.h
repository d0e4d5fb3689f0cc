/* SPDX-License-Identifier: Apache-2.0 */
/* SPNEGO's acceptor (RFC 4178).
 *
 *   phase      message                        goes to
 *   START      nothing                        START; the server sends its own list (NegTokenInit2)
 *   START      NegTokenInit                   MECHANISM, MIC or DONE, by the mechanism's status
 *   START      bare token of a mechanism      MECHANISM or DONE, without SPNEGO around it
 *   MECHANISM  NegTokenResp, responseToken    MECHANISM, MIC or DONE
 *   MIC        NegTokenResp, mechListMIC      DONE
 *   any        anything else, or an error     FAILED */
#ifndef NEGOTIATE_SPNEGO_H
#define NEGOTIATE_SPNEGO_H

#include "negotiate_credential.h"

/* Explains why a client that could use Kerberos does not. */
#define NEGOTIATE_NO_TICKET                                                                        \
    ": usually it has no Kerberos ticket for HTTP/<this host>. Check that it is logged in "        \
    "to the realm and trusts this site, and that the KDC knows this name"

enum negotiate_phase {
    NEGOTIATE_START,
    NEGOTIATE_MECHANISM, /* the mechanism waits for its next token */
    NEGOTIATE_MIC, /* the mechanism is done and the server's MIC was sent; the server waits for the
                      client's MIC, which is required */
    NEGOTIATE_DONE,
    NEGOTIATE_FAILED
};

struct negotiate_context {
    enum negotiate_phase phase;
    const struct negotiate_mechanism *chosen;
    void *mechanism; /* its security context */
    bool bare;       /* the mechanism's tokens have no SPNEGO around them */
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
    struct sspi_view supported; /* the OID that the first reply names, as the client listed it */
    bool last; /* the client said accept-completed: it expects no further message */
};

/* Each of these returns SEC_E_OK (established), SEC_I_CONTINUE_NEEDED, or a refusal. A refusal
 * fills the error info and ends the context. The output goes to step->out. */

/* Answers an empty first token with our own list of mechanisms. */
SECURITY_STATUS negotiate_spnego_hint(struct negotiate_step *step) MUST_USE;

/* Handles a framed NegTokenInit. */
SECURITY_STATUS negotiate_spnego_start(struct negotiate_step *step) MUST_USE;

/* Handles a later message of the client. */
SECURITY_STATUS negotiate_spnego_continue(struct negotiate_step *step) MUST_USE;

/* Gives one token to the chosen mechanism. *ret_token receives its answer. The caller frees it on
 * every status. */
SECURITY_STATUS negotiate_spnego_run_mechanism(struct negotiate_step *step, struct sspi_view token,
                                               struct bytes *ret_token) MUST_USE;

#endif
