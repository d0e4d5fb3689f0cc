/* SPDX-License-Identifier: Apache-2.0 */
/* A client of DIGEST-MD5, written only from RFC 2831. It shares no code with the tested library.
 * RC4 and CBC are its own. OpenSSL provides MD5, HMAC and single DES blocks. */
#ifndef DIGEST_SASL_CLIENT_H
#define DIGEST_SASL_CLIENT_H

#include <openssl/evp.h>
#include <openssl/provider.h>
#include <string.h>
#include <strings.h>

#include "digest_fixture.h"

#define ANYTHING (ASC_REQ_INTEGRITY | ASC_REQ_CONFIDENTIALITY)

/* ---- the response ---- */

struct sasl_client {
    const char *user;        /* as written between the quotes */
    const char *hashed_user; /* NULL: the same */
    const char *password;
    const char *realm; /* NULL: leaves the directive out and hashes "" */
    const char *nonce;
    const char *cnonce;
    const char *qop;     /* NULL: leaves the directive out and hashes "auth" */
    const char *cipher;  /* NULL: leaves the directive out */
    const char *uri;     /* digest-uri */
    const char *authzid; /* NULL: none */
    const char *more;    /* further directives */
};

/* The values that both sides have after a login. */
struct sasl_session {
    uint8_t key[16]; /* H(A1) */
    char response[33];
    char rspauth[33];
};

static inline struct sasl_client sasl_alice(const char *nonce)
{
    return (struct sasl_client){.user = "alice",
                                .password = "secret-alice",
                                .realm = REALM,
                                .nonce = nonce,
                                .cnonce = "OA6MHXh6VqTrRk",
                                .qop = "auth",
                                .uri = "imap/host.example.org",
                                .more = ",charset=utf-8"};
}

static inline void sasl_md5(const void *data, size_t len, uint8_t hash[16])
{
    assert_int_equal(EVP_Q_digest(NULL, "MD5", NULL, data, len, hash, NULL), 1);
}

static inline void sasl_hex(const uint8_t hash[16], char text[33])
{
    for (size_t i = 0; i < 16; i++)
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
}

static inline void sasl_kd(const struct sasl_client *c, const uint8_t key[16], const char *a2_start,
                           char text[33])
{
    const char *qop = c->qop != NULL ? c->qop : "auth";
    char a2[2048], all[4096], hex_key[33], hex_a2[33];
    uint8_t hash[16];

    snprintf(a2, sizeof(a2), "%s:%s%s", a2_start, c->uri,
             strcasecmp(qop, "auth") == 0 ? "" : ":00000000000000000000000000000000");
    sasl_md5(a2, strlen(a2), hash);
    sasl_hex(hash, hex_a2);
    sasl_hex(key, hex_key);
    snprintf(all, sizeof(all), "%s:%s:00000001:%s:%s:%s", hex_key, c->nonce, c->cnonce, qop,
             hex_a2);
    sasl_md5(all, strlen(all), hash);
    sasl_hex(hash, text);
}

static inline void sasl_compute(const struct sasl_client *c, struct sasl_session *session)
{
    char secret[1024], a1[4096];

    snprintf(secret, sizeof(secret), "%s:%s:%s", c->hashed_user != NULL ? c->hashed_user : c->user,
             c->realm != NULL ? c->realm : "", c->password);
    sasl_md5(secret, strlen(secret), (uint8_t *)a1);
    int len = snprintf(a1 + 16, sizeof(a1) - 16, ":%s:%s%s%s", c->nonce, c->cnonce,
                       c->authzid != NULL ? ":" : "", c->authzid != NULL ? c->authzid : "");
    sasl_md5(a1, 16 + (size_t)len, session->key);
    sasl_kd(c, session->key, "AUTHENTICATE", session->response);
    sasl_kd(c, session->key, "", session->rspauth);
}

static inline void sasl_answer(const struct sasl_client *c, struct bytes *to,
                               struct sasl_session *session)
{
    sasl_compute(c, session);
    bytes_append_format(to, "username=\"%s\",nonce=\"%s\",cnonce=\"%s\",nc=00000001", c->user,
                        c->nonce, c->cnonce);
    bytes_append_format(to, ",digest-uri=\"%s\",response=%s", c->uri, session->response);
    if (c->realm != NULL)
        bytes_append_format(to, ",realm=\"%s\"", c->realm);
    if (c->qop != NULL)
        bytes_append_format(to, ",qop=%s", c->qop);
    if (c->cipher != NULL)
        bytes_append_format(to, ",cipher=%s", c->cipher);
    if (c->authzid != NULL)
        bytes_append_format(to, ",authzid=\"%s\"", c->authzid);
    bytes_append_text(to, c->more != NULL ? c->more : "");
}

/* ---- the exchange ---- */

