/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store_tries.h"

#define NOW    1000000u
#define TIME   300000u
#define NUMBER 5u

static struct store_tries tries;
static void *memory;

static int setup(void **unused)
{
    (void)unused;
    memory = aligned_alloc(64, store_tries_size());
    assert_non_null(memory);
    memset(memory, 0, store_tries_size());
    assert_true(store_tries_init(&tries, memory, clock_machine()));
    return 0;
}

static int teardown(void **unused)
{
    (void)unused;
    free(memory);
    return 0;
}

static struct store_tries_call call_at(const char *user, const char *address, uint64_t now_ms)
{
    return (struct store_tries_call){.user = bytes_view(user),
                                     .address = bytes_view(address),
                                     .number = NUMBER,
                                     .time_ms = TIME,
                                     .now_ms = now_ms};
}

static enum store_tries_answer add(const char *user, const char *address)
{
    const struct store_tries_call call = call_at(user, address, NOW);
    uint64_t until_ms;
    return store_tries_add(&tries, &call, &until_ms);
}

static enum store_tries_answer check(const char *user, const char *address, uint64_t now_ms)
{
    const struct store_tries_call call = call_at(user, address, now_ms);
    uint64_t until_ms = 0;
    enum store_tries_answer answer = store_tries_check(&tries, &call, NULL, &until_ms);
    assert_true(answer == STORE_TRIES_OPEN || until_ms > now_ms);
    return answer;
}

static enum store_tries_answer begin(const char *user, uint64_t password, uint64_t now_ms)
{
    const struct store_tries_call call = call_at(user, "here", now_ms);
    uint64_t until_ms;
    return store_tries_begin(&tries, &call, password, &until_ms);
}

static void end(const char *user, uint64_t password, bool wrong)
{
    const struct store_tries_call call = call_at(user, "here", NOW);
    store_tries_end(&tries, &call, password, wrong);
}

static void add_times(unsigned n, const char *user, const char *address)
{
    while (n-- > 0)
        assert_int_equal(add(user, address), STORE_TRIES_OPEN);
}

static void the_limit_holds_for_its_time(void **unused)
{
    (void)unused;
    add_times(NUMBER - 1, "alice", "here");
    assert_int_equal(check("alice", "here", NOW), STORE_TRIES_OPEN);
    add_times(1, "alice", "here");
    assert_int_equal(check("alice", "here", NOW), STORE_TRIES_LIMITED);
    assert_int_equal(add("alice", "here"), STORE_TRIES_LIMITED);
    assert_int_equal(check("alice", "here", NOW + TIME - 1), STORE_TRIES_LIMITED);
    assert_int_equal(check("alice", "here", NOW + TIME), STORE_TRIES_OPEN);
}

static struct store_tries_call limited_call(uint64_t number, uint64_t time_ms, uint64_t now_ms)
{
    struct store_tries_call call = call_at("alice", "here", now_ms);
    call.number = number;
    call.time_ms = time_ms;
    return call;
}

static void a_short_limit_does_not_end_a_long_one(void **unused)
{
    (void)unused;
    const struct store_tries_call brief = limited_call(2, 2000, NOW);
    const struct store_tries_call lasting = limited_call(10, TIME, NOW + 1000);
    uint64_t until_ms;
    assert_int_equal(store_tries_add(&tries, &brief, &until_ms), STORE_TRIES_OPEN);
    for (unsigned i = 1; i < 10; i++)
        assert_int_equal(store_tries_add(&tries, &lasting, &until_ms), STORE_TRIES_OPEN);
    const struct store_tries_call later = limited_call(10, TIME, NOW + TIME - 1);
    assert_int_equal(store_tries_check(&tries, &later, NULL, &until_ms), STORE_TRIES_LIMITED);
    assert_int_equal(until_ms, NOW + TIME);
    /* A short limit ends by itself where no other one counted. */
    add_times(1, "bob", "here");
    const struct store_tries_call end = limited_call(2, 2000, NOW + TIME);
    assert_int_equal(store_tries_check(&tries, &end, NULL, &until_ms), STORE_TRIES_OPEN);
}

static enum store_tries_answer check_asked(const char *user, uint64_t password)
{
    const struct store_tries_call call = call_at(user, "here", NOW);
    uint64_t until_ms;
    return store_tries_check(&tries, &call, &password, &until_ms);
}

static void the_last_try_is_shared(void **unused)
{
    (void)unused;
    assert_int_equal(check_asked("alice", 7), STORE_TRIES_OPEN);
    add_times(NUMBER - 1, "alice", "here");
    assert_int_equal(begin("alice", 7, NOW), STORE_TRIES_OPEN);
    assert_int_equal(check_asked("alice", 7), STORE_TRIES_ASKED_NOW);
    assert_int_equal(check_asked("alice", 8), STORE_TRIES_LIMITED);
    end("alice", 7, false);
    assert_int_equal(check_asked("alice", 8), STORE_TRIES_OPEN);
    assert_int_equal(begin("alice", 7, NOW), STORE_TRIES_OPEN);
    end("alice", 7, true);
    assert_int_equal(check_asked("alice", 7), STORE_TRIES_LIMITED);
}

