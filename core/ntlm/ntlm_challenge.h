/* SPDX-License-Identifier: Apache-2.0 */
/* The server's answer to NEGOTIATE: the CHALLENGE message (MS-NLMP 2.2.1.2). Pure. */
#ifndef NTLM_CHALLENGE_H
#define NTLM_CHALLENGE_H

#include "ntlm_response.h"

/* The names of the server in UTF-8, each at most 255 octets. An empty one is left out. */
struct ntlm_challenge_names {
    struct sspi_view nb_domain;
    struct sspi_view nb_computer;
    struct sspi_view dns_domain;
    struct sspi_view dns_computer;
};

#define NTLM_CHALLENGE_NAME_LIMIT 255

/* Returns the flags that the server grants of those that the client asks for. OEM if the client
 * asks for OEM and not for UNICODE (curl, libsoup, ntlm-auth, axios-ntlm), otherwise UNICODE. AV
 * pairs are always in Unicode. */
uint32_t ntlm_challenge_flags(uint32_t asked);

/* Appends the message. The timestamp in its target info makes capable clients send a MIC and use
 * the server's time. False: no memory, or a name is too long or not UTF-8. */
bool ntlm_challenge_write(struct bytes *to, uint32_t flags,
                          const uint8_t challenge[NTLM_CHALLENGE_LEN],
                          const struct ntlm_challenge_names *names, uint64_t filetime) MUST_USE;

/* Converts a wall clock's milliseconds since 1970 to FILETIME. */
uint64_t ntlm_challenge_filetime(uint64_t now_ms);

#endif
