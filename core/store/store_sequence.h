/* SPDX-License-Identifier: Apache-2.0 */
/* The sequence of a set in a table that all processes share. A writer makes it odd before it
 * changes the set, and even again afterwards. A reader takes no lock: what it read is right if the
 * sequence was even, and is the same afterwards. */
#ifndef STORE_SEQUENCE_H
#define STORE_SEQUENCE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* This bit marks a set that was given up, because its writer died. Its contents are not used. */
#define STORE_SEQUENCE_GIVEN_UP ((uint64_t)1 << 63)

static inline uint64_t store_sequence_load(_Atomic uint64_t *from)
{
    return atomic_load_explicit(from, memory_order_acquire);
}

static inline void store_sequence_store(_Atomic uint64_t *to, uint64_t value)
{
    atomic_store_explicit(to, value, memory_order_release);
}

static inline bool store_sequence_is_given_up(uint64_t sequence)
{
    return (sequence & STORE_SEQUENCE_GIVEN_UP) != 0;
}

/* False: another process has changed the sequence. */
static inline bool store_sequence_change(_Atomic uint64_t *sequence, uint64_t from, uint64_t to)
{
    return atomic_compare_exchange_strong_explicit(sequence, &from, to, memory_order_acq_rel,
                                                   memory_order_acquire);
}

/* For a set whose lock was taken from a holder that seems dead. A late write of that holder then
 * fails. A set that it was changing is given up. */
static inline void store_sequence_repair(_Atomic uint64_t *sequence)
{
    uint64_t before;
    do
        before = store_sequence_load(sequence);
    while (!store_sequence_change(sequence, before,
                                  before % 2 == 0 ? before + 2 : before | STORE_SEQUENCE_GIVEN_UP));
}

static inline uint64_t store_sequence_max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

#endif
