/* SPDX-License-Identifier: Apache-2.0 */
/* The judgement of an AUTHENTICATE message: form, password, MIC, time, channel binding, in this
 * order, so that nothing is told about the later ones to who does not know the password. */
#ifndef NTLM_VERIFY_H
#define NTLM_VERIFY_H

#include "ntlm_password.h"
#include "package.h"

/* How far the client's clock may be from ours, as on Windows. Most clients send our own time back.
 */
#define NTLM_VERIFY_WINDOW_MS (30u * 60 * 1000)

/* What was said before. Views are borrowed for the call. */
struct ntlm_verify_exchange {
    struct sspi_view negotiate; /* both messages as they were on the wire */
    struct sspi_view challenge;
    uint8_t server_challenge[NTLM_CHALLENGE_LEN];
    uint32_t flags; /* what CHALLENGE granted */
};

/* What AUTHENTICATE proved. End it with ntlm_verify_clear(); zero-initialised is fine. */
struct ntlm_proof {
    struct ntlm_winbind_answer login;
    struct bytes target;                /* the service the client meant; empty: not told */
    uint32_t flags;                     /* granted, and taken */
    uint8_t exported_key[NTLM_KEY_LEN]; /* ExportedSessionKey */
    struct package_client_channel channel;
    enum package_bound bound;
};

/* Judges in->token, the AUTHENTICATE message, in the exchange. A MIC is checked when the client
 * says that it sent one, and demanded when in->requirements have ASC_REQ_INTEGRITY. SEC_E_OK:
 * *ret_proof is set. Otherwise refused; `report` says why. Waits where ntlm_password_check() does;
 * any number of threads. */
SECURITY_STATUS ntlm_verify_authenticate(const struct ntlm_credential *credential,
                                         const struct ntlm_verify_exchange *exchange,
                                         const struct package_input *in,
                                         struct ntlm_proof *ret_proof,
                                         struct sspi_error_info *error_info) MUST_USE;

/* Wipes and frees. */
void ntlm_verify_clear(struct ntlm_proof *proof);

#endif
