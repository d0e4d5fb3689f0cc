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
    return side->rc4 != NULL;
}

bool ntlm_sign_open(struct ntlm_sign *ret_sign, const struct ntlm_crypto *crypto,
                    const uint8_t exported_key[NTLM_KEY_LEN], bool key_exchange)
{
    *ret_sign = (struct ntlm_sign){.key_exchange = key_exchange};
    if (hash_run_open(&ret_sign->run, &crypto->hashes) &&
        open_side(ret_sign, &ret_sign->client, crypto, exported_key, NTLM_KEYS_CLIENT) &&
        open_side(ret_sign, &ret_sign->server, crypto, exported_key, NTLM_KEYS_SERVER))
        return true;
    ntlm_sign_close(ret_sign);
    return false;
}

void ntlm_sign_close(struct ntlm_sign *sign)
{
    ntlm_crypto_rc4_free(sign->client.rc4);
    ntlm_crypto_rc4_free(sign->server.rc4);
    hash_run_close(&sign->run);
    bytes_wipe(sign, sizeof *sign);
}

static void put_number(uint8_t *to, uint32_t number)
{
    for (size_t i = 0; i < 4; i++)
        to[i] = (uint8_t)(number >> (8 * i));
}

bool ntlm_sign_make(struct ntlm_sign *sign, struct ntlm_sign_side *side, struct sspi_view message,
                    uint8_t ret_signature[NTLM_SIGN_LEN])
{
    uint8_t sequence[4], mac[NTLM_KEY_LEN];

    put_number(sequence, side->sequence);
    const struct sspi_view parts[] = {{(const char *)sequence, sizeof sequence}, message};
    if (!ntlm_crypto_hmac(&sign->run, side->sign_key, parts, 2, mac))
        return false;
    if (sign->key_exchange && !ntlm_crypto_rc4_apply(side->rc4, mac, CHECKSUM_LEN, mac))
        return false;
    side->sequence++;
    put_number(ret_signature, 1); /* Version */
    memcpy(ret_signature + CHECKSUM_START, mac, CHECKSUM_LEN);
    memcpy(ret_signature + SEQUENCE_START, sequence, sizeof sequence);
    return true;
}

enum ntlm_sign_status ntlm_sign_check(struct ntlm_sign *sign, struct ntlm_sign_side *side,
                                      struct sspi_view message, struct sspi_view signature)
{
    uint8_t wanted[NTLM_SIGN_LEN];

    if (!ntlm_sign_make(sign, side, message, wanted))
        return NTLM_SIGN_FAILED;
    bool right =
        bytes_equal_secret((struct sspi_view){(const char *)wanted, sizeof wanted}, signature);
    bytes_wipe(wanted, sizeof wanted);
    /* MS-NLMP 3.4.4: what is not right does not count. */
    if (!right)
        side->sequence--;
    return right ? NTLM_SIGN_RIGHT : NTLM_SIGN_WRONG;
}

bool ntlm_sign_restart(struct ntlm_sign_side *side)
{
    return ntlm_crypto_rc4_restart(side->rc4, side->seal_key);
}
