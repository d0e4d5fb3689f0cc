/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/err.h>

#include "cipher.h"

static struct cipher_library library;

static int open_library(void **unused)
{
    (void)unused;
    return cipher_library_init(&library) ? 0 : -1;
}

static int close_library(void **unused)
{
    (void)unused;
    cipher_library_clear(&library);
    assert_null(library.context);
    cipher_library_clear(&library); /* a zero-initialised value is allowed */
    return 0;
}

/* RFC 6229 2: 128 bits. */
static void rc4_continues_from_call_to_call(void **unused)
{
    static const uint8_t key[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    static const uint8_t wanted[32] = {0x9a, 0xc7, 0xcc, 0x9a, 0x60, 0x9d, 0x1e, 0xf7,
                                       0xb2, 0x93, 0x28, 0x99, 0xcd, 0xe4, 0x1b, 0x97,
                                       0x52, 0x48, 0xc4, 0x95, 0x90, 0x14, 0x12, 0x6a,
                                       0x6e, 0x8a, 0x84, 0xf1, 0x1d, 0x1a, 0x9e, 0x1c};
    uint8_t octets[32] = {0};
    struct evp_cipher_st *rc4 = cipher_fetch(&library, "RC4");

    (void)unused;
    assert_non_null(rc4);
    struct evp_cipher_ctx_st *stream = cipher_stream_new(rc4, key, NULL, true);
    assert_non_null(stream);
    assert_true(cipher_stream_apply(stream, octets, 0, octets));
    assert_true(cipher_stream_apply(stream, octets, 5, octets));
    assert_true(cipher_stream_apply(stream, octets + 5, 27, octets + 5));
    assert_memory_equal(octets, wanted, 32);
    assert_false(cipher_stream_apply(stream, octets, (size_t)INT_MAX + 1, octets));
    assert_true(cipher_stream_restart(stream, key));
    assert_true(cipher_stream_apply(stream, wanted, 32, octets));
    assert_int_equal(octets[0] | octets[31], 0);
    cipher_stream_free(stream);
    cipher_free(rc4);
}

/* FIPS 81, appendix C. */
static void cbc_continues_from_call_to_call(void **unused)
{
    static const uint8_t key[8] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
    static const uint8_t iv[8] = {0x12, 0x34, 0x56, 0x78, 0x90, 0xab, 0xcd, 0xef};
    static const uint8_t wanted[24] = {0xe5, 0xc7, 0xcd, 0xde, 0x87, 0x2b, 0xf2, 0x7c,
                                       0x43, 0xe9, 0x34, 0x00, 0x8c, 0x38, 0x9c, 0x0f,
                                       0x68, 0x37, 0x88, 0x49, 0x9a, 0x7c, 0x05, 0xf6};
    uint8_t octets[25] = "Now is the time for all ";
    struct evp_cipher_st *des = cipher_fetch(&library, "DES-CBC");

    (void)unused;
    assert_non_null(des);
    struct evp_cipher_ctx_st *stream = cipher_stream_new(des, key, iv, true);
    assert_non_null(stream);
    assert_true(cipher_stream_apply(stream, octets, 16, octets));
    assert_true(cipher_stream_apply(stream, octets + 16, 8, octets + 16));
    assert_memory_equal(octets, wanted, 24);
    cipher_stream_free(stream);
    stream = cipher_stream_new(des, key, iv, false);
    assert_non_null(stream);
    assert_true(cipher_stream_apply(stream, octets, 8, octets));
    assert_true(cipher_stream_apply(stream, octets + 8, 16, octets + 8));
    assert_string_equal((char *)octets, "Now is the time for all ");
    assert_false(
        cipher_stream_apply(stream, octets, 7, octets)); /* not a multiple of the block size */
    cipher_stream_free(stream);
    cipher_stream_free(NULL);
    cipher_free(des);
}

static void a_copy_continues_as_the_original(void **unused)
{
    static const char *const names[] = {"RC4", "DES-CBC", "DES-EDE-CBC"};
    static const uint8_t key[16 + 1] = "a key of sixteen";
    static const uint8_t iv[8] = {0};

    (void)unused;
    for (size_t i = 0; i < 3; i++) {
        uint8_t one[16] = {0}, two[16] = {0};
        struct evp_cipher_st *cipher = cipher_fetch(&library, names[i]);
        assert_non_null(cipher);
        struct evp_cipher_ctx_st *stream = cipher_stream_new(cipher, key, i > 0 ? iv : NULL, false);
        struct evp_cipher_ctx_st *spare = cipher_stream_new(cipher, key, i > 0 ? iv : NULL, false);
        assert_true(stream != NULL && spare != NULL);
        for (int round = 0; round < 3; round++) {
            assert_true(cipher_stream_apply(stream, one, 16, one));
            assert_true(cipher_stream_copy(spare, stream));
            memcpy(two, one, 16);
            assert_true(cipher_stream_apply(stream, one, 16, one));
            assert_true(cipher_stream_apply(spare, two, 16, two));
            assert_memory_equal(one, two, 16);
        }
        cipher_stream_free(stream);
        cipher_stream_free(spare);
        cipher_free(cipher);
    }
}

/* TLS code reads OpenSSL's queue of errors, so cipher_fetch() must leave no error in it. */
static void missing_cipher_leaves_no_error(void **unused)
{
    struct cipher_library without = {0};

    (void)unused;
    ERR_clear_error();
    assert_null(cipher_fetch(&library, "no such cipher"));
    assert_int_equal(ERR_peek_error(), 0);
    assert_true(cipher_library_init(&without));
    assert_int_equal(ERR_peek_error(), 0);
    cipher_free(NULL);
    cipher_library_clear(&without);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rc4_continues_from_call_to_call),
        cmocka_unit_test(cbc_continues_from_call_to_call),
        cmocka_unit_test(a_copy_continues_as_the_original),
        cmocka_unit_test(missing_cipher_leaves_no_error),
    };
    return cmocka_run_group_tests(tests, open_library, close_library);
}
