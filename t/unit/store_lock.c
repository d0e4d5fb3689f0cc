/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "store_lock.h"

#define N_PROCESSES 4
#define N_ROUNDS    20000

struct shared {
    struct store_lock lock;
    uint64_t count; /* changed under the lock only */
};

static struct shared *share(void)
{
    void *memory = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    return memory;
}

static void count_up(struct shared *shared)
{
    for (int i = 0; i < N_ROUNDS; i++) {
        uint64_t held;
        bool owner_died;
        if (!store_lock_acquire(&shared->lock, &held, &owner_died) || owner_died)
            _exit(1);
        shared->count++;
        store_lock_release(&shared->lock, held);
    }
    _exit(0);
}

static void only_one_process_at_a_time_holds_the_lock(void **state)
{
    struct shared *shared = share();
    pid_t child[N_PROCESSES];
    for (int i = 0; i < N_PROCESSES; i++) {
        child[i] = fork();
        assert_int_not_equal(child[i], -1);
        if (child[i] == 0)
            count_up(shared);
    }
    for (int i = 0; i < N_PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(child[i], &status, 0), child[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(shared->count, N_PROCESSES * N_ROUNDS);
    munmap(shared, sizeof(*shared));
}

static void a_lock_is_taken_from_a_dead_holder(void **state)
{
    struct shared *shared = share();
    uint64_t first, second, third;
    bool owner_died;
    assert_true(store_lock_acquire(&shared->lock, &first, &owner_died));
    assert_false(owner_died);
    /* The holder never releases the lock. */
    assert_true(store_lock_acquire(&shared->lock, &second, &owner_died));
    assert_true(owner_died);
    /* The holder was not dead, only late: it no longer holds the lock that it releases. */
    assert_false(store_lock_release(&shared->lock, first));
    assert_int_equal(atomic_load(&shared->lock.number), second);
    assert_true(store_lock_release(&shared->lock, second));
    assert_true(store_lock_acquire(&shared->lock, &third, &owner_died));
    assert_false(owner_died);
    munmap(shared, sizeof(*shared));
}

/* The others continue with any number that a corrupt process writes to the lock. */
static void any_number_can_be_taken_over(void **state)
{
    static const uint64_t numbers[] = {1, UINT64_MAX, UINT64_MAX - 1, 0x4141414141414141};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct store_lock lock = {numbers[i]};
        uint64_t held;
        bool owner_died;
        assert_true(store_lock_acquire(&lock, &held, &owner_died));
        assert_int_equal(owner_died, numbers[i] % 2 != 0);
        store_lock_release(&lock, held);
        assert_int_equal(atomic_load(&lock.number) % 2, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_one_process_at_a_time_holds_the_lock),
        cmocka_unit_test(a_lock_is_taken_from_a_dead_holder),
        cmocka_unit_test(any_number_can_be_taken_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
