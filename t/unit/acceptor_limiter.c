/* SPDX-License-Identifier: Apache-2.0 */
/* The limit of jobs that wait for a source, and the time when it gives no slot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "acceptor.h"

#define START 1000000u

static void it_gives_as_many_slots_as_the_limit(void **state)
{
    struct acceptor_limiter *limiter = acceptor_limiter_new(ACCEPTOR_WAIT_KDC, 2);
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
    struct acceptor_limiter *limiter = acceptor_limiter_new(ACCEPTOR_WAIT_KDC, 0);
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
    struct acceptor_limiter *limiter = acceptor_limiter_new(ACCEPTOR_WAIT_KDC, 0);
    struct acceptor_limiter_slot stuck, other;
    const uint64_t late = START + SSPI_JOB_DEADLINE_MS;
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

static enum acceptor_limiter_answer acquire(struct acceptor_limiter *limiter,
                                            struct acceptor_limiter_slot *slot, uint64_t now_ms)
{
    return acceptor_limiter_acquire(limiter, slot, now_ms);
}

/* Returns a limiter whose slot `stuck` has timed out, at START + SSPI_JOB_DEADLINE_MS. */
static struct acceptor_limiter *silent(unsigned limit, struct acceptor_limiter_slot *stuck)
{
    struct acceptor_limiter *limiter = acceptor_limiter_new(ACCEPTOR_WAIT_KDC, limit);
    assert_int_equal(acquire(limiter, stuck, START), ACCEPTOR_LIMITER_ACQUIRED);
    return limiter;
}

/* When the limiter of silent() gives a slot again. */
#define PROBED (START + SSPI_JOB_DEADLINE_MS + ACCEPTOR_LIMITER_CLOSED_MS)

static void one_probe_asks_a_silent_machine(void **state)
{
    struct acceptor_limiter_slot stuck, probe, other;
    struct acceptor_limiter *limiter = silent(8, &stuck);
    assert_int_equal(acquire(limiter, &other, PROBED - 1), ACCEPTOR_LIMITER_CLOSED);
    assert_int_equal(acquire(limiter, &probe, PROBED), ACCEPTOR_LIMITER_ACQUIRED);
    assert_int_equal(acquire(limiter, &other, PROBED), ACCEPTOR_LIMITER_CLOSED);
    const uint64_t again = PROBED + SSPI_JOB_DEADLINE_MS;
    assert_int_equal(acquire(limiter, &other, again - 1), ACCEPTOR_LIMITER_CLOSED);
    /* The probe timed out: nobody asks for a while, and then one more job does. */
    assert_int_equal(acquire(limiter, &other, again), ACCEPTOR_LIMITER_CLOSED);
    assert_int_equal(acquire(limiter, &other, again + ACCEPTOR_LIMITER_CLOSED_MS - 1),
                     ACCEPTOR_LIMITER_CLOSED);
    assert_int_equal(acquire(limiter, &other, again + ACCEPTOR_LIMITER_CLOSED_MS),
                     ACCEPTOR_LIMITER_ACQUIRED);
    acceptor_limiter_release(limiter, &stuck, false, again + ACCEPTOR_LIMITER_CLOSED_MS);
    acceptor_limiter_release(limiter, &probe, false, again + ACCEPTOR_LIMITER_CLOSED_MS);
    assert_int_equal(acquire(limiter, &stuck, again + ACCEPTOR_LIMITER_CLOSED_MS),
                     ACCEPTOR_LIMITER_CLOSED);
    acceptor_limiter_release(limiter, &other, true, again + ACCEPTOR_LIMITER_CLOSED_MS);
    acceptor_limiter_unref(limiter);
}

static void an_answer_to_the_probe_opens_it(void **state)
{
    struct acceptor_limiter_slot stuck, probe, a, b;
    struct acceptor_limiter *limiter = silent(8, &stuck);
    assert_int_equal(acquire(limiter, &probe, PROBED), ACCEPTOR_LIMITER_ACQUIRED);
    acceptor_limiter_release(limiter, &probe, true, PROBED + 1);
    assert_int_equal(acquire(limiter, &a, PROBED + 1), ACCEPTOR_LIMITER_ACQUIRED);
    assert_int_equal(acquire(limiter, &b, PROBED + 1), ACCEPTOR_LIMITER_ACQUIRED);
    /* The end of a job that timed out long ago says nothing about the machine now. */
    acceptor_limiter_release(limiter, &stuck, false, START + 27000);
    assert_int_equal(acquire(limiter, &probe, START + 27000), ACCEPTOR_LIMITER_ACQUIRED);
    acceptor_limiter_release(limiter, &probe, true, START + 27000);
    acceptor_limiter_release(limiter, &a, true, START + 27000);
    acceptor_limiter_release(limiter, &b, true, START + 27000);
    acceptor_limiter_unref(limiter);
}

static void a_probe_without_an_answer_makes_room_for_another_one(void **state)
{
    struct acceptor_limiter_slot stuck, probe;
    struct acceptor_limiter *limiter = silent(8, &stuck);
    assert_int_equal(acquire(limiter, &probe, PROBED), ACCEPTOR_LIMITER_ACQUIRED);
    /* The machine refuses connections, or the server had no thread for the job. */
    acceptor_limiter_release(limiter, &probe, false, PROBED + 1);
    assert_int_equal(acquire(limiter, &probe, PROBED + 1), ACCEPTOR_LIMITER_ACQUIRED);
    acceptor_limiter_release(limiter, &stuck, false, PROBED + 1);
    assert_int_equal(acquire(limiter, &stuck, PROBED + 1), ACCEPTOR_LIMITER_CLOSED);
    acceptor_limiter_release(limiter, &probe, true, PROBED + 2);
    acceptor_limiter_unref(limiter);
}

