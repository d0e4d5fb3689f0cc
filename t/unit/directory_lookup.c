/* SPDX-License-Identifier: Apache-2.0 */
/* The SIDs of groups by SSSD's library, of which t/unit/fake has a fake, and by a winbind that this
 * file plays; t/ad has the real one. Lookups in a child process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "directory_lookup.h"
#include "directory_sssd.h"
#include "directory_winbind.h"

/* ---- played by this file ---- */

static struct directory_answer winbind;
static bool sssd_runs;

void __wrap_directory_winbind_group(const char *domain, const char *group,
                                    struct directory_answer *ret_answer);
void __wrap_directory_winbind_own_domain(struct directory_answer *ret_answer);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t len);

void __wrap_directory_winbind_group(const char *domain, const char *group,
                                    struct directory_answer *ret_answer)
{
    (void)domain;
    (void)group;
    *ret_answer = winbind;
}

void __wrap_directory_winbind_own_domain(struct directory_answer *ret_answer)
{
    *ret_answer = winbind;
}

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t len)
{
    (void)fd;
    (void)address;
    (void)len;
    errno = ENOENT;
    return sssd_runs ? 0 : -1;
}

static int set_up(void **state)
{
    (void)state;
    winbind = (struct directory_answer){.text = "no winbind"};
    sssd_runs = true;
    return 0;
}

/* ---- */

static struct sid sid_of(const char *text)
{
    struct sid sid;
    assert_true(sid_parse((struct sspi_view){text, strlen(text)}, &sid));
    return sid;
}

static struct directory_answer look_up(const char *name)
{
    struct directory_answer answer;
    const struct directory_question question = {&name, 1, false};
    directory_lookup(&question, 1000, &answer);
    return answer;
}

static void assert_sid(const struct directory_answer *answer, const char *text)
{
    struct sid sid = sid_of(text);
    assert_int_equal(answer->status, DIRECTORY_FOUND);
    assert_int_equal(sid_compare(&answer->sid, &sid), 0);
}

static void sssd_finds_groups_by_name_and_domain(void **state)
{
    struct directory_answer answer = look_up("FAKE\\admins");
    (void)state;
    assert_sid(&answer, "S-1-5-21-1-2-3-512");
    answer = look_up("fake.example\\with space");
    assert_sid(&answer, "S-1-5-21-1-2-3-513");
}

static void assert_status(const char *name, enum directory_status status, const char *text)
{
    struct directory_answer answer = look_up(name);
    assert_int_equal(answer.status, status);
    assert_non_null(strstr(answer.text, text));
}

static void users_are_not_groups(void **state)
{
    (void)state;
    assert_status("FAKE\\alice", DIRECTORY_NOT_FOUND, "not a group");
    assert_status("FAKE\\bob", DIRECTORY_NOT_FOUND, "not a group");
}

static void tells_unknown_groups_from_failures(void **state)
{
    (void)state;
    assert_status("FAKE\\nobody", DIRECTORY_NOT_FOUND, "SSSD knows no such group");
    assert_status("OTHER\\admins", DIRECTORY_NOT_FOUND, "the domain");
    assert_status("FAKE\\unreadable", DIRECTORY_NOT_FOUND, "cannot read");
    assert_status("FAKE\\late", DIRECTORY_UNREACHABLE, "in time");
    assert_status("FAKE\\offline", DIRECTORY_UNREACHABLE, "no server");
    assert_status("FAKE\\odd", DIRECTORY_UNREACHABLE, "error");
    assert_status("FAKE\\broken", DIRECTORY_UNREACHABLE, "invalid SID");
}

static void an_unknown_name_is_no_answer_while_sssd_does_not_run(void **state)
{
    (void)state;
    sssd_runs = false;
    assert_status("FAKE\\nobody", DIRECTORY_UNREACHABLE, "no winbind, and SSSD does not run");
}

