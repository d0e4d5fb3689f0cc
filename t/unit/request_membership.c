/* SPDX-License-Identifier: Apache-2.0 */
/* The groups of a user from all sources, and the variables that list them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bytes.h"
#include "request_membership.h"
#include "sid_list.h"

#define OURS "S-1-5-21-1-2-3-"

static char path[] = "/tmp/request_membership.XXXXXX";
static struct sspi_acceptor *acceptor;
static struct sspi_exchange *exchange;
static struct sspi_policy policy;
static struct bytes list;
static char error[SSPI_ERROR_SIZE];
static struct sspi_view file_name;

static void set(enum sspi_option option, const struct sspi_view *words, size_t n)
{
    if (!sspi_policy_set(&policy, option, words, n, SSPI_SERVER_NGINX, error))
        fail_msg("%s", error);
}

/* Makes a verified user of Kerberos with `n` groups of one domain. */
static void make_user(uint32_t n)
{
    static char name[] = "alice@A", realm[] = "A";
    const struct sspi_request request = {.target = SSPI_VIEW("/")};
    struct sid *sids = calloc(n + 1, sizeof(*sids));
    for (uint32_t i = 0; i < n; i++) {
        assert_true(sid_parse(SSPI_VIEW(OURS "512"), &sids[i]));
        sids[i].sub[4] = 512 + i;
    }
    bytes_free(&list);
    assert_true(sid_list_make(sids, n, &list));
    free(sids);
    sspi_exchange_free(exchange);
    exchange = sspi_exchange_new(acceptor, &request);
    exchange->identity = (struct policy_identity){.scheme = SSPI_SCHEME_NEGOTIATE,
                                                  .mech = SSPI_MECH_KERBEROS,
                                                  .name = name,
                                                  .realm = realm,
                                                  .groups = list.data,
                                                  .groups_len = list.len,
                                                  .is_borrowed = true};
    exchange->reason = SSPI_REASON_GRANTED;
}

static int set_up(void **state)
{
    const struct sspi_acceptor_config config = {.server = SSPI_SERVER_NGINX};
    const struct sspi_view sources[] = {SSPI_VIEW("ticket"), SSPI_VIEW("file")};
    static const char text[] = "admins: alice@A\na,b\\c: alice@A bob@A\nothers: bob@A\n";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
    close(fd);
    acceptor = sspi_acceptor_new(&config);
    policy = sspi_policy_defaults();
    file_name = bytes_view(path);
    set(SSPI_OPTION_GROUPS, sources, 2);
    set(SSPI_OPTION_GROUP_FILE, &file_name, 1);
    if (!sspi_acceptor_open(acceptor, &policy, false, false, error))
        fail_msg("%s", error);
    return 0;
}

static int tear_down(void **state)
{
    sspi_exchange_free(exchange);
    sspi_acceptor_free(acceptor);
    bytes_free(&list);
    unlink(path);
    return 0;
}

static enum policy_met has(const char *word)
{
    return request_membership_has(exchange, &policy, bytes_view(word));
}

static const char *variable(enum sspi_variable which)
{
    struct sspi_view value = sspi_exchange_group_variable(exchange, &policy, which);
    if (value.data != NULL)
        assert_int_equal(strlen(value.data), value.len);
    return value.data == NULL ? "(absent)" : value.data;
}

static void a_plain_name_is_of_the_file_and_a_sid_of_the_directory(void **state)
{
    make_user(2);
    assert_int_equal(has("admins"), POLICY_MET);
    assert_int_equal(has("a,b\\c"), POLICY_MISSED); /* it reads as DOMAIN\name */
    assert_int_equal(has("others"), POLICY_MISSED);
    assert_int_equal(has(OURS "512"), POLICY_MET);
    assert_int_equal(has(OURS "514"), POLICY_MISSED);
    /* No lookup has found a SID for the name, and the file's group has another name. */
    assert_int_equal(has("A\\admins"), POLICY_MISSED);
    assert_int_equal(has(""), POLICY_MISSED);
    assert_int_equal(has("S-1-x"), POLICY_MISSED);
}

