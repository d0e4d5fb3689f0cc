/* SPDX-License-Identifier: Apache-2.0 */
/* The groups of the directory that requirements name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "acceptor_directory.h"
#include "acceptor_log.h"
#include "directory_lookup.h"

#define ADMINS "S-1-5-21-1-2-3-512"

static struct acceptor_directory *directory;

/* ---- the directory, played by this file ---- */

static struct group {
    const char *name;
    struct directory_answer answer;
} groups[2];
static struct directory_answer own_domain;
static size_t n_lookups;

void __wrap_directory_lookup(const struct directory_question *question, uint64_t limit_ms,
                             struct directory_answer *ret_answers);
void __wrap_directory_lookup_in_child(const struct directory_question *question, uint64_t limit_ms,
                                      struct directory_answer *ret_answers);

void __wrap_directory_lookup(const struct directory_question *question, uint64_t limit_ms,
                             struct directory_answer *ret_answers)
{
    assert_true(limit_ms > 0);
    n_lookups++;
    for (size_t i = 0; i < question->n_names; i++) {
        ret_answers[i] = (struct directory_answer){.status = DIRECTORY_NOT_FOUND, .text = "gone"};
        for (size_t j = 0; j < sizeof(groups) / sizeof(groups[0]); j++)
            if (groups[j].name != NULL && strcmp(groups[j].name, question->names[i]) == 0)
                ret_answers[i] = groups[j].answer;
    }
    if (question->own_domain)
        ret_answers[question->n_names] = own_domain;
}

void __wrap_directory_lookup_in_child(const struct directory_question *question, uint64_t limit_ms,
                                      struct directory_answer *ret_answers)
{
    __wrap_directory_lookup(question, limit_ms, ret_answers);
}

/* ---- */

static int set_up(void **state)
{
    (void)state;
    directory = acceptor_directory_new();
    memset(groups, 0, sizeof(groups));
    own_domain = (struct directory_answer){.text = "no winbind"};
    n_lookups = 0;
    return directory == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    acceptor_directory_unref(directory);
    return 0;
}

static bool add(const char *word)
{
    char error[SSPI_ERROR_SIZE] = "";
    bool added = acceptor_directory_add(directory, bytes_view(word), error);
    assert_true(added == (error[0] == '\0'));
    return added;
}

static struct sid sid_of(const char *text)
{
    struct sid sid;
    assert_true(sid_parse(bytes_view(text), &sid));
    return sid;
}

static bool is_own(const char *text)
{
    struct sid sid = sid_of(text);
    return acceptor_directory_is_own(directory, &sid);
}

static bool is_named(const char *text)
{
    struct sid sid = sid_of(text);
    return acceptor_directory_is_named(directory, &sid);
}

static void finds_a_sid_by_its_text(void **state)
{
    struct sid sid;
    (void)state;
    assert_true(add(ADMINS));
    assert_true(acceptor_directory_find(directory, SSPI_VIEW("s-1-5-21-1-2-3-512"), &sid));
    struct sid wanted = sid_of(ADMINS);
    assert_int_equal(sid_compare(&sid, &wanted), 0);
    assert_false(acceptor_directory_find(directory, SSPI_VIEW("S-1-5-21-1-2-3-513"), &sid));
}

static void a_name_without_a_sid_matches_no_user(void **state)
{
    struct sid sid;
    (void)state;
    assert_true(add("EXAMPLE\\admins"));
    assert_false(acceptor_directory_find(directory, SSPI_VIEW("EXAMPLE\\admins"), &sid));
}

static void refuses_words_that_name_no_group_of_a_directory(void **state)
{
    static const char *const wrong[] = {"",          "admins",        "\\admins",
                                        "EXAMPLE\\", "A\\B\\C",       "EXAMPLE\\a\nb",
                                        "\\",        "S-1-5-21-1-2-", "EXAMPLE\\\xff"};
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(add(wrong[i]));
}