static void a_name_has_a_domain(void **state)
{
    char name[2000];
    (void)state;
    assert_status("admins", DIRECTORY_NOT_FOUND, "no domain");
    memset(name, 'x', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    name[1990] = '\\';
    assert_status(name, DIRECTORY_NOT_FOUND, "no domain");
    name[1990] = 'x';
    name[3] = '\\';
    assert_status(name, DIRECTORY_NOT_FOUND, "too long");
}

static void the_directory_that_knows_the_group_answers(void **state)
{
    struct directory_answer answer;
    (void)state;
    winbind = (struct directory_answer){.status = DIRECTORY_NOT_FOUND, .text = "not in winbind"};
    answer = look_up("FAKE\\admins");
    assert_sid(&answer, "S-1-5-21-1-2-3-512");
    assert_status("FAKE\\late", DIRECTORY_NOT_FOUND, "not in winbind");
    winbind = (struct directory_answer){.status = DIRECTORY_FOUND, .sid = sid_of("S-1-5-32-544")};
    answer = look_up("FAKE\\late");
    assert_sid(&answer, "S-1-5-32-544");
}

static void asks_for_no_name_after_the_limit(void **state)
{
    static const char *const names[] = {"FAKE\\admins"};
    const struct directory_question question = {names, 1, true};
    struct directory_answer answers[2];
    (void)state;
    directory_lookup(&question, 0, answers);
    assert_int_equal(answers[0].status, DIRECTORY_UNREACHABLE);
    assert_int_equal(answers[1].status, DIRECTORY_UNREACHABLE);
    assert_non_null(strstr(answers[1].text, "in time"));
}

static void the_last_answer_is_the_own_domain(void **state)
{
    static const char *const names[] = {"FAKE\\admins", "FAKE\\alice"};
    const struct directory_question question = {names, 2, true};
    struct directory_answer answers[3];
    (void)state;
    winbind = (struct directory_answer){.status = DIRECTORY_FOUND, .sid = sid_of("S-1-5-21-9-8-7")};
    directory_lookup_in_child(&question, 5000, answers);
    assert_sid(&answers[2], "S-1-5-21-9-8-7");
    winbind.status = DIRECTORY_UNREACHABLE;
    directory_lookup_in_child(&question, 5000, answers);
    assert_sid(&answers[0], "S-1-5-21-1-2-3-512");
    assert_int_equal(answers[1].status, DIRECTORY_NOT_FOUND);
    assert_int_equal(answers[2].status, DIRECTORY_UNREACHABLE);
}

static void asks_nothing_without_a_question(void **state)
{
    const struct directory_question question = {0};
    (void)state;
    directory_lookup_in_child(&question, 5000, NULL);
    assert_int_equal(waitpid(-1, NULL, 0), -1);
}

static uint64_t now_ms(void)
{
    const struct clock *clock = clock_machine();
    return clock->steady_ms(clock->self);
}

static int wait_status;

static void take_status(int number)
{
    (void)number;
    (void)waitpid(-1, &wait_status, WNOHANG);
}

/* As in nginx's master process, a handler of SIGCHLD takes the status of the child. */
static void a_hanging_directory_ends_at_the_deadline_without_a_signal(void **state)
{
    static const char *const names[] = {"FAKE\\admins", "FAKE\\hanging", "FAKE\\admins"};
    const struct directory_question question = {names, 3, true};
    const struct sigaction action = {.sa_handler = take_status, .sa_flags = SA_RESTART};
    struct sigaction before;
    struct directory_answer answers[4];
    uint64_t begin_ms = now_ms();
    (void)state;
    wait_status = -1;
    assert_int_equal(sigaction(SIGCHLD, &action, &before), 0);
    directory_lookup_in_child(&question, 200, answers);
    assert_int_equal(sigaction(SIGCHLD, &before, NULL), 0);
    assert_true(now_ms() - begin_ms >= 200);
    assert_sid(&answers[0], "S-1-5-21-1-2-3-512");
    for (size_t i = 1; i < 4; i++)
        assert_int_equal(answers[i].status, DIRECTORY_UNREACHABLE);
    assert_int_equal(waitpid(-1, NULL, 0), -1); /* no child is left */
    if (wait_status != -1) {
        assert_true(WIFEXITED(wait_status));
        assert_int_equal(WEXITSTATUS(wait_status), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(sssd_finds_groups_by_name_and_domain, set_up),
        cmocka_unit_test_setup(users_are_not_groups, set_up),
        cmocka_unit_test_setup(tells_unknown_groups_from_failures, set_up),
        cmocka_unit_test_setup(an_unknown_name_is_no_answer_while_sssd_does_not_run, set_up),
        cmocka_unit_test_setup(a_name_has_a_domain, set_up),
        cmocka_unit_test_setup(the_directory_that_knows_the_group_answers, set_up),
        cmocka_unit_test_setup(asks_for_no_name_after_the_limit, set_up),
        cmocka_unit_test_setup(the_last_answer_is_the_own_domain, set_up),
        cmocka_unit_test_setup(asks_nothing_without_a_question, set_up),
        cmocka_unit_test_setup(a_hanging_directory_ends_at_the_deadline_without_a_signal, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
