/* SPDX-License-Identifier: Apache-2.0 */
#include "store_test.h"

#define SIZE  65536u
#define ALICE SSPI_VIEW("alice\0realm")
#define BOB   SSPI_VIEW("bob\0realm")
#define NONCE SSPI_VIEW("a nonce")
#define T0    (TEST_CREATED_MS + 1u) /* the first moment at which a nonce is not stale */

static struct sspi_state *state;

static int setup(void **unused)
{
    (void)unused;
    state = test_state(SIZE);
    return 0;
}

static int teardown(void **unused)
{
    (void)unused;
    test_state_free(state);
    return 0;
}

static enum store_count use(uint32_t count)
{
    return store_nonce_use(state, NONCE, ALICE, T0, count);
}

static enum store_count use_number(unsigned number, uint64_t issued_ms, uint32_t count)
{
    struct test_name name = test_nonce_of_set_0(state, number);
    return store_nonce_use(state, test_view(&name), ALICE, issued_ms, count);
}

static void a_count_is_fresh_once_and_a_replay_after(void **unused)
{
    (void)unused;
    assert_int_equal(use(1), STORE_COUNT_FRESH);
    assert_int_equal(use(1), STORE_COUNT_REPLAY);
    assert_int_equal(use(2), STORE_COUNT_FRESH);
    assert_int_equal(use(1), STORE_COUNT_REPLAY);
    assert_int_equal(use(2), STORE_COUNT_REPLAY);
}

static void counts_may_come_in_any_order(void **unused)
{
    (void)unused;
    for (uint32_t count = 255; count-- > 0;)
        assert_int_equal(use(count), STORE_COUNT_FRESH);
    for (uint32_t count = 0; count < 255; count++)
        assert_int_equal(use(count), STORE_COUNT_REPLAY);
}

static void a_count_may_be_late_by_224_and_is_stale_by_256(void **unused)
{
    (void)unused;
    for (uint32_t newest = 1000; newest < 1064; newest++) {
        assert_int_equal(use(newest), STORE_COUNT_FRESH);
        assert_int_equal(use(newest - 224), STORE_COUNT_FRESH);
        assert_int_equal(use(newest - 256), STORE_COUNT_STALE);
    }
}

static void a_used_count_never_becomes_fresh_again_while_the_window_moves(void **unused)
{
    (void)unused;
    assert_int_equal(use(7), STORE_COUNT_FRESH);
    for (uint32_t count = 32; count < 4000; count += 13) {
        assert_int_equal(use(count), STORE_COUNT_FRESH);
        assert_int_not_equal(use(7), STORE_COUNT_FRESH);
    }
}

static void the_last_count_of_all_works(void **unused)
{
    (void)unused;
    assert_int_equal(use(UINT32_MAX), STORE_COUNT_FRESH);
    assert_int_equal(use(UINT32_MAX), STORE_COUNT_REPLAY);
    assert_int_equal(use(UINT32_MAX - 31), STORE_COUNT_FRESH);
    assert_int_equal(use(255), STORE_COUNT_STALE);
}

static void a_nonce_belongs_to_the_first_user_who_proved_it(void **unused)
{
    (void)unused;
    assert_int_equal(use(1), STORE_COUNT_FRESH);
    assert_int_equal(store_nonce_use(state, NONCE, BOB, T0, 2), STORE_COUNT_STALE);
    assert_int_equal(use(2), STORE_COUNT_FRESH);
}

static void a_nonce_from_before_this_memory_is_stale_and_leaves_no_trace(void **unused)
{
    (void)unused;
    size_t len = state->constants.n_nonce_sets * sizeof(struct store_nonce_set);
    for (uint64_t issued_ms = TEST_CREATED_MS - 2; issued_ms < TEST_CREATED_MS; issued_ms++)
        assert_int_equal(store_nonce_use(state, NONCE, ALICE, issued_ms, 1), STORE_COUNT_STALE);
    assert_int_equal(store_nonce_use(state, NONCE, ALICE, 0, 1), STORE_COUNT_STALE);
    const char *table = (const char *)store_layout_nonces(state);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(table[i], 0);
}

