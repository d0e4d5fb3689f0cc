/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store_passwords.h"

#define NOW      1000000u
#define LIFETIME 600000u

static struct store_passwords passwords;
static char *memory;

static int setup(void **unused)
{
    (void)unused;
    memory = aligned_alloc(64, store_passwords_size());
    assert_non_null(memory);
    memset(memory, 0, store_passwords_size());
    assert_true(store_passwords_init(&passwords, memory, clock_machine()));
    return 0;
}

static int teardown(void **unused)
{
    (void)unused;
    free(memory);
    return 0;
}

/* The number-th tag of one set. */
static const uint8_t *tag_of(unsigned number)
{
    static uint8_t tag[STORE_PASSWORDS_TAG_LEN];
    memset(tag, 0, sizeof(tag));
    memcpy(tag + 8, &number, sizeof(number));
    return tag;
}

static void add(unsigned number, const char *facts, uint64_t now_ms)
{
    store_passwords_add(&passwords, tag_of(number), bytes_view(facts), now_ms);
}

static bool finds(unsigned number, const char *facts, uint64_t now_ms, uint64_t lifetime_ms)
{
    BYTES_CLEANUP struct bytes found = {0};
    if (!store_passwords_find(&passwords, tag_of(number), now_ms, lifetime_ms, &found))
        return false;
    assert_true(bytes_equal(bytes_as_view(&found), bytes_view(facts)));
    return true;
}

static void a_password_is_remembered_for_its_lifetime(void **unused)
{
    (void)unused;
    assert_false(finds(1, "alice", NOW, LIFETIME));
    add(1, "alice", NOW);
    assert_true(finds(1, "alice", NOW + LIFETIME - 1, LIFETIME));
    assert_false(finds(1, "alice", NOW + LIFETIME, LIFETIME));
    assert_false(finds(1, "alice", NOW, 0));
    assert_false(finds(2, "alice", NOW, LIFETIME));
}

static void the_newest_facts_count(void **unused)
{
    (void)unused;
    add(1, "alice", NOW);
    add(1, "alice with a group", NOW + LIFETIME);
    assert_true(finds(1, "alice with a group", NOW + LIFETIME, LIFETIME));
}

static void the_oldest_entry_makes_room(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < STORE_PASSWORDS_WAYS; i++)
        add(i, "user", NOW + i);
    add(100, "user", NOW + 10);
    assert_false(finds(0, "user", NOW + 10, LIFETIME));
    for (unsigned i = 1; i < STORE_PASSWORDS_WAYS; i++)
        assert_true(finds(i, "user", NOW + 10, LIFETIME));
    assert_true(finds(100, "user", NOW + 10, LIFETIME));
}

static void facts_at_the_limit_are_remembered(void **unused)
{
    (void)unused;
    char facts[STORE_PASSWORDS_FACTS_LIMIT + 2];
    memset(facts, 'x', sizeof(facts));
    facts[STORE_PASSWORDS_FACTS_LIMIT] = '\0';
    add(1, facts, NOW);
    assert_true(finds(1, facts, NOW, LIFETIME));
    facts[STORE_PASSWORDS_FACTS_LIMIT] = 'x';
    facts[STORE_PASSWORDS_FACTS_LIMIT + 1] = '\0';
    add(2, facts, NOW);
    assert_false(finds(2, facts, NOW, LIFETIME));
}

/* Another process wrote only a part of an entry. */
static void a_damaged_entry_is_not_used(void **unused)
{
    (void)unused;
    add(1, "alice", NOW);
    for (size_t i = 0; i < store_passwords_size(); i++)
        if (memcmp(memory + i, "alice", 5) == 0)
            memory[i] = 'A';
    assert_false(finds(1, "alice", NOW, LIFETIME));
}

/* An odd number is a lock that is held (store_lock.h). tag_of() is of the first set. */
static void a_process_that_died_with_the_lock_stops_nobody(void **unused)
{
    (void)unused;
    *(uint64_t *)memory = 1;
    add(1, "alice", NOW);
    assert_true(finds(1, "alice", NOW, LIFETIME));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_password_is_remembered_for_its_lifetime),
        TEST(the_newest_facts_count),
        TEST(the_oldest_entry_makes_room),
        TEST(facts_at_the_limit_are_remembered),
        TEST(a_damaged_entry_is_not_used),
        TEST(a_process_that_died_with_the_lock_stops_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
