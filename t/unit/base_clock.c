/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "clock.h"

static void machine_clock_is_in_this_century_and_does_not_repeat_randomness(void **state)
{
    const struct clock *clock = clock_machine();
    unsigned char a[16] = {0}, b[16] = {0};

    assert_true(clock->now_ms(clock->self) > UINT64_C(1500000000000));
    assert_true(clock->random(clock->self, a, sizeof(a)));
    assert_true(clock->random(clock->self, b, sizeof(b)));
    assert_memory_not_equal(a, b, sizeof(a));
    assert_ptr_equal(clock, clock_machine());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(machine_clock_is_in_this_century_and_does_not_repeat_randomness),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
