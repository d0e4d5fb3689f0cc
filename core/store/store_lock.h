/* SPDX-License-Identifier: Apache-2.0 */
/* A lock in memory that several processes share and any of them may corrupt. It is one number. A
 * robust mutex of glibc reads pointers, an owner and a kind from the memory; a corrupt process
 * could then choose where another one writes. With this lock, a corrupt process can only keep the
 * lock, or let two processes hold it at once. */
#ifndef STORE_LOCK_H
#define STORE_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bytes.h" /* MUST_USE */

/* Zero: free. The number is odd while the lock is held, and every change makes a new number. */
struct store_lock {
    _Atomic uint64_t number;
};

/* How long a lock may be held before its holder counts as dead. The guarded work takes far less
 * than a microsecond, so the scheduler usually runs a live holder again within this time. A holder
 * that waits for the disk of a mapped file, or is stopped, may continue later. Its writes must then
 * not damage the guarded data. */
#define STORE_LOCK_PAUSES   100
#define STORE_LOCK_PAUSE_US 5000

/* Takes the lock; *ret_held is for store_lock_release(). Waits for other holders, at most half a
 * second for each. True in *ret_owner_died: a holder kept the lock too long and counts as dead, and
 * the caller must repair the guarded data. False: other processes took the lock again and again;
 * the caller must refuse. */
bool store_lock_acquire(struct store_lock *lock, uint64_t *ret_held, bool *ret_owner_died) MUST_USE;

/* Releases the lock. False: another process took it from this holder meanwhile, so both may have
 * changed the guarded data. */
bool store_lock_release(struct store_lock *lock, uint64_t held);

/* True as long as no other process took the lock from this holder. */
bool store_lock_is_held(const struct store_lock *lock, uint64_t held) MUST_USE;

#endif
