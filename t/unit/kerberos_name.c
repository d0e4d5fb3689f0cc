/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <krb5/krb5.h>

#include "bad_names.h"
#include "kerberos_name.h"
#include "krb5_fixture.h"

static krb5_context context;

/* Returns MIT's text of a principal with one part. */
static char *unparse(struct sspi_view part, const char *realm)
{
    krb5_principal principal;
    char *text;
    char copy[BAD_NAME_SIZE];
    krb5_data data[1] = {{.length = (unsigned)part.len, .data = copy}};
    krb5_principal_data built = {.data = data, .length = 1, .type = KRB5_NT_PRINCIPAL};
    memcpy(copy, part.data, part.len);
    assert_int_equal(krb5_copy_principal(context, &built, &principal), 0);
    assert_int_equal(krb5_set_principal_realm(context, principal, realm), 0);
    assert_int_equal(krb5_unparse_name(context, principal, &text), 0);
    krb5_free_principal(context, principal);
    return text;
}

static void mit_escapes_hide_no_control_character(void **state)
{
    char storage[BAD_NAME_SIZE];
    for (size_t i = 0; i < N_BAD_NAMES; i++) {
        char *text = unparse(bad_name(i, storage), REALM);
        if (kerberos_name_is_clean(bytes_view(text)))
            fail_msg("bad name %zu passes", i);
        krb5_free_unparsed_name(context, text);
    }
    for (size_t i = 0; i < N_GOOD_NAMES; i++) {
        char *text = unparse(bytes_view(good_names[i]), REALM);
        assert_true(kerberos_name_is_clean(bytes_view(text)));
        krb5_free_unparsed_name(context, text);
    }
}

static void a_backslash_in_the_name_is_no_escape(void **state)
{
    char *text = unparse(SSPI_VIEW("a\\nb"), REALM);
    assert_string_equal(text, "a\\\\nb@" REALM);
    assert_true(kerberos_name_is_clean(bytes_view(text)));
    krb5_free_unparsed_name(context, text);
    assert_false(kerberos_name_is_clean(SSPI_VIEW("a\\\\\\nb")));
    assert_false(kerberos_name_is_clean(SSPI_VIEW("a\\"))); /* krb5 does not write this */
}

static void the_realm_follows_the_first_unescaped_separator(void **state)
{
    static const struct {
        const char *text, *realm;
        bool has_escape;
    } all[] = {
        {"alice@R", "R", false},
        {"HTTP/www@R", "R", false},
        {"alice\\@OTHER@R", "R", true},
        {"alice@OTHER\\@R", "OTHER\\@R", true}, /* not R */
        {"a\\\\@R", "R", true},                 /* a backslash, then the realm */
        {"a\\\\\\@x@R", "R", true},
        {"alice", "", false},
        {"alice\\@R", "", true},
        {"alice\\", "", true},
        {"@R", "R", false},
        {"", "", false},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        assert_string_equal(kerberos_name_realm(all[i].text), all[i].realm);
        assert_int_equal(kerberos_name_has_escape(all[i].text), all[i].has_escape);
    }
}

/* MIT removes the escapes before it looks for an account. */
static void a_name_with_an_escape_has_no_account(void **state)
{
    static const char *const parts[] = {"alice@OTHER", ("alice@" REALM), "LAB\\bob", "a/b"};
    char *text = unparse(SSPI_VIEW("alice"), REALM);
    char *account = kerberos_local_name(text);
    assert_non_null(account);
    assert_string_equal(account, "alice");
    free(account);
    krb5_free_unparsed_name(context, text);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        text = unparse(bytes_view(parts[i]), REALM);
        assert_null(kerberos_local_name(text));
        krb5_free_unparsed_name(context, text);
    }
}

static int start(void **state)
{
    return krb5_fixture_start() != 0 || krb5_init_context(&context) != 0 ? -1 : 0;
}

static int end(void **state)
{
    krb5_free_context(context);
    return krb5_fixture_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mit_escapes_hide_no_control_character),
        cmocka_unit_test(a_backslash_in_the_name_is_no_escape),
        cmocka_unit_test(the_realm_follows_the_first_unescaped_separator),
        cmocka_unit_test(a_name_with_an_escape_has_no_account),
    };
    return cmocka_run_group_tests(tests, start, end);
}
