/* SPDX-License-Identifier: Apache-2.0 */
#include "store_test.h"

#define SIZE     65536u
#define NOW      5000000u
#define LIFETIME 600000u

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

/* The number-th token whose place is set 0. */
static enum store_replay check(unsigned number, uint64_t now_ms)
{
    struct test_name name;
    for (unsigned i = 0;; i++) {
        snprintf(name.text, sizeof(name.text), "token-%u", i);
        struct store_siphash hash =
            store_siphash(state->constants.replay_key, name.text, strlen(name.text));
        if (store_layout_set(hash.high, state->constants.n_replay_sets) == 0 && number-- == 0)
            return store_replay_check(state, test_view(&name), now_ms, LIFETIME);
    }
}

static void a_token_is_fresh_once(void **unused)
{
    (void)unused;
    assert_int_equal(check(0, NOW), STORE_REPLAY_FRESH);
    assert_int_equal(check(0, NOW), STORE_REPLAY_SEEN);
    assert_int_equal(check(1, NOW), STORE_REPLAY_FRESH);
    assert_int_equal(check(0, NOW + 1), STORE_REPLAY_SEEN);
}

/* Fills a set with tokens of one moment, and then checks one more token. */
static void a_token_is_kept_for_its_lifetime(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < STORE_REPLAY_WAYS; i++)
        assert_int_equal(check(i, NOW), STORE_REPLAY_FRESH);
    assert_int_equal(check(30, NOW + LIFETIME - 1), STORE_REPLAY_FULL);
    for (unsigned i = 0; i < STORE_REPLAY_WAYS; i++)
        assert_int_equal(check(i, NOW + LIFETIME - 1), STORE_REPLAY_SEEN);
    assert_int_equal(check(31, NOW + LIFETIME), STORE_REPLAY_FULL);
    assert_int_equal(check(31, NOW + LIFETIME), STORE_REPLAY_SEEN);
}

/* The wall clock may be set back, and MIT then accepts an old authenticator again. */
static void a_token_is_known_beyond_its_lifetime_until_its_slot_is_needed(void **unused)
{
    (void)unused;
    assert_int_equal(check(0, NOW), STORE_REPLAY_FRESH);
    assert_int_equal(check(0, NOW + LIFETIME), STORE_REPLAY_SEEN);
    assert_int_equal(check(0, NOW + 100 * LIFETIME), STORE_REPLAY_SEEN);
    for (unsigned i = 1; i < STORE_REPLAY_WAYS; i++)
        assert_int_equal(check(i, NOW + 100 * LIFETIME + i), STORE_REPLAY_FRESH);
    assert_int_equal(check(0, NOW + 101 * LIFETIME), STORE_REPLAY_SEEN);
    assert_int_equal(check(STORE_REPLAY_WAYS, NOW + 101 * LIFETIME), STORE_REPLAY_FRESH);
    assert_int_equal(check(1, NOW + 101 * LIFETIME),
                     STORE_REPLAY_SEEN); /* the oldest one is gone */
    assert_int_equal(check(0, NOW + 101 * LIFETIME), STORE_REPLAY_FULL);
}

static void expired_tokens_make_room(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < 5 * STORE_REPLAY_WAYS; i++)
        assert_int_equal(check(i, NOW + i * (LIFETIME / STORE_REPLAY_WAYS)), STORE_REPLAY_FRESH);
}

static void a_full_set_keeps_its_tokens_and_returns_full(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < STORE_REPLAY_WAYS; i++)
        assert_int_equal(check(i, NOW), STORE_REPLAY_FRESH);
    assert_int_equal(check(30, NOW + 1), STORE_REPLAY_FULL);
    assert_int_equal(check(30, NOW + 1), STORE_REPLAY_FULL); /* only the other cache knows it */
    for (unsigned i = 0; i < STORE_REPLAY_WAYS; i++)
        assert_int_equal(check(i, NOW + 2), STORE_REPLAY_SEEN);
}

static void after_an_overflow_unseen_tokens_are_full_for_a_lifetime_but_recorded(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < STORE_REPLAY_WAYS; i++)
        assert_int_equal(check(i, NOW), STORE_REPLAY_FRESH);
    assert_int_equal(check(30, NOW + 100), STORE_REPLAY_FULL);

    /* There is room again, but token 30 is known to the other cache only. */
    assert_int_equal(check(31, NOW + LIFETIME), STORE_REPLAY_FULL);
    assert_int_equal(check(31, NOW + LIFETIME), STORE_REPLAY_SEEN);
    assert_int_equal(check(30, NOW + LIFETIME + 99), STORE_REPLAY_FULL);
    assert_int_equal(check(30, NOW + LIFETIME + 99), STORE_REPLAY_SEEN);
    assert_int_equal(check(32, NOW + LIFETIME + 100), STORE_REPLAY_FRESH);
}

static void another_set_is_not_touched_by_an_overflow(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < 2 * STORE_REPLAY_WAYS; i++)
        assert_int_not_equal(check(i, NOW), STORE_REPLAY_SEEN);
    assert_int_not_equal(store_layout_replays(state)[0].overflow_until_ms, 0);
    for (size_t i = 1; i < state->constants.n_replay_sets; i++)
        assert_int_equal(store_layout_replays(state)[i].overflow_until_ms, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_token_is_fresh_once),
        TEST(a_token_is_kept_for_its_lifetime),
        TEST(a_token_is_known_beyond_its_lifetime_until_its_slot_is_needed),
        TEST(expired_tokens_make_room),
        TEST(a_full_set_keeps_its_tokens_and_returns_full),
        TEST(after_an_overflow_unseen_tokens_are_full_for_a_lifetime_but_recorded),
        TEST(another_set_is_not_touched_by_an_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
