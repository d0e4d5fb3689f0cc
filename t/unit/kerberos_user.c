/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "bad_names.h"
#include "kerberos_user.h"

static const struct sspi_view realms[] = {
    {"FIRST.TEST", 10}, {"second.test", 11}, {"SECOND.TEST", 11}, {"MIXED.test", 10}};

static SECURITY_STATUS read_name(struct sspi_view typed, struct kerberos_user *ret_user,
                                 struct sspi_error_info *error_info)
{
    *error_info = (struct sspi_error_info){0};
    return kerberos_user_read(typed, realms, sizeof(realms) / sizeof(realms[0]), ret_user,
                              error_info);
}

static void a_name_has_the_realm_that_it_names_or_the_first(void **state)
{
    static const struct {
        const char *typed, *name, *realm;
    } cases[] = {
        {"alice", "alice", "FIRST.TEST"},
        {"alice@FIRST.TEST", "alice", "FIRST.TEST"},
        {"alice@first.TEST", "alice", "FIRST.TEST"},
        {"alice@second.test", "alice", "second.test"}, /* an equal realm comes first */
        {"alice@SECOND.TEST", "alice", "SECOND.TEST"},
        {"alice@Second.Test", "alice", "second.test"},
        {"alice@mixed.TEST", "alice", "MIXED.test"},
        {"j\xc3\xa4s$\xc3\xb8n", "j\xc3\xa4s$\xc3\xb8n", "FIRST.TEST"},
        {"first last", "first last", "FIRST.TEST"},
    };
    struct kerberos_user user;
    struct sspi_error_info error_info;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(read_name(bytes_view(cases[i].typed), &user, &error_info), SEC_E_OK);
        assert_true(bytes_equal(user.name, bytes_view(cases[i].name)));
        assert_true(bytes_equal(user.realm, bytes_view(cases[i].realm)));
    }
}

static void a_name_of_another_realm_is_refused(void **state)
{
    static const char *const cases[] = {
        "alice@OTHER.TEST",  "alice@", "alice@FIRST.TEST@OTHER.TEST", "alice@OTHER.TEST@FIRST.TEST",
        "alice@@FIRST.TEST", "@OTHER", "alice@FIRST.TEST.",           "alice@FIRST.TESTX"};
    struct kerberos_user user;
    struct sspi_error_info error_info;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(read_name(bytes_view(cases[i]), &user, &error_info), SEC_E_LOGON_DENIED);
        assert_int_equal(error_info.reason, SSPI_REASON_WRONG_REALM);
    }
}

static void names_that_no_user_has_are_refused(void **state)
{
    static const char *const cases[] = {"",
                                        "@FIRST.TEST",
                                        "krbtgt/FIRST.TEST",
                                        "HTTP/www@FIRST.TEST",
                                        "alice/admin",
                                        "DOM\\al",
                                        "alice\\",
                                        "WWW$",
                                        "WWW$@FIRST.TEST",
                                        "/",
                                        "$",
                                        "WELLKNOWN/ANONYMOUS@FIRST.TEST"};
    struct kerberos_user user;
    struct sspi_error_info error_info;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(read_name(bytes_view(cases[i]), &user, &error_info), SEC_E_LOGON_DENIED);
        assert_int_equal(error_info.reason, SSPI_REASON_WRONG_PASSWORD);
    }
    assert_int_equal(read_name((struct sspi_view){NULL, 0}, &user, &error_info),
                     SEC_E_LOGON_DENIED);
}

static void a_name_longer_than_the_limit_is_refused(void **state)
{
    char name[KERBEROS_USER_LIMIT + 1];
    struct kerberos_user user;
    struct sspi_error_info error_info;
    memset(name, 'a', sizeof(name));
    assert_int_equal(read_name((struct sspi_view){name, KERBEROS_USER_LIMIT}, &user, &error_info),
                     SEC_E_OK);
    assert_int_equal(
        read_name((struct sspi_view){name, KERBEROS_USER_LIMIT + 1}, &user, &error_info),
        SEC_E_LOGON_DENIED);
    assert_int_equal(error_info.reason, SSPI_REASON_WRONG_PASSWORD);
}

static void control_characters_are_refused(void **state)
{
    char storage[BAD_NAME_SIZE];
    struct kerberos_user user;
    struct sspi_error_info error_info;
    for (size_t i = 0; i < N_BAD_NAMES; i++) {
        assert_int_equal(read_name(bad_name(i, storage), &user, &error_info), SEC_E_LOGON_DENIED);
        assert_int_equal(error_info.reason, SSPI_REASON_BAD_NAME);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_has_the_realm_that_it_names_or_the_first),
        cmocka_unit_test(a_name_of_another_realm_is_refused),
        cmocka_unit_test(names_that_no_user_has_are_refused),
        cmocka_unit_test(a_name_longer_than_the_limit_is_refused),
        cmocka_unit_test(control_characters_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