static void the_answer_is_unknown_for_the_directory_only(void **state)
{
    make_user(1);
    exchange->identity.groups_incomplete = true;
    assert_int_equal(has(OURS "999"), POLICY_UNKNOWN);
    assert_int_equal(has("others"), POLICY_MISSED);
    assert_int_equal(sspi_exchange_in_group(exchange, &policy, SSPI_VIEW("admins")),
                     SSPI_MEMBERSHIP_NO); /* the last result has no user */
    exchange->result.has_user = true;
    assert_int_equal(sspi_exchange_in_group(exchange, &policy, SSPI_VIEW("admins")),
                     SSPI_MEMBERSHIP_YES);
    assert_int_equal(sspi_exchange_in_group(exchange, &policy, SSPI_VIEW("others")),
                     SSPI_MEMBERSHIP_NO);
    assert_int_equal(sspi_exchange_in_group(exchange, &policy, SSPI_VIEW(OURS "999")),
                     SSPI_MEMBERSHIP_UNKNOWN);
    const struct sspi_result *result =
        sspi_exchange_challenge(exchange, &policy, (struct sspi_view){NULL, 0});
    assert_int_equal(result->status, 401);
    assert_int_equal(result->n_entries, 1);
    assert_non_null(strstr(result->entries[0].text, "SSPI-165"));
    assert_non_null(strstr(result->entries[0].text, "alice@A"));
    /* The challenge is not a refusal of the user. */
    result = sspi_exchange_deny(exchange);
    assert_int_equal(result->n_entries, 0);
    assert_null(result->variables[SSPI_VARIABLE_ERROR].data);
}

static void the_server_may_refuse_a_user(void **state)
{
    make_user(1);
    exchange->result.has_user = true;
    const struct sspi_result *result = sspi_exchange_deny(exchange);
    assert_int_equal(result->status, 403);
    assert_false(result->has_user);
    assert_int_equal(result->n_headers, 0);
    assert_int_equal(result->n_entries, 1);
    assert_non_null(strstr(result->entries[0].text, "SSPI-131: alice@A does not meet"));
    assert_string_equal(result->variables[SSPI_VARIABLE_ERROR].data, "SSPI-131");
}

static enum sspi_membership membership(const char *word)
{
    return sspi_exchange_in_group(exchange, &policy, bytes_view(word));
}

static void a_user_is_ruled_out_only_if_the_sources_have_said_enough(void **state)
{
    const struct sspi_view ticket[] = {SSPI_VIEW("ticket")},
                           both[] = {SSPI_VIEW("ticket"), SSPI_VIEW("file")};
    const struct sspi_view unfiltered[] = {SSPI_VIEW("ticket-unfiltered")};
    const struct sspi_view file[] = {SSPI_VIEW("file")};
    make_user(1);
    exchange->result.has_user = true;
    /* A ticket without groups. */
    assert_int_equal(membership(OURS "999"), SSPI_MEMBERSHIP_UNSURE);
    assert_int_equal(membership("others"), SSPI_MEMBERSHIP_NO);
    assert_true(sid_parse(SSPI_VIEW(OURS "1105"), &exchange->identity.user_sid));
    assert_int_equal(membership(OURS "999"), SSPI_MEMBERSHIP_NO);
    assert_int_equal(membership("A\\admins"), SSPI_MEMBERSHIP_UNSURE); /* it has no SID */
    exchange->identity.is_foreign = true;
    assert_int_equal(membership(OURS "999"), SSPI_MEMBERSHIP_UNSURE);
    set(SSPI_OPTION_GROUPS, unfiltered, 1);
    assert_int_equal(membership(OURS "999"), SSPI_MEMBERSHIP_NO);
    exchange->identity.is_foreign = false;
    set(SSPI_OPTION_GROUPS, file, 1);
    assert_int_equal(membership(OURS "512"), SSPI_MEMBERSHIP_UNSURE);
    set(SSPI_OPTION_GROUPS, ticket, 1);
    assert_int_equal(membership("admins"), SSPI_MEMBERSHIP_UNSURE);
    /* Digest's users have no SIDs, whatever the policy lists. */
    set(SSPI_OPTION_GROUPS, file, 1);
    exchange->identity.mech = SSPI_MECH_NONE;
    assert_int_equal(membership(OURS "512"), SSPI_MEMBERSHIP_NO);
    assert_int_equal(membership("A\\admins"), SSPI_MEMBERSHIP_NO);
    set(SSPI_OPTION_GROUPS, both, 2);
}

