/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_cipher.h"

#define DES_KEY_LEN  8 /* octets, with the parity bits */
#define DES_KEY_BITS 7 /* octets, without the parity bits */
#define DES_BLOCK    8

static const struct {
    const char *name;
    const char *openssl_name;
    size_t block;
    size_t session_len;
    size_t n_des_keys; /* 0: RC4, whose key is all of Kc */
    bool weak;
    struct digest_cipher_about about;
} ciphers_known[N_DIGEST_CIPHERS] = {
    [DIGEST_CIPHER_NONE] = {"", NULL, 1, 16, 0, true, {"", 0, 0}},
    [DIGEST_CIPHER_3DES] = {"3des", "DES-EDE-CBC", 8, 16, 2, false, {"3DES TWO KEY", 0x6609, 112}},
    [DIGEST_CIPHER_RC4] = {"rc4", "RC4", 1, 16, 0, false, {"RC4", 0x6801, 128}},
    [DIGEST_CIPHER_DES] = {"des", "DES-CBC", 8, 16, 1, true, {"DES", 0x6601, 56}},
    [DIGEST_CIPHER_RC4_56] = {"rc4-56", "RC4", 1, 7, 0, true, {"RC4", 0x6801, 56}},
    [DIGEST_CIPHER_RC4_40] = {"rc4-40", "RC4", 1, 5, 0, true, {"RC4", 0x6801, 40}},
};

const char *digest_cipher_name(enum digest_cipher cipher)
{
    return ciphers_known[cipher].name;
}

enum digest_cipher digest_cipher_from_name(struct sspi_view name)
{
    for (size_t i = 1; i < N_DIGEST_CIPHERS; i++)
        if (bytes_equal_nocase(name, bytes_view(ciphers_known[i].name)))
            return (enum digest_cipher)i;
    return DIGEST_CIPHER_NONE;
}

size_t digest_cipher_block(enum digest_cipher cipher)
{
    return ciphers_known[cipher].block;
}

size_t digest_cipher_session_len(enum digest_cipher cipher)
{
    return ciphers_known[cipher].session_len;
}

struct digest_cipher_about digest_cipher_about(enum digest_cipher cipher)
{
    return ciphers_known[cipher].about;
}

bool digest_ciphers_init(struct digest_ciphers *ret_ciphers)
{
    struct digest_ciphers ciphers = {0};

    if (!cipher_library_init(&ciphers.library))
        return false;
    for (size_t i = 1; i < N_DIGEST_CIPHERS; i++)
        ciphers.fetched[i] = cipher_fetch(&ciphers.library, ciphers_known[i].openssl_name);
    *ret_ciphers = ciphers;
    return true;
}

void digest_ciphers_clear(struct digest_ciphers *ciphers)
{
    for (size_t i = 0; i < N_DIGEST_CIPHERS; i++)
        cipher_free(ciphers->fetched[i]);
    cipher_library_clear(&ciphers->library);
    *ciphers = (struct digest_ciphers){0};
}

unsigned int digest_ciphers_available(const struct digest_ciphers *ciphers, bool weak)
{
    unsigned int available = 0;

    for (size_t i = 1; i < N_DIGEST_CIPHERS; i++)
        if (ciphers->fetched[i] != NULL && (weak || !ciphers_known[i].weak))
            available |= 1u << i;
    return available;
}

/* RFC 2831 2.4 takes the key bits from Kc without parity bits. A key octet of DES has seven key
 * bits above one parity bit, which OpenSSL ignores. */
static void expand(const uint8_t from[DES_KEY_BITS], uint8_t ret_key[DES_KEY_LEN])
{
    uint64_t bits = 0;

    for (size_t i = 0; i < DES_KEY_BITS; i++)
        bits = bits << 8 | from[i];
    for (size_t i = 0; i < DES_KEY_LEN; i++)
        ret_key[i] = (uint8_t)(bits >> (7 * (DES_KEY_LEN - 1 - i)) << 1);
}

/* RFC 2831 2.4: the key of DES is the first 7 octets of Kc, that of 3DES the first 14. The IV of
 * the first message is the last 8 octets of Kc. The IV of each further message is the last block of
 * the message before. */
struct evp_cipher_ctx_st *digest_cipher_stream_new(const struct digest_ciphers *ciphers,
                                                   enum digest_cipher cipher,
                                                   const uint8_t key[DIGEST_CIPHER_KEY_LEN],
                                                   bool encrypt)
{
    const struct evp_cipher_st *fetched = ciphers->fetched[cipher];
    size_t n_des_keys = ciphers_known[cipher].n_des_keys;
    uint8_t des_keys[2 * DES_KEY_LEN];

    if (fetched == NULL)
        return NULL;
    if (n_des_keys == 0)
        return cipher_stream_new(fetched, key, NULL, encrypt);
    for (size_t i = 0; i < n_des_keys; i++)
        expand(key + i * DES_KEY_BITS, des_keys + i * DES_KEY_LEN);
    struct evp_cipher_ctx_st *stream =
        cipher_stream_new(fetched, des_keys, key + DIGEST_CIPHER_KEY_LEN - DES_BLOCK, encrypt);
    bytes_wipe(des_keys, sizeof(des_keys));
    return stream;
}
