/* SPDX-License-Identifier: Apache-2.0 */
#include "store_lock.h"

#include <sched.h>
#include <time.h>

/* Attempts before the first pause. The holder usually runs on another processor. */
#define SPINS 200

/* The number of holders that one call waits for. */
#define HOLDERS_LIMIT 1000

static bool is_held(uint64_t number)
{
    return (number & 1) != 0;
}

static bool change(struct store_lock *lock, uint64_t from, uint64_t to)
{
    return atomic_compare_exchange_strong_explicit(&lock->number, &from, to, memory_order_acq_rel,
                                                   memory_order_relaxed);
}

static void wait_a_little(unsigned n_waits)
{
    const struct timespec pause = {.tv_nsec = STORE_LOCK_PAUSE_US * 1000};
    if (n_waits < SPINS)
        (void)sched_yield();
    else
        (void)nanosleep(&pause, NULL);
}

/* Waits until the number changes. False: it did not change during all pauses. The pauses are
 * counted and not timed, so a holder does not seem dead because the machine was suspended. */
static bool wait_for_change(const struct store_lock *lock, uint64_t number)
{
    for (unsigned n_waits = 0; n_waits < SPINS + STORE_LOCK_PAUSES; n_waits++) {
        wait_a_little(n_waits);
        if (atomic_load_explicit(&lock->number, memory_order_relaxed) != number)
            return true;
    }
    return false;
}

bool store_lock_acquire(struct store_lock *lock, uint64_t *ret_held, bool *ret_owner_died)
{
    for (unsigned n_holders = 0; n_holders < HOLDERS_LIMIT; n_holders++) {
        uint64_t number = atomic_load_explicit(&lock->number, memory_order_relaxed);
        bool dead = is_held(number) && !wait_for_change(lock, number);
        if (is_held(number) && !dead)
            continue;
        uint64_t held = number + (dead ? 2 : 1);
        if (!change(lock, number, held))
            continue;
        *ret_held = held;
        *ret_owner_died = dead;
        return true;
    }
    return false;
}

bool store_lock_release(struct store_lock *lock, uint64_t held)
{
    return change(lock, held, held + 1);
}

bool store_lock_is_held(const struct store_lock *lock, uint64_t held)
{
    return atomic_load_explicit(&lock->number, memory_order_acquire) == held;
}
