/* SPDX-License-Identifier: Apache-2.0 */
#include "ntlm_sign.h"

#include <string.h>

/* MS-NLMP 2.2.2.9.2: Version, Checksum, SeqNum. */
#define CHECKSUM_START 4
#define CHECKSUM_LEN   8
#define SEQUENCE_START 12

static bool open_side(struct ntlm_sign *sign, struct ntlm_sign_side *side,
                      const struct ntlm_crypto *crypto, const uint8_t exported_key[NTLM_KEY_LEN],
                      enum ntlm_keys_sender sender)
{
    if (!ntlm_keys_sign(&sign->run, exported_key, sender, side->sign_key) ||
        !ntlm_keys_seal(&sign->run, exported_key, sender, side->seal_key))
        return false;
    side->rc4 = ntlm_crypto_rc4_new(crypto, side->seal_key);
    side->spare = ntlm_crypto_rc4_new(crypto, side->seal_key);
    return side->rc4 != NULL && side->spare != NULL;
}

bool ntlm_sign_init(struct ntlm_sign *ret_sign, const struct ntlm_crypto *crypto,
                    const uint8_t exported_key[NTLM_KEY_LEN], bool key_exchange)
{
    *ret_sign = (struct ntlm_sign){.key_exchange = key_exchange};
    if (hash_run_init(&ret_sign->run, &crypto->hashes) &&
        open_side(ret_sign, &ret_sign->client, crypto, exported_key, NTLM_KEYS_CLIENT) &&
        open_side(ret_sign, &ret_sign->server, crypto, exported_key, NTLM_KEYS_SERVER))
        return true;
    ntlm_sign_clear(ret_sign);
    return false;
}

static void close_side(struct ntlm_sign_side *side)
{
    cipher_stream_free(side->rc4);
    cipher_stream_free(side->spare);
}

void ntlm_sign_clear(struct ntlm_sign *sign)
{
    close_side(&sign->client);
    close_side(&sign->server);
    hash_run_clear(&sign->run);
    bytes_wipe(sign, sizeof(*sign));
}

static void put_number(uint8_t *to, uint32_t number)
{
    for (size_t i = 0; i < 4; i++)
        to[i] = (uint8_t)(number >> (8 * i));
}

/* MS-NLMP 3.4.4.2: HMAC over the number and the plaintext. */
static bool checksum(struct ntlm_sign *sign, const struct ntlm_sign_side *side,
                     const struct package_message_part *parts, size_t n_parts,
                     uint8_t ret_mac[NTLM_KEY_LEN])
{
    struct sspi_view views[PACKAGE_MESSAGE_PARTS_LIMIT + 1];
    uint8_t sequence[4];

    if (n_parts > PACKAGE_MESSAGE_PARTS_LIMIT)
        return false;
    put_number(sequence, side->sequence);
    views[0] = (struct sspi_view){(const char *)sequence, sizeof(sequence)};
    for (size_t i = 0; i < n_parts; i++)
        views[i + 1] = (struct sspi_view){parts[i].data, parts[i].len};
    return ntlm_crypto_hmac(&sign->run, side->sign_key, views, n_parts + 1, ret_mac);
}

static bool apply_rc4(struct ntlm_sign_side *side, const struct package_message_part *parts,
                      size_t n_parts)
{
    for (size_t i = 0; i < n_parts; i++) {
        uint8_t *octets = (uint8_t *)parts[i].data;
        if (parts[i].sealed && parts[i].len > 0 &&
            !cipher_stream_apply(side->rc4, octets, parts[i].len, octets))
            return false;
    }
    return true;
}

/* Encrypts the checksum with RC4, and makes the signature of it. */
static bool finish(const struct ntlm_sign *sign, const struct ntlm_sign_side *side,
                   uint8_t mac[NTLM_KEY_LEN], uint8_t ret_signature[NTLM_SIGN_LEN])
{
    if (sign->key_exchange && !cipher_stream_apply(side->rc4, mac, CHECKSUM_LEN, mac))
        return false;
    put_number(ret_signature, 1); /* Version */
    memcpy(ret_signature + CHECKSUM_START, mac, CHECKSUM_LEN);
    put_number(ret_signature + SEQUENCE_START, side->sequence);
    return true;
}

