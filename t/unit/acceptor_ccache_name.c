/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "acceptor_ccache_name.h"

#define NOW_MS   UINT64_C(1700000000000)
#define LATER_MS (NOW_MS + 3600000)

static struct acceptor_ccache_creator self;

static void write_name(const struct acceptor_ccache_creator *creator, char *name)
{
    assert_true(acceptor_ccache_name_of_request(creator, LATER_MS, name));
}

/* Returns the creator that was a child of this process, which has ended. */
static struct acceptor_ccache_creator dead_creator(void)
{
    struct acceptor_ccache_creator dead = self;
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    dead.pid = (uint64_t)pid;
    return dead;
}

static bool is_over(const char *name)
{
    return acceptor_ccache_name_is_over(name, &self, NOW_MS);
}

static void a_file_of_a_live_process_stays_until_its_end(void **state)
{
    char name[ACCEPTOR_CCACHE_NAME_SIZE];
    write_name(&self, name);
    assert_false(is_over(name));
    assert_false(acceptor_ccache_name_is_over(name, &self, LATER_MS - 1));
    assert_true(acceptor_ccache_name_is_over(name, &self, LATER_MS));
}

static void names_differ(void **state)
{
    char one[ACCEPTOR_CCACHE_NAME_SIZE], other[ACCEPTOR_CCACHE_NAME_SIZE];
    write_name(&self, one);
    write_name(&self, other);
    assert_string_not_equal(one, other);
}

static void a_file_of_an_ended_process_is_over(void **state)
{
    char name[ACCEPTOR_CCACHE_NAME_SIZE];
    struct acceptor_ccache_creator creator = dead_creator();
    write_name(&creator, name);
    assert_true(is_over(name));
    creator = self;
    creator.start++; /* another process had this number */
    write_name(&creator, name);
    assert_true(is_over(name));
    creator = self;
    creator.boot[0] = creator.boot[0] == '1' ? '2' : '1';
    write_name(&creator, name);
    assert_true(is_over(name));
}

static void an_unknown_process_counts_as_alive(void **state)
{
    char name[ACCEPTOR_CCACHE_NAME_SIZE];
    struct acceptor_ccache_creator creator = dead_creator();
    creator.ns++;
    write_name(&creator, name);
    assert_false(is_over(name));
    creator = dead_creator();
    memset(creator.boot, '0', sizeof(creator.boot) - 1);
    write_name(&creator, name);
    assert_false(is_over(name));
}

static void only_names_of_our_form_are_over(void **state)
{
    char name[ACCEPTOR_CCACHE_NAME_SIZE], changed[ACCEPTOR_CCACHE_NAME_SIZE + 1];
    struct acceptor_ccache_creator creator = dead_creator();
    write_name(&creator, name);
    assert_true(is_over(name));
    for (size_t i = 0; i <= strlen(name); i++) {
        memcpy(changed, name, i);
        changed[i] = 'x';
        memcpy(changed + i + 1, name + i, strlen(name + i) + 1);
        assert_false(is_over(changed)); /* an inserted character */
        changed[i] = '\0';
        assert_true(i == strlen(name) || !is_over(changed)); /* a cut name */
    }
    assert_false(is_over(""));
    assert_false(is_over("krb5cc_33"));
    assert_false(is_over("sspi-s-0000000000000001"));
}

static void a_session_has_one_name(void **state)
{
    struct hash_suite hashes;
    const struct sspi_view id = SSPI_VIEW("0123456789abcdef"),
                           other = SSPI_VIEW("0123456789abcdeF");
    char one[ACCEPTOR_CCACHE_NAME_SIZE], two[ACCEPTOR_CCACHE_NAME_SIZE];
    assert_true(hash_suite_init(&hashes));
    assert_true(acceptor_ccache_name_of_session(&hashes, id, SSPI_VIEW("a"), LATER_MS, one));
    assert_true(acceptor_ccache_name_of_session(&hashes, id, SSPI_VIEW("a"), LATER_MS, two));
    assert_string_equal(one, two);
    assert_false(is_over(one));
    assert_true(acceptor_ccache_name_is_over(one, &self, LATER_MS));
    assert_true(acceptor_ccache_name_is_of_session(&hashes, one, id));
    assert_false(acceptor_ccache_name_is_of_session(&hashes, one, other));
    assert_true(acceptor_ccache_name_of_session(&hashes, id, SSPI_VIEW("b"), LATER_MS, two));
    assert_string_not_equal(one, two);
    assert_true(acceptor_ccache_name_is_of_session(&hashes, two, id));
    write_name(&self, two);
    assert_false(acceptor_ccache_name_is_of_session(&hashes, two, id));
    hash_suite_clear(&hashes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_of_a_live_process_stays_until_its_end),
        cmocka_unit_test(names_differ),
        cmocka_unit_test(a_file_of_an_ended_process_is_over),
        cmocka_unit_test(an_unknown_process_counts_as_alive),
        cmocka_unit_test(only_names_of_our_form_are_over),
        cmocka_unit_test(a_session_has_one_name),
    };
    acceptor_ccache_creator_self(&self);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
