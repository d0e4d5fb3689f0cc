/* SPDX-License-Identifier: Apache-2.0 */
#include "store_test.h"

#include "assert_between.h"
#include "store_revocations.h"

#define SIZE  65536u
#define LOGIN 5000000u
#define NOW   6000000u
#define END   9000000u

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

/* The number-th session whose place is set 0. */
static const uint8_t *session(unsigned number)
{
    static uint8_t id[STORE_REVOCATION_ID_SIZE];
    for (uint32_t i = 0;; i++) {
        memset(id, 0, sizeof(id));
        memcpy(id, &i, sizeof(i));
        struct store_siphash hash = store_siphash(state->constants.revocation_key, id, sizeof(id));
        if (store_layout_set(hash.high, state->constants.n_revocation_sets) == 0 && number-- == 0)
            return id;
    }
}

static void revoke(unsigned number, uint64_t login_ms, uint64_t end_ms)
{
    assert_true(store_revocations_add(state, session(number), login_ms, end_ms));
}

static bool is_revoked(unsigned number, uint64_t login_ms, uint64_t now_ms)
{
    return store_revocations_has(state, session(number), login_ms, now_ms);
}

static void fill(uint64_t login_ms, uint64_t end_ms)
{
    for (unsigned i = 0; i < STORE_REVOCATION_WAYS; i++)
        revoke(i, login_ms + i, end_ms + i);
}

static void a_session_is_revoked_when_it_was_added(void **unused)
{
    (void)unused;
    assert_false(is_revoked(0, LOGIN, NOW));
    revoke(0, LOGIN, END);
    assert_true(is_revoked(0, LOGIN, NOW));
    assert_false(is_revoked(1, LOGIN, NOW));
    assert_false(is_revoked(1, 0, 0));
    uint8_t id[STORE_REVOCATION_ID_SIZE];
    for (size_t i = 0; i < sizeof(id); i++) {
        memcpy(id, session(0), sizeof(id));
        id[i] ^= 1;
        assert_false(store_revocations_has(state, id, LOGIN, NOW));
    }
}

/* The wall clock may be set back, and the session would then be valid again. */
static void a_revocation_is_known_beyond_the_end_until_its_place_is_needed(void **unused)
{
    (void)unused;
    revoke(0, LOGIN, END);
    assert_true(is_revoked(0, LOGIN, END));
    assert_true(is_revoked(0, LOGIN, 100 * (uint64_t)END));
}

static void a_session_may_be_revoked_twice(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < 3 * STORE_REVOCATION_WAYS; i++)
        revoke(0, LOGIN, END - i);
    struct store_revocation_set *set = store_layout_revocations(state);
    assert_int_equal(set->end_ms[0], END);
    assert_int_equal(set->end_ms[1], 0);
    assert_int_equal(set->floor_ms, 0);
    revoke(0, LOGIN, END + 1);
    assert_int_equal(set->end_ms[0], END + 1);
}

static void a_full_set_keeps_all_its_revocations(void **unused)
{
    (void)unused;
    fill(LOGIN, END);
    for (unsigned i = 0; i < STORE_REVOCATION_WAYS; i++)
        assert_true(is_revoked(i, LOGIN + i, NOW));
    assert_false(is_revoked(30, LOGIN, NOW));
    assert_int_equal(store_layout_revocations(state)[0].floor_ms, 0);
}

static void an_end_of_zero_is_kept_too(void **unused)
{
    (void)unused;
    revoke(0, LOGIN, 0);
    assert_true(is_revoked(0, LOGIN, NOW));
}

static void a_removed_revocation_never_revives_its_session(void **unused)
{
    (void)unused;
    fill(LOGIN, END);
    revoke(30, LOGIN + 500, END + 500); /* removes session 0, which has the nearest end */
    assert_int_not_equal(store_layout_revocations(state)[0].floor_ms, 0);
    for (unsigned i = 0; i < STORE_REVOCATION_WAYS; i++)
        assert_true(is_revoked(i, LOGIN + i, NOW));
    assert_true(is_revoked(30, LOGIN + 500, NOW));
    assert_true(is_revoked(0, LOGIN, END - 1));
    /* Another session with a login at or before that of session 0 ends early, */
    assert_true(is_revoked(31, LOGIN, NOW));
    assert_true(is_revoked(31, LOGIN - 1, NOW));
    /* but no session with a later login, */
    assert_false(is_revoked(31, LOGIN + 1, NOW));
    /* and none after the end of session 0. */
    assert_false(is_revoked(31, LOGIN, END));
}

