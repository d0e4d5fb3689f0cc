/* SPDX-License-Identifier: Apache-2.0 */
/* A process stops while it holds a lock, so long that another process takes the lock from it. Then
 * it continues to write. Causes are a slow disk of a mapped file, or a debugger. */
#include "store_test.h"

#include "store_revocations.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE     65536u
#define PAGE     4096u
#define ALICE    SSPI_VIEW("alice\0realm")
#define T0       (TEST_CREATED_MS + 1u)
#define LIFETIME 1000u

#define OFFSET(field) offsetof(struct store_nonce_set, field)

static int stopped[2], go_on[2]; /* pipes between child and parent */
static char *page;               /* the child stops when it writes to this page */

static void stand_still(int signal)
{
    char octet = 0;
    (void)signal;
    if (write(stopped[1], &octet, 1) != 1 || read(go_on[0], &octet, 1) != 1 ||
        mprotect(page, PAGE, PROT_READ | PROT_WRITE) != 0)
        _exit(99);
}

/* Runs `use` in a child, which stops at its first write to the page of `at`. */
static pid_t begin_late(struct sspi_state *state, void *at, int (*use)(struct sspi_state *state))
{
    char octet;
    page = (char *)at - (uintptr_t)at % PAGE;
    assert_int_equal(pipe(stopped), 0);
    assert_int_equal(pipe(go_on), 0);
    pid_t child = fork();
    assert_int_not_equal(child, -1);
    if (child == 0) {
        struct sigaction action = {.sa_handler = stand_still};
        (void)alarm(20); /* ends the child if a check fails */
        if (sigaction(SIGSEGV, &action, NULL) != 0 || mprotect(page, PAGE, PROT_READ) != 0)
            _exit(98);
        _exit(use(state));
    }
    assert_int_equal(read(stopped[0], &octet, 1), 1);
    return child;
}

