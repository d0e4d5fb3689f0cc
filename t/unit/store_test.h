/* SPDX-License-Identifier: Apache-2.0 */
/* Helpers for the tests of the shared memory. */
#ifndef STORE_TEST_H
#define STORE_TEST_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "store_layout.h"
#include "store_nonces.h"
#include "store_replays.h"
#include "store_state.h"

#define TEST_CREATED_MS 1000000u

static inline uint64_t test_now(void *self)
{
    (void)self;
    return TEST_CREATED_MS;
}

/* The same octets in each run, so that a failure can be repeated. */
static inline bool test_random(void *self, void *out, size_t len)
{
    unsigned *next = self;
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (uint8_t)((*next = *next * 1103515245u + 12345u) >> 16);
    return true;
}

/* Formatted memory that forked children share. Ended by test_state_free(). */
static inline struct sspi_state *test_state_in(void *memory, size_t size)
{
    static unsigned seed;
    seed = 1;
    struct clock clock = {
        .now_ms = test_now, .steady_ms = test_now, .random = test_random, .self = &seed};
    struct sspi_state *state = store_state_format(memory, size, &clock);
    assert_non_null(state);
    return state;
}

static inline struct sspi_state *test_state(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    return test_state_in(memory, size);
}

static inline void test_state_free(struct sspi_state *state)
{
    void *memory = state->header;
    size_t size = store_state_size(state);
    store_state_free(state);
    munmap(memory, size);
}

struct test_name {
    char text[32];
};

static inline struct sspi_view test_view(const struct test_name *name)
{
    return (struct sspi_view){name->text, strlen(name->text)};
}

/* The number-th nonce whose place is set 0. */
static inline struct test_name test_nonce_of_set_0(struct sspi_state *state, unsigned number)
{
    struct test_name name;
    for (unsigned i = 0;; i++) {
        snprintf(name.text, sizeof(name.text), "nonce-%u", i);
        struct store_siphash hash =
            store_siphash(state->constants.tag_key, name.text, strlen(name.text));
        if (store_layout_set(hash.high, state->constants.n_nonce_sets) == 0 && number-- == 0)
            return name;
    }
}

#endif
