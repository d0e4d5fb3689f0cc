/* SPDX-License-Identifier: Apache-2.0 */
/* For the conformance tests of the message functions: a GSSAPI initiator and an SSPI acceptor after
 * their login. They use only public calls. */
#ifndef MESSAGE_PAIR_H
#define MESSAGE_PAIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <gssapi/gssapi_ext.h>

#include "sspi.h"

/* No message of any package has fewer octets. */
#define SHORTEST 16

/* Kerberos' number of the encryption type RC4. */
#define RC4 23

#define PAIR_FLAGS                                                                                 \
    (GSS_C_MUTUAL_FLAG | GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG | GSS_C_REPLAY_FLAG |                  \
     GSS_C_SEQUENCE_FLAG)

/* The two sides and their mechanism. */
struct pair_kind {
    const char *package; /* the acceptor's */
    bool spnego;         /* the initiator's */
    bool ntlm;
    int32_t enctype; /* of Kerberos' session key; 0: whatever it is */
};

/* The kinds of this run: those of Kerberos if SSPI_TEST_REALM names a realm, those of NTLM if
 * SSPI_TEST_USERS names a user file. An entry with package NULL ends the list. */
extern const struct pair_kind *pair_kinds;

#define FOR_EACH_KIND(kind)                                                                        \
    for (const struct pair_kind *(kind) = pair_kinds; (kind)->package != NULL; (kind)++)

/* The setup of the group of tests. Sets pair_kinds. */
int pair_start(void **state);

struct pair {
    const struct pair_kind *kind;
    gss_ctx_id_t gss;
    CredHandle credential;
    CtxtHandle context;
    ULONG attributes;
    SecPkgContext_Sizes sizes;
};

void pair_open(struct pair *pair, const struct pair_kind *kind, OM_uint32 flags);
void pair_close(struct pair *pair);

/* ---- the initiator's side; blocks are malloc'ed ---- */

struct block {
    char *data;
    size_t len;
};

void block_free(struct block *block);
struct block block_copy(const void *data, size_t len);
gss_buffer_desc block_buffer(const struct block *block);

/* A message of `len` octets. Each `salt` makes another message. */
struct block block_text(size_t len, unsigned salt);

struct block peer_mic(struct pair *pair, const struct block *message);
OM_uint32 peer_check_mic(struct pair *pair, const struct block *message, const struct block *mic);
struct block peer_wrap(struct pair *pair, int encrypt, const struct block *message);

/* Unwraps a token of gss_wrap(). Returns the major status. */
OM_uint32 peer_unwrap(struct pair *pair, const struct block *token, struct block *ret_message,
                      int *ret_encrypted);

/* ---- the acceptor's side ---- */

/* EncryptMessage; *ret_token is the message to send. */
SECURITY_STATUS our_seal(struct pair *pair, ULONG qop, const struct block *message,
                         struct block *ret_token);

/* DecryptMessage of SECBUFFER_STREAM in memory of exactly its length. A refusal must leave the
 * buffer as it was; *ret_message is empty then. */
SECURITY_STATUS our_unseal(struct pair *pair, const struct block *token, struct block *ret_message,
                           ULONG *ret_qop);

/* The same with the first `token_len` octets as SECBUFFER_TOKEN, the rest as SECBUFFER_DATA. */
SECURITY_STATUS our_unseal_split(struct pair *pair, const struct block *token, size_t token_len,
                                 struct block *ret_message, ULONG *ret_qop);

SECURITY_STATUS our_sign(struct pair *pair, const struct block *message, struct block *ret_mic);
SECURITY_STATUS our_verify(struct pair *pair, const struct block *message, const struct block *mic);

#endif