static void the_floor_is_that_of_all_removed_revocations(void **unused)
{
    (void)unused;
    fill(LOGIN, END);
    for (unsigned i = 0; i < STORE_REVOCATION_WAYS; i++)
        revoke(30 + i, LOGIN + 500, END + 500);
    for (unsigned i = 0; i < STORE_REVOCATION_WAYS; i++) {
        assert_true(is_revoked(i, LOGIN + i, END + i - 1));
        assert_true(is_revoked(30 + i, LOGIN + 500, NOW));
    }
    assert_true(is_revoked(50, LOGIN + STORE_REVOCATION_WAYS - 1, NOW));
    assert_false(is_revoked(50, LOGIN + STORE_REVOCATION_WAYS, NOW));
}

static void an_ended_revocation_makes_room_and_ends_no_other_session(void **unused)
{
    (void)unused;
    fill(LOGIN, END);
    uint64_t later_ms = END + STORE_REVOCATION_WAYS;
    revoke(30, LOGIN + 500, later_ms + END);
    assert_false(is_revoked(31, LOGIN, later_ms));
    assert_true(is_revoked(30, LOGIN + 500, later_ms));
    /* The clock is set back: session 0 is not valid again. */
    assert_true(is_revoked(0, LOGIN, NOW));
}

static void another_set_is_not_touched(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < 3 * STORE_REVOCATION_WAYS; i++)
        revoke(i, LOGIN, END);
    for (size_t i = 1; i < state->constants.n_revocation_sets; i++) {
        assert_int_equal(store_layout_revocations(state)[i].floor_ms, 0);
        assert_int_equal(store_layout_revocations(state)[i].end_ms[0], 0);
    }
}

/* Its writer was killed, or may continue at any time. */
static void all_sessions_of_a_set_that_was_given_up_are_revoked(void **unused)
{
    (void)unused;
    store_layout_revocations(state)[0].sequence |= (uint64_t)1 << 63;
    assert_true(is_revoked(0, LOGIN, NOW));
    revoke(1, LOGIN, END);
    assert_true(is_revoked(1, LOGIN, NOW));
    assert_int_equal(store_layout_revocations(state)[0].end_ms[0], 0);
}

static void the_smallest_memory_keeps_a_hundred_revocations(void **unused)
{
    (void)unused;
    assert_between(state->constants.n_revocation_sets * STORE_REVOCATION_WAYS, 100, 105);
    for (uint32_t i = 0; i < 1000; i++) {
        uint8_t id[STORE_REVOCATION_ID_SIZE] = {0};
        memcpy(id, &i, sizeof(i));
        assert_true(store_revocations_add(state, id, LOGIN + i, END + i));
    }
    for (uint32_t i = 0; i < 1000; i++) {
        uint8_t id[STORE_REVOCATION_ID_SIZE] = {0};
        memcpy(id, &i, sizeof(i));
        assert_true(store_revocations_has(state, id, LOGIN + i, NOW));
    }
}

/* Another process overwrote the table. Whatever the answers are, the process continues. */
static void a_damaged_table_sends_no_process_out_of_range(void **unused)
{
    (void)unused;
    struct store_revocation_set *sets = store_layout_revocations(state);
    memset(sets, 0x7f, state->constants.n_revocation_sets * sizeof(*sets));
    memset(&state->header->constants, 0xff, sizeof(state->header->constants));
    for (size_t i = 0; i < state->constants.n_revocation_sets; i++)
        sets[i].sequence = 2 * i;
    for (uint32_t i = 0; i < 200; i++) {
        uint8_t id[STORE_REVOCATION_ID_SIZE] = {0};
        memcpy(id, &i, sizeof(i));
        assert_true(store_revocations_add(state, id, LOGIN, END));
        assert_true(store_revocations_has(state, id, LOGIN, NOW));
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_session_is_revoked_when_it_was_added),
        TEST(a_revocation_is_known_beyond_the_end_until_its_place_is_needed),
        TEST(a_session_may_be_revoked_twice),
        TEST(a_full_set_keeps_all_its_revocations),
        TEST(an_end_of_zero_is_kept_too),
        TEST(a_removed_revocation_never_revives_its_session),
        TEST(the_floor_is_that_of_all_removed_revocations),
        TEST(an_ended_revocation_makes_room_and_ends_no_other_session),
        TEST(another_set_is_not_touched),
        TEST(all_sessions_of_a_set_that_was_given_up_are_revoked),
        TEST(the_smallest_memory_keeps_a_hundred_revocations),
        TEST(a_damaged_table_sends_no_process_out_of_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
