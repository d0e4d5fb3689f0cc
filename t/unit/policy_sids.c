/* SPDX-License-Identifier: Apache-2.0 */
/* Which SIDs of an identity count: a foreign realm cannot put its users into our groups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"
#include "policy_sids.h"

#define OURS  "S-1-5-21-1-2-3-"
#define OTHER "S-1-5-21-7-8-9-"

static struct bytes list;

static struct sid sid_of(const char *text)
{
    struct sid sid;
    if (!sid_parse(bytes_view(text), &sid))
        fail_msg("%s", text);
    return sid;
}

/* A user with groups of both domains and of none. */
static struct policy_identity make_identity(bool foreign)
{
    const char *texts[] = {OURS "512",       OTHER "513",       "S-1-5-32-544",
                           "S-1-1-0",        "S-1-18-1",        "S-1-5-21-7-8-9-10-11",
                           "S-1-5-21-1-2-3", "S-1-6-21-7-8-9-1"};
    struct sid sids[8];
    for (size_t i = 0; i < 8; i++)
        sids[i] = sid_of(texts[i]);
    bytes_free(&list);
    assert_true(sid_list_make(sids, 8, &list));
    return (struct policy_identity){.mech = SSPI_MECH_KERBEROS,
                                    .scheme = SSPI_SCHEME_NEGOTIATE,
                                    .user_sid = sid_of(OTHER "1105"),
                                    .groups = list.data,
                                    .groups_len = list.len,
                                    .is_foreign = foreign};
}

static struct sspi_policy policy_with(const char *source)
{
    const struct sspi_view word = bytes_view(source);
    struct sspi_policy policy = sspi_policy_defaults();
    char error[SSPI_ERROR_SIZE];
    if (!sspi_policy_set(&policy, SSPI_OPTION_GROUPS, &word, 1, SSPI_SERVER_NGINX, error))
        fail_msg("%s", error);
    return policy;
}

static enum policy_met has(const struct sspi_policy *policy, const struct policy_identity *identity,
                           const char *text)
{
    const struct sid sid = sid_of(text);
    return policy_sids_has(policy, identity, &sid);
}

static void groups_and_the_user_of_the_own_realm_count(void **state)
{
    const struct policy_identity identity = make_identity(false);
    const char *members[] = {OURS "512", OTHER "513", "S-1-5-32-544", "S-1-18-1", OTHER "1105"};
    const char *others[] = {OURS "513", OURS "51", OTHER "512", "S-1-5-32-545", OTHER "1106"};
    const struct sspi_policy ticket = policy_with("ticket"), all = policy_with("ticket-unfiltered");
    const struct sspi_policy file = policy_with("file"), local = policy_with("local");
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(has(&ticket, &identity, members[i]), POLICY_MET);
        assert_int_equal(has(&all, &identity, members[i]), POLICY_MET);
        assert_int_equal(has(&file, &identity, members[i]), POLICY_MISSED);
        assert_int_equal(has(&local, &identity, members[i]), POLICY_MISSED);
        assert_int_equal(has(&ticket, &identity, others[i]), POLICY_MISSED);
    }
}

static void a_foreign_user_meets_no_sid_unless_unfiltered(void **state)
{
    const struct policy_identity identity = make_identity(true);
    const char *members[] = {OURS "512", OTHER "513", "S-1-5-32-544", "S-1-18-1", OTHER "1105"};
    const struct sspi_policy ticket = policy_with("ticket"), all = policy_with("ticket-unfiltered");
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(has(&ticket, &identity, members[i]), POLICY_MISSED);
        assert_int_equal(has(&all, &identity, members[i]), POLICY_MET);
    }
}

static void a_session_without_all_groups_does_not_know(void **state)
{
    struct policy_identity identity = make_identity(false);
    const struct sspi_policy ticket = policy_with("ticket"), file = policy_with("file");
    identity.groups_incomplete = true;
    assert_int_equal(has(&ticket, &identity, OURS "512"), POLICY_MET);
    assert_int_equal(has(&ticket, &identity, OTHER "1105"), POLICY_MET);
    assert_int_equal(has(&ticket, &identity, OURS "513"), POLICY_UNKNOWN);
    assert_int_equal(has(&file, &identity, OURS "513"), POLICY_MISSED);
    /* New credentials would not help a foreign user. */
    identity.is_foreign = true;
    assert_int_equal(has(&ticket, &identity, OURS "513"), POLICY_MISSED);
}

static void a_user_without_sids_is_in_no_group(void **state)
{
    const struct policy_identity nobody = {.scheme = SSPI_SCHEME_DIGEST};
    const struct sspi_policy all = policy_with("ticket-unfiltered");
    const struct sid none = {0};
    assert_int_equal(has(&all, &nobody, "S-1-1-0"), POLICY_MISSED);
    assert_int_equal(policy_sids_has(&all, &nobody, &none), POLICY_MISSED);
    struct sid_list_at at = policy_sids_begin(&all, &nobody);
    assert_false(sid_list_next(&at));
}

/* ---- what applications see ---- */

static bool is_ours(void *self, const struct sid *sid)
{
    const struct sid ours = sid_of(OURS "1");
    assert_ptr_equal(self, &list);
    return sid_same_domain(&ours, sid);
}

static void shown(const char *source, bool foreign, char ret_text[300])
{
    const struct policy_identity identity = make_identity(foreign);
    const struct sspi_policy policy = policy_with(source);
    struct sid_list_at at = policy_sids_begin(&policy, &identity);
    *ret_text = '\0';
    while (sid_list_next(&at)) {
        char text[SID_TEXT_SIZE];
        if (!policy_sids_shows(&policy, &identity, &at.sid, is_ours, &list))
            continue;
        sid_write(&at.sid, text);
        strcat(strcat(ret_text, text), " ");
    }
}

static void applications_see_no_sid_of_our_domain_of_a_foreign_user(void **state)
{
    char text[300], all[300];
    shown("ticket", false, all);
    assert_non_null(strstr(all, OURS "512 "));
    assert_non_null(strstr(all, "S-1-5-32-544 "));
    shown("ticket", true, text);
    assert_string_equal(text, OTHER "513 ");
    shown("ticket-unfiltered", true, text);
    assert_string_equal(text, all);
    shown("file", false, text);
    assert_string_equal(text, "");
}

static void the_sid_of_the_user_is_filtered_as_well(void **state)
{
    struct policy_identity identity = make_identity(true);
    const struct sspi_policy ticket = policy_with("ticket"), all = policy_with("ticket-unfiltered");
    const struct sid unknown = {0};
    assert_true(policy_sids_shows(&ticket, &identity, &identity.user_sid, is_ours, &list));
    identity.user_sid = sid_of(OURS "500");
    assert_false(policy_sids_shows(&ticket, &identity, &identity.user_sid, is_ours, &list));
    assert_true(policy_sids_shows(&all, &identity, &identity.user_sid, is_ours, &list));
    assert_false(policy_sids_shows(&all, &identity, &unknown, is_ours, &list));
}

static int free_list(void **state)
{
    bytes_free(&list);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_and_the_user_of_the_own_realm_count),
        cmocka_unit_test(a_foreign_user_meets_no_sid_unless_unfiltered),
        cmocka_unit_test(a_session_without_all_groups_does_not_know),
        cmocka_unit_test(a_user_without_sids_is_in_no_group),
        cmocka_unit_test(applications_see_no_sid_of_our_domain_of_a_foreign_user),
        cmocka_unit_test(the_sid_of_the_user_is_filtered_as_well),
    };
    return cmocka_run_group_tests(tests, NULL, free_list);
}