static void a_silent_machine_is_never_a_full_one(void **state)
{
    struct acceptor_limiter_slot stuck, other;
    struct acceptor_limiter *limiter = silent(1, &stuck);
    assert_int_equal(acquire(limiter, &other, START + 1), ACCEPTOR_LIMITER_FULL);
    assert_int_equal(acquire(limiter, &other, PROBED), ACCEPTOR_LIMITER_CLOSED);
    acceptor_limiter_release(limiter, &stuck, false, PROBED);
    assert_int_equal(acquire(limiter, &other, PROBED), ACCEPTOR_LIMITER_ACQUIRED);
    acceptor_limiter_release(limiter, &other, true, PROBED);
    acceptor_limiter_unref(limiter);
}

static void a_late_answer_is_an_answer(void **state)
{
    struct acceptor_limiter_slot slot;
    struct acceptor_limiter *limiter = silent(0, &slot);
    acceptor_limiter_release(limiter, &slot, true, START + 60000);
    assert_int_equal(acquire(limiter, &slot, START + 60000), ACCEPTOR_LIMITER_ACQUIRED);
    acceptor_limiter_release(limiter, &slot, false, START + 60001);
    assert_int_equal(acquire(limiter, &slot, START + 60001),
                     ACCEPTOR_LIMITER_ACQUIRED); /* a refusal at once is not a timeout */
    acceptor_limiter_release(limiter, &slot, true, START + 60001);
    acceptor_limiter_unref(limiter);
}

/* Nobody asked meanwhile, so the release counts the time-out. */
static void a_late_release_without_an_answer_leaves_one_probe(void **state)
{
    struct acceptor_limiter_slot slot, other;
    struct acceptor_limiter *limiter = silent(0, &slot);
    const uint64_t end = START + SSPI_JOB_DEADLINE_MS + 1;
    acceptor_limiter_release(limiter, &slot, false, end);
    assert_int_equal(acquire(limiter, &slot, end), ACCEPTOR_LIMITER_CLOSED);
    assert_int_equal(acquire(limiter, &slot, PROBED), ACCEPTOR_LIMITER_ACQUIRED);
    assert_int_equal(acquire(limiter, &other, PROBED), ACCEPTOR_LIMITER_CLOSED);
    acceptor_limiter_release(limiter, &slot, true, PROBED);
    acceptor_limiter_unref(limiter);
}

/* Every source has a limiter of its own, and each of them has all slots. */
static void a_source_takes_no_slot_of_another_one(void **state)
{
    const struct sspi_acceptor_config config = {.max_waiting_jobs = 1};
    struct sspi_acceptor *acceptor = sspi_acceptor_new(&config);
    struct acceptor_limiter_slot slots[ACCEPTOR_N_WAITS], other;
    for (enum acceptor_wait wait = 0; wait < ACCEPTOR_N_WAITS; wait++) {
        struct acceptor_limiter *limiter = acceptor_limiter_of(acceptor, wait);
        assert_int_equal(acceptor_limiter_wait(limiter), wait);
        assert_int_equal(acquire(limiter, &slots[wait], START), ACCEPTOR_LIMITER_ACQUIRED);
    }
    struct acceptor_limiter *kdc = acceptor_limiter_of(acceptor, ACCEPTOR_WAIT_KDC);
    struct acceptor_limiter *winbind = acceptor_limiter_of(acceptor, ACCEPTOR_WAIT_WINBIND);
    assert_int_equal(acquire(kdc, &other, START), ACCEPTOR_LIMITER_FULL);
    acceptor_limiter_release(winbind, &slots[ACCEPTOR_WAIT_WINBIND], true, START);
    assert_int_equal(acquire(kdc, &other, PROBED), ACCEPTOR_LIMITER_CLOSED);
    assert_int_equal(acquire(winbind, &other, PROBED), ACCEPTOR_LIMITER_ACQUIRED);
    acceptor_limiter_release(winbind, &other, true, PROBED);
    acceptor_limiter_release(kdc, &slots[ACCEPTOR_WAIT_KDC], false, PROBED);
    acceptor_limiter_release(acceptor_limiter_of(acceptor, ACCEPTOR_WAIT_NSS),
                             &slots[ACCEPTOR_WAIT_NSS], true, PROBED);
    sspi_acceptor_free(acceptor);
}

static void it_lives_until_its_last_owner_ends(void **state)
{
    struct acceptor_limiter *limiter = acceptor_limiter_new(ACCEPTOR_WAIT_KDC, 1);
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
        cmocka_unit_test(one_probe_asks_a_silent_machine),
        cmocka_unit_test(an_answer_to_the_probe_opens_it),
        cmocka_unit_test(a_probe_without_an_answer_makes_room_for_another_one),
        cmocka_unit_test(a_silent_machine_is_never_a_full_one),
        cmocka_unit_test(a_late_answer_is_an_answer),
        cmocka_unit_test(a_late_release_without_an_answer_leaves_one_probe),
        cmocka_unit_test(a_source_takes_no_slot_of_another_one),
        cmocka_unit_test(it_lives_until_its_last_owner_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
