/* SPDX-License-Identifier: Apache-2.0 */
/* An NTLM client for tests. It can also send messages that no real client sends. It uses ntlm_keys'
 * arithmetic, which is tested by the published vectors. */
#ifndef NTLM_CLIENT_H
#define NTLM_CLIENT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hex.h"
#include "ntlm_challenge.h"
#include "ntlm_text.h"

/* The flags of Windows, with SIGN, SEAL and KEY_EXCHANGE. */
#define ASKED 0xE2088237u

/* MD4 of "Password" in UTF-16LE (MS-NLMP 4.2.2.1.2), and a hash of no password in these tests. */
#define HASH_OF_PASSWORD "a4f49c406510bdcab6824ee7c30fd852"
#define HASH_OF_OTHER    "0123456789abcdef0123456789abcdef"

struct client {
    const char *user;
    const char *domain;
    const char *nt_hash;    /* 32 digits */
    uint32_t asked;         /* flags of NEGOTIATE */
    uint32_t taken;         /* flags of AUTHENTICATE; 0: what CHALLENGE grants */
    uint32_t pair_flags;    /* MsvAvFlags; 0: not sent */
    bool makes_mic;         /* sends a MIC, whatever pair_flags says */
    const uint8_t *channel; /* MsvAvChannelBindings, 16 octets; NULL: not sent */
    const char *target;     /* MsvAvTargetName; NULL: not sent */
    struct sspi_view pairs; /* further AV pairs, appended unchanged */
    bool own_time;          /* sends `filetime` instead of the time in CHALLENGE */
    uint64_t filetime;
    struct sspi_view lm_response;
    struct sspi_view nt_response; /* replaces the computed response, if it has data */
    struct sspi_view session_key; /* replaces the computed key, if it has data */
};

static inline struct client client_alice(void)
{
    return (struct client){.user = "alice",
                           .domain = "CORP",
                           .nt_hash = HASH_OF_PASSWORD,
                           .asked = ASKED,
                           .pair_flags = NTLM_PAIR_FLAG_MIC,
                           .makes_mic = true};
}

static inline void put_number(struct bytes *to, uint64_t number, size_t n_octets)
{
    for (size_t i = 0; i < n_octets; i++, number >>= 8)
        bytes_append_char(to, (char)(number & 0xFF));
}

static inline void set_number(struct bytes *in, size_t at, uint64_t number, size_t n_octets)
{
    assert_true(at + n_octets <= in->len);
    for (size_t i = 0; i < n_octets; i++, number >>= 8)
        in->data[at + i] = (char)(number & 0xFF);
}

static inline void put_pair(struct bytes *to, uint16_t id, struct sspi_view value)
{
    put_number(to, id, 2);
    put_number(to, value.len, 2);
    bytes_append_view(to, value);
}

static inline struct sspi_view octets_of(const uint8_t *octets, size_t len)
{
    return (struct sspi_view){(const char *)octets, len};
}

static inline void client_negotiate(const struct client *client, struct bytes *to)
{
    bytes_append_view(to, NTLM_SIGNATURE);
    put_number(to, NTLM_MESSAGE_NEGOTIATE, 4);
    put_number(to, client->asked, 4);
    put_number(to, 0, 16);
}

/* ---- AUTHENTICATE ---- */

/* The fields in the order of the header, and their contents. */
enum { LM_FIELD, NT_FIELD, DOMAIN_FIELD, USER_FIELD, WORKSTATION_FIELD, KEY_FIELD, N_FIELDS };

/* The offsets of each field's length, second length and offset in the header. */
#define FIELD_AT(field) (12 + 8 * (size_t)(field))

static inline void put_authenticate(struct bytes *to, const struct sspi_view fields[N_FIELDS],
                                    uint32_t flags, size_t header_len)
{
    size_t offset = header_len;
    bytes_append_view(to, NTLM_SIGNATURE);
    put_number(to, NTLM_MESSAGE_AUTHENTICATE, 4);
    for (size_t i = 0; i < N_FIELDS; i++) {
        put_number(to, fields[i].len, 2);
        put_number(to, fields[i].len, 2);
        put_number(to, offset, 4);
        offset += fields[i].len;
    }
    put_number(to, flags, 4);
    put_number(to, 0, header_len - to->len);
    for (size_t i = 0; i < N_FIELDS; i++)
        bytes_append_view(to, fields[i]);
}

/* The values that a client reads from CHALLENGE. */
struct challenge {
    uint32_t flags;
    uint8_t server[NTLM_CHALLENGE_LEN];
    struct sspi_view info; /* without the end mark */
    uint64_t filetime;
};

static inline struct challenge read_challenge(struct sspi_view token)
{
    struct challenge challenge = {0};
    assert_int_equal(ntlm_message_type(token), NTLM_MESSAGE_CHALLENGE);
    assert_true(token.len >= 56);
    challenge.flags = bytes_read_u32(token.data + 20);
    memcpy(challenge.server, token.data + 24, sizeof(challenge.server));
    size_t len = bytes_read_u16(token.data + 40);
    size_t offset = bytes_read_u32(token.data + 44);
    assert_true(offset <= token.len && len <= token.len - offset && len >= 16);
    /* The target info of the server ends with the timestamp and the end mark. */
    const char *end = token.data + offset + len;
    assert_int_equal(bytes_read_u16(end - 16), NTLM_PAIR_TIMESTAMP);
    assert_int_equal(bytes_read_u32(end - 4), 0);
    challenge.filetime = bytes_read_u32(end - 12) | (uint64_t)bytes_read_u32(end - 8) << 32;
    challenge.info = (struct sspi_view){token.data + offset, len - 4};
    return challenge;
}