static void users_and_addresses_are_counted_apart(void **unused)
{
    (void)unused;
    add_times(NUMBER, "alice", "here");
    assert_int_equal(check("bob", "here", NOW), STORE_TRIES_OPEN);
    assert_int_equal(check("alice", "there", NOW), STORE_TRIES_OPEN);
    assert_int_equal(check("alic", "ehere", NOW), STORE_TRIES_OPEN);
}

static void a_try_counts_from_its_begin(void **unused)
{
    (void)unused;
    for (uint64_t password = 1; password <= STORE_TRIES_ASKED; password++)
        assert_int_equal(begin("alice", password, NOW), STORE_TRIES_OPEN);
    /* There is no place for a fifth question at the same time. */
    assert_int_equal(begin("alice", 9, NOW), STORE_TRIES_ASKED_NOW);
    for (uint64_t password = 1; password <= STORE_TRIES_ASKED; password++)
        end("alice", password, true);
    assert_int_equal(begin("alice", 9, NOW), STORE_TRIES_OPEN);
    assert_int_equal(begin("alice", 10, NOW), STORE_TRIES_LIMITED);
    end("alice", 9, false);
    assert_int_equal(begin("alice", 10, NOW), STORE_TRIES_OPEN);
}

static void one_password_is_asked_once(void **unused)
{
    (void)unused;
    assert_int_equal(begin("alice", 7, NOW), STORE_TRIES_OPEN);
    assert_int_equal(begin("alice", 7, NOW), STORE_TRIES_ASKED_NOW);
    assert_int_equal(begin("bob", 7, NOW), STORE_TRIES_OPEN);
    end("alice", 7, false);
    assert_int_equal(begin("alice", 7, NOW), STORE_TRIES_OPEN);
}

static void a_lost_question_ends(void **unused)
{
    (void)unused;
    assert_int_equal(begin("alice", 7, NOW), STORE_TRIES_OPEN);
    assert_int_equal(begin("alice", 7, NOW + STORE_TRIES_ASKED_MS - 1), STORE_TRIES_ASKED_NOW);
    assert_int_equal(begin("alice", 7, NOW + STORE_TRIES_ASKED_MS), STORE_TRIES_OPEN);
}

static void an_end_without_a_begin_gives_no_try_back(void **unused)
{
    (void)unused;
    add_times(NUMBER, "alice", "here");
    for (int i = 0; i < 10; i++)
        end("alice", 7, false);
    assert_int_equal(check("alice", "here", NOW), STORE_TRIES_LIMITED);
}

/* Sends one wrong password for each of many names. */
static void flood(const char *address, unsigned first, unsigned n, unsigned times)
{
    char name[32];
    for (unsigned i = first; i < first + n; i++) {
        snprintf(name, sizeof(name), "name-%u", i);
        for (unsigned t = 0; t < times; t++)
            (void)add(name, address);
    }
}

#define PLACES (STORE_TRIES_SETS * STORE_TRIES_WAYS)

static void a_flood_of_names_does_not_free_the_own_entry(void **unused)
{
    (void)unused;
    add_times(NUMBER, "alice", "attacker");
    flood("attacker", 0, 4 * PLACES, 1);
    assert_int_equal(check("alice", "attacker", NOW), STORE_TRIES_LIMITED);
}

static void a_flood_does_not_lock_out_other_addresses(void **unused)
{
    (void)unused;
    unsigned n_limited = 0;
    char name[32];
    flood("attacker", 0, 2 * PLACES, NUMBER);
    /* The address of the flood gets no further names, because nothing could count them. */
    assert_int_equal(check("another", "attacker", NOW), STORE_TRIES_LIMITED);
    assert_int_equal(check("another", "attacker", NOW + TIME), STORE_TRIES_OPEN);
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "user-%u", i);
        n_limited += check(name, "office", NOW) != STORE_TRIES_OPEN;
        n_limited += add(name, "office") != STORE_TRIES_OPEN;
    }
    assert_int_equal(n_limited, 0);
}

/* An odd number is a lock that is held (store_lock.h). */
static void a_process_that_died_with_the_lock_stops_nobody(void **unused)
{
    const size_t size = store_tries_size() / STORE_TRIES_SETS;
    (void)unused;
    for (size_t i = 0; i < STORE_TRIES_SETS; i++)
        *(uint64_t *)((char *)memory + i * size) = 1;
    add_times(NUMBER, "alice", "here");
    assert_int_equal(check("alice", "here", NOW), STORE_TRIES_LIMITED);
    assert_int_equal(check("alice", "here", NOW + TIME), STORE_TRIES_OPEN);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_limit_holds_for_its_time),
        TEST(a_short_limit_does_not_end_a_long_one),
        TEST(the_last_try_is_shared),
        TEST(users_and_addresses_are_counted_apart),
        TEST(a_try_counts_from_its_begin),
        TEST(one_password_is_asked_once),
        TEST(a_lost_question_ends),
        TEST(an_end_without_a_begin_gives_no_try_back),
        TEST(a_flood_of_names_does_not_free_the_own_entry),
        TEST(a_flood_does_not_lock_out_other_addresses),
        TEST(a_process_that_died_with_the_lock_stops_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