static void a_name_has_512_octets_at_most(void **state)
{
    char name[ACCEPTOR_DIRECTORY_NAME_LIMIT + 2];
    (void)state;
    memset(name, 'x', sizeof(name));
    name[7] = '\\';
    name[ACCEPTOR_DIRECTORY_NAME_LIMIT + 1] = '\0';
    assert_false(add(name));
    name[ACCEPTOR_DIRECTORY_NAME_LIMIT] = '\0';
    assert_true(add(name));
}

static void keeps_1024_words_at_most_and_repeated_ones_once(void **state)
{
    char word[64];
    (void)state;
    for (int i = 0; i < ACCEPTOR_DIRECTORY_WORDS_LIMIT; i++) {
        snprintf(word, sizeof(word), "S-1-5-21-1-2-3-%d", i);
        assert_true(add(word));
        assert_true(add(word));
    }
    assert_true(add("s-1-5-21-1-2-3-0"));
    assert_false(add("S-1-5-21-1-2-3-1024"));
    for (int i = 0; i < ACCEPTOR_DIRECTORY_WORDS_LIMIT; i++) {
        snprintf(word, sizeof(word), "S-1-5-21-1-2-3-%d", i);
        assert_true(is_named(word));
    }
    assert_false(is_named("S-1-5-21-1-2-3-1024"));
}

static void the_domains_of_named_sids_and_builtin_are_ours(void **state)
{
    (void)state;
    assert_false(is_own(ADMINS));
    assert_true(add(ADMINS));
    assert_true(add("S-1-5-21-1-2-9-512"));
    assert_true(is_own(ADMINS));
    assert_true(is_own("S-1-5-21-1-2-3-0"));
    assert_true(is_own("S-1-5-21-1-2-3-4294967295"));
    assert_true(is_own("S-1-5-21-1-2-9-1"));
    assert_false(is_own("S-1-5-21-1-2-4-512"));
    assert_false(is_own("S-1-5-21-1-2-3"));
    assert_true(is_own("S-1-5-32-544"));
}

static void a_sid_that_only_its_text_names_has_no_name(void **state)
{
    struct bytes name BYTES_CLEANUP = {0};
    struct sid sid = sid_of(ADMINS);
    (void)state;
    assert_true(add(ADMINS));
    assert_false(acceptor_directory_name(directory, &sid, &name));
    assert_int_equal(name.len, 0);
}

/* ---- lookups ---- */

#define WRITERS "S-1-5-21-1-2-3-1103"
#define MINUTE  60000u

static struct directory_answer found(const char *sid)
{
    return (struct directory_answer){.status = DIRECTORY_FOUND, .sid = sid_of(sid)};
}

static const struct directory_answer unreachable = {.text = "no winbind"};

/* The reports of the start, one on each line. */
static char reports[4096];

static void report(void *self, enum sspi_reason reason, const char *text)
{
    size_t len = strlen(reports);
    assert_ptr_equal(self, &directory);
    snprintf(reports + len, sizeof(reports) - len, "%s %s\n",
             reason == SSPI_REASON_GROUP_RESOLVED ? "resolved" : "unknown", text);
}

static void start(uint64_t now_ms)
{
    reports[0] = '\0';
    acceptor_directory_start(directory, now_ms, report, &directory);
}

/* Runs the job that is due. False: there is no such job. */
static bool refresh(uint64_t now_ms)
{
    struct sspi_job *job = acceptor_directory_check_due(directory, now_ms);
    if (job == NULL)
        return false;
    sspi_job_run(job);
    sspi_job_unref(job);
    return true;
}

static bool has(const char *word, const char *text)
{
    struct sid sid, wanted = sid_of(text);
    return acceptor_directory_find(directory, bytes_view(word), &sid) &&
           sid_compare(&sid, &wanted) == 0;
}

static void assert_entry(const char *part)
{
    struct sspi_log_entry entry;
    assert_true(acceptor_directory_take_entry(directory, &entry));
    assert_non_null(strstr(entry.text, part));
}

static void assert_no_entry(void)
{
    struct sspi_log_entry entry;
    assert_false(acceptor_directory_take_entry(directory, &entry));
}

