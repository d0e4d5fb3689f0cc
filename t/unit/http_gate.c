/* SPDX-License-Identifier: Apache-2.0 */
/* How many may wait for a domain controller at a time, and when nobody may. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http_gate.h"

#define START 1000000u

static void as_many_as_the_limit_are_let_in(void **state)
{
    struct http_gate *gate = http_gate_new(2);
    struct http_gate_pass a, b, c;
    assert_int_equal(http_gate_enter(gate, &a, START), HTTP_GATE_ENTERED);
    assert_int_equal(http_gate_enter(gate, &b, START), HTTP_GATE_ENTERED);
    assert_int_equal(http_gate_enter(gate, &c, START), HTTP_GATE_FULL);
    http_gate_leave(gate, &a, true, START + 1);
    assert_int_equal(http_gate_enter(gate, &c, START + 1), HTTP_GATE_ENTERED);
    http_gate_leave(gate, &c, true, START + 2);
    http_gate_leave(gate, &b, true, START + 2);
    http_gate_drop(gate);
}

static void no_limit_is_none(void **state)
{
    struct http_gate *gate = http_gate_new(0);
    struct http_gate_pass passes[100];
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(http_gate_enter(gate, &passes[i], START), HTTP_GATE_ENTERED);
    for (size_t i = 0; i < 100; i++)
        http_gate_leave(gate, &passes[i], true, START);
    http_gate_drop(gate);
}

static void who_is_inside_for_too_long_closes_it_for_a_while(void **state)
{
    struct http_gate *gate = http_gate_new(0);
    struct http_gate_pass stuck, other;
    const uint64_t late = START + HTTP_GATE_PATIENCE_MS;
    assert_int_equal(http_gate_enter(gate, &stuck, START), HTTP_GATE_ENTERED);
    assert_int_equal(http_gate_enter(gate, &other, late - 1), HTTP_GATE_ENTERED);
    http_gate_leave(gate, &other, true, late - 1);
    assert_int_equal(http_gate_enter(gate, &other, late), HTTP_GATE_CLOSED);
    assert_int_equal(http_gate_enter(gate, &other, late + HTTP_GATE_CLOSED_MS - 1),
                     HTTP_GATE_CLOSED);
    /* It may be asked again, although the first one still has no answer. */
    assert_int_equal(http_gate_enter(gate, &other, late + HTTP_GATE_CLOSED_MS), HTTP_GATE_ENTERED);
    http_gate_leave(gate, &other, true, late + HTTP_GATE_CLOSED_MS);
    http_gate_leave(gate, &stuck, true, late + HTTP_GATE_CLOSED_MS);
    http_gate_drop(gate);
}

static void who_comes_out_late_without_an_answer_closes_it(void **state)
{
    struct http_gate *gate = http_gate_new(0);
    struct http_gate_pass pass;
    const uint64_t end = START + 60000;
    assert_int_equal(http_gate_enter(gate, &pass, START), HTTP_GATE_ENTERED);
    http_gate_leave(gate, &pass, false, end);
    assert_int_equal(http_gate_enter(gate, &pass, end + HTTP_GATE_CLOSED_MS - 1), HTTP_GATE_CLOSED);
    assert_int_equal(http_gate_enter(gate, &pass, end + HTTP_GATE_CLOSED_MS), HTTP_GATE_ENTERED);
    http_gate_leave(gate, &pass, true, end + 2 * HTTP_GATE_CLOSED_MS);
    assert_int_equal(http_gate_enter(gate, &pass, end + 2 * HTTP_GATE_CLOSED_MS),
                     HTTP_GATE_ENTERED); /* late, but it was an answer */
    http_gate_leave(gate, &pass, false, end + 2 * HTTP_GATE_CLOSED_MS + 1);
    assert_int_equal(http_gate_enter(gate, &pass, end + 2 * HTTP_GATE_CLOSED_MS + 1),
                     HTTP_GATE_ENTERED); /* told at once that nobody is there */
    http_gate_leave(gate, &pass, true, end + 2 * HTTP_GATE_CLOSED_MS + 1);
    http_gate_drop(gate);
}

static void it_lives_until_the_last_owner_drops_it(void **state)
{
    struct http_gate *gate = http_gate_new(1);
    struct http_gate_pass pass;
    struct http_gate *also = http_gate_reference(gate);
    http_gate_drop(gate);
    assert_int_equal(http_gate_enter(also, &pass, START), HTTP_GATE_ENTERED);
    http_gate_leave(also, &pass, true, START);
    http_gate_drop(also);
    http_gate_drop(NULL);
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
