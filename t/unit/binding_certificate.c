/* SPDX-License-Identifier: Apache-2.0 */
/* tls-server-end-point for certificates of every kind, and the table of the certificates of
 * contexts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "binding_certificate.h"

/* A self-signed certificate; `digest` NULL for EdDSA; `pss` signs with RSASSA-PSS. */
static X509 *make_certificate(EVP_PKEY *key, const EVP_MD *digest, bool pss)
{
    X509 *certificate = X509_new();
    assert_non_null(certificate);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    EVP_MD_CTX *sign = EVP_MD_CTX_new();
    EVP_PKEY_CTX *parameters = NULL;
    assert_int_equal(EVP_DigestSignInit(sign, &parameters, digest, NULL, key), 1);
    if (pss)
        assert_true(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) > 0);
    assert_true(X509_sign_ctx(certificate, sign) > 0);
    EVP_MD_CTX_free(sign);
    return certificate;
}

static void expect_hash(EVP_PKEY *key, const EVP_MD *signature, bool pss, const EVP_MD *expected)
{
    X509 *certificate = make_certificate(key, signature, pss);
    struct binding binding;
    assert_true(binding_from_certificate(certificate, &binding));
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned hash_len;
    X509_digest(certificate, expected, hash, &hash_len);
    size_t prefix_len = strlen(BINDING_PREFIX);
    assert_int_equal(binding.len, prefix_len + hash_len);
    assert_memory_equal(binding.data, BINDING_PREFIX, prefix_len);
    assert_memory_equal(binding.data + prefix_len, hash, hash_len);
    X509_free(certificate);
}

static void the_hash_is_that_of_the_signature(void **state)
{
    EVP_PKEY *rsa = EVP_RSA_gen(2048), *ec = EVP_EC_gen("P-384");
    expect_hash(rsa, EVP_sha256(), false, EVP_sha256());
    expect_hash(rsa, EVP_sha384(), false, EVP_sha384());
    expect_hash(rsa, EVP_sha512(), false, EVP_sha512());
    expect_hash(rsa, EVP_sha1(), false, EVP_sha256());
    expect_hash(rsa, EVP_md5(), false, EVP_sha256());
    expect_hash(rsa, EVP_sha384(), true, EVP_sha384());
    expect_hash(ec, EVP_sha384(), false, EVP_sha384());
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ec);
}

static void ed25519_has_no_binding(void **state)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    X509 *certificate = make_certificate(key, NULL, false);
    struct binding binding;
    assert_false(binding_from_certificate(certificate, &binding));
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static void all_certificates_of_a_context_are_candidates(void **state)
{
    EVP_PKEY *rsa = EVP_RSA_gen(2048), *ec = EVP_EC_gen("P-256");
    X509 *rsa_certificate = make_certificate(rsa, EVP_sha256(), false);
    X509 *ec_certificate = make_certificate(ec, EVP_sha256(), false);
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method()), *other = SSL_CTX_new(TLS_server_method());
    assert_int_equal(SSL_CTX_use_certificate(ctx, rsa_certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(ctx, rsa), 1);
    assert_int_equal(SSL_CTX_use_certificate(ctx, ec_certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(ctx, ec), 1);

    struct binding_table *table = binding_table_new();
    assert_true(binding_table_add(table, ctx));
    assert_true(binding_table_add(table, other));
    assert_true(binding_table_add(table, ctx));
    assert_ptr_equal(SSL_CTX_get0_certificate(ctx), ec_certificate);

    SSL *ssl = SSL_new(ctx);
    struct binding_candidates scratch;
    const struct binding_candidates *found = binding_table_find(table, ssl, NULL, &scratch);
    assert_non_null(found);
    assert_int_equal(found->n_items, 2);
    assert_false(found->incomplete);
    struct binding expected;
    assert_true(binding_from_certificate(rsa_certificate, &expected));
    assert_memory_equal(found->item[0].data, expected.data, expected.len);
    SSL_free(ssl);

    ssl = SSL_new(other);
    assert_null(binding_table_find(table, ssl, NULL, &scratch));
    SSL_free(ssl);
    binding_table_free(table);
    SSL_CTX_free(ctx);
    SSL_CTX_free(other);
    X509_free(rsa_certificate);
    X509_free(ec_certificate);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hash_is_that_of_the_signature),
        cmocka_unit_test(ed25519_has_no_binding),
        cmocka_unit_test(all_certificates_of_a_context_are_candidates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
