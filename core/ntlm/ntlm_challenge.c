/* SPDX-License-Identifier: Apache-2.0 */
#include "ntlm_challenge.h"

#include "ntlm_text.h"

/* Octets before the payload, with the Version field. */
#define HEADER_LEN 56

/* Milliseconds from 1601 to 1970. */
#define EPOCH_MS UINT64_C(11644473600000)

#define GRANTED                                                                                    \
    (NTLM_FLAG_REQUEST_TARGET | NTLM_FLAG_SIGN | NTLM_FLAG_SEAL | NTLM_FLAG_ALWAYS_SIGN |          \
     NTLM_FLAG_EXTENDED_SECURITY | NTLM_FLAG_IDENTIFY | NTLM_FLAG_VERSION | NTLM_FLAG_128 |        \
     NTLM_FLAG_56)

uint64_t ntlm_challenge_filetime(uint64_t now_ms)
{
    return (now_ms + EPOCH_MS) * 10000;
}

uint32_t ntlm_challenge_flags(uint32_t asked)
{
    const uint32_t charsets = NTLM_FLAG_UNICODE | NTLM_FLAG_OEM;
    uint32_t flags = (asked & GRANTED) | NTLM_FLAG_NTLM | NTLM_FLAG_TARGET_INFO;

    /* MS-NLMP 3.2.5.1.1: grants one of the two, UNICODE if the client supports it. If both are
     * granted, axios-ntlm sends OEM and marks it as Unicode. ntlm-auth sends OEM even if it is not
     * granted. */
    flags |= (asked & charsets) == NTLM_FLAG_OEM ? NTLM_FLAG_OEM : NTLM_FLAG_UNICODE;
    /* MS-NLMP 3.2.5.1.1: a client that asks for it gets TargetName and its type. */
    if ((asked & NTLM_FLAG_REQUEST_TARGET) != 0)
        flags |= NTLM_FLAG_TARGET_TYPE_DOMAIN;
    /* MS-NLMP 3.1.5.1.2: without SIGN or SEAL there is no key to exchange. Clients differ in what
     * they do then, so it is not granted. */
    if ((asked & NTLM_FLAG_KEY_EXCHANGE) != 0 && (asked & (NTLM_FLAG_SIGN | NTLM_FLAG_SEAL)) != 0)
        flags |= NTLM_FLAG_KEY_EXCHANGE;
    return flags;
}

static void append_number(struct bytes *to, uint64_t number, size_t n_octets)
{
    for (size_t i = 0; i < n_octets; i++)
        bytes_append_char(to, (char)(number >> (8 * i) & 0xFF));
}

static void append_field(struct bytes *to, size_t len, size_t offset)
{
    append_number(to, len, 2);
    append_number(to, len, 2);
    append_number(to, offset, 4);
}

static bool append_pair(struct bytes *to, enum ntlm_response_pair id, struct sspi_view name)
{
    BYTES_CLEANUP struct bytes value = {0};

    if (name.len == 0)
        return true;
    if (name.len > NTLM_CHALLENGE_NAME_LIMIT || !ntlm_text_encode(&value, name))
        return false;
    append_number(to, id, 2);
    append_number(to, value.len, 2);
    bytes_append_view(to, bytes_as_view(&value));
    return true;
}

static bool append_target_info(struct bytes *to, const struct ntlm_challenge_names *names,
                               uint64_t filetime)
{
    if (!append_pair(to, NTLM_PAIR_NB_DOMAIN, names->nb_domain) ||
        !append_pair(to, NTLM_PAIR_NB_COMPUTER, names->nb_computer) ||
        !append_pair(to, NTLM_PAIR_DNS_DOMAIN, names->dns_domain) ||
        !append_pair(to, NTLM_PAIR_DNS_COMPUTER, names->dns_computer))
        return false;
    append_number(to, NTLM_PAIR_TIMESTAMP, 2);
    append_number(to, 8, 2);
    append_number(to, filetime, 8);
    append_number(to, NTLM_PAIR_END, 2);
    append_number(to, 0, 2);
    return !to->failed;
}

/* MS-NLMP 2.2.2.10, only for debugging: Windows 7's numbers without a build, and the revision of
 * the protocol. All zero if the client did not ask for it. */
static void append_version(struct bytes *to, uint32_t flags)
{
    static const char version[8] = {6, 1, 0, 0, 0, 0, 0, 15};

    if ((flags & NTLM_FLAG_VERSION) != 0)
        bytes_append(to, version, sizeof(version));
    else
        append_number(to, 0, sizeof(version));
}

/* MS-NLMP 2.2.1.2: the name is in the granted character set. In OEM, a name that is not ASCII is
 * left out. Clients then send no domain, which means the server's domain. */
static bool append_target(struct bytes *to, uint32_t flags, struct sspi_view name)
{
    if ((flags & NTLM_FLAG_REQUEST_TARGET) == 0)
        return true;
    if (name.len > NTLM_CHALLENGE_NAME_LIMIT)
        return false;
    if ((flags & NTLM_FLAG_UNICODE) != 0)
        return ntlm_text_encode(to, name);
    return ntlm_text_decode_ascii(to, name) || !to->failed;
}

bool ntlm_challenge_write(struct bytes *to, uint32_t flags,
                          const uint8_t challenge[NTLM_CHALLENGE_LEN],
                          const struct ntlm_challenge_names *names, uint64_t filetime)
{
    BYTES_CLEANUP struct bytes target = {0}, info = {0};

    if (!append_target(&target, flags, names->nb_domain) ||
        !append_target_info(&info, names, filetime))
        return false;
    bytes_append_view(to, NTLM_SIGNATURE);
    append_number(to, NTLM_MESSAGE_CHALLENGE, 4);
    append_field(to, target.len, HEADER_LEN);
    append_number(to, flags, 4);
    bytes_append(to, challenge, NTLM_CHALLENGE_LEN);
    append_number(to, 0, 8); /* Reserved */
    append_field(to, info.len, HEADER_LEN + target.len);
    append_version(to, flags);
    bytes_append_view(to, bytes_as_view(&target));
    bytes_append_view(to, bytes_as_view(&info));
    return !to->failed;
}
