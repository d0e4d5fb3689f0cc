/* SPDX-License-Identifier: Apache-2.0 */
/* Checks an AUTHENTICATE message: form, password, MIC, time, channel binding, in this order. So a
 * client with a wrong password learns nothing about the later checks. */
#ifndef NTLM_VERIFY_H
#define NTLM_VERIFY_H

#include "ntlm_password.h"
#include "package.h"

/* The most that the client's clock may differ from the server's, as on Windows. Most clients send
 * the server's own time back. */
#define NTLM_VERIFY_WINDOW_MS (30u * 60 * 1000)

/* The messages before AUTHENTICATE. The views are borrowed for the call. */
struct ntlm_verify_exchange {
    struct sspi_view negotiate; /* both messages as they were sent */
    struct sspi_view challenge;
    uint8_t server_challenge[NTLM_CHALLENGE_LEN];
    uint32_t flags; /* the flags that CHALLENGE granted */
};

/* The facts that AUTHENTICATE proves. End it with ntlm_verify_clear(). A zero-initialised value is
 * fine. */
struct ntlm_proof {
    struct ntlm_winbind_answer login;
    struct bytes target;                /* the service that the client names; empty: none */
    uint32_t flags;                     /* the granted flags that the client uses */
    uint8_t exported_key[NTLM_KEY_LEN]; /* ExportedSessionKey */
    struct package_client_channel channel;
    enum package_bound bound;
};

/* Checks in->token, the AUTHENTICATE message of the exchange. A MIC is checked if the client says
 * that it sent one. It is required if in->requirements have ASC_REQ_INTEGRITY. SEC_E_OK: *ret_proof
 * is set. Otherwise `error_info` says why. It waits where ntlm_password_check() does. Any number of
 * threads may call it. */
SECURITY_STATUS ntlm_verify_authenticate(const struct ntlm_credential *credential,
                                         const struct ntlm_verify_exchange *exchange,
                                         const struct package_input *in,
                                         struct ntlm_proof *ret_proof,
                                         struct sspi_error_info *error_info) MUST_USE;

/* Wipes and frees. */
void ntlm_verify_clear(struct ntlm_proof *proof);

#endif
