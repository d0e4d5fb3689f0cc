/* SPDX-License-Identifier: Apache-2.0 */
/* What the SASL servers beside this file have in common, whatever protocol carries it. */
#ifndef SASL_SESSION_H
#define SASL_SESSION_H

#include "sspi.h"

#define SASL_FRAME_LIMIT 131072 /* octets of a message, sealed, with its length */

/* One client. Zero-initialise it. */
struct sasl_session {
    const char *mechanism;
    PCredHandle credential;
    CtxtHandle context;
    ULONG layer;     /* ASC_RET_CONFIDENTIALITY, ASC_RET_INTEGRITY, both, or none of them */
    ULONG send_size; /* octets of a message that the client takes */
    SecPkgContext_Sizes sizes;
};

/* A server that is called PROGRAM PORT REALM [OPTION]...: serves clients, one after the other, and
 * cuts off those that take too long. The realm is DIGEST-MD5's. Options:
 * none, integrity   the strongest layer that is offered, else confidentiality
 * forbid-authzid    who wants to act as somebody else is refused
 * weak-ciphers      DIGEST-MD5 has DES and short keys, too
 * a number          octets of a sealed message that are taken */
int sasl_run(int argc, char **argv,
             SECURITY_STATUS (*serve)(int client, struct sasl_session *session));

/* The mechanisms that there are credentials for, a blank between two. */
extern char sasl_mechanisms[];

/* Begins a login with the mechanism that the token names, as SaslIdentifyPackage takes it. */
SECURITY_STATUS sasl_begin(struct sasl_session *session, SecBuffer *name, SecBuffer *ret_challenge);

/* One more response of the client. The challenge before it is freed. */
SECURITY_STATUS sasl_step(struct sasl_session *session, SecBuffer *response,
                          SecBuffer *ret_challenge);

/* After SEC_E_OK: who it is and what was agreed on, as far as there is room. */
SECURITY_STATUS sasl_introduce(struct sasl_session *session, char *text, size_t room);

/* Makes what is sent for a message of at most send_size octets, which is encrypted where it is. It
 * is good until the next call. */
SECURITY_STATUS sasl_seal(struct sasl_session *session, char *text, ULONG len, SecBuffer *ret_sent);

/* A message out of what was received, and in the same memory. */
SECURITY_STATUS sasl_open(struct sasl_session *session, char *received, ULONG len,
                          SecBuffer *ret_text);

void sasl_end(struct sasl_session *session);

#endif
