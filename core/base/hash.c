/* SPDX-License-Identifier: Apache-2.0 */
#include "hash.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

static const struct {
    enum sspi_digest_algorithm algorithm;
    enum sspi_digest_algorithm base;
    const char *name;
    size_t len;
} algorithms[] = {
    {SSPI_DIGEST_MD5, SSPI_DIGEST_MD5, "MD5", 16},
    {SSPI_DIGEST_SHA_256, SSPI_DIGEST_SHA_256, "SHA-256", 32},
    {SSPI_DIGEST_SHA_512_256, SSPI_DIGEST_SHA_512_256, "SHA-512-256", 32},
    {SSPI_DIGEST_MD5_SESS, SSPI_DIGEST_MD5, "MD5-sess", 16},
    {SSPI_DIGEST_SHA_256_SESS, SSPI_DIGEST_SHA_256, "SHA-256-sess", 32},
    {SSPI_DIGEST_SHA_512_256_SESS, SSPI_DIGEST_SHA_512_256, "SHA-512-256-sess", 32},
};

#define N_ALGORITHMS (sizeof(algorithms) / sizeof(algorithms[0]))

const char *hash_name(enum sspi_digest_algorithm algorithm)
{
    for (size_t i = 0; i < N_ALGORITHMS; i++)
        if (algorithms[i].algorithm == algorithm)
            return algorithms[i].name;
    return NULL;
}

enum sspi_digest_algorithm hash_from_name(struct sspi_view name)
{
    for (size_t i = 0; i < N_ALGORITHMS; i++)
        if (bytes_equal_nocase(name, bytes_view(algorithms[i].name)))
            return algorithms[i].algorithm;
    return SSPI_DIGEST_NONE;
}

enum sspi_digest_algorithm hash_base(enum sspi_digest_algorithm algorithm)
{
    for (size_t i = 0; i < N_ALGORITHMS; i++)
        if (algorithms[i].algorithm == algorithm)
            return algorithms[i].base;
    return SSPI_DIGEST_NONE;
}

size_t hash_len(enum sspi_digest_algorithm algorithm)
{
    for (size_t i = 0; i < N_ALGORITHMS; i++)
        if (algorithms[i].algorithm == algorithm)
            return algorithms[i].len;
    return 0;
}

static const EVP_MD *fetched(const struct hash_suite *suite, enum sspi_digest_algorithm algorithm)
{
    switch (hash_base(algorithm)) {
    case SSPI_DIGEST_MD5:
        return suite->md5;
    case SSPI_DIGEST_SHA_256:
        return suite->sha_256;
    case SSPI_DIGEST_SHA_512_256:
        return suite->sha_512_256;
    default:
        break;
    }
    return NULL;
}

bool hash_suite_init(struct hash_suite *ret_suite)
{
    /* An error of a fetch must not stay in OpenSSL's queue, because TLS code reads the queue. */
    ERR_set_mark();
    struct hash_suite suite = {
        .md5 = EVP_MD_fetch(NULL, "MD5", NULL),
        .sha_256 = EVP_MD_fetch(NULL, "SHA2-256", NULL),
        .sha_512_256 = EVP_MD_fetch(NULL, "SHA512-256", NULL),
    };
    ERR_pop_to_mark();
    if (suite.sha_256 == NULL) {
        hash_suite_clear(&suite);
        return false;
    }
    *ret_suite = suite;
    return true;
}

void hash_suite_clear(struct hash_suite *suite)
{
    EVP_MD_free(suite->md5);
    EVP_MD_free(suite->sha_256);
    EVP_MD_free(suite->sha_512_256);
    *suite = (struct hash_suite){0};
}

bool hash_available(const struct hash_suite *suite, enum sspi_digest_algorithm algorithm)
{
    return fetched(suite, algorithm) != NULL;
}

bool hash_run_init(struct hash_run *ret_run, const struct hash_suite *suite)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    if (context == NULL)
        return false;
    *ret_run = (struct hash_run){.suite = suite, .context = context, .failed = true};
    return true;
}