/* MS-NLMP 3.4.3: the message goes through RC4 before its checksum does. */
bool ntlm_sign_seal(struct ntlm_sign *sign, struct ntlm_sign_side *side,
                    const struct package_message_part *parts, size_t n_parts, bool encrypt,
                    uint8_t ret_signature[NTLM_SIGN_LEN])
{
    uint8_t mac[NTLM_KEY_LEN];

    if (!checksum(sign, side, parts, n_parts, mac) ||
        (encrypt && !apply_rc4(side, parts, n_parts)) || !finish(sign, side, mac, ret_signature))
        return false;
    side->sequence++;
    return true;
}

/* The signature distinguishes messages in a wrong order from altered ones. A message with another
 * number is out of order. But if all the rest belongs to the next message, only its number was
 * altered. */
static enum ntlm_sign_status compare(const struct ntlm_sign_side *side,
                                     const uint8_t wanted[NTLM_SIGN_LEN],
                                     struct sspi_view signature)
{
    const struct sspi_view right = {(const char *)wanted, NTLM_SIGN_LEN};
    uint8_t sequence[4];

    if (bytes_equal_secret(right, signature))
        return NTLM_SIGN_RIGHT;
    if (signature.len != NTLM_SIGN_LEN ||
        bytes_equal_secret((struct sspi_view){right.data, SEQUENCE_START},
                           (struct sspi_view){signature.data, SEQUENCE_START}))
        return NTLM_SIGN_WRONG;
    put_number(sequence, side->sequence);
    return memcmp(signature.data + SEQUENCE_START, sequence, sizeof(sequence)) == 0
               ? NTLM_SIGN_WRONG
               : NTLM_SIGN_UNSEQUENCED;
}

/* Restores the side to its state before the message, and encrypts again what it decrypted. */
static bool take_back(struct ntlm_sign_side *side, const struct package_message_part *parts,
                      size_t n_parts)
{
    return cipher_stream_copy(side->rc4, side->spare) &&
           (n_parts == 0 ||
            (apply_rc4(side, parts, n_parts) && cipher_stream_copy(side->rc4, side->spare)));
}

enum ntlm_sign_status ntlm_sign_unseal(struct ntlm_sign *sign, struct ntlm_sign_side *side,
                                       const struct package_message_part *parts, size_t n_parts,
                                       bool decrypt, struct sspi_view signature)
{
    uint8_t mac[NTLM_KEY_LEN], wanted[NTLM_SIGN_LEN];

    if (!cipher_stream_copy(side->spare, side->rc4) ||
        (decrypt && !apply_rc4(side, parts, n_parts)) ||
        !checksum(sign, side, parts, n_parts, mac) || !finish(sign, side, mac, wanted))
        return NTLM_SIGN_FAILED;
    enum ntlm_sign_status status = compare(side, wanted, signature);
    bytes_wipe(wanted, sizeof(wanted));
    if (status == NTLM_SIGN_RIGHT)
        side->sequence++;
    else if (!take_back(side, parts, decrypt ? n_parts : 0))
        status = NTLM_SIGN_FAILED;
    return status;
}

/* A message that is only signed is one part. It is not written to. */
static struct package_message_part part_of(struct sspi_view message)
{
    union {
        const char *in;
        char *out;
    } data = {.in = message.data};
    return (struct package_message_part){data.out, message.len, false};
}

bool ntlm_sign_make(struct ntlm_sign *sign, struct ntlm_sign_side *side, struct sspi_view message,
                    uint8_t ret_signature[NTLM_SIGN_LEN])
{
    const struct package_message_part part = part_of(message);

    return ntlm_sign_seal(sign, side, &part, 1, false, ret_signature);
}

enum ntlm_sign_status ntlm_sign_check(struct ntlm_sign *sign, struct ntlm_sign_side *side,
                                      struct sspi_view message, struct sspi_view signature)
{
    const struct package_message_part part = part_of(message);

    return ntlm_sign_unseal(sign, side, &part, 1, false, signature);
}

bool ntlm_sign_restart(struct ntlm_sign_side *side)
{
    return cipher_stream_restart(side->rc4, side->seal_key);
}
