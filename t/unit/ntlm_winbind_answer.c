/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <wbclient.h>

#include "bad_names.h"
#include "ntlm_winbind_answer.h"

#define ROOM (2 * NTLM_WINBIND_SIDS_LIMIT + 1)

/* An answer about alice, and the storage of its parts. */
struct fixture {
    char user[300], domain[300];
    struct wbcSidWithAttr sids[ROOM];
    struct wbcAuthUserInfo info;
};

static void set_sid(struct wbcSidWithAttr *to, uint32_t rid)
{
    *to = (struct wbcSidWithAttr){.sid = {.sid_rev_num = 1,
                                          .num_auths = 5,
                                          .id_auth = {0, 0, 0, 0, 0, 5},
                                          .sub_auths = {21, 1, 2, UINT32_MAX, rid}}};
}

static int fixture_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    if (fixture == NULL)
        return -1;
    strcpy(fixture->user, "alice");
    strcpy(fixture->domain, "CORP");
    for (uint32_t i = 0; i < ROOM; i++)
        set_sid(&fixture->sids[i], 1000 + i);
    fixture->info = (struct wbcAuthUserInfo){.account_name = fixture->user,
                                             .domain_name = fixture->domain,
                                             .user_session_key = {1},
                                             .num_sids = 3,
                                             .sids = fixture->sids};
    *state = fixture;
    return 0;
}

static int fixture_teardown(void **state)
{
    free(*state);
    return 0;
}

static void check_refused(const struct fixture *fixture, const char *words)
{
    struct ntlm_winbind_answer answer = {0};
    const char *problem = NULL;
    assert_false(ntlm_winbind_answer_copy(&fixture->info, true, &answer, &problem));
    assert_non_null(strstr(problem, words));
    assert_null(answer.groups.data);
}

static void check_sid(const struct sid *sid, const char *wanted)
{
    char text[SID_TEXT_SIZE];
    sid_write(sid, text);
    assert_string_equal(text, wanted);
}

static void check_n_sids(const struct ntlm_winbind_answer *answer, size_t n)
{
    assert_int_equal(1 + sid_list_count(bytes_as_view(&answer->groups)), n);
}

static void names_key_and_sids_are_copied(void **state)
{
    struct fixture *fixture = *state;
    struct ntlm_winbind_answer answer = {0};
    const char *problem;
    fixture->sids[1].attributes = WBC_SID_ATTR_GROUP_MANDATORY;
    fixture->sids[2] = fixture->sids[1]; /* the primary group among the groups */
    fixture->info.num_sids = 4;
    assert_true(ntlm_winbind_answer_copy(&fixture->info, true, &answer, &problem));
    assert_string_equal(answer.user, "alice");
    assert_string_equal(answer.domain, "CORP");
    assert_memory_equal(answer.base_key, fixture->info.user_session_key, NTLM_KEY_LEN);
    check_sid(&answer.user_sid, "S-1-5-21-1-2-4294967295-1000");
    struct sid_list_at at = {.rest = bytes_as_view(&answer.groups)};
    assert_true(sid_list_next(&at));
    check_sid(&at.sid, "S-1-5-21-1-2-4294967295-1001");
    assert_true(sid_list_next(&at));
    check_sid(&at.sid, "S-1-5-21-1-2-4294967295-1003");
    assert_false(sid_list_next(&at));
    ntlm_winbind_answer_clear(&answer);
    assert_null(answer.groups.data);
}

static void guests_are_refused(void **state)
{
    struct fixture *fixture = *state;
    fixture->info.user_flags = WBC_AUTH_USER_INFO_GUEST | WBC_AUTH_USER_INFO_EXTRA_SIDS;
    check_refused(fixture, "guest");
}

static void a_key_is_needed(void **state)
{
    struct fixture *fixture = *state;
    memset(fixture->info.user_session_key, 0, sizeof(fixture->info.user_session_key));
    check_refused(fixture, "session key");
}