static void a_name_gets_its_sid_at_start(void **state)
{
    struct bytes name BYTES_CLEANUP = {0};
    struct sid sid = sid_of(ADMINS);
    (void)state;
    groups[0] = (struct group){"EXAMPLE\\Admins", found(ADMINS)};
    own_domain = found("S-1-5-21-7-7-7");
    assert_true(add(ADMINS));
    assert_true(add("EXAMPLE\\Admins"));
    assert_true(add("EXAMPLE\\missing"));
    start(0);
    assert_non_null(strstr(reports, "resolved the group EXAMPLE\\Admins is " ADMINS "\n"));
    assert_non_null(strstr(reports, "unknown the group EXAMPLE\\missing was not found"));
    assert_true(has("EXAMPLE\\Admins", ADMINS));
    assert_true(has("example\\admins", ADMINS));
    assert_false(has("EXAMPLE\\missing", ADMINS));
    assert_true(is_named(ADMINS));
    assert_true(is_own("S-1-5-21-7-7-7-1"));
    assert_false(is_own("S-1-5-21-7-7-1"));
    assert_true(acceptor_directory_name(directory, &sid, &name));
    assert_true(bytes_equal(bytes_as_view(&name), SSPI_VIEW("EXAMPLE\\Admins")));
    assert_no_entry();
}

static void without_words_only_the_job_asks(void **state)
{
    (void)state;
    start(0);
    assert_int_equal(n_lookups, 0);
    assert_false(refresh(UINT64_MAX - 1));
    acceptor_directory_want_own_domain(directory);
    own_domain = found("S-1-5-21-7-7-7");
    start(0);
    assert_int_equal(n_lookups, 0);
    assert_true(refresh(0));
    assert_true(is_own("S-1-5-21-7-7-7-1"));
}

static void without_names_asks_until_the_own_domain_is_known(void **state)
{
    (void)state;
    assert_true(add(ADMINS));
    start(0);
    assert_false(refresh(10 * MINUTE - 1));
    own_domain = found("S-1-5-21-7-7-7");
    assert_true(refresh(10 * MINUTE));
    assert_true(is_own("S-1-5-21-7-7-7-1"));
    assert_false(refresh(100 * MINUTE));
}

static void a_name_is_looked_up_every_ten_minutes(void **state)
{
    (void)state;
    groups[0] = (struct group){"EXAMPLE\\admins", found(ADMINS)};
    assert_true(add("EXAMPLE\\admins"));
    start(1000);
    assert_false(refresh(1000));
    assert_false(refresh(1000 + 10 * MINUTE - 1));
    assert_true(refresh(1000 + 10 * MINUTE));
    assert_no_entry();
    assert_false(refresh(1000 + 20 * MINUTE - 1));
    groups[0].answer = found(WRITERS);
    assert_true(refresh(1000 + 21 * MINUTE));
    assert_true(has("EXAMPLE\\admins", WRITERS));
    assert_false(is_named(ADMINS));
    assert_entry("SSPI-208: the group EXAMPLE\\admins is " WRITERS);
    assert_no_entry();
}

static void a_renamed_group_loses_its_sid(void **state)
{
    (void)state;
    groups[0] = (struct group){"EXAMPLE\\admins", found(ADMINS)};
    assert_true(add("EXAMPLE\\admins"));
    assert_true(add("EXAMPLE\\operators"));
    start(0);
    assert_false(has("EXAMPLE\\operators", ADMINS));
    groups[0].name = "EXAMPLE\\operators";
    assert_true(refresh(10 * MINUTE));
    assert_false(has("EXAMPLE\\admins", ADMINS));
    assert_true(has("EXAMPLE\\operators", ADMINS));
    assert_true(is_named(ADMINS));
    assert_entry("SSPI-209: the group EXAMPLE\\admins was not found");
    assert_entry("SSPI-208: the group EXAMPLE\\operators is " ADMINS);
    assert_no_entry();
}

