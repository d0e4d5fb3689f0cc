/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the SASL servers in this folder that do not depend on their protocol. */
#ifndef SASL_SESSION_H
#define SASL_SESSION_H

#include "sspi.h"

#define SASL_FRAME_LIMIT 131072 /* octets of a sealed message with its length field */

/* One client. Zero-initialise it. */
struct sasl_session {
    const char *mechanism;
    PCredHandle credential;
    CtxtHandle context;
    ULONG layer;     /* ASC_RET_CONFIDENTIALITY, ASC_RET_INTEGRITY, both, or 0 */
    ULONG send_size; /* most octets of a message that the client accepts; 0: no limit */
    SecPkgContext_Sizes sizes;
};

/* The main function of a server: PROGRAM PORT REALM [OPTION]... It serves one client after the
 * other and ends connections that take too long. DIGEST-MD5 uses the realm. Options:
 * integrity, none   the strongest layer that is offered (default: confidentiality)
 * forbid-authzid    refuses clients that ask to act as another user
 * weak-ciphers      DIGEST-MD5 also offers DES and short keys
 * a number          most octets of a sealed message that the server accepts */
int sasl_run(int argc, char **argv,
             SECURITY_STATUS (*serve)(int client, struct sasl_session *session));

/* The mechanisms that the server has credentials for, separated by blanks. */
extern char sasl_mechanisms[];

/* Begins a login. `name` is the client's first message, as SaslIdentifyPackage() reads it. */
SECURITY_STATUS sasl_begin(struct sasl_session *session, SecBuffer *name, SecBuffer *ret_challenge);

/* Passes one more response of the client. Frees the previous challenge. */
SECURITY_STATUS sasl_step(struct sasl_session *session, SecBuffer *response,
                          SecBuffer *ret_challenge);

/* After SEC_E_OK: writes the user's name and the agreed protection. Truncates the text if it is too
 * long. */
SECURITY_STATUS sasl_introduce(struct sasl_session *session, char *text, size_t room);

/* Seals a message of at most send_size octets. It encrypts `text` in place. *ret_sent is valid
 * until the next call. */
SECURITY_STATUS sasl_seal(struct sasl_session *session, char *text, ULONG len, SecBuffer *ret_sent);

/* Opens a received message; *ret_text lies in the memory of `received`. */
SECURITY_STATUS sasl_open(struct sasl_session *session, char *received, ULONG len,
                          SecBuffer *ret_text);

void sasl_end(struct sasl_session *session);

#endif
