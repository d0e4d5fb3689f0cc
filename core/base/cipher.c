/* SPDX-License-Identifier: Apache-2.0 */
#include "cipher.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

/* An error of these calls must not stay in OpenSSL's queue, because TLS code reads the queue. */
bool cipher_library_init(struct cipher_library *ret_library)
{
    struct cipher_library library = {0};

    ERR_set_mark();
    library.context = OSSL_LIB_CTX_new();
    if (library.context != NULL) {
        library.standard = OSSL_PROVIDER_load(library.context, "default");
        library.legacy = OSSL_PROVIDER_load(library.context, "legacy");
    }
    ERR_pop_to_mark();
    if (library.standard == NULL) {
        cipher_library_clear(&library);
        return false;
    }
    *ret_library = library;
    return true;
}

void cipher_library_clear(struct cipher_library *library)
{
    if (library->legacy != NULL)
        OSSL_PROVIDER_unload(library->legacy);
    if (library->standard != NULL)
        OSSL_PROVIDER_unload(library->standard);
    OSSL_LIB_CTX_free(library->context);
    *library = (struct cipher_library){0};
}

EVP_CIPHER *cipher_fetch(const struct cipher_library *library, const char *name)
{
    ERR_set_mark();
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(library->context, name, NULL);
    ERR_pop_to_mark();
    return cipher;
}

void cipher_free(EVP_CIPHER *cipher)
{
    EVP_CIPHER_free(cipher);
}

EVP_CIPHER_CTX *cipher_stream_new(const EVP_CIPHER *cipher, const uint8_t *key, const uint8_t *iv,
                                  bool encrypt)
{
    EVP_CIPHER_CTX *stream = EVP_CIPHER_CTX_new();

    if (stream != NULL && (EVP_CipherInit_ex2(stream, cipher, key, iv, encrypt, NULL) != 1 ||
                           EVP_CIPHER_CTX_set_padding(stream, 0) != 1)) {
        EVP_CIPHER_CTX_free(stream);
        return NULL;
    }
    return stream;
}

bool cipher_stream_restart(EVP_CIPHER_CTX *stream, const uint8_t *key)
{
    return EVP_CipherInit_ex2(stream, NULL, key, NULL, -1, NULL) == 1;
}

bool cipher_stream_apply(EVP_CIPHER_CTX *stream, const uint8_t *from, size_t len, uint8_t *to)
{
    int n_written;

    return len <= INT_MAX && EVP_CipherUpdate(stream, to, &n_written, from, (int)len) == 1 &&
           (size_t)n_written == len;
}

bool cipher_stream_copy(EVP_CIPHER_CTX *to, const EVP_CIPHER_CTX *from)
{
    return EVP_CIPHER_CTX_copy(to, from) == 1;
}

void cipher_stream_free(EVP_CIPHER_CTX *stream)
{
    EVP_CIPHER_CTX_free(stream);
}
