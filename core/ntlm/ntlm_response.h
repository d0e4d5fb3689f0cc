/* SPDX-License-Identifier: Apache-2.0 */
/* The NTLMv2 response of an AUTHENTICATE message (MS-NLMP 2.2.2.7 and 2.2.2.8). Its values are
 * protected by the password of the client. Do not trust them before the proof is verified. Pure. */
#ifndef NTLM_RESPONSE_H
#define NTLM_RESPONSE_H

#include "ntlm_message.h"

/* An NTLMv1 response has this many octets, an NTLMv2 response more. */
#define NTLM_RESPONSE_V1_LEN 24

/* AV pairs of one response. Ten are defined. */
#define NTLM_RESPONSE_PAIRS_LIMIT 32

/* MS-NLMP 2.2.2.1: AvId. */
enum ntlm_response_pair {
    NTLM_PAIR_END = 0,
    NTLM_PAIR_NB_COMPUTER = 1,
    NTLM_PAIR_NB_DOMAIN = 2,
    NTLM_PAIR_DNS_COMPUTER = 3,
    NTLM_PAIR_DNS_DOMAIN = 4,
    NTLM_PAIR_FLAGS = 6,
    NTLM_PAIR_TIMESTAMP = 7,
    NTLM_PAIR_TARGET_NAME = 9,
    NTLM_PAIR_CHANNEL_BINDINGS = 10
};

/* MsvAvFlags. */
#define NTLM_PAIR_FLAG_MIC            0x00000002u
#define NTLM_PAIR_FLAG_UNTRUSTED_NAME 0x00000004u /* the target name may come from an attacker */

struct ntlm_response {
    struct sspi_view proof;   /* NTProofStr, NTLM_KEY_LEN octets */
    struct sspi_view temp;    /* the rest, which the proof protects */
    uint64_t time;            /* FILETIME: 100 ns since 1601 */
    uint32_t flags;           /* MsvAvFlags; 0: missing */
    struct sspi_view target;  /* MsvAvTargetName in UTF-16LE; data NULL: missing */
    struct sspi_view channel; /* MsvAvChannelBindings, NTLM_KEY_LEN octets; data NULL: missing */
};

/* Reads a response. False: it breaks the grammar, or a pair has a wrong length or is there twice,
 * or there are too many pairs. Then *ret_problem is a fixed text. */
bool ntlm_response_read(struct sspi_view octets, struct ntlm_response *ret_response,
                        const char **ret_problem) MUST_USE;

#endif