void hash_run_clear(struct hash_run *run)
{
    EVP_MD_CTX_free(run->context);
    *run = (struct hash_run){0};
}

void hash_begin(struct hash_run *run, enum sspi_digest_algorithm algorithm)
{
    const EVP_MD *md = fetched(run->suite, algorithm);

    run->algorithm = algorithm;
    run->failed = md == NULL || EVP_DigestInit_ex2(run->context, md, NULL) != 1;
}

void hash_update(struct hash_run *run, const void *data, size_t len)
{
    if (!run->failed && len > 0 && EVP_DigestUpdate(run->context, data, len) != 1)
        run->failed = true;
}

void hash_update_view(struct hash_run *run, struct sspi_view what)
{
    hash_update(run, what.data, what.len);
}

void hash_update_hex(struct hash_run *run, const uint8_t *data, size_t len)
{
    char text[2 * HASH_MAX];

    if (len > HASH_MAX) {
        run->failed = true;
        return;
    }
    bytes_write_hex(data, len, text);
    hash_update(run, text, 2 * len);
    bytes_wipe(text, sizeof(text));
}

bool hash_end(struct hash_run *run, uint8_t ret_digest[HASH_MAX])
{
    bool good = !run->failed && EVP_DigestFinal_ex(run->context, ret_digest, NULL) == 1;

    /* An update without hash_begin() is an error; it must not continue the old digest. */
    run->failed = true;
    if (!good)
        memset(ret_digest, 0, HASH_MAX);
    return good;
}

bool hash_hmac(struct hash_run *run, enum sspi_digest_algorithm algorithm, const uint8_t *key,
               size_t key_len, const struct sspi_view *parts, size_t n_parts,
               uint8_t ret_mac[HASH_MAX])
{
    uint8_t inner_key[HASH_HMAC_KEY_MAX];
    uint8_t outer_key[HASH_HMAC_KEY_MAX];
    uint8_t inner[HASH_MAX];

    if (key_len > HASH_HMAC_KEY_MAX) {
        memset(ret_mac, 0, HASH_MAX);
        return false;
    }
    /* RFC 2104 2: H(K xor opad, H(K xor ipad, text)). OpenSSL's own HMAC fetches the algorithm by
     * its name in every call, which is slower. */
    for (size_t i = 0; i < HASH_HMAC_KEY_MAX; i++) {
        uint8_t octet = i < key_len ? key[i] : 0;
        inner_key[i] = octet ^ 0x36;
        outer_key[i] = octet ^ 0x5C;
    }
    hash_begin(run, algorithm);
    hash_update(run, inner_key, sizeof(inner_key));
    for (size_t i = 0; i < n_parts; i++)
        hash_update_view(run, parts[i]);
    bool good = hash_end(run, inner);
    hash_begin(run, algorithm);
    hash_update(run, outer_key, sizeof(outer_key));
    hash_update(run, inner, hash_len(algorithm));
    good = hash_end(run, ret_mac) && good;
    bytes_wipe(inner_key, sizeof(inner_key));
    bytes_wipe(outer_key, sizeof(outer_key));
    bytes_wipe(inner, sizeof(inner));
    if (!good)
        memset(ret_mac, 0, HASH_MAX);
    return good;
}

bool hash_hmac_sha_256(struct hash_run *run, const uint8_t *key, size_t key_len,
                       struct sspi_view first, struct sspi_view second, uint8_t ret_mac[HASH_MAX])
{
    const struct sspi_view parts[] = {first, second};

    return hash_hmac(run, SSPI_DIGEST_SHA_256, key, key_len, parts, 2, ret_mac);
}

bool hash_once(const struct hash_suite *suite, enum sspi_digest_algorithm algorithm,
               struct sspi_view what, uint8_t ret_digest[HASH_MAX])
{
    HASH_RUN_CLEANUP struct hash_run run = {0};

    if (!hash_run_init(&run, suite)) {
        memset(ret_digest, 0, HASH_MAX);
        return false;
    }
    hash_begin(&run, algorithm);
    hash_update_view(&run, what);
    return hash_end(&run, ret_digest);
}