static void a_full_set_removes_its_oldest_nonce_which_is_stale_then(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < STORE_NONCE_WAYS; i++)
        assert_int_equal(use_number(i, T0 + i, 1), STORE_COUNT_FRESH);
    assert_int_equal(use_number(STORE_NONCE_WAYS, T0 + 50, 1), STORE_COUNT_FRESH);

    assert_int_equal(use_number(0, T0, 1), STORE_COUNT_STALE); /* the replay */
    assert_int_equal(use_number(0, T0, 2), STORE_COUNT_STALE);
    for (unsigned i = 1; i <= STORE_NONCE_WAYS; i++)
        assert_int_equal(use_number(i, i == STORE_NONCE_WAYS ? T0 + 50 : T0 + i, 1),
                         STORE_COUNT_REPLAY);
}

static void a_nonce_issued_before_the_floor_is_stale_even_if_it_was_never_stored(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i <= STORE_NONCE_WAYS; i++)
        assert_int_equal(use_number(i, T0 + 10 + i, 1), STORE_COUNT_FRESH);
    /* Removed: issued at T0 + 10. */
    assert_int_equal(use_number(20, T0 + 9, 1), STORE_COUNT_STALE);
    assert_int_equal(use_number(20, T0 + 10, 1), STORE_COUNT_STALE);
}

static void a_nonce_older_than_all_of_a_full_set_removes_none(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < STORE_NONCE_WAYS; i++)
        assert_int_equal(use_number(i, T0 + 10 + i, 1), STORE_COUNT_FRESH);
    assert_int_equal(use_number(20, T0 + 9, 1), STORE_COUNT_STALE);
    for (unsigned i = 0; i < STORE_NONCE_WAYS; i++)
        assert_int_equal(use_number(i, T0 + 10 + i, 1), STORE_COUNT_REPLAY);
}

static enum store_count peek(uint32_t count)
{
    return store_nonce_peek(state, NONCE, T0, count);
}

static void a_peek_returns_what_a_use_would_and_records_nothing(void **unused)
{
    (void)unused;
    for (int i = 0; i < 2; i++)
        assert_int_equal(peek(1000), STORE_COUNT_FRESH); /* not known yet */
    assert_int_equal(use(1000), STORE_COUNT_FRESH);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(peek(1000), STORE_COUNT_REPLAY);
        assert_int_equal(peek(1001), STORE_COUNT_FRESH);
        assert_int_equal(peek(1000 - 224), STORE_COUNT_FRESH);
        assert_int_equal(peek(1000 - 256), STORE_COUNT_STALE); /* it left the window */
        assert_int_equal(peek(5000), STORE_COUNT_FRESH);
    }
    assert_int_equal(use(1001), STORE_COUNT_FRESH);
    assert_int_equal(use(1000 - 224), STORE_COUNT_FRESH);
}

static void a_peek_is_for_any_owner(void **unused)
{
    (void)unused;
    assert_int_equal(store_nonce_use(state, NONCE, BOB, T0, 1), STORE_COUNT_FRESH);
    assert_int_equal(use(2), STORE_COUNT_STALE);
    assert_int_equal(peek(2), STORE_COUNT_FRESH);
    assert_int_equal(peek(1), STORE_COUNT_REPLAY);
}

/* Its key is that of the memory, which has just been made. */
static void a_nonce_of_the_millisecond_in_which_the_memory_was_made_is_fresh(void **unused)
{
    (void)unused;
    assert_int_equal(store_nonce_peek(state, NONCE, TEST_CREATED_MS, 1), STORE_COUNT_FRESH);
    assert_int_equal(store_nonce_use(state, NONCE, ALICE, TEST_CREATED_MS, 1), STORE_COUNT_FRESH);
    assert_int_equal(store_nonce_use(state, NONCE, ALICE, TEST_CREATED_MS, 1), STORE_COUNT_REPLAY);
}

static void a_peek_leaves_no_trace_of_an_unknown_nonce(void **unused)
{
    (void)unused;
    const char *table = (const char *)store_layout_nonces(state);
    size_t len = state->constants.n_nonce_sets * sizeof(struct store_nonce_set);
    assert_int_equal(store_nonce_peek(state, NONCE, TEST_CREATED_MS - 1, 1), STORE_COUNT_STALE);
    assert_int_equal(store_nonce_peek(state, NONCE, 0, 1), STORE_COUNT_STALE);
    assert_int_equal(peek(1), STORE_COUNT_FRESH);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(table[i], 0);
}

