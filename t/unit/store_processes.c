/* SPDX-License-Identifier: Apache-2.0 */
/* Many processes and threads on one memory, and processes that die in it. */
#define _GNU_SOURCE /* memfd_create, gettid */
#include "store_test.h"

#include "assert_between.h"
#include "store_revocations.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE        65536u
#define ALICE       SSPI_VIEW("alice\0realm")
#define T0          (TEST_CREATED_MS + 1u)
#define N_PROCESSES 8
#define N_THREADS   2
#define N_COUNTS    2000u
#define N_NONCES    1000u

/* The results of the processes, in memory that they share. */
struct tally {
    pthread_barrier_t start;
    _Atomic unsigned n_fresh[N_COUNTS];
};

struct work {
    struct sspi_state *state;
    struct tally *tally;
    void (*run)(struct sspi_state *state, struct tally *tally);
};

static void *run_thread(void *argument)
{
    struct work *work = argument;
    pthread_barrier_wait(&work->tally->start);
    work->run(work->state, work->tally);
    return NULL;
}

static void *shared(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    return memory;
}

static void run_threads(struct work *work)
{
    pthread_t threads[N_THREADS];
    for (int i = 0; i < N_THREADS; i++)
        if (pthread_create(&threads[i], NULL, run_thread, work) != 0)
            abort();
    for (int i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
}

/* Runs `run` in n_processes * N_THREADS threads that start at once; with 0 processes, in threads of
 * this one, which the thread sanitizer can watch. */
static struct tally *hammer(struct sspi_state *state, int n_processes,
                            void (*run)(struct sspi_state *, struct tally *))
{
    struct tally *tally = shared(sizeof(*tally));
    struct work work = {.state = state, .tally = tally, .run = run};
    pthread_barrierattr_t kind;
    pthread_barrierattr_init(&kind);
    pthread_barrierattr_setpshared(&kind, PTHREAD_PROCESS_SHARED);
    unsigned n_starters = n_processes == 0 ? N_THREADS : (unsigned)n_processes * N_THREADS;
    pthread_barrier_init(&tally->start, &kind, n_starters);
    if (n_processes == 0)
        run_threads(&work);
    for (int i = 0; i < n_processes; i++) {
        pid_t child = fork();
        assert_int_not_equal(child, -1);
        if (child == 0) {
            run_threads(&work);
            _exit(0);
        }
    }
    for (int i = 0; i < n_processes; i++) {
        int status;
        assert_int_not_equal(wait(&status), -1);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    return tally;
}

/* All threads try every count of one nonce in the same order, so that they collide. */
static void use_all_counts(struct sspi_state *state, struct tally *tally)
{
    for (uint32_t count = 0; count < N_COUNTS; count++)
        if (store_nonce_use(state, SSPI_VIEW("nonce"), ALICE, T0, count) == STORE_COUNT_FRESH)
            atomic_fetch_add(&tally->n_fresh[count], 1);
}

static void each_count_is_fresh_exactly_once(int n_processes)
{
    struct sspi_state *state = test_state(SIZE);
    struct tally *tally = hammer(state, n_processes, use_all_counts);
    for (uint32_t count = 0; count < N_COUNTS; count++)
        assert_int_equal(tally->n_fresh[count], 1);
    munmap(tally, sizeof(*tally));
    test_state_free(state);
}

static void each_count_is_fresh_exactly_once_among_processes(void **unused)
{
    (void)unused;
    each_count_is_fresh_exactly_once(N_PROCESSES);
}

static void each_count_is_fresh_exactly_once_among_threads(void **unused)
{
    (void)unused;
    each_count_is_fresh_exactly_once(0);
}

/* All threads use far more nonces than fit, so that they remove the nonces of each other. */
static void use_many_nonces(struct sspi_state *state, struct tally *tally)
{
    for (unsigned i = 0; i < 4 * N_NONCES; i++) {
        unsigned number = i / 4 + (i % 4) * 7;
        struct test_name name;
        snprintf(name.text, sizeof(name.text), "%u", number);
        if (number < N_COUNTS &&
            store_nonce_use(state, test_view(&name), ALICE, T0 + number, 1) == STORE_COUNT_FRESH)
            atomic_fetch_add(&tally->n_fresh[number], 1);
    }
}

static void no_count_is_fresh_twice_while_nonces_are_removed(void **unused)
{
    (void)unused;
    for (int n_processes = 0; n_processes <= N_PROCESSES; n_processes += N_PROCESSES) {
        struct sspi_state *state = test_state(SIZE);
        struct tally *tally = hammer(state, n_processes, use_many_nonces);
        for (unsigned i = 0; i < N_COUNTS; i++)
            assert_between(tally->n_fresh[i], 0, 1);
        munmap(tally, sizeof(*tally));
        test_state_free(state);
    }
}

static void check_all_tokens(struct sspi_state *state, struct tally *tally)
{
    for (uint32_t i = 0; i < N_COUNTS; i++)
        if (store_replay_check(state, (struct sspi_view){(char *)&i, sizeof(i)}, 1, 1000) ==
            STORE_REPLAY_FRESH)
            atomic_fetch_add(&tally->n_fresh[i], 1);
}

static void each_token_is_fresh_exactly_once_among_processes_and_threads(void **unused)
{
    (void)unused;
    for (int n_processes = 0; n_processes <= N_PROCESSES; n_processes += N_PROCESSES) {
        struct sspi_state *state = test_state((size_t)4 << 20);
        struct tally *tally = hammer(state, n_processes, check_all_tokens);
        for (uint32_t i = 0; i < N_COUNTS; i++)
            assert_int_equal(tally->n_fresh[i], 1);
        munmap(tally, sizeof(*tally));
        test_state_free(state);
    }
}

/* All threads revoke all sessions, in different orders, and look each one up at once. The memory is
 * small, so most revocations are removed again. A session that was revoked stays so. */
static void revoke_all_sessions(struct sspi_state *state, struct tally *tally)
{
    for (uint32_t i = 0; i < N_COUNTS; i++) {
        uint32_t number = (i * 7 + (uint32_t)gettid() * 101) % N_COUNTS;
        uint8_t id[STORE_REVOCATION_ID_SIZE] = {0};
        memcpy(id, &number, sizeof(number));
        if (!store_revocations_add(state, id, 1000 + number, 9000000 + number) ||
            !store_revocations_has(state, id, 1000 + number, 1))
            atomic_fetch_add(&tally->n_fresh[number], 1);
        /* Sessions with a later login were never revoked. */
        uint32_t other = N_COUNTS + i;
        memcpy(id, &other, sizeof(other));
        if (store_revocations_has(state, id, 1000 + N_COUNTS, 1))
            atomic_fetch_add(&tally->n_fresh[number], 1);
    }
}

static void a_revoked_session_stays_so_among_processes_and_threads(void **unused)
{
    (void)unused;
    for (int n_processes = 0; n_processes <= N_PROCESSES; n_processes += N_PROCESSES) {
        struct sspi_state *state = test_state(SIZE);
        struct tally *tally = hammer(state, n_processes, revoke_all_sessions);
        for (uint32_t i = 0; i < N_COUNTS; i++) {
            uint8_t id[STORE_REVOCATION_ID_SIZE] = {0};
            memcpy(id, &i, sizeof(i));
            assert_int_equal(tally->n_fresh[i], 0);
            assert_true(store_revocations_has(state, id, 1000 + i, 1));
        }
        munmap(tally, sizeof(*tally));
        test_state_free(state);
    }
}

/* A child takes the lock, does `inside`, and is killed. */
static void die_with(struct sspi_state *state, struct store_lock *lock,
                     void (*inside)(struct sspi_state *))
{
    pid_t child = fork();
    assert_int_not_equal(child, -1);
    if (child == 0) {
        uint64_t held;
        bool owner_died;
        if (store_lock_acquire(lock, &held, &owner_died) && inside != NULL)
            inside(state);
        raise(SIGKILL);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void a_process_killed_with_a_lock_blocks_no_other(void **unused)
{
    (void)unused;
    struct sspi_state *state = test_state(SIZE);
    struct test_name known = test_nonce_of_set_0(state, 0), new = test_nonce_of_set_0(state, 1);
    assert_int_equal(store_nonce_use(state, test_view(&known), ALICE, T0, 1), STORE_COUNT_FRESH);
    die_with(state, &state->header->nonce_lock[0], NULL);
    die_with(state, &state->header->replay_lock[0], NULL);
    die_with(state, &state->header->replay_lock[1], NULL);
    /* No process was writing, so nothing is lost. */
    assert_int_equal(store_nonce_use(state, test_view(&new), ALICE, T0, 1), STORE_COUNT_FRESH);
    assert_int_equal(store_nonce_use(state, test_view(&new), ALICE, T0, 1), STORE_COUNT_REPLAY);
    assert_int_equal(store_nonce_use(state, test_view(&known), ALICE, T0, 1), STORE_COUNT_REPLAY);
    assert_int_equal(store_nonce_use(state, test_view(&known), ALICE, T0, 2), STORE_COUNT_FRESH);
    for (uint32_t i = 0; i < 500; i++) {
        struct sspi_view token = {(char *)&i, sizeof(i)};
        assert_int_not_equal(store_replay_check(state, token, 1, 1000), STORE_REPLAY_SEEN);
        assert_int_not_equal(store_replay_check(state, token, 1, 1000), STORE_REPLAY_FRESH);
    }
    test_state_free(state);
}

static void begin_to_write_set_0(struct sspi_state *state)
{
    struct store_nonce_set *set = store_layout_nonces(state);
    set->sequence++;
    set->word[0][0] = 0; /* the counts of the first nonce are forgotten */
}

static void a_set_whose_writer_was_killed_accepts_no_old_nonce(void **unused)
{
    (void)unused;
    struct sspi_state *state = test_state(SIZE);
    for (unsigned i = 0; i < 3; i++) {
        struct test_name name = test_nonce_of_set_0(state, i);
        assert_int_equal(store_nonce_use(state, test_view(&name), ALICE, T0 + i, 1),
                         STORE_COUNT_FRESH);
    }
    die_with(state, &state->header->nonce_lock[0], begin_to_write_set_0);

    for (uint32_t count = 1; count <= 2; count++)
        for (unsigned i = 0; i < 3; i++) {
            struct test_name name = test_nonce_of_set_0(state, i);
            assert_int_equal(store_nonce_use(state, test_view(&name), ALICE, T0 + i, count),
                             STORE_COUNT_STALE);
        }
    /* The set also accepts no new nonce, because its writer may only be late. A new nonce goes to
     * another set. */
    struct test_name name = test_nonce_of_set_0(state, 4);
    assert_int_equal(store_nonce_use(state, test_view(&name), ALICE, T0 + 3, 1), STORE_COUNT_STALE);
    test_state_free(state);
}

static void begin_to_write_revocations_0(struct sspi_state *state)
{
    struct store_revocation_set *set = store_layout_revocations(state);
    set->sequence++;
    set->end_ms[0] = 0; /* the first revocation is forgotten */
}

/* Revokes sessions until a set of the first stripe has one. */
static void revoke_in_set_0(struct sspi_state *state, uint8_t id[STORE_REVOCATION_ID_SIZE])
{
    struct store_revocation_set *set = store_layout_revocations(state);
    for (uint32_t i = 0; set->end_ms[0] == 0; i++) {
        memset(id, 0, STORE_REVOCATION_ID_SIZE);
        memcpy(id, &i, sizeof(i));
        assert_true(store_revocations_add(state, id, 1000, 9000));
    }
}

static void a_set_of_revocations_whose_writer_was_killed_revives_no_session(void **unused)
{
    (void)unused;
    uint8_t id[STORE_REVOCATION_ID_SIZE];
    struct sspi_state *state = test_state(SIZE);
    revoke_in_set_0(state, id);
    die_with(state, &state->header->revocation_lock[0], NULL);
    assert_true(store_revocations_has(state, id, 1000, 1)); /* reading needs no lock */
    assert_true(store_revocations_add(state, id, 1000, 9001));
    assert_int_equal(store_layout_revocations(state)->end_ms[0], 9001); /* nothing was lost */
    die_with(state, &state->header->revocation_lock[0], begin_to_write_revocations_0);
    assert_true(store_revocations_has(state, id, 1000, 1));
    assert_true(store_revocations_has(state, id, 5000, 1));
    assert_true(store_revocations_add(state, id, 1000, 9000));
    test_state_free(state);
}

static void the_state_works_where_another_process_mapped_it(void **unused)
{
    (void)unused;
    int file = memfd_create("state", MFD_CLOEXEC);
    assert_int_not_equal(file, -1);
    assert_int_equal(ftruncate(file, SIZE), 0);
    void *here = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    void *there = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    assert_ptr_not_equal(here, there);
    unsigned seed = 1;
    struct clock clock = {
        .now_ms = test_now, .steady_ms = test_now, .random = test_random, .self = &seed};
    struct sspi_state *first = store_state_format(here, SIZE, &clock);
    struct sspi_state *second = store_state_attach(there, SIZE);
    assert_int_equal(store_nonce_use(first, SSPI_VIEW("n"), ALICE, T0, 1), STORE_COUNT_FRESH);
    assert_int_equal(store_nonce_use(second, SSPI_VIEW("n"), ALICE, T0, 1), STORE_COUNT_REPLAY);
    store_state_free(first);
    store_state_free(second);
    munmap(here, SIZE);
    munmap(there, SIZE);
    close(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_count_is_fresh_exactly_once_among_processes),
        cmocka_unit_test(each_count_is_fresh_exactly_once_among_threads),
        cmocka_unit_test(no_count_is_fresh_twice_while_nonces_are_removed),
        cmocka_unit_test(each_token_is_fresh_exactly_once_among_processes_and_threads),
        cmocka_unit_test(a_revoked_session_stays_so_among_processes_and_threads),
        cmocka_unit_test(a_process_killed_with_a_lock_blocks_no_other),
        cmocka_unit_test(a_set_whose_writer_was_killed_accepts_no_old_nonce),
        cmocka_unit_test(a_set_of_revocations_whose_writer_was_killed_revives_no_session),
        cmocka_unit_test(the_state_works_where_another_process_mapped_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