/* A ticket gives winbind no key, and a password of Basic needs none. */
static void a_password_needs_no_key(void **state)
{
    struct fixture *fixture = *state;
    struct ntlm_winbind_answer answer = {0};
    struct package_info info = {0};
    const char *problem;
    memset(fixture->info.user_session_key, 0, sizeof(fixture->info.user_session_key));
    assert_true(ntlm_winbind_answer_copy(&fixture->info, false, &answer, &problem));
    assert_true(ntlm_winbind_answer_take(&answer, &info));
    assert_string_equal(info.name, "CORP\\alice");
    assert_string_equal(info.realm, "CORP");
    check_sid(&info.user_sid, "S-1-5-21-1-2-4294967295-1000");
    assert_int_equal(sid_list_count(bytes_as_view(&info.groups)), 2);
    assert_null(answer.groups.data);
    ntlm_winbind_answer_clear(&answer);
    package_info_clear(&info);
}

static void unusable_names_are_refused(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = {"", "CORP\\alice", "al\nice", "al\xff"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        strcpy(fixture->user, names[i]);
        check_refused(fixture, "name");
    }
    for (size_t i = 2; i < N_BAD_NAMES; i++) { /* winbind ends a name at NUL */
        char storage[BAD_NAME_SIZE] = "";
        strcpy(fixture->user, bad_name(i, storage).data);
        check_refused(fixture, "name");
    }
    memset(fixture->user, 'a', STORE_USERS_NAME_LIMIT + 1);
    fixture->user[STORE_USERS_NAME_LIMIT + 1] = '\0';
    check_refused(fixture, "name");
    strcpy(fixture->user, "alice");
    strcpy(fixture->domain, "CO\\RP");
    check_refused(fixture, "name");
    fixture->info.domain_name = NULL;
    check_refused(fixture, "name");
}

static void the_longest_name_is_accepted(void **state)
{
    struct fixture *fixture = *state;
    struct ntlm_winbind_answer answer = {0};
    const char *problem;
    memset(fixture->user, 'a', STORE_USERS_NAME_LIMIT);
    fixture->user[STORE_USERS_NAME_LIMIT] = '\0';
    assert_true(ntlm_winbind_answer_copy(&fixture->info, true, &answer, &problem));
    assert_string_equal(answer.user, fixture->user);
    ntlm_winbind_answer_clear(&answer);
}

static void too_many_sids_are_refused(void **state)
{
    struct fixture *fixture = *state;
    struct ntlm_winbind_answer answer = {0};
    const char *problem;
    fixture->info.num_sids = NTLM_WINBIND_SIDS_LIMIT;
    assert_true(ntlm_winbind_answer_copy(&fixture->info, true, &answer, &problem));
    check_n_sids(&answer, NTLM_WINBIND_SIDS_LIMIT);
    ntlm_winbind_answer_clear(&answer);
    fixture->info.num_sids++;
    check_refused(fixture, "too many groups");
    /* A SID that is there twice counts once, up to the limit of an answer. */
    for (size_t i = NTLM_WINBIND_SIDS_LIMIT; i < ROOM; i++)
        fixture->sids[i] = fixture->sids[i - NTLM_WINBIND_SIDS_LIMIT];
    fixture->info.num_sids = ROOM - 1;
    assert_true(ntlm_winbind_answer_copy(&fixture->info, true, &answer, &problem));
    check_n_sids(&answer, NTLM_WINBIND_SIDS_LIMIT);
    ntlm_winbind_answer_clear(&answer);
    fixture->info.num_sids = ROOM;
    check_refused(fixture, "too many groups");
    fixture->info.num_sids = 0;
    check_refused(fixture, "does not name");
}

static void unusual_sids_are_refused(void **state)
{
    struct fixture *fixture = *state;
    fixture->sids[2].attributes = WBC_SID_ATTR_GROUP_USEFOR_DENY_ONLY;
    check_refused(fixture, "only deny");
    set_sid(&fixture->sids[2], 1);
    fixture->sids[2].sid.num_auths = WBC_MAXSUBAUTHS + 1;
    check_refused(fixture, "too long");
    fixture->sids[2].sid.num_auths = 0;
    check_refused(fixture, "malformed");
    set_sid(&fixture->sids[2], 1);
    fixture->sids[2].sid.sid_rev_num = 2;
    check_refused(fixture, "malformed");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names_key_and_sids_are_copied),
        TEST(guests_are_refused),
        TEST(a_key_is_needed),
        TEST(a_password_needs_no_key),
        TEST(unusable_names_are_refused),
        TEST(the_longest_name_is_accepted),
        TEST(too_many_sids_are_refused),
        TEST(unusual_sids_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
