/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "acceptor_choice.h"
#include "bytes.h"

static char error[SSPI_ERROR_SIZE];

static bool set(struct sspi_policy *policy, enum sspi_option option, const char *text)
{
    error[0] = '\0';
    return sspi_policy_set_text(policy, option, bytes_view(text), SSPI_SERVER_NGINX, error);
}

static void a_value_is_split_at_blanks(void **state)
{
    static const char *const same[] = {"Digest Basic", " Digest  Basic", "Digest\tBasic \t"};
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        struct sspi_policy policy = sspi_policy_defaults();
        assert_true(set(&policy, SSPI_OPTION_PACKAGES, same[i]));
        assert_int_equal(policy.schemes.order[0], SSPI_SCHEME_DIGEST);
        assert_int_equal(policy.schemes.order[1], SSPI_SCHEME_BASIC);
        assert_int_equal(policy.schemes.order[2], 0);
        assert_false(policy.schemes.offers[SSPI_SCHEME_NEGOTIATE]);
    }
}

static void a_list_may_have_every_scheme_and_no_more_words(void **state)
{
    struct sspi_policy policy = sspi_policy_defaults();
    assert_true(set(&policy, SSPI_OPTION_PACKAGES, "Basic NTLM Digest Negotiate"));
    assert_int_equal(policy.schemes.order[ACCEPTOR_CHOICE_WORDS - 1], SSPI_SCHEME_NEGOTIATE);
    assert_false(set(&policy, SSPI_OPTION_PACKAGES, "Basic NTLM Digest Negotiate Basic"));
    assert_non_null(strstr(error, "sspi_packages takes 1 to 4 words, not 5"));
    assert_false(set(&policy, SSPI_OPTION_PACKAGES, "a b c d e f g h i j k l m n o p q r s t u"));
    assert_int_equal(policy.schemes.order[0], SSPI_SCHEME_BASIC);
}

static void a_wrong_value_changes_nothing(void **state)
{
    static const char *const wrong[] = {"", " \t", "maybe", "on off", "on\n", "on,off"};
    struct sspi_policy policy = sspi_policy_defaults();
    assert_true(set(&policy, SSPI_OPTION_MODE, " optional "));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(set(&policy, SSPI_OPTION_MODE, wrong[i]));
        assert_non_null(strstr(error, "sspi"));
        assert_int_equal(policy.mode, SSPI_MODE_OPTIONAL);
    }
    assert_false(sspi_policy_set_text(&policy, SSPI_OPTION_MODE, (struct sspi_view){"on\0", 3},
                                      SSPI_SERVER_NGINX, error));
}

/* The offered schemes as letters. */
static const char *offered(bool has_realm, const char *keytab, const char *users, bool ntlm)
{
    static char text[5];
    const struct sspi_view words[] = {bytes_view(keytab), bytes_view(users)};
    struct sspi_policy policy = sspi_policy_defaults();
    size_t n = 0;
    if (keytab != NULL)
        assert_true(sspi_policy_set(&policy, SSPI_OPTION_KEYTAB, &words[0], 1, 1, error));
    if (users != NULL)
        assert_true(sspi_policy_set(&policy, SSPI_OPTION_DIGEST_USER_FILE, &words[1], 1, 1, error));
    if (ntlm)
        assert_true(set(&policy, SSPI_OPTION_MECHANISMS, "kerberos ntlm"));
    sspi_policy_offer_configured(&policy, has_realm, SSPI_SERVER_NGINX);
    for (; policy.schemes.order[n] != 0; n++) {
        text[n] = "-NTDB"[policy.schemes.order[n]];
        assert_true(policy.schemes.offers[policy.schemes.order[n]]);
    }
    text[n] = '\0';
    return text;
}

static void all_configured_schemes_are_offered(void **state)
{
    assert_string_equal(offered(false, NULL, NULL, false), "N");
    assert_string_equal(offered(true, "/k", NULL, false), "NB");
    assert_string_equal(offered(false, "/k", "/u", false), "N");
    assert_string_equal(offered(true, NULL, "/u", false), "DB");
    assert_string_equal(offered(true, "/k", "/u", true), "NTDB");
    assert_string_equal(offered(false, NULL, NULL, true), "NT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_split_at_blanks),
        cmocka_unit_test(a_list_may_have_every_scheme_and_no_more_words),
        cmocka_unit_test(a_wrong_value_changes_nothing),
        cmocka_unit_test(all_configured_schemes_are_offered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
