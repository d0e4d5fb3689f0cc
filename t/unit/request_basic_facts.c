/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "request_basic_facts.h"
#include "sid_list.h"
#include "store_passwords.h"

static char name[] = "alice@EXAMPLE.ORG", realm[] = "EXAMPLE.ORG",
            target[] = "HTTP/www@EXAMPLE.ORG", sam[] = "EXAMPLE\\alice",
            upn[] = "alice@example.org";

static struct sid sid_of(uint32_t last)
{
    return (struct sid){.authority = {0, 0, 0, 0, 0, 5}, .n_sub = 5, .sub = {21, 1, 2, 3, last}};
}

static struct policy_identity identity_with(const struct bytes *groups)
{
    return (struct policy_identity){.scheme = SSPI_SCHEME_BASIC,
                                    .mech = SSPI_MECH_KERBEROS,
                                    .name = name,
                                    .realm = realm,
                                    .target = target,
                                    .target_proven = true,
                                    .expiry_ms = 12345,
                                    .user_sid = sid_of(1000),
                                    .groups = groups->data,
                                    .groups_len = groups->len,
                                    .sam_name = sam,
                                    .upn = upn,
                                    .is_foreign = true};
}

static void make_groups(size_t n, struct bytes *ret_groups)
{
    static struct sid sids[2000];
    for (size_t i = 0; i < n; i++)
        sids[i] = sid_of((uint32_t)(2000 + i));
    assert_true(sid_list_make(sids, n, ret_groups));
}

static void a_remembered_login_has_the_facts_of_the_first_one(void **state)
{
    BYTES_CLEANUP struct bytes groups = {0}, facts = {0};
    struct policy_identity read;
    (void)state;
    make_groups(300, &groups);
    const struct policy_identity identity = identity_with(&groups);
    request_basic_facts_write(&identity, &facts);
    assert_false(facts.failed);
    assert_true(facts.len <= STORE_PASSWORDS_FACTS_LIMIT);
    assert_true(request_basic_facts_read(bytes_as_view(&facts), &read));
    assert_int_equal(read.scheme, SSPI_SCHEME_BASIC);
    assert_int_equal(read.mech, SSPI_MECH_KERBEROS);
    assert_string_equal(read.name, name);
    assert_string_equal(read.realm, realm);
    assert_string_equal(read.target, target);
    assert_string_equal(read.sam_name, sam);
    assert_string_equal(read.upn, upn);
    assert_string_equal(read.mechanism, "Kerberos");
    assert_true(read.target_proven && read.is_foreign && read.expiry_ms == 12345);
    char text[SID_TEXT_SIZE];
    sid_write(&read.user_sid, text);
    assert_string_equal(text, "S-1-5-21-1-2-3-1000");
    assert_int_equal(read.groups_len, groups.len);
    assert_memory_equal(read.groups, groups.data, groups.len);
    policy_identity_clear(&read);
}

static void damaged_facts_are_refused(void **state)
{
    BYTES_CLEANUP struct bytes groups = {0}, facts = {0};
    struct policy_identity read;
    (void)state;
    make_groups(3, &groups);
    const struct policy_identity identity = identity_with(&groups);
    request_basic_facts_write(&identity, &facts);
    for (size_t len = 0; len < facts.len; len++)
        assert_false(request_basic_facts_read((struct sspi_view){facts.data, len}, &read));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_remembered_login_has_the_facts_of_the_first_one),
        cmocka_unit_test(damaged_facts_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
