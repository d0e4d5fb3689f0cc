/* SPDX-License-Identifier: Apache-2.0 */
/* When a session ends, and when it gets a new cookie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "session_life.h"

#define NOW      1700000000000u
#define LIFETIME 1000u  /* seconds */
#define MAXIMUM  10000u /* seconds */

static struct session_content made_at(uint64_t login_ms, uint64_t issued_ms)
{
    return (struct session_content){
        .login_ms = login_ms, .issued_ms = issued_ms, .end_ms = UINT64_MAX};
}

static enum session_life life_of(const struct session_content *content, uint64_t now_ms)
{
    return session_life_of(content, LIFETIME, MAXIMUM, now_ms);
}

static void a_session_ends_when_it_is_idle(void **state)
{
    struct session_content content = made_at(NOW, NOW);
    assert_int_equal(life_of(&content, NOW), SESSION_LIFE_GOOD);
    assert_int_equal(life_of(&content, NOW + 499999), SESSION_LIFE_GOOD);
    assert_int_equal(life_of(&content, NOW + 500000), SESSION_LIFE_RENEWED);
    assert_int_equal(life_of(&content, NOW + 999999), SESSION_LIFE_RENEWED);
    assert_int_equal(life_of(&content, NOW + 1000000), SESSION_LIFE_IDLE);
}

static void a_session_ends_at_its_maximum(void **state)
{
    struct session_content content = made_at(NOW - 9999999, NOW);
    assert_int_equal(life_of(&content, NOW), SESSION_LIFE_GOOD);
    assert_int_equal(life_of(&content, NOW + 1), SESSION_LIFE_MAXIMUM);
}

static void a_session_ends_at_its_absolute_end(void **state)
{
    struct session_content content = made_at(NOW, NOW);
    content.end_ms = NOW + 10;
    assert_int_equal(life_of(&content, NOW + 9), SESSION_LIFE_GOOD);
    assert_int_equal(life_of(&content, NOW + 10), SESSION_LIFE_END);
}

static void a_new_cookie_is_made_only_if_it_lasts_longer(void **state)
{
    struct session_content content = made_at(NOW, NOW);
    content.end_ms = NOW + 1000000;
    assert_int_equal(life_of(&content, NOW + 600000), SESSION_LIFE_GOOD);
    content.end_ms++;
    assert_int_equal(life_of(&content, NOW + 600000), SESSION_LIFE_RENEWED);
    content = made_at(NOW - 9000000, NOW);
    assert_int_equal(life_of(&content, NOW + 600000), SESSION_LIFE_GOOD);
    content.login_ms++;
    assert_int_equal(life_of(&content, NOW + 600000), SESSION_LIFE_RENEWED);
}

static void clocks_may_differ_a_little(void **state)
{
    struct session_content content =
        made_at(NOW + SESSION_LIFE_SKEW_MS, NOW + SESSION_LIFE_SKEW_MS);
    assert_int_equal(life_of(&content, NOW), SESSION_LIFE_GOOD);
    content.issued_ms++;
    assert_int_equal(life_of(&content, NOW), SESSION_LIFE_FUTURE);
    content = made_at(NOW + SESSION_LIFE_SKEW_MS + 1, NOW);
    assert_int_equal(life_of(&content, NOW), SESSION_LIFE_FUTURE);
}

static void numbers_at_their_ends_are_safe(void **state)
{
    struct session_content content = made_at(UINT64_MAX, UINT64_MAX);
    assert_int_equal(life_of(&content, NOW), SESSION_LIFE_FUTURE);
    assert_int_equal(life_of(&content, UINT64_MAX), SESSION_LIFE_END);
    content = made_at(0, 0);
    assert_int_equal(life_of(&content, UINT64_MAX - 1), SESSION_LIFE_MAXIMUM);
    assert_true(session_life_end(MAXIMUM, UINT64_MAX, UINT64_MAX - 1) == UINT64_MAX);
}

static void a_session_never_outlives_its_ticket(void **state)
{
    assert_true(session_life_end(MAXIMUM, UINT64_MAX, NOW) == NOW + 10000000);
    assert_true(session_life_end(MAXIMUM, NOW + 10000000, NOW) == NOW + 10000000);
    assert_true(session_life_end(MAXIMUM, NOW + 9999999, NOW) == NOW + 9999999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_ends_when_it_is_idle),
        cmocka_unit_test(a_session_ends_at_its_maximum),
        cmocka_unit_test(a_session_ends_at_its_absolute_end),
        cmocka_unit_test(a_new_cookie_is_made_only_if_it_lasts_longer),
        cmocka_unit_test(clocks_may_differ_a_little),
        cmocka_unit_test(numbers_at_their_ends_are_safe),
        cmocka_unit_test(a_session_never_outlives_its_ticket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