static void a_peek_returns_stale_if_a_full_set_would_not_store_the_nonce(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < STORE_NONCE_WAYS; i++)
        assert_int_equal(use_number(i, T0 + 10 + i, 1), STORE_COUNT_FRESH);
    struct test_name other = test_nonce_of_set_0(state, 20);
    struct test_name first = test_nonce_of_set_0(state, 0);
    /* The nonce is older than all others, and none was removed yet. Then one is removed, and the
     * floor is its time. */
    assert_int_equal(store_nonce_peek(state, test_view(&other), T0 + 9, 1), STORE_COUNT_STALE);
    assert_int_equal(store_nonce_peek(state, test_view(&other), T0 + 11, 1), STORE_COUNT_FRESH);
    assert_int_equal(store_nonce_peek(state, test_view(&first), T0 + 10, 1), STORE_COUNT_REPLAY);
    assert_int_equal(use_number(STORE_NONCE_WAYS, T0 + 50, 1), STORE_COUNT_FRESH);
    assert_int_equal(store_nonce_peek(state, test_view(&first), T0 + 10, 1), STORE_COUNT_STALE);
    assert_int_equal(store_nonce_peek(state, test_view(&other), T0 + 10, 1), STORE_COUNT_STALE);
    assert_int_equal(store_nonce_peek(state, test_view(&other), T0 + 60, 1), STORE_COUNT_FRESH);
}

/* A refusal by a peek is final, so a peek into an incomplete set must not refuse. */
static void a_peek_into_a_set_that_is_being_written_refuses_nothing(void **unused)
{
    (void)unused;
    assert_int_equal(use_number(0, T0, 1), STORE_COUNT_FRESH);
    struct test_name name = test_nonce_of_set_0(state, 0);
    struct store_nonce_set *set = store_layout_nonces(state);
    assert_int_equal(store_nonce_peek(state, test_view(&name), T0, 1), STORE_COUNT_REPLAY);
    atomic_fetch_add(&set->sequence, 1);
    assert_int_equal(store_nonce_peek(state, test_view(&name), T0, 1), STORE_COUNT_FRESH);
    atomic_fetch_add(&set->sequence, 1);
    assert_int_equal(store_nonce_peek(state, test_view(&name), T0, 1), STORE_COUNT_REPLAY);
}

static void full_memory_never_fails_a_new_nonce_nor_accepts_an_old_one_again(void **unused)
{
    (void)unused;
    enum { N_NONCES = 3000 }; /* six times what fits */
    for (unsigned i = 0; i < 2 * N_NONCES; i++) {
        struct test_name name;
        unsigned number = i % N_NONCES;
        snprintf(name.text, sizeof(name.text), "%u", number);
        enum store_count got = store_nonce_use(state, test_view(&name), ALICE, T0 + number, 1);
        if (i < N_NONCES)
            assert_int_equal(got, STORE_COUNT_FRESH);
        else
            assert_int_not_equal(got, STORE_COUNT_FRESH);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_count_is_fresh_once_and_a_replay_after),
        TEST(counts_may_come_in_any_order),
        TEST(a_count_may_be_late_by_224_and_is_stale_by_256),
        TEST(a_used_count_never_becomes_fresh_again_while_the_window_moves),
        TEST(the_last_count_of_all_works),
        TEST(a_nonce_belongs_to_the_first_user_who_proved_it),
        TEST(a_nonce_from_before_this_memory_is_stale_and_leaves_no_trace),
        TEST(a_nonce_of_the_millisecond_in_which_the_memory_was_made_is_fresh),
        TEST(a_full_set_removes_its_oldest_nonce_which_is_stale_then),
        TEST(a_nonce_issued_before_the_floor_is_stale_even_if_it_was_never_stored),
        TEST(a_nonce_older_than_all_of_a_full_set_removes_none),
        TEST(a_peek_returns_what_a_use_would_and_records_nothing),
        TEST(a_peek_is_for_any_owner),
        TEST(a_peek_leaves_no_trace_of_an_unknown_nonce),
        TEST(a_peek_returns_stale_if_a_full_set_would_not_store_the_nonce),
        TEST(a_peek_into_a_set_that_is_being_written_refuses_nothing),
        TEST(full_memory_never_fails_a_new_nonce_nor_accepts_an_old_one_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
