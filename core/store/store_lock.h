/* SPDX-License-Identifier: Apache-2.0 */
/* A lock in memory that processes share and do not trust each other with. It is one number: no
 * pointer, owner or kind is read from the memory, as a robust mutex of glibc would do, so that a
 * broken process cannot make another one write where it wants. All it can do is to keep the lock,
 * or to let two processes in. */
#ifndef STORE_LOCK_H
#define STORE_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bytes.h" /* SSPI_MUST_USE */

/* All zero: free. Odd while it is held; each change makes another number. */
struct store_lock {
    _Atomic uint64_t number;
};

/* How long a lock may stay held before its holder counts as dead. What it guards takes far less
 * than a microsecond, so that a holder that is only not running mostly gets its turn by then. One
 * that waits for the disk of a mapped file, or is stopped, may come back later: what it writes then
 * must do no harm. */
#define STORE_LOCK_PAUSES   100
#define STORE_LOCK_PAUSE_US 5000

/* Takes the lock; *ret_held is for store_lock_release(). Waits for another holder, at most half a
 * second for each. True in *ret_owner_died: a holder kept the lock for so long that it is dead, and
 * what it guards must be put right. False: it changes hands all the time, refuse. */
bool store_lock_acquire(struct store_lock *lock, uint64_t *ret_held,
                        bool *ret_owner_died) SSPI_MUST_USE;

/* Gives it back. False: it was taken from this holder meanwhile, who was not alone with what it
 * guards. */
bool store_lock_release(struct store_lock *lock, uint64_t held);

#endif
