/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hash.h"
#include "hex.h"

static struct hash_suite suite;

static int open_suite(void **state)
{
    return hash_suite_init(&suite) ? 0 : -1;
}

static int close_suite(void **state)
{
    hash_suite_clear(&suite);
    return 0;
}

static void assert_hex(const uint8_t *digest, const char *wanted)
{
    uint8_t octets[HASH_MAX];

    assert_true(hex_decode_lower(bytes_view(wanted), octets, strlen(wanted) / 2));
    assert_memory_equal(digest, octets, strlen(wanted) / 2);
}

static void digests_of_abc_are_those_of_the_standards(void **state)
{
    uint8_t digest[HASH_MAX];

    assert_true(hash_once(&suite, SSPI_DIGEST_MD5, SSPI_VIEW("abc"), digest));
    assert_hex(digest, "900150983cd24fb0d6963f7d28e17f72");
    assert_true(hash_once(&suite, SSPI_DIGEST_SHA_256, SSPI_VIEW("abc"), digest));
    assert_hex(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_true(hash_once(&suite, SSPI_DIGEST_SHA_512_256, SSPI_VIEW("abc"), digest));
    assert_hex(digest, "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23");
}

static void every_algorithm_has_its_name_length_and_base(void **state)
{
    static const struct {
        enum sspi_digest_algorithm algorithm, base;
        const char *name, *other_case;
        size_t len;
    } all[] = {
        {SSPI_DIGEST_MD5, SSPI_DIGEST_MD5, "MD5", "md5", 16},
        {SSPI_DIGEST_SHA_256, SSPI_DIGEST_SHA_256, "SHA-256", "sha-256", 32},
        {SSPI_DIGEST_SHA_512_256, SSPI_DIGEST_SHA_512_256, "SHA-512-256", "Sha-512-256", 32},
        {SSPI_DIGEST_MD5_SESS, SSPI_DIGEST_MD5, "MD5-sess", "MD5-Sess", 16},
        {SSPI_DIGEST_SHA_256_SESS, SSPI_DIGEST_SHA_256, "SHA-256-sess", "SHA-256-SESS", 32},
        {SSPI_DIGEST_SHA_512_256_SESS, SSPI_DIGEST_SHA_512_256, "SHA-512-256-sess",
         "sha-512-256-sess", 32},
    };
    static const char *const unknown[] = {"",    "MD5 ",    "MD5-",        "MD5-sess-sess", "-sess",
                                          "SHA", "SHA-512", "SHA-512/256", "SHA-1",         "MD"};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        assert_string_equal(hash_name(all[i].algorithm), all[i].name);
        assert_int_equal(hash_from_name(bytes_view(all[i].name)), all[i].algorithm);
        assert_int_equal(hash_from_name(bytes_view(all[i].other_case)), all[i].algorithm);
        assert_int_equal(hash_base(all[i].algorithm), all[i].base);
        assert_int_equal(hash_len(all[i].algorithm), all[i].len);
    }
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
        assert_int_equal(hash_from_name(bytes_view(unknown[i])), SSPI_DIGEST_NONE);
    assert_null(hash_name(SSPI_DIGEST_NONE));
    assert_int_equal(hash_base(SSPI_DIGEST_NONE), SSPI_DIGEST_NONE);
    assert_int_equal(hash_len(SSPI_DIGEST_NONE), 0);
}

static void session_forms_compute_with_their_base(void **state)
{
    static const enum sspi_digest_algorithm session[] = {
        SSPI_DIGEST_MD5_SESS, SSPI_DIGEST_SHA_256_SESS, SSPI_DIGEST_SHA_512_256_SESS};
    uint8_t digest[HASH_MAX], same[HASH_MAX];

    for (size_t i = 0; i < 3; i++) {
        assert_true(hash_available(&suite, session[i]));
        assert_true(hash_once(&suite, session[i], SSPI_VIEW("abc"), digest));
        assert_true(hash_once(&suite, hash_base(session[i]), SSPI_VIEW("abc"), same));
        assert_memory_equal(digest, same, hash_len(session[i]));
    }
}

static void one_run_serves_many_digests(void **state)
{
    struct hash_run run;
    uint8_t digest[HASH_MAX];

    assert_true(hash_run_init(&run, &suite));
    assert_false(hash_end(&run, digest));
    hash_begin(&run, SSPI_DIGEST_SHA_256);
    hash_update(&run, "given up", 8);
    hash_begin(&run, SSPI_DIGEST_MD5);
    hash_update(&run, "a", 1);
    hash_update_view(&run, SSPI_VIEW("bc"));
    assert_true(hash_end(&run, digest));
    assert_hex(digest, "900150983cd24fb0d6963f7d28e17f72");
    assert_false(hash_end(&run, digest));
    hash_begin(&run, SSPI_DIGEST_MD5);
    hash_update_hex(&run, (const uint8_t *)"\x0a\xbc", 2);
    assert_true(hash_end(&run, digest));
    uint8_t same[HASH_MAX];
    assert_true(hash_once(&suite, SSPI_DIGEST_MD5, SSPI_VIEW("0abc"), same));
    assert_memory_equal(digest, same, 16);
    hash_run_clear(&run);
}

static void missing_algorithm_is_an_error_value(void **state)
{
    struct hash_suite fips = {.sha_256 = suite.sha_256};
    uint8_t digest[HASH_MAX];

    assert_false(hash_available(&fips, SSPI_DIGEST_MD5));
    assert_false(hash_available(&fips, SSPI_DIGEST_MD5_SESS));
    assert_true(hash_available(&suite, SSPI_DIGEST_MD5));
    assert_false(hash_once(&fips, SSPI_DIGEST_MD5, SSPI_VIEW("abc"), digest));
    assert_int_equal(digest[0], 0);
    assert_false(hash_once(&suite, SSPI_DIGEST_NONE, SSPI_VIEW("abc"), digest));
}

/* RFC 4231, test cases 1 and 2; a key of 64 octets and one beyond. */
static void hmac_is_that_of_rfc_4231(void **state)
{
    struct hash_run run;
    uint8_t mac[HASH_MAX];
    uint8_t key[65];

    assert_true(hash_run_init(&run, &suite));
    memset(key, 0x0b, sizeof(key));
    assert_true(hash_hmac_sha_256(&run, key, 20, SSPI_VIEW("Hi "), SSPI_VIEW("There"), mac));
    assert_hex(mac, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    assert_true(hash_hmac_sha_256(&run, (const uint8_t *)"Jefe", 4,
                                  SSPI_VIEW("what do ya want for nothing?"), SSPI_VIEW(""), mac));
    assert_hex(mac, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_true(hash_hmac_sha_256(&run, key, 64, SSPI_VIEW("x"), SSPI_VIEW(""), mac));
    assert_false(hash_hmac_sha_256(&run, key, 65, SSPI_VIEW("x"), SSPI_VIEW(""), mac));
    hash_run_clear(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_of_abc_are_those_of_the_standards),
        cmocka_unit_test(every_algorithm_has_its_name_length_and_base),
        cmocka_unit_test(session_forms_compute_with_their_base),
        cmocka_unit_test(one_run_serves_many_digests),
        cmocka_unit_test(missing_algorithm_is_an_error_value),
        cmocka_unit_test(hmac_is_that_of_rfc_4231),
    };
    return cmocka_run_group_tests(tests, open_suite, close_suite);
}