static inline struct package_input sasl_input(struct sspi_view token, ULONG requirements)
{
    return (struct package_input){
        .token = token, .realm = SSPI_VIEW(REALM), .requirements = requirements, .n_tokens = 1};
}

/* Makes a context that waits for its response. */
static inline void *sasl_begin(struct fixture *f, ULONG requirements,
                               char nonce[DIGEST_NONCE_LEN + 1])
{
    struct package_input in = sasl_input((struct sspi_view){NULL, 0}, requirements);
    void *context = NULL;

    assert_int_equal(call(f, &context, &in), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(f->out.n_tokens, 1);
    assert_non_null(context);
    assert_null(digest_package.info(context));
    take_nonce(f, nonce);
    return context;
}

/* Passes the answer of `c` to the context. */
static inline SECURITY_STATUS sasl_end(struct fixture *f, void *context, ULONG requirements,
                                       const struct sasl_client *c, struct sasl_session *session)
{
    BYTES_CLEANUP struct bytes token = {0};

    sasl_answer(c, &token, session);
    struct package_input in = sasl_input(bytes_as_view(&token), requirements);
    SECURITY_STATUS status = call(f, &context, &in);
    assert_true((digest_package.info(context) != NULL) == (status == SEC_E_OK));
    assert_int_equal(f->out.n_tokens, status == SEC_E_OK);
    return status;
}

/* One login on a context of its own. */
static inline SECURITY_STATUS sasl_try(struct fixture *f, ULONG requirements, struct sasl_client c)
{
    char nonce[DIGEST_NONCE_LEN + 1];
    struct sasl_session session;
    void *context = sasl_begin(f, requirements, nonce);

    if (c.nonce == NULL)
        c.nonce = nonce;
    SECURITY_STATUS status = sasl_end(f, context, requirements, &c, &session);
    digest_package.destroy(context);
    return status;
}

static inline void sasl_refused(struct fixture *f, ULONG requirements, struct sasl_client c,
                                SECURITY_STATUS status, enum sspi_reason reason)
{
    assert_int_equal(sasl_try(f, requirements, c), status);
    assert_int_equal(f->error_info.reason, reason);
    assert_true(f->error_info.text[0] != '\0');
}

/* ---- messages ---- */

struct sasl_des {
    OSSL_LIB_CTX *library;
    OSSL_PROVIDER *legacy;
    EVP_CIPHER *des;
};

static inline struct sasl_des *sasl_des(void)
{
    static struct sasl_des made;

    if (made.library == NULL) {
        made.library = OSSL_LIB_CTX_new();
        made.legacy = OSSL_PROVIDER_load(made.library, "legacy");
        made.des = EVP_CIPHER_fetch(made.library, "DES-ECB", NULL);
        assert_non_null(made.des);
    }
    return &made;
}

static inline void sasl_des_end(void)
{
    struct sasl_des *made = sasl_des();

    EVP_CIPHER_free(made->des);
    OSSL_PROVIDER_unload(made->legacy);
    OSSL_LIB_CTX_free(made->library);
    *made = (struct sasl_des){0};
}

/* One direction, as the client sees it. */
struct sasl_side {
    uint8_t sign_key[16];
    int n_des;              /* DES keys, 0: RC4; -1: nothing is encrypted */
    uint8_t rc4[256], i, j; /* the state of RC4 */
    uint8_t des[2][8];
    uint8_t iv[8];
    uint32_t number;
};

static inline void sasl_rc4(struct sasl_side *s, uint8_t *data, size_t len)
{
    for (size_t n = 0; n < len; n++) {
        s->i++;
        s->j = (uint8_t)(s->j + s->rc4[s->i]);
        uint8_t swapped = s->rc4[s->i];
        s->rc4[s->i] = s->rc4[s->j];
        s->rc4[s->j] = swapped;
        data[n] ^= s->rc4[(uint8_t)(s->rc4[s->i] + s->rc4[s->j])];
    }
}

static inline void sasl_des_block(const uint8_t key[8], uint8_t block[8], int encrypt)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int len;

    assert_int_equal(EVP_CipherInit_ex2(context, sasl_des()->des, key, NULL, encrypt, NULL), 1);
    assert_int_equal(EVP_CIPHER_CTX_set_padding(context, 0), 1);
    assert_int_equal(EVP_CipherUpdate(context, block, &len, block, 8), 1);
    assert_int_equal(len, 8);
    EVP_CIPHER_CTX_free(context);
}

/* E(K1, D(K2, E(K1, block))), or its inverse. With one key only E. */
static inline void sasl_block(const struct sasl_side *s, uint8_t block[8], int encrypt)
{
    sasl_des_block(s->des[0], block, encrypt);
    if (s->n_des == 2) {
        sasl_des_block(s->des[1], block, !encrypt);
        sasl_des_block(s->des[0], block, encrypt);
    }
}

