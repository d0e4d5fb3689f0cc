/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of SASL's DIGEST-MD5: only SASL uses them. */
#include "store_users_test.h"

#define JOERG "J\xc3\xb6rg"
#define SASL  ":MD5-ISO-8859-1:"

/* True if the user exists and the hash, of 16 octets, begins with first_octet. */
static bool sasl_has(const char *user, struct sspi_view realm, int first_octet)
{
    uint8_t hash[STORE_USERS_HASH_MAX];
    bool found = store_users_sasl_hash(users, bytes_view(user), realm, hash);
    for (size_t i = 16; i < sizeof(hash); i++)
        assert_int_equal(hash[i], 0x5a);
    return found && hash[0] == first_octet;
}

/* RFC 2831 2.1.2.1. The lines may be in either order. */
static void the_hash_of_iso_8859_1_has_priority_over_that_of_utf_8(void **kind)
{
    open_users(JOERG ":realm:" A "\n" JOERG ":realm" SASL B "\nalice:realm" SASL B
                     "\n\nalice:realm:SHA-256:" A A "\nalice:realm:MD5:" A "\n",
               *kind);
    assert_non_null(users);
    assert_true(sasl_has(JOERG, REALM, 0xfe));
    assert_true(sasl_has("alice", REALM, 0xfe));
    assert_true(has(bytes_view(JOERG), REALM, SSPI_DIGEST_MD5, 0x01));
    assert_true(has(ALICE, REALM, SSPI_DIGEST_MD5, 0x01));
    assert_true(has(ALICE, REALM, SSPI_DIGEST_SHA_256, 0x01));
}

/* Both hashes are equal if all text is ASCII. A name that does not fit ISO-8859-1 is hashed in
 * UTF-8. */
static void without_a_line_of_sasl_the_md5_line_is_used(void **kind)
{
    open_users("alice:realm:" A "\n" JOERG ":realm:" A "\nbob:realm:SHA-256:" A A "\n", *kind);
    assert_true(sasl_has("alice", REALM, 0x01));
    assert_true(sasl_has(JOERG, REALM, 0x01));
    assert_false(sasl_has("bob", REALM, 0x01));
}

static void the_hash_belongs_to_one_user_in_one_realm(void **kind)
{
    open_users(JOERG ":realm" SASL A "\n" JOERG "::MD5-ISO-8859-1:" B "\n", *kind);
    assert_true(sasl_has(JOERG, REALM, 0x01));
    assert_true(sasl_has(JOERG, SSPI_VIEW(""), 0xfe));
    assert_false(sasl_has(JOERG, SSPI_VIEW("other"), 0x01));
    assert_false(sasl_has("j\xc3\xb6rg", REALM, 0x01));
    assert_false(sasl_has("J\xf6rg", REALM, 0x01)); /* callers convert names to UTF-8 */
    assert_false(sasl_has(JOERG ":realm", SSPI_VIEW(""), 0x01));
    assert_false(sasl_has("", REALM, 0x01));
    assert_false(sasl_has(JOERG, (struct sspi_view){NULL, 0}, 0x01));
}

static void request_digest_does_not_know_such_a_user(void **kind)
{
    open_users(JOERG ":realm" SASL A "\nalice:realm:SHA-256:" A A "\nalice:realm" SASL A "\n",
               *kind);
    struct sspi_view name = bytes_view(JOERG);
    enum sspi_digest_algorithm offered[2];
    for (enum sspi_digest_algorithm a = SSPI_DIGEST_NONE; a <= SSPI_DIGEST_SHA_512_256_SESS; a++) {
        uint8_t hash[STORE_USERS_HASH_MAX];
        assert_false(store_users_hash(users, name, REALM, a, hash));
        if (a >= SSPI_DIGEST_MD5 && a <= SSPI_DIGEST_SHA_512_256)
            assert_false(leads_to(userhash_of(JOERG, "realm", a), REALM, a, JOERG, 0x01));
        assert_count(REALM, a, 1, a == SSPI_DIGEST_SHA_256);
        assert_count((struct sspi_view){NULL, 0}, a, 1, a == SSPI_DIGEST_SHA_256);
    }
    assert_int_equal(store_users_algorithms(users, REALM, offered), 1);
    assert_int_equal(offered[0], SSPI_DIGEST_SHA_256);
}

/* The two lines may be in either order. */
static void a_user_with_both_lines_is_counted_once(void **kind)
{
    open_users(JOERG ":realm" SASL A "\n" JOERG ":realm:" A "\nalice:realm:" A
                     "\nalice:realm" SASL A "\nalice:realm:SHA-256:" A A "\n",
               *kind);
    assert_count(REALM, SSPI_DIGEST_MD5, 2, 2);
    assert_count(REALM, SSPI_DIGEST_SHA_256, 2, 1);
    assert_count((struct sspi_view){NULL, 0}, SSPI_DIGEST_MD5, 2, 2);
    assert_true(leads_to(userhash_of(JOERG, "realm", SSPI_DIGEST_MD5), REALM, SSPI_DIGEST_MD5,
                         JOERG, 0x01));
}

static void an_unknown_user_gets_the_same_dummy_each_time(void **kind)
{
    open_users("alice:realm:" A "\n" JOERG ":realm" SASL B "\n", *kind);
    static char longest[256];
    uint8_t dummy[STORE_USERS_HASH_MAX], hash[STORE_USERS_HASH_MAX];
    memset(longest, 'a', sizeof(longest));
    assert_false(store_users_hash(users, SSPI_VIEW("x"), REALM, SSPI_DIGEST_MD5, dummy));
    memset(hash, 1, sizeof(hash));
    assert_false(store_users_sasl_hash(users, SSPI_VIEW("x"), REALM, hash));
    assert_memory_equal(hash, dummy, sizeof(hash));
    memset(hash, 1, sizeof(hash));
    assert_false(store_users_sasl_hash(users, (struct sspi_view){longest, sizeof(longest)},
                                       (struct sspi_view){longest, sizeof(longest)}, hash));
    assert_memory_equal(hash, dummy, sizeof(hash));
}

static void a_second_one_is_refused(void **unused)
{
    (void)unused;
    open_users("alice:realm:" A "\nalice:realm" SASL A "\nalice:realm" SASL B "\n", &as.text);
    assert_null(users);
    assert_non_null(strstr(error,
                           ":3: a second MD5-ISO-8859-1 line of the user and realm of line 2; "
                           "remove one of the two"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(the_hash_of_iso_8859_1_has_priority_over_that_of_utf_8),
        BOTH(without_a_line_of_sasl_the_md5_line_is_used),
        BOTH(the_hash_belongs_to_one_user_in_one_realm),
        BOTH(request_digest_does_not_know_such_a_user),
        BOTH(a_user_with_both_lines_is_counted_once),
        BOTH(an_unknown_user_gets_the_same_dummy_each_time),
        cmocka_unit_test_teardown(a_second_one_is_refused, teardown),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