static inline void put_temp(const struct client *client, const struct challenge *challenge,
                            struct bytes *to)
{
    BYTES_CLEANUP struct bytes name = {0}, flags = {0};
    put_number(to, 0x0101, 8);
    put_number(to, client->own_time ? client->filetime : challenge->filetime, 8);
    bytes_append_text(to, "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa");
    put_number(to, 0, 4);
    bytes_append_view(to, challenge->info);
    if (client->pair_flags != 0) {
        put_number(&flags, client->pair_flags, 4);
        put_pair(to, NTLM_PAIR_FLAGS, bytes_as_view(&flags));
    }
    if (client->target != NULL) {
        assert_true(ntlm_text_encode(&name, bytes_view(client->target)));
        put_pair(to, NTLM_PAIR_TARGET_NAME, bytes_as_view(&name));
    }
    if (client->channel != NULL)
        put_pair(to, NTLM_PAIR_CHANNEL_BINDINGS, octets_of(client->channel, 16));
    bytes_append_view(to, client->pairs);
    put_number(to, 0, 8); /* the end mark and four more octets */
}

/* The response and the session's keys. */
struct answer {
    struct bytes nt_response;
    uint8_t exported[NTLM_KEY_LEN];
    uint8_t encrypted[NTLM_KEY_LEN];
    bool exchanges;
};

static inline void make_answer(const struct client *client, const struct ntlm_crypto *crypto,
                               const struct challenge *challenge, struct answer *answer)
{
    BYTES_CLEANUP struct bytes user = {0}, domain = {0}, temp = {0};
    uint8_t hash[16], key[16], proof[16], base[16];
    struct hash_run run;
    assert_true(hex_decode_lower(bytes_view(client->nt_hash), hash, sizeof(hash)));
    assert_true(ntlm_text_encode_upper(&user, bytes_view(client->user)));
    assert_true(ntlm_text_encode(&domain, bytes_view(client->domain)));
    put_temp(client, challenge, &temp);
    assert_true(hash_run_init(&run, &crypto->hashes));
    assert_true(ntlm_keys_response(&run, hash, bytes_as_view(&user), bytes_as_view(&domain), key) &&
                ntlm_keys_proof(&run, key, challenge->server, bytes_as_view(&temp), proof) &&
                ntlm_keys_base(&run, key, proof, base));
    hash_run_clear(&run);
    *answer = (struct answer){0};
    bytes_append(&answer->nt_response, proof, sizeof(proof));
    bytes_append_view(&answer->nt_response, bytes_as_view(&temp));
    uint32_t flags = client->taken != 0 ? client->taken : challenge->flags;
    answer->exchanges = (flags & challenge->flags & NTLM_FLAG_KEY_EXCHANGE) != 0;
    memcpy(answer->exported, base, sizeof(base));
    if (answer->exchanges) {
        /* RC4 is its own inverse. */
        memset(answer->exported, 0x55, sizeof(answer->exported));
        assert_true(ntlm_keys_exported(crypto, base, answer->exported, answer->encrypted));
    }
}

/* A name in UTF-16LE, or unchanged if the message is in OEM (MS-NLMP 2.2.2.5). */
static inline void put_name(struct bytes *to, const char *name, bool unicode)
{
    if (unicode)
        assert_true(ntlm_text_encode(to, bytes_view(name)));
    else
        bytes_append_text(to, name);
}

/* Answers a CHALLENGE. ret_exported may be NULL. */
static inline void client_authenticate(const struct client *client,
                                       const struct ntlm_crypto *crypto, struct sspi_view negotiate,
                                       struct sspi_view token, struct bytes *to,
                                       uint8_t *ret_exported)
{
    BYTES_CLEANUP struct bytes user = {0}, domain = {0};
    struct challenge challenge = read_challenge(token);
    struct answer answer;
    uint32_t flags = client->taken != 0 ? client->taken : challenge.flags;
    bool unicode = (flags & NTLM_FLAG_UNICODE) != 0;
    make_answer(client, crypto, &challenge, &answer);
    put_name(&user, client->user, unicode);
    put_name(&domain, client->domain, unicode);
    const struct sspi_view fields[N_FIELDS] = {
        [LM_FIELD] = client->lm_response,
        [NT_FIELD] = client->nt_response.data != NULL ? client->nt_response
                                                      : bytes_as_view(&answer.nt_response),
        [DOMAIN_FIELD] = bytes_as_view(&domain),
        [USER_FIELD] = bytes_as_view(&user),
        [WORKSTATION_FIELD] = unicode ? SSPI_VIEW("W\0S\0") : SSPI_VIEW("WS"),
        [KEY_FIELD] = client->session_key.data != NULL ? client->session_key
                      : answer.exchanges               ? octets_of(answer.encrypted, 16)
                                                       : SSPI_VIEW(""),
    };
    put_authenticate(to, fields, flags, client->makes_mic ? NTLM_MIC_END : NTLM_MIC_START);
    if (client->makes_mic) {
        uint8_t mic[NTLM_KEY_LEN];
        struct hash_run run;
        assert_true(hash_run_init(&run, &crypto->hashes));
        assert_true(ntlm_keys_mic(&run, answer.exported, negotiate, token, bytes_as_view(to), mic));
        memcpy(to->data + NTLM_MIC_START, mic, sizeof(mic));
        hash_run_clear(&run);
    }
    if (ret_exported != NULL)
        memcpy(ret_exported, answer.exported, NTLM_KEY_LEN);
    bytes_free(&answer.nt_response);
}

#endif
