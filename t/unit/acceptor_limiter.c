/* SPDX-License-Identifier: Apache-2.0 */
/* How many may wait for a domain controller at a time, and when nobody may. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "acceptor_limiter.h"

#define START 1000000u

static void as_many_as_the_limit_are_let_in(void **state)
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

static void no_limit_is_none(void **state)
{
    struct acceptor_limiter *limiter = acceptor_limiter_new(0);
    struct acceptor_limiter_slot passes[100];
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(acceptor_limiter_acquire(limiter, &passes[i], START),
                         ACCEPTOR_LIMITER_ACQUIRED);
    for (size_t i = 0; i < 100; i++)
        acceptor_limiter_release(limiter, &passes[i], true, START);
    acceptor_limiter_unref(limiter);
}

static void who_is_inside_for_too_long_closes_it_for_a_while(void **state)
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
    /* It may be asked again, although the first one still has no answer. */
    assert_int_equal(acceptor_limiter_acquire(limiter, &other, late + ACCEPTOR_LIMITER_CLOSED_MS),
                     ACCEPTOR_LIMITER_ACQUIRED);
    acceptor_limiter_release(limiter, &other, true, late + ACCEPTOR_LIMITER_CLOSED_MS);
    acceptor_limiter_release(limiter, &stuck, true, late + ACCEPTOR_LIMITER_CLOSED_MS);
    acceptor_limiter_unref(limiter);
}

static void who_comes_out_late_without_an_answer_closes_it(void **state)
{
    struct acceptor_limiter *limiter = acceptor_limiter_new(0);
    struct acceptor_limiter_slot pass;
    const uint64_t end = START + 60000;
    assert_int_equal(acceptor_limiter_acquire(limiter, &pass, START), ACCEPTOR_LIMITER_ACQUIRED);
    acceptor_limiter_release(limiter, &pass, false, end);
    assert_int_equal(acceptor_limiter_acquire(limiter, &pass, end + ACCEPTOR_LIMITER_CLOSED_MS - 1),
                     ACCEPTOR_LIMITER_CLOSED);
    assert_int_equal(acceptor_limiter_acquire(limiter, &pass, end + ACCEPTOR_LIMITER_CLOSED_MS),
                     ACCEPTOR_LIMITER_ACQUIRED);
    acceptor_limiter_release(limiter, &pass, true, end + 2 * ACCEPTOR_LIMITER_CLOSED_MS);
    assert_int_equal(acceptor_limiter_acquire(limiter, &pass, end + 2 * ACCEPTOR_LIMITER_CLOSED_MS),
                     ACCEPTOR_LIMITER_ACQUIRED); /* late, but it was an answer */
    acceptor_limiter_release(limiter, &pass, false, end + 2 * ACCEPTOR_LIMITER_CLOSED_MS + 1);
    assert_int_equal(
        acceptor_limiter_acquire(limiter, &pass, end + 2 * ACCEPTOR_LIMITER_CLOSED_MS + 1),
        ACCEPTOR_LIMITER_ACQUIRED); /* told at once that nobody is there */
    acceptor_limiter_release(limiter, &pass, true, end + 2 * ACCEPTOR_LIMITER_CLOSED_MS + 1);
    acceptor_limiter_unref(limiter);
}

static void it_lives_until_the_last_owner_drops_it(void **state)
{
    struct acceptor_limiter *limiter = acceptor_limiter_new(1);
    struct acceptor_limiter_slot pass;
    struct acceptor_limiter *also = acceptor_limiter_ref(limiter);
    acceptor_limiter_unref(limiter);
    assert_int_equal(acceptor_limiter_acquire(also, &pass, START), ACCEPTOR_LIMITER_ACQUIRED);
    acceptor_limiter_release(also, &pass, true, START);
    acceptor_limiter_unref(also);
    acceptor_limiter_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_as_the_limit_are_let_in),
        cmocka_unit_test(no_limit_is_none),
        cmocka_unit_test(who_is_inside_for_too_long_closes_it_for_a_while),
        cmocka_unit_test(who_comes_out_late_without_an_answer_closes_it),
        cmocka_unit_test(it_lives_until_the_last_owner_drops_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
