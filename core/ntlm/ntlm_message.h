/* SPDX-License-Identifier: Apache-2.0 */
/* NTLM's messages (MS-NLMP 2.2.1), read. Every length and offset is checked against the message;
 * what is read are views into it, which may lie over one another: nothing is written there. Pure.
 */
#ifndef NTLM_MESSAGE_H
#define NTLM_MESSAGE_H

#include "ntlm_keys.h"

/* Longest message that is looked at. Windows' have 2888 octets at most. */
#define NTLM_MESSAGE_LIMIT 8192

/* MS-NLMP 2.2.2.5: NegotiateFlags. */
#define NTLM_FLAG_UNICODE              0x00000001u
#define NTLM_FLAG_OEM                  0x00000002u
#define NTLM_FLAG_REQUEST_TARGET       0x00000004u
#define NTLM_FLAG_SIGN                 0x00000010u
#define NTLM_FLAG_SEAL                 0x00000020u
#define NTLM_FLAG_DATAGRAM             0x00000040u
#define NTLM_FLAG_NTLM                 0x00000200u
#define NTLM_FLAG_ANONYMOUS            0x00000800u
#define NTLM_FLAG_DOMAIN_SUPPLIED      0x00001000u
#define NTLM_FLAG_WORKSTATION_SUPPLIED 0x00002000u
#define NTLM_FLAG_ALWAYS_SIGN          0x00008000u
#define NTLM_FLAG_TARGET_TYPE_DOMAIN   0x00010000u
#define NTLM_FLAG_EXTENDED_SECURITY    0x00080000u
#define NTLM_FLAG_IDENTIFY             0x00100000u
#define NTLM_FLAG_TARGET_INFO          0x00800000u
#define NTLM_FLAG_VERSION              0x02000000u
#define NTLM_FLAG_128                  0x20000000u
#define NTLM_FLAG_KEY_EXCHANGE         0x40000000u
#define NTLM_FLAG_56                   0x80000000u

#define NTLM_SIGNATURE SSPI_VIEW("NTLMSSP\0")

enum ntlm_message_type {
    NTLM_MESSAGE_NONE = 0, /* not NTLM, or no type of it */
    NTLM_MESSAGE_NEGOTIATE = 1,
    NTLM_MESSAGE_CHALLENGE = 2,
    NTLM_MESSAGE_AUTHENTICATE = 3
};

/* By how the token begins; says nothing of the rest. */
enum ntlm_message_type ntlm_message_type(struct sspi_view token) MUST_USE;

/* Reads a NEGOTIATE message, which may end before its Version field (32 octets) or have one (40).
 * False: *ret_problem says what is wrong with it, a fixed text. */
bool ntlm_message_read_negotiate(struct sspi_view token, uint32_t *ret_flags,
                                 const char **ret_problem) MUST_USE;

struct ntlm_authenticate {
    struct sspi_view lm_response;
    struct sspi_view nt_response;
    struct sspi_view domain; /* names: read them by ntlm_text_read_name() */
    struct sspi_view user;
    struct sspi_view workstation;
    struct sspi_view session_key; /* EncryptedRandomSessionKey */
    struct sspi_view mic;         /* data NULL: the other fields begin where it would be */
    uint32_t flags;
    bool oem; /* names are in the client's OEM character set; ntlm_verify sets it */
};

/* Reads an AUTHENTICATE message of 64 octets and more, with or without Version and MIC. An empty
 * field has no data, whatever its offset. False as above. */
bool ntlm_message_read_authenticate(struct sspi_view token, struct ntlm_authenticate *ret_message,
                                    const char **ret_problem) MUST_USE;

/* Little-endian numbers; the caller sees to the length. */
uint16_t ntlm_message_u16(const char *from);
uint32_t ntlm_message_u32(const char *from);

#endif
