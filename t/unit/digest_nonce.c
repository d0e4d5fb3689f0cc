/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_hash_fixture.h"
#include "digest_nonce.h"

#define NOW_MS UINT64_C(1700000000123)

static const uint8_t key[DIGEST_NONCE_KEY_SIZE] = "0123456789abcdef0123456789abcde";
static const uint8_t random_octets[DIGEST_NONCE_RANDOM_SIZE] = "random 10";
static char nonce[DIGEST_NONCE_LEN + 1];

static int nonce_setup(void **state)
{
    return hash_setup(state) == 0 &&
                   digest_nonce_make(&run, key, NOW_MS, random_octets, SSPI_VIEW("realm"), nonce)
               ? 0
               : -1;
}

static enum digest_nonce_status check(struct sspi_view text, const char *realm, uint64_t now_ms)
{
    uint64_t issued_ms = 0;
    enum digest_nonce_status status =
        digest_nonce_check(&run, key, now_ms, text, bytes_view(realm), &issued_ms);

    if (status == DIGEST_NONCE_GOOD)
        assert_true(issued_ms == NOW_MS);
    return status;
}

static void own_nonce_is_good_and_contains_its_time(void **state)
{
    assert_int_equal(strlen(nonce), DIGEST_NONCE_LEN);
    assert_null(strchr(nonce, '='));
    assert_int_equal(check(bytes_view(nonce), "realm", NOW_MS), DIGEST_NONCE_GOOD);
    assert_int_equal(check(bytes_view(nonce), "realm", NOW_MS + 1000000000), DIGEST_NONCE_GOOD);
}

static void each_character_counts(void **state)
{
    for (size_t i = 0; i < DIGEST_NONCE_LEN; i++) {
        for (const char *c = "AZaz09-_=+/ \xff"; *c != '\0'; c++) {
            char changed[DIGEST_NONCE_LEN + 1];
            memcpy(changed, nonce, sizeof(changed));
            if (changed[i] == *c)
                continue;
            changed[i] = *c;
            assert_int_equal(check(bytes_view(changed), "realm", NOW_MS), DIGEST_NONCE_FOREIGN);
        }
        struct sspi_view shorter = {nonce, i};
        assert_int_equal(check(shorter, "realm", NOW_MS), DIGEST_NONCE_FOREIGN);
    }
    struct sspi_view longer = {nonce, DIGEST_NONCE_LEN + 1};
    assert_int_equal(check(longer, "realm", NOW_MS), DIGEST_NONCE_FOREIGN);
}

static void nonce_of_another_realm_or_key_is_foreign(void **state)
{
    static const uint8_t other_key[DIGEST_NONCE_KEY_SIZE] = "1123456789abcdef0123456789abcde";
    uint64_t issued_ms;

    assert_int_equal(check(bytes_view(nonce), "Realm", NOW_MS), DIGEST_NONCE_FOREIGN);
    assert_int_equal(check(bytes_view(nonce), "", NOW_MS), DIGEST_NONCE_FOREIGN);
    assert_int_equal(digest_nonce_check(&run, other_key, NOW_MS, bytes_view(nonce),
                                        SSPI_VIEW("realm"), &issued_ms),
                     DIGEST_NONCE_FOREIGN);
}

static void nonce_from_the_future_is_foreign_beyond_the_skew(void **state)
{
    assert_int_equal(check(bytes_view(nonce), "realm", NOW_MS - DIGEST_NONCE_FUTURE_MS),
                     DIGEST_NONCE_GOOD);
    assert_int_equal(check(bytes_view(nonce), "realm", NOW_MS - DIGEST_NONCE_FUTURE_MS - 1),
                     DIGEST_NONCE_FOREIGN);
}

static void a_library_failure_has_a_result_of_its_own(void **state)
{
    struct hash_suite none = {0};
    struct hash_run broken;
    uint64_t issued_ms;
    char text[DIGEST_NONCE_LEN + 1];

    assert_true(hash_run_init(&broken, &none));
    assert_false(digest_nonce_make(&broken, key, NOW_MS, random_octets, SSPI_VIEW("r"), text));
    assert_int_equal(
        digest_nonce_check(&broken, key, NOW_MS, bytes_view(nonce), SSPI_VIEW("realm"), &issued_ms),
        DIGEST_NONCE_FAILED);
    hash_run_clear(&broken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_nonce_is_good_and_contains_its_time),
        cmocka_unit_test(each_character_counts),
        cmocka_unit_test(nonce_of_another_realm_or_key_is_foreign),
        cmocka_unit_test(nonce_from_the_future_is_foreign_beyond_the_skew),
        cmocka_unit_test(a_library_failure_has_a_result_of_its_own),
    };
    return cmocka_run_group_tests(tests, nonce_setup, hash_teardown);
}
