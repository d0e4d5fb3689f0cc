/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_nonce.h"

#include <string.h>

#include "base64.h"

#define PREFIX_LEN (sizeof(DIGEST_BINDING_PREFIX) - 1)
#define TIME_SIZE  6
#define HEAD_SIZE  (TIME_SIZE + DIGEST_NONCE_RANDOM_SIZE)
#define MAC_SIZE   16
#define NONCE_SIZE (HEAD_SIZE + MAC_SIZE)

_Static_assert(DIGEST_NONCE_LEN == PREFIX_LEN + BASE64_URL_LEN(NONCE_SIZE), "length of a nonce");

/* The head has a fixed length, so that no other pair of head and realm gives the same octets. */
static bool compute_mac(struct hash_run *run, const uint8_t *key, const uint8_t head[HEAD_SIZE],
                        struct sspi_view realm, uint8_t ret_mac[HASH_MAX])
{
    struct sspi_view first = {(const char *)head, HEAD_SIZE};

    return hash_hmac_sha_256(run, key, DIGEST_NONCE_KEY_SIZE, first, realm, ret_mac);
}

bool digest_nonce_make(struct hash_run *run, const uint8_t key[DIGEST_NONCE_KEY_SIZE],
                       uint64_t now_ms, const uint8_t random[DIGEST_NONCE_RANDOM_SIZE],
                       struct sspi_view realm, char ret_nonce[DIGEST_NONCE_LEN + 1])
{
    uint8_t octets[NONCE_SIZE];
    uint8_t mac[HASH_MAX];

    for (size_t i = 0; i < TIME_SIZE; i++)
        octets[i] = (uint8_t)(now_ms >> (8 * (TIME_SIZE - 1 - i)));
    memcpy(octets + TIME_SIZE, random, DIGEST_NONCE_RANDOM_SIZE);
    if (!compute_mac(run, key, octets, realm, mac))
        return false;
    memcpy(octets + HEAD_SIZE, mac, MAC_SIZE);
    memcpy(ret_nonce, DIGEST_BINDING_PREFIX, PREFIX_LEN);
    base64_url_encode(octets, sizeof(octets), ret_nonce + PREFIX_LEN);
    ret_nonce[DIGEST_NONCE_LEN] = '\0';
    return true;
}

enum digest_nonce_status digest_nonce_check(struct hash_run *run,
                                            const uint8_t key[DIGEST_NONCE_KEY_SIZE],
                                            uint64_t now_ms, struct sspi_view nonce,
                                            struct sspi_view realm, uint64_t *ret_issued_ms)
{
    uint8_t octets[NONCE_SIZE];
    uint8_t mac[HASH_MAX];
    uint64_t issued_ms = 0;

    if (nonce.len != DIGEST_NONCE_LEN || memcmp(nonce.data, DIGEST_BINDING_PREFIX, PREFIX_LEN) != 0)
        return DIGEST_NONCE_FOREIGN;
    struct sspi_view encoded = {nonce.data + PREFIX_LEN, nonce.len - PREFIX_LEN};
    if (!base64_url_decode(encoded, octets, sizeof(octets)))
        return DIGEST_NONCE_FOREIGN;
    if (!compute_mac(run, key, octets, realm, mac))
        return DIGEST_NONCE_FAILED;
    struct sspi_view wanted = {(const char *)mac, MAC_SIZE};
    struct sspi_view sent = {(const char *)octets + HEAD_SIZE, MAC_SIZE};
    bool ours = bytes_equal_secret(wanted, sent);
    bytes_wipe(mac, sizeof(mac)); /* with this MAC a client could make the nonce */
    if (!ours)
        return DIGEST_NONCE_FOREIGN;
    for (size_t i = 0; i < TIME_SIZE; i++)
        issued_ms = issued_ms << 8 | octets[i];
    if (issued_ms > now_ms && issued_ms - now_ms > DIGEST_NONCE_FUTURE_MS)
        return DIGEST_NONCE_FOREIGN;
    *ret_issued_ms = issued_ms;
    return DIGEST_NONCE_GOOD;
}
