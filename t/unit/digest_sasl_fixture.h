/* SPDX-License-Identifier: Apache-2.0 */
/* The two ends of an established SASL session: a context and its client. */
#ifndef DIGEST_SASL_FIXTURE_H
#define DIGEST_SASL_FIXTURE_H

#include "digest_context.h"
#include "digest_sasl_client.h"

/* Every kind of protection; NULL: auth-int. */
static const char *const ciphers[] = {NULL, "3des", "rc4", "des", "rc4-56", "rc4-40"};
#define N_CIPHERS (sizeof(ciphers) / sizeof(ciphers[0]))

/* The two ends of a session. */
struct pair {
    void *context;
    struct digest_layer *layer;
    const struct package_messages *messages;
    const char *cipher;
    struct sasl_session session;
    struct sasl_side to_server, to_client;
};

static inline void open_pair(struct fixture *f, const char *cipher, struct pair *p)
{
    char nonce[DIGEST_NONCE_LEN + 1];

    if (f->credential == NULL)
        acquire(f, (SSPI_ACCEPTOR_DATA){.Flags = SSPI_ACCEPTOR_OFFER_WEAK_CIPHERS});
    p->context = sasl_begin(f, ANYTHING, nonce);
    struct sasl_client c = sasl_alice(nonce);
    c.qop = cipher == NULL ? "auth-int" : "auth-conf";
    c.cipher = p->cipher = cipher;
    assert_int_equal(sasl_end(f, p->context, ANYTHING, &c, &p->session), SEC_E_OK);
    p->messages = digest_package.info(p->context)->mechanism->messages;
    p->layer = &((struct digest_context *)p->context)->sasl->layer;
    sasl_side_begin(&p->to_server, &p->session, cipher, true);
    sasl_side_begin(&p->to_client, &p->session, cipher, false);
}

static inline void close_pair(struct pair *p)
{
    digest_package.destroy(p->context);
}

/* Unseals a message in a block of its own size, so that a sanitizer detects a read beyond it. */
static inline SECURITY_STATUS unseal(struct pair *p, const uint8_t *message, size_t len,
                                     const char *wanted, size_t wanted_len)
{
    char *whole = malloc(len + (len == 0));
    struct package_message m = {.whole = whole, .whole_len = len};
    struct sspi_view plain = {NULL, 0};
    bool encrypted = false;

    assert_non_null(whole);
    memcpy(whole, message, len);
    SECURITY_STATUS status = p->messages->unseal(p->context, &m, &plain, &encrypted);
    if (status == SEC_E_OK) {
        assert_ptr_equal(plain.data, whole);
        assert_int_equal(plain.len, wanted_len);
        assert_memory_equal(plain.data, wanted, wanted_len);
        assert_int_equal(encrypted, p->cipher != NULL);
    }
    free(whole);
    return status;
}

/* Writes the client's next message. */
static inline size_t client_message(struct pair *p, const char *text, size_t len, uint8_t *to)
{
    memcpy(to, text, len);
    return sasl_seal(&p->to_server, to, len);
}

/* Sends a message of the server to the client, in parts of the given lengths. */
static inline void exchange_parts(struct pair *p, const char *text, const size_t *lens, size_t n)
{
    struct package_message_part parts[PACKAGE_MESSAGE_PARTS_LIMIT];
    char padding[24];
    size_t len = 0;

    for (size_t i = 0; i < n; i++) {
        char *block = malloc(lens[i] + 1);
        assert_non_null(block);
        memcpy(block, text + len, lens[i]);
        parts[i] = (struct package_message_part){block, lens[i], true};
        len += lens[i];
    }
    struct package_message m = {
        .parts = parts, .n_parts = n, .padding = {padding, sizeof(padding), 0}};
    m.token.len = 99;
    assert_int_equal(p->messages->seal(p->context, p->cipher != NULL, &m), SEC_E_OK);
    assert_int_equal(m.token.len, 0);
    uint8_t *whole = malloc(len + m.padding.len);
    assert_non_null(whole);
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        memcpy(whole + at, parts[i].data, lens[i]);
        at += lens[i];
        free(parts[i].data);
    }
    memcpy(whole + at, padding, m.padding.len);
    if (p->cipher != NULL && len > 8)
        assert_memory_not_equal(whole, text, 8);
    assert_int_equal(sasl_unseal(&p->to_client, whole, at + m.padding.len), len);
    assert_memory_equal(whole, text, len);
    free(whole);
}

static inline void exchange(struct pair *p, const char *text, size_t len)
{
    exchange_parts(p, text, &len, 1);
}

static inline int end_des(void **state)
{
    (void)state;
    sasl_des_end();
    return 0;
}

#endif