static void a_comma_and_a_backslash_of_a_name_are_escaped(void **state)
{
    make_user(2);
    assert_string_equal(variable(SSPI_VARIABLE_GROUPS),
                        "a\\,b\\\\c,admins," OURS "512," OURS "513");
    assert_string_equal(variable(SSPI_VARIABLE_GROUP_SIDS), OURS "512," OURS "513");
}

static void a_user_in_no_group_has_no_value(void **state)
{
    static char name[] = "nobody@A";
    make_user(0);
    exchange->identity.name = name;
    assert_string_equal(variable(SSPI_VARIABLE_GROUPS), "(absent)");
    assert_string_equal(variable(SSPI_VARIABLE_GROUP_SIDS), "(absent)");
}

static void before_the_login_there_is_no_value(void **state)
{
    make_user(2);
    exchange->reason = SSPI_REASON_NONE;
    assert_string_equal(variable(SSPI_VARIABLE_GROUPS), "(absent)");
    assert_string_equal(variable(SSPI_VARIABLE_GROUP_SIDS), "(absent)");
}

static void a_list_of_the_greatest_length_fits(void **state)
{
    make_user(SID_LIST_LIMIT);
    const char *value = variable(SSPI_VARIABLE_GROUP_SIDS);
    size_t n = 1;
    for (const char *at = value; *at != '\0'; at++)
        n += *at == ',';
    assert_int_equal(n, SID_LIST_LIMIT);
    assert_non_null(strstr(value, "," OURS "2559"));
}

static void a_text_at_the_limit_is_whole_and_a_longer_one_absent(void **state)
{
    struct bytes to = {0};
    make_user(100);
    request_membership_append(exchange, &policy, false, &to);
    assert_false(to.failed);
    size_t len = to.len;
    bytes_free(&to);
    to.limit = len;
    request_membership_append(exchange, &policy, false, &to);
    assert_false(to.failed);
    bytes_free(&to);
    to.limit = len - 1;
    request_membership_append(exchange, &policy, false, &to);
    assert_true(to.failed);
    bytes_free(&to);
}

static void a_foreign_user_shows_no_sid_while_the_own_domain_is_unknown(void **state)
{
    make_user(2);
    exchange->identity.is_foreign = true;
    assert_string_equal(variable(SSPI_VARIABLE_GROUP_SIDS), "(absent)");
    assert_string_equal(variable(SSPI_VARIABLE_GROUPS), "a\\,b\\\\c,admins");
    assert_int_equal(has(OURS "512"), POLICY_MISSED);
    struct sspi_policy filtered = policy;
    const struct sspi_view all = SSPI_VIEW("ticket-unfiltered");
    set(SSPI_OPTION_GROUPS, &all, 1);
    assert_string_equal(variable(SSPI_VARIABLE_GROUP_SIDS), OURS "512," OURS "513");
    assert_int_equal(has(OURS "512"), POLICY_MET);
    policy = filtered;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_name_is_of_the_file_and_a_sid_of_the_directory),
        cmocka_unit_test(the_answer_is_unknown_for_the_directory_only),
        cmocka_unit_test(the_server_may_refuse_a_user),
        cmocka_unit_test(a_user_is_ruled_out_only_if_the_sources_have_said_enough),
        cmocka_unit_test(a_comma_and_a_backslash_of_a_name_are_escaped),
        cmocka_unit_test(a_user_in_no_group_has_no_value),
        cmocka_unit_test(before_the_login_there_is_no_value),
        cmocka_unit_test(a_list_of_the_greatest_length_fits),
        cmocka_unit_test(a_text_at_the_limit_is_whole_and_a_longer_one_absent),
        cmocka_unit_test(a_foreign_user_shows_no_sid_while_the_own_domain_is_unknown),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
