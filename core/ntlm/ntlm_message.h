/* SPDX-License-Identifier: Apache-2.0 */
/* Reads NTLM's messages (MS-NLMP 2.2.1). Every length and offset is checked against the message.
 * The results are views into the message, which may overlap. They are never written to. Pure. */
#ifndef NTLM_MESSAGE_H
#define NTLM_MESSAGE_H

#include "ntlm_keys.h"

/* The longest message that is read. Those of Windows have at most 2888 octets. */
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
    NTLM_MESSAGE_NONE = 0, /* not an NTLM message, or one of an unknown type */
    NTLM_MESSAGE_NEGOTIATE = 1,
    NTLM_MESSAGE_CHALLENGE = 2,
    NTLM_MESSAGE_AUTHENTICATE = 3
};

/* Returns the type by the start of the token. It does not check the rest. */
enum ntlm_message_type ntlm_message_type(struct sspi_view token) MUST_USE;

/* Reads a NEGOTIATE message with its Version field (40 octets) or without it (32 octets). False:
 * *ret_problem is a fixed text that says what is wrong. */
bool ntlm_message_read_negotiate(struct sspi_view token, uint32_t *ret_flags,
                                 const char **ret_problem) MUST_USE;

struct ntlm_authenticate {
    struct sspi_view lm_response;
    struct sspi_view nt_response;
    struct sspi_view domain; /* names: read them by ntlm_text_read_name() */
    struct sspi_view user;
    struct sspi_view workstation;
    struct sspi_view session_key; /* EncryptedRandomSessionKey */
    struct sspi_view mic;         /* data NULL: other fields are in its place */
    uint32_t flags;
    bool oem; /* the names are in the client's OEM character set; ntlm_verify sets it */
};

/* Reads an AUTHENTICATE message of 64 octets and more, with or without Version and MIC. An empty
 * field has no data, whatever its offset. False as above. */
bool ntlm_message_read_authenticate(struct sspi_view token, struct ntlm_authenticate *ret_message,
                                    const char **ret_problem) MUST_USE;

#endif
