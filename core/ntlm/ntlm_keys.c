/* SPDX-License-Identifier: Apache-2.0 */
#include "ntlm_keys.h"

static struct sspi_view view_of(const void *octets, size_t len)
{
    return (struct sspi_view){octets, len};
}

bool ntlm_keys_response(struct hash_run *run, const uint8_t nt_hash[NTLM_KEY_LEN],
                        struct sspi_view upper_user, struct sspi_view domain,
                        uint8_t ret_key[NTLM_KEY_LEN])
{
    const struct sspi_view parts[] = {upper_user, domain};

    return ntlm_crypto_hmac(run, nt_hash, parts, 2, ret_key);
}

bool ntlm_keys_proof(struct hash_run *run, const uint8_t response_key[NTLM_KEY_LEN],
                     const uint8_t challenge[NTLM_CHALLENGE_LEN], struct sspi_view temp,
                     uint8_t ret_proof[NTLM_KEY_LEN])
{
    const struct sspi_view parts[] = {view_of(challenge, NTLM_CHALLENGE_LEN), temp};

    return ntlm_crypto_hmac(run, response_key, parts, 2, ret_proof);
}

bool ntlm_keys_base(struct hash_run *run, const uint8_t response_key[NTLM_KEY_LEN],
                    const uint8_t proof[NTLM_KEY_LEN], uint8_t ret_key[NTLM_KEY_LEN])
{
    const struct sspi_view part = view_of(proof, NTLM_KEY_LEN);

    return ntlm_crypto_hmac(run, response_key, &part, 1, ret_key);
}

bool ntlm_keys_exported(const struct ntlm_crypto *crypto, const uint8_t base_key[NTLM_KEY_LEN],
                        const uint8_t encrypted[NTLM_KEY_LEN], uint8_t ret_key[NTLM_KEY_LEN])
{
    struct evp_cipher_ctx_st *rc4 = ntlm_crypto_rc4_new(crypto, base_key);
    bool good = rc4 != NULL && cipher_stream_apply(rc4, encrypted, NTLM_KEY_LEN, ret_key);

    cipher_stream_free(rc4);
    return good;
}

bool ntlm_keys_mic(struct hash_run *run, const uint8_t exported_key[NTLM_KEY_LEN],
                   struct sspi_view negotiate, struct sspi_view challenge,
                   struct sspi_view authenticate, uint8_t ret_mic[NTLM_KEY_LEN])
{
    static const char zeros[NTLM_KEY_LEN];
    const struct sspi_view parts[] = {
        negotiate,
        challenge,
        view_of(authenticate.data, NTLM_MIC_START),
        view_of(zeros, sizeof(zeros)),
        view_of(authenticate.data + NTLM_MIC_END, authenticate.len - NTLM_MIC_END),
    };

    return ntlm_crypto_hmac(run, exported_key, parts, sizeof(parts) / sizeof(parts[0]), ret_mic);
}

/* Octets of each magic constant of MS-NLMP 3.4.5.2 and 3.4.5.3; the NUL at the end is one of them.
 */
#define MAGIC_LEN 59

static bool derive(struct hash_run *run, const uint8_t exported_key[NTLM_KEY_LEN],
                   const char magic[MAGIC_LEN], uint8_t ret_key[NTLM_KEY_LEN])
{
    return ntlm_crypto_md5(run, view_of(exported_key, NTLM_KEY_LEN), view_of(magic, MAGIC_LEN),
                           ret_key);
}

bool ntlm_keys_sign(struct hash_run *run, const uint8_t exported_key[NTLM_KEY_LEN],
                    enum ntlm_keys_sender sender, uint8_t ret_key[NTLM_KEY_LEN])
{
    static const char magic[][MAGIC_LEN] = {
        [NTLM_KEYS_CLIENT] = "session key to client-to-server signing key magic constant",
        [NTLM_KEYS_SERVER] = "session key to server-to-client signing key magic constant"};

    return derive(run, exported_key, magic[sender], ret_key);
}

bool ntlm_keys_seal(struct hash_run *run, const uint8_t exported_key[NTLM_KEY_LEN],
                    enum ntlm_keys_sender sender, uint8_t ret_key[NTLM_KEY_LEN])
{
    static const char magic[][MAGIC_LEN] = {
        [NTLM_KEYS_CLIENT] = "session key to client-to-server sealing key magic constant",
        [NTLM_KEYS_SERVER] = "session key to server-to-client sealing key magic constant"};

    return derive(run, exported_key, magic[sender], ret_key);
}