static void a_name_keeps_its_sid_while_no_directory_answers(void **state)
{
    (void)state;
    groups[0] = (struct group){"EXAMPLE\\admins", found(ADMINS)};
    assert_true(add("EXAMPLE\\admins"));
    start(0);
    groups[0].answer = unreachable;
    assert_true(refresh(10 * MINUTE));
    assert_true(has("EXAMPLE\\admins", ADMINS));
    assert_entry("SSPI-209: the group EXAMPLE\\admins could not be looked up again, so it stays");
    assert_false(refresh(10 * MINUTE + 9999));
    assert_true(refresh(10 * MINUTE + 10500));
    assert_no_entry(); /* an outage is logged once */
    groups[0].answer = (struct directory_answer){.status = DIRECTORY_NOT_FOUND};
    assert_true(refresh(11 * MINUTE));
    assert_false(has("EXAMPLE\\admins", ADMINS));
    assert_false(is_named(ADMINS));
}

static void workers_ask_soon_if_the_parent_got_no_answer(void **state)
{
    (void)state;
    groups[0] = (struct group){"EXAMPLE\\admins", unreachable};
    assert_true(add("EXAMPLE\\admins"));
    start(0);
    assert_non_null(strstr(reports, "start winbind or SSSD, or write the group's SID"));
    assert_false(has("EXAMPLE\\admins", ADMINS));
    groups[0].answer = found(ADMINS);
    assert_false(refresh(9999));
    assert_true(refresh(10000));
    assert_true(has("EXAMPLE\\admins", ADMINS));
    assert_entry("SSPI-208");
    assert_false(refresh(10 * MINUTE));
}

static void one_thread_looks_up_and_a_job_that_did_not_run_is_repeated(void **state)
{
    (void)state;
    groups[0] = (struct group){"EXAMPLE\\admins", found(ADMINS)};
    assert_true(add("EXAMPLE\\admins"));
    start(0);
    struct sspi_job *job = acceptor_directory_check_due(directory, 10 * MINUTE);
    assert_non_null(job);
    assert_null(acceptor_directory_check_due(directory, 10 * MINUTE));
    sspi_job_unref(job);
    assert_true(refresh(10 * MINUTE));
}

static void a_job_may_outlive_the_other_owners(void **state)
{
    (void)state;
    assert_true(add("EXAMPLE\\admins"));
    start(0);
    struct sspi_job *job = acceptor_directory_check_due(directory, 10 * MINUTE);
    assert_non_null(job);
    acceptor_directory_unref(directory);
    directory = NULL;
    sspi_job_run(job);
    sspi_job_unref(job);
}

static void an_entry_counts_the_other_groups_of_its_kind(void **state)
{
    (void)state;
    groups[0] = (struct group){"EXAMPLE\\a", found(ADMINS)};
    groups[1] = (struct group){"EXAMPLE\\b", found(WRITERS)};
    assert_true(add("EXAMPLE\\a"));
    assert_true(add("EXAMPLE\\b"));
    start(0);
    memset(groups, 0, sizeof(groups));
    assert_true(refresh(10 * MINUTE));
    assert_entry("(and 1 more groups)");
    assert_no_entry();
}

static void text_of_names_is_escaped(void **state)
{
    (void)state;
    assert_true(add("EXAMPLE\\gr\xc3\xbc\xc3\x9f"
                    "e"));
    start(0);
    for (const char *at = reports; *at != '\0'; at++)
        assert_true(*at == '\n' || (*at >= ' ' && *at <= '~'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(finds_a_sid_by_its_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_name_without_a_sid_matches_no_user, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_words_that_name_no_group_of_a_directory, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_name_has_512_octets_at_most, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keeps_1024_words_at_most_and_repeated_ones_once, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_domains_of_named_sids_and_builtin_are_ours, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_sid_that_only_its_text_names_has_no_name, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_name_gets_its_sid_at_start, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_words_only_the_job_asks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_names_asks_until_the_own_domain_is_known, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_name_is_looked_up_every_ten_minutes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_renamed_group_loses_its_sid, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_name_keeps_its_sid_while_no_directory_answers, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(workers_ask_soon_if_the_parent_got_no_answer, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(one_thread_looks_up_and_a_job_that_did_not_run_is_repeated,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_job_may_outlive_the_other_owners, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_entry_counts_the_other_groups_of_its_kind, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(text_of_names_is_escaped, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