static inline void sasl_cipher(struct sasl_side *s, uint8_t *data, size_t len, int encrypt)
{
    if (s->n_des == 0)
        sasl_rc4(s, data, len);
    for (size_t at = 0; s->n_des > 0 && at < len; at += 8) {
        uint8_t before[8];
        memcpy(before, data + at, 8);
        for (size_t k = 0; encrypt && k < 8; k++)
            data[at + k] ^= s->iv[k];
        sasl_block(s, data + at, encrypt);
        for (size_t k = 0; !encrypt && k < 8; k++)
            data[at + k] ^= s->iv[k];
        memcpy(s->iv, encrypt ? data + at : before, 8);
    }
}

static inline void sasl_side_key(const uint8_t *session, size_t len, const char *way,
                                 const char *start, const char *end, uint8_t key[16])
{
    uint8_t text[256];
    char constant[128];

    snprintf(constant, sizeof(constant), "%s%s%s", start, way, end);
    memcpy(text, session, len);
    memcpy(text + len, constant, strlen(constant));
    sasl_md5(text, len + strlen(constant), key);
}

static inline void sasl_side_begin(struct sasl_side *s, const struct sasl_session *session,
                                   const char *cipher, bool to_server)
{
    const char *way = to_server ? "client-to-server" : "server-to-client";
    uint8_t key[16];

    *s = (struct sasl_side){.n_des = -1};
    sasl_side_key(session->key, 16, way, "Digest session key to ", " signing key magic constant",
                  s->sign_key);
    if (cipher == NULL)
        return;
    sasl_side_key(session->key,
                  strcmp(cipher, "rc4-40") == 0   ? 5
                  : strcmp(cipher, "rc4-56") == 0 ? 7
                                                  : 16,
                  way, "Digest H(A1) to ", " sealing key magic constant", key);
    s->n_des = strcmp(cipher, "3des") == 0 ? 2 : strcmp(cipher, "des") == 0 ? 1 : 0;
    memcpy(s->iv, key + 8, 8);
    for (int k = 0; k < s->n_des; k++) {
        const uint8_t *from = key + 7 * k;
        for (int bit = 0; bit < 56; bit++)
            s->des[k][bit / 7] |=
                (uint8_t)(((from[bit / 8] >> (7 - bit % 8)) & 1) << (7 - bit % 7));
    }
    for (int n = 0; n < 256; n++)
        s->rc4[n] = (uint8_t)n;
    for (int n = 0, m = 0; n < 256; n++) {
        uint8_t swapped = s->rc4[n];
        m = (m + swapped + key[n % 16]) & 255;
        s->rc4[n] = s->rc4[m];
        s->rc4[m] = swapped;
    }
}

static inline void sasl_signature(const struct sasl_side *s, uint32_t number, const void *message,
                                  size_t len, uint8_t signature[16])
{
    uint8_t *text = malloc(len + 4);
    uint8_t mac[16];
    size_t mac_len;
    const uint8_t tail[6] = {0,
                             1,
                             (uint8_t)(number >> 24),
                             (uint8_t)(number >> 16),
                             (uint8_t)(number >> 8),
                             (uint8_t)number};

    assert_non_null(text);
    memcpy(text, tail + 2, 4);
    memcpy(text + 4, message, len);
    assert_non_null(EVP_Q_mac(NULL, "HMAC", NULL, "MD5", NULL, s->sign_key, 16, text, len + 4, mac,
                              sizeof(mac), &mac_len));
    memcpy(signature, mac, 10);
    memcpy(signature + 10, tail, 6);
    free(text);
}

/* `message` has room for `len` and 24 octets. */
static inline size_t sasl_seal(struct sasl_side *s, uint8_t *message, size_t len)
{
    size_t pad = s->n_des > 0 ? 8 - (len + 10) % 8 : 0;

    sasl_signature(s, s->number++, message, len, message + len + pad);
    memset(message + len, (int)pad, pad);
    if (s->n_des >= 0)
        sasl_cipher(s, message, len + pad + 10, 1);
    return len + pad + 16;
}

/* Decrypts a message and checks padding, signature and number. Returns its length. */
static inline size_t sasl_unseal(struct sasl_side *s, uint8_t *message, size_t len)
{
    uint8_t signature[16];

    assert_true(len >= 16);
    if (s->n_des >= 0)
        sasl_cipher(s, message, len - 6, 0);
    size_t plain = len - 16;
    if (s->n_des > 0) {
        uint8_t pad = message[plain - 1];
        assert_true(pad >= 1 && pad <= 8 && pad <= plain);
        for (size_t i = 0; i < pad; i++)
            assert_int_equal(message[plain - 1 - i], pad);
        plain -= pad;
    }
    sasl_signature(s, s->number++, message, plain, signature);
    assert_memory_equal(message + len - 16, signature, 16);
    return plain;
}

#endif