/* Lets the child continue. Returns the result of `use`. */
static int end_late(pid_t child)
{
    int status;
    assert_int_equal(write(go_on[1], "", 1), 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    for (int i = 0; i < 2; i++) {
        close(stopped[i]);
        close(go_on[i]);
    }
    return WEXITSTATUS(status);
}

/* ---- nonces ---- */

/* Returns the place of a set whose first `least` to `most` octets are at the end of a page, and
 * whose rest is in the next page. Neither page contains the locks. */
static size_t set_cut_behind(struct sspi_state *state, size_t least, size_t most)
{
    struct store_nonce_set *sets = store_layout_nonces(state);
    for (size_t i = 0; i < state->constants.n_nonce_sets; i++) {
        size_t left = PAGE - (uintptr_t)&sets[i] % PAGE;
        char *behind_header = (char *)state->header + PAGE;
        if ((char *)&sets[i] >= behind_header && left >= least && left <= most)
            return i;
    }
    fail_msg("no set lies so");
    return 0;
}

static size_t place;

static struct test_name name_of(struct sspi_state *state, unsigned number)
{
    struct test_name name;
    for (unsigned i = 0;; i++) {
        snprintf(name.text, sizeof(name.text), "nonce-%u", i);
        struct store_siphash hash =
            store_siphash(state->constants.tag_key, name.text, strlen(name.text));
        if (store_layout_set(hash.high, state->constants.n_nonce_sets) == place && number-- == 0)
            return name;
    }
}

static enum store_count use(struct sspi_state *state, unsigned number, uint32_t count)
{
    struct test_name name = name_of(state, number);
    return store_nonce_use(state, test_view(&name), ALICE, T0 + number, count);
}

static int use_first(struct sspi_state *state)
{
    return (int)use(state, 0, 1);
}

static struct store_nonce_set *set_here(struct sspi_state *state)
{
    return &store_layout_nonces(state)[place];
}

/* Each count of two nonces is accepted at most once, in any order of the processes. */
static void nothing_is_fresh_twice(struct sspi_state *state, unsigned already)
{
    unsigned n_fresh = already;
    for (int i = 0; i < 3; i++)
        n_fresh += use(state, 0, 1) == STORE_COUNT_FRESH;
    assert_true(n_fresh <= 1);
}

/* The child has marked the set as being written, and stops before the first count. */
static void a_late_writer_does_not_lose_a_count(void **unused)
{
    (void)unused;
    struct sspi_state *state = test_state(SIZE);
    place = set_cut_behind(state, OFFSET(word[1]), OFFSET(sequence));
    pid_t child = begin_late(state, set_here(state), use_first);
    assert_int_equal(set_here(state)->sequence % 2, 1);

    unsigned first = use(state, 0, 1) == STORE_COUNT_FRESH;
    unsigned second = use(state, 1, 1) == STORE_COUNT_FRESH;
    first += end_late(child) == STORE_COUNT_FRESH;
    nothing_is_fresh_twice(state, first);
    second += use(state, 1, 1) == STORE_COUNT_FRESH;
    assert_true(second <= 1);
    test_state_free(state);
}

/* The child stops before it marks the set. Other processes can use the set. */
static void a_late_holder_does_not_begin_to_write(void **unused)
{
    (void)unused;
    struct sspi_state *state = test_state(SIZE);
    place = set_cut_behind(state, sizeof(struct store_nonce_set), PAGE);
    pid_t child = begin_late(state, set_here(state), use_first);
    assert_int_equal(set_here(state)->sequence % 2, 0);

    assert_int_equal(use(state, 0, 1), STORE_COUNT_FRESH);
    assert_int_equal(use(state, 1, 1), STORE_COUNT_FRESH);
    assert_int_equal(end_late(child), STORE_COUNT_STALE);
    for (unsigned number = 0; number < 2; number++) {
        assert_int_equal(use(state, number, 1), STORE_COUNT_REPLAY);
        assert_int_equal(use(state, number, 2), STORE_COUNT_FRESH);
    }
    assert_int_equal(set_here(state)->sequence % 2, 0);
    test_state_free(state);
}

/* ---- replays ---- */

static enum store_replay check(struct sspi_state *state, unsigned token)
{
    return store_replay_check(state, (struct sspi_view){(char *)&token, sizeof(token)}, 1,
                              LIFETIME);
}

static size_t replay_place_of(struct sspi_state *state, unsigned token)
{
    struct store_siphash hash = store_siphash(state->constants.replay_key, &token, sizeof(token));
    return store_layout_set(hash.high, state->constants.n_replay_sets);
}

/* Another token of the same set. */
static unsigned neighbour_of(struct sspi_state *state, unsigned token)
{
    unsigned other = token + 1;
    while (replay_place_of(state, other) != replay_place_of(state, token))
        other++;
    return other;
}

static int check_first(struct sspi_state *state)
{
    return (int)check(state, 0);
}

static void the_other_cache_is_asked_for_what_a_late_holder_overwrote(void **unused)
{
    (void)unused;
    struct sspi_state *state = test_state(SIZE);
    unsigned other = neighbour_of(state, 0);
    pid_t child =
        begin_late(state, &store_layout_replays(state)[replay_place_of(state, 0)], check_first);

    /* The other cache records them. */
    assert_int_equal(check(state, 0), STORE_REPLAY_FULL);
    assert_int_equal(check(state, other), STORE_REPLAY_FULL);
    assert_int_equal(end_late(child), STORE_REPLAY_SEEN);
    assert_int_not_equal(check(state, 0), STORE_REPLAY_FRESH);
    assert_int_not_equal(check(state, other), STORE_REPLAY_FRESH);
    test_state_free(state);
}

/* ---- revocations ---- */

/* The number-th session whose place is `place`. */
static const uint8_t *session(struct sspi_state *state, unsigned number)
{
    static uint8_t id[STORE_REVOCATION_ID_SIZE];
    for (uint32_t i = 0;; i++) {
        memset(id, 0, sizeof(id));
        memcpy(id, &i, sizeof(i));
        struct store_siphash hash = store_siphash(state->constants.revocation_key, id, sizeof(id));
        if (store_layout_set(hash.high, state->constants.n_revocation_sets) == place &&
            number-- == 0)
            return id;
    }
}

static int revoke_first(struct sspi_state *state)
{
    return store_revocations_add(state, session(state, 0), T0, T0 + LIFETIME);
}

static bool is_revoked(struct sspi_state *state, unsigned number)
{
    return store_revocations_has(state, session(state, number), T0, T0 + 1);
}

static void a_late_holder_revokes_its_session_again(void **unused)
{
    (void)unused;
    struct sspi_state *state = test_state(SIZE);
    place = 0;
    struct store_revocation_set *set = store_layout_revocations(state);
    pid_t child = begin_late(state, set, revoke_first);
    assert_int_equal(set->sequence % 2, 0);
    assert_false(is_revoked(state, 0));
    assert_true(store_revocations_add(state, session(state, 1), T0, T0 + LIFETIME));
    assert_true(end_late(child));
    assert_true(is_revoked(state, 0));
    assert_true(is_revoked(state, 1));
    assert_false(is_revoked(state, 2));
    assert_int_equal(set->sequence % 2, 0);
    test_state_free(state);
}

/* Returns the first set that lies in two pages, and sets `place`. NULL: there is none. */
static struct store_revocation_set *set_in_two_pages(struct sspi_state *state)
{
    struct store_revocation_set *sets = store_layout_revocations(state);
    for (place = 0; place < state->constants.n_revocation_sets; place++)
        if (PAGE - (uintptr_t)&sets[place] % PAGE < sizeof(*sets))
            return &sets[place];
    return NULL;
}

/* The child has marked the set as being written, and stops before it writes the revocation. The
 * size of the header decides whether a set lies in two pages, so the memory may begin some cache
 * lines later. */
static void a_late_writer_revives_no_session(void **unused)
{
    (void)unused;
    char *memory =
        mmap(NULL, SIZE + PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    struct store_revocation_set *set = NULL;
    struct sspi_state *state = NULL;
    for (size_t at = 0; set == NULL && at < PAGE; at += STORE_LAYOUT_LINE) {
        store_state_free(state);
        state = test_state_in(memory + at, SIZE);
        set = set_in_two_pages(state);
    }
    assert_non_null(set);
    assert_true(store_revocations_add(state, session(state, 1), T0, T0 + LIFETIME));
    pid_t child = begin_late(state, set + 1, revoke_first);
    assert_int_equal(set->sequence % 2, 1);
    assert_true(store_revocations_add(state, session(state, 2), T0, T0 + LIFETIME));
    for (unsigned number = 0; number < 3; number++)
        assert_true(is_revoked(state, number));
    assert_true(end_late(child));
    for (unsigned number = 0; number < 3; number++)
        assert_true(is_revoked(state, number));
    store_state_free(state);
    munmap(memory, SIZE + PAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_late_writer_does_not_lose_a_count),
        cmocka_unit_test(a_late_holder_does_not_begin_to_write),
        cmocka_unit_test(the_other_cache_is_asked_for_what_a_late_holder_overwrote),
        cmocka_unit_test(a_late_holder_revokes_its_session_again),
        cmocka_unit_test(a_late_writer_revives_no_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
