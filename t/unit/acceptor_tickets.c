/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acceptor_tickets.h"
#include "error_info.h"

#define NOW_MS 1000000u
#define END_MS 2000000u

static struct acceptor_tickets *tickets;

static int set_up(void **state)
{
    tickets = acceptor_tickets_new();
    return tickets == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    acceptor_tickets_free(tickets);
    return 0;
}

static void add(const char *key, const char *ccache, uint64_t end_ms)
{
    assert_null(acceptor_tickets_begin(tickets, bytes_view(key), NOW_MS));
    struct acceptor_ticket *made =
        acceptor_tickets_end(tickets, bytes_view(key), strdup(ccache), end_ms, NULL);
    assert_non_null(made);
    acceptor_ticket_unref(made);
}

/* Compares the cache of a key. NULL: there must be no entry. */
static void assert_entry(const char *key, uint64_t now_ms, const char *ccache)
{
    struct acceptor_ticket *found = acceptor_tickets_find(tickets, bytes_view(key), now_ms);
    if (ccache == NULL)
        assert_null(found);
    else
        assert_string_equal(acceptor_ticket_ccache(found), ccache);
    acceptor_ticket_unref(found);
}

static void each_key_has_its_own_tickets(void **state)
{
    add("alice", "MEMORY:a", END_MS);
    add("bob", "MEMORY:b", END_MS);
    assert_entry("alice", NOW_MS, "MEMORY:a");
    assert_entry("bob", NOW_MS, "MEMORY:b");
    assert_entry("alic", NOW_MS, NULL);
    assert_entry("alice2", NOW_MS, NULL);
}

static void tickets_end(void **state)
{
    add("alice", "MEMORY:a", END_MS);
    assert_entry("alice", END_MS - 1, "MEMORY:a");
    assert_entry("alice", END_MS, NULL);
    add("alice", "MEMORY:c", END_MS);
    assert_entry("alice", NOW_MS, "MEMORY:c");
}

static void a_refusal_is_remembered_and_a_failure_is_not(void **state)
{
    struct sspi_error_info refusal;
    error_info_set(&refusal, SSPI_REASON_NO_DELEGATION, "no");
    assert_null(acceptor_tickets_begin(tickets, SSPI_VIEW("alice"), NOW_MS));
    acceptor_ticket_unref(
        acceptor_tickets_end(tickets, SSPI_VIEW("alice"), NULL, END_MS, &refusal));
    struct acceptor_ticket *found = acceptor_tickets_find(tickets, SSPI_VIEW("alice"), NOW_MS);
    assert_null(acceptor_ticket_ccache(found));
    assert_string_equal(acceptor_ticket_refusal(found)->text, "no");
    acceptor_ticket_unref(found);
    assert_null(acceptor_tickets_begin(tickets, SSPI_VIEW("bob"), NOW_MS));
    assert_null(acceptor_tickets_end(tickets, SSPI_VIEW("bob"), NULL, END_MS, NULL));
    assert_entry("bob", NOW_MS, NULL);
}

static void the_oldest_entry_makes_room(void **state)
{
    char key[32];
    for (unsigned i = 0; i < ACCEPTOR_TICKETS_LIMIT; i++) {
        snprintf(key, sizeof(key), "user%u", i);
        add(key, "MEMORY:x", END_MS);
    }
    assert_entry("user0", NOW_MS, "MEMORY:x"); /* used again */
    add("one more", "MEMORY:y", END_MS);
    assert_entry("one more", NOW_MS, "MEMORY:y");
    assert_entry("user0", NOW_MS, "MEMORY:x");
    assert_entry("user1", NOW_MS, NULL);
    assert_entry("user2", NOW_MS, "MEMORY:x");
}

static void *wait_for_alice(void *unused)
{
    return acceptor_tickets_begin(tickets, SSPI_VIEW("alice"), NOW_MS);
}

static void other_threads_wait_for_the_one_that_asks(void **state)
{
    pthread_t threads[4];
    assert_null(acceptor_tickets_begin(tickets, SSPI_VIEW("alice"), NOW_MS));
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, wait_for_alice, NULL), 0);
    acceptor_ticket_unref(
        acceptor_tickets_end(tickets, SSPI_VIEW("alice"), strdup("MEMORY:a"), END_MS, NULL));
    for (size_t i = 0; i < 4; i++) {
        void *found;
        assert_int_equal(pthread_join(threads[i], &found), 0);
        assert_string_equal(acceptor_ticket_ccache(found), "MEMORY:a");
        acceptor_ticket_unref(found);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_key_has_its_own_tickets),
        TEST(tickets_end),
        TEST(a_refusal_is_remembered_and_a_failure_is_not),
        TEST(the_oldest_entry_makes_room),
        TEST(other_threads_wait_for_the_one_that_asks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
