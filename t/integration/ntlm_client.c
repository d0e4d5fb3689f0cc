/* SPDX-License-Identifier: Apache-2.0 */
/* For scenarios: an NTLM client that can also send wrong messages. Each run makes one message. All
 * octets are hex.
 *
 *   ntlm_client negotiate [FLAGS]
 *   ntlm_client authenticate NEGOTIATE CHALLENGE NAME=VALUE...
 *   ntlm_client mic EXPORTED-KEY MESSAGE [plain]
 *
 * authenticate prints its token and the session's key. Its names:
 *
 *   user, domain  text
 *   hash          the NT hash
 *   flags         the negotiated flags
 *   mic           right, none, wrong, or missing (the flag says that there is a MIC)
 *   channel       MsvAvChannelBindings
 *   target        MsvAvTargetName, text
 *   late          the seconds by which the client's clock is slow
 *   kind          v1, lm, anonymous
 *
 * mic prints the client's first signature over the message, with key exchange, or without it if the
 * last word is plain. */
#include "ntlm_client.h"

#include "ntlm_sign.h"

#define TOKEN_LIMIT 8192

/* MS-NLMP 3.3.1: the length of an NTLMv1 response and of an LM response, in octets. */
#define V1_LEN 24

struct wish {
    struct client client;
    bool spoils_mic;
    uint64_t late_s;
    uint8_t channel[16];
};

static void read_octets(const char *hex, struct bytes *to)
{
    uint8_t octets[TOKEN_LIMIT];
    size_t n_octets = strlen(hex) / 2;
    assert_true(n_octets <= sizeof octets);
    assert_true(hex_decode_lower(bytes_view(hex), octets, n_octets));
    bytes_append(to, octets, n_octets);
}

static void print_octets(const void *octets, size_t len)
{
    for (size_t i = 0; i < len; i++)
        printf("%02x", ((const unsigned char *)octets)[i]);
    printf("\n");
}

static uint32_t read_flags(const char *text)
{
    return (uint32_t)strtoul(text, NULL, 16);
}

static void take_mic(struct wish *wish, const char *value)
{
    bool none = strcmp(value, "none") == 0;
    wish->client.pair_flags = none ? 0 : NTLM_PAIR_FLAG_MIC;
    wish->client.makes_mic = !none && strcmp(value, "missing") != 0;
    wish->spoils_mic = strcmp(value, "wrong") == 0;
}

/* Responses of old versions. The server refuses them by their length, whatever their contents. */
static void take_kind(struct wish *wish, const char *value)
{
    static const uint8_t response[V1_LEN] = {0x5a};
    struct client *client = &wish->client;
    take_mic(wish, "none");
    client->lm_response = octets_of(response, V1_LEN);
    if (strcmp(value, "v1") == 0) {
        client->nt_response = octets_of(response, V1_LEN);
        return;
    }
    client->nt_response = SSPI_VIEW("");
    if (strcmp(value, "anonymous") == 0) {
        /* MS-NLMP 3.1.5.1.2: no names, and one zero as the LM response. */
        client->user = client->domain = "";
        client->lm_response = SSPI_VIEW("\0");
        client->taken = ASKED | NTLM_FLAG_ANONYMOUS;
    }
}

static void take(struct wish *wish, const char *name, const char *value)
{
    struct client *client = &wish->client;
    if (strcmp(name, "user") == 0)
        client->user = value;
    else if (strcmp(name, "domain") == 0)
        client->domain = value;
    else if (strcmp(name, "hash") == 0)
        client->nt_hash = value;
    else if (strcmp(name, "target") == 0)
        client->target = value;
    else if (strcmp(name, "flags") == 0)
        client->taken = read_flags(value);
    else if (strcmp(name, "mic") == 0)
        take_mic(wish, value);
    else if (strcmp(name, "kind") == 0)
        take_kind(wish, value);
    else if (strcmp(name, "late") == 0)
        wish->late_s = strtoul(value, NULL, 10);
    else if (strcmp(name, "channel") == 0) {
        assert_true(hex_decode_lower(bytes_view(value), wish->channel, sizeof wish->channel));
        client->channel = wish->channel;
    } else
        fail_msg("what is %s?", name);
}

static void make_authenticate(const char *negotiate_hex, const char *challenge_hex, char **wishes)
{
    BYTES_CLEANUP struct bytes negotiate = {0}, challenge = {0}, token = {0};
    struct wish wish = {.client = client_alice()};
    struct ntlm_crypto crypto;
    uint8_t key[NTLM_KEY_LEN];
    read_octets(negotiate_hex, &negotiate);
    read_octets(challenge_hex, &challenge);
    for (; *wishes != NULL; wishes++) {
        char *value = strchr(*wishes, '=');
        assert_non_null(value);
        *value = '\0';
        take(&wish, *wishes, value + 1);
    }
    if (wish.late_s != 0) {
        wish.client.own_time = true;
        wish.client.filetime =
            read_challenge(bytes_as_view(&challenge)).filetime - wish.late_s * 10000000;
    }
    assert_true(ntlm_crypto_init(&crypto));
    client_authenticate(&wish.client, &crypto, bytes_as_view(&negotiate), bytes_as_view(&challenge),
                        &token, key);
    ntlm_crypto_clear(&crypto);
    if (wish.spoils_mic)
        token.data[NTLM_MIC_START] ^= 1;
    print_octets(token.data, token.len);
    print_octets(key, sizeof key);
}

static void make_negotiate(const char *flags)
{
    BYTES_CLEANUP struct bytes token = {0};
    struct client client = client_alice();
    if (flags != NULL)
        client.asked = read_flags(flags);
    client_negotiate(&client, &token);
    print_octets(token.data, token.len);
}

static void make_signature(const char *key_hex, const char *message_hex, bool exchanged)
{
    BYTES_CLEANUP struct bytes key = {0}, message = {0};
    struct ntlm_crypto crypto;
    struct ntlm_sign sign;
    uint8_t signature[NTLM_SIGN_LEN];
    read_octets(key_hex, &key);
    read_octets(message_hex, &message);
    assert_int_equal(key.len, NTLM_KEY_LEN);
    assert_true(ntlm_crypto_init(&crypto));
    assert_true(ntlm_sign_init(&sign, &crypto, (const uint8_t *)key.data, exchanged));
    assert_true(ntlm_sign_make(&sign, &sign.client, bytes_as_view(&message), signature));
    ntlm_sign_clear(&sign);
    ntlm_crypto_clear(&crypto);
    print_octets(signature, sizeof signature);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "negotiate") == 0)
        make_negotiate(argv[2]);
    else if (strcmp(what, "authenticate") == 0 && argc >= 4)
        make_authenticate(argv[2], argv[3], argv + 4);
    else if (strcmp(what, "mic") == 0 && (argc == 4 || argc == 5))
        make_signature(argv[2], argv[3], argc == 4);
    else
        return 2;
    return 0;
}
