/* SPDX-License-Identifier: Apache-2.0 */
/* The limit of jobs that wait for a domain controller, and the time when it gives no slot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "acceptor_limiter.h"

#define START 1000000u

static void it_gives_as_many_slots_as_the_limit(void **state)
{
    struct acceptor_limiter *limiter = acceptor_limiter_new(2);
    struct acceptor_limiter_slot a, b, c;
    assert_int_equal(acceptor_limiter_acquire(limiter, &a, START), ACCEPTOR_LIMITER_ACQUIRED);
    assert_int_equal(acceptor_limiter_acquire(limiter, &b, START), ACCEPTOR_LIMITER_ACQUIRED);
    assert_int_equal(acceptor_limiter_acquire(limiter, &c, START), ACCEPTOR_LIMITER_FULL);
    acceptor_limiter_release(limiter, &a, true, START + 1);
    assert_int_equal(acceptor_limiter_acquire(limiter, &c, START + 1), ACCEPTOR_LIMITER_ACQUIRED);
    acceptor_limiter_release(limiter, &c, true, START + 2);
    acceptor_limiter_release(limiter, &b, true, START + 2);
    acceptor_limiter_unref(limiter);
}

static void zero_is_no_limit(void **state)
{
    struct acceptor_limiter *limiter = acceptor_limiter_new(0);
    struct acceptor_limiter_slot slots[100];
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(acceptor_limiter_acquire(limiter, &slots[i], START),
                         ACCEPTOR_LIMITER_ACQUIRED);
    for (size_t i = 0; i < 100; i++)
        acceptor_limiter_release(limiter, &slots[i], true, START);
    acceptor_limiter_unref(limiter);
}

static void a_slot_held_too_long_closes_it_for_a_while(void **state)
{
    struct acceptor_limiter *limiter = acceptor_limiter_new(0);
    struct acceptor_limiter_slot stuck, other;
    const uint64_t late = START + ACCEPTOR_LIMITER_TIMEOUT_MS;
    assert_int_equal(acceptor_limiter_acquire(limiter, &stuck, START), ACCEPTOR_LIMITER_ACQUIRED);
    assert_int_equal(acceptor_limiter_acquire(limiter, &other, late - 1),
                     ACCEPTOR_LIMITER_ACQUIRED);
    acceptor_limiter_release(limiter, &other, true, late - 1);
    assert_int_equal(acceptor_limiter_acquire(limiter, &other, late), ACCEPTOR_LIMITER_CLOSED);
    assert_int_equal(
        acceptor_limiter_acquire(limiter, &other, late + ACCEPTOR_LIMITER_CLOSED_MS - 1),
        ACCEPTOR_LIMITER_CLOSED);
    /* A job may wait again, although the first one still has no answer. */
    assert_int_equal(acceptor_limiter_acquire(limiter, &other, late + ACCEPTOR_LIMITER_CLOSED_MS),
                     ACCEPTOR_LIMITER_ACQUIRED);
    acceptor_limiter_release(limiter, &other, true, late + ACCEPTOR_LIMITER_CLOSED_MS);
    acceptor_limiter_release(limiter, &stuck, true, late + ACCEPTOR_LIMITER_CLOSED_MS);
    acceptor_limiter_unref(limiter);
}

static void a_late_release_without_an_answer_closes_it(void **state)
{
    struct acceptor_limiter *limiter = acceptor_limiter_new(0);
    struct acceptor_limiter_slot slot;
    const uint64_t end = START + 60000;
    assert_int_equal(acceptor_limiter_acquire(limiter, &slot, START), ACCEPTOR_LIMITER_ACQUIRED);
    acceptor_limiter_release(limiter, &slot, false, end);
    assert_int_equal(acceptor_limiter_acquire(limiter, &slot, end + ACCEPTOR_LIMITER_CLOSED_MS - 1),
                     ACCEPTOR_LIMITER_CLOSED);
    assert_int_equal(acceptor_limiter_acquire(limiter, &slot, end + ACCEPTOR_LIMITER_CLOSED_MS),
                     ACCEPTOR_LIMITER_ACQUIRED);
    acceptor_limiter_release(limiter, &slot, true, end + 2 * ACCEPTOR_LIMITER_CLOSED_MS);
    assert_int_equal(acceptor_limiter_acquire(limiter, &slot, end + 2 * ACCEPTOR_LIMITER_CLOSED_MS),
                     ACCEPTOR_LIMITER_ACQUIRED); /* late, but winbind answered */
    acceptor_limiter_release(limiter, &slot, false, end + 2 * ACCEPTOR_LIMITER_CLOSED_MS + 1);
    assert_int_equal(
        acceptor_limiter_acquire(limiter, &slot, end + 2 * ACCEPTOR_LIMITER_CLOSED_MS + 1),
        ACCEPTOR_LIMITER_ACQUIRED); /* a refusal at once is not a timeout */
    acceptor_limiter_release(limiter, &slot, true, end + 2 * ACCEPTOR_LIMITER_CLOSED_MS + 1);
    acceptor_limiter_unref(limiter);
}

static void it_lives_until_its_last_owner_ends(void **state)
{
    struct acceptor_limiter *limiter = acceptor_limiter_new(1);
    struct acceptor_limiter_slot slot;
    struct acceptor_limiter *also = acceptor_limiter_ref(limiter);
    acceptor_limiter_unref(limiter);
    assert_int_equal(acceptor_limiter_acquire(also, &slot, START), ACCEPTOR_LIMITER_ACQUIRED);
    acceptor_limiter_release(also, &slot, true, START);
    acceptor_limiter_unref(also);
    acceptor_limiter_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_gives_as_many_slots_as_the_limit),
        cmocka_unit_test(zero_is_no_limit),
        cmocka_unit_test(a_slot_held_too_long_closes_it_for_a_while),
        cmocka_unit_test(a_late_release_without_an_answer_closes_it),
        cmocka_unit_test(it_lives_until_its_last_owner_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
