/* SPDX-License-Identifier: Apache-2.0 */
/* The file that several servers share: its contents, when it is kept, and when a new file is made.
 */
#include "store_state_file_fixture.h"

#include <fcntl.h>
#include <sys/wait.h>

#define ALICE SSPI_VIEW("alice\0realm")

static enum store_replay record(struct sspi_state *state, const char *token)
{
    return store_replay_check(state, (struct sspi_view){token, strlen(token)},
                              store_state_time_ms(state, &clock_here), 1000);
}

/* ---- sharing ---- */

static void two_servers_share_counts_replays_and_keys(void **unused)
{
    (void)unused;
    struct sspi_state *first = open_file(STORE_STATE_MADE);
    struct sspi_state *second = open_file(STORE_STATE_EXISTING);
    assert_ptr_not_equal(first->header, second->header);
    assert_int_equal(record(first, "token"), STORE_REPLAY_FRESH);
    assert_int_equal(record(second, "token"), STORE_REPLAY_SEEN);
    assert_int_equal(record(second, "another"), STORE_REPLAY_FRESH);
    assert_int_equal(store_nonce_use(first, SSPI_VIEW("n"), ALICE, TEST_CREATED_MS, 1),
                     STORE_COUNT_FRESH);
    assert_int_equal(store_nonce_use(second, SSPI_VIEW("n"), ALICE, TEST_CREATED_MS, 1),
                     STORE_COUNT_REPLAY);
    assert_memory_equal(store_state_nonce_key(first), store_state_nonce_key(second),
                        STORE_STATE_KEY_SIZE);
    store_state_free(first);
    assert_int_equal(record(second, "token"), STORE_REPLAY_SEEN);
    store_state_free(second);
}

static void a_restart_keeps_used_tokens(void **unused)
{
    (void)unused;
    struct sspi_state *state = open_file(STORE_STATE_MADE);
    assert_int_equal(record(state, "token"), STORE_REPLAY_FRESH);
    store_state_free(state);
    steady_ms += 500;
    state = open_file(STORE_STATE_EXISTING);
    assert_int_equal(record(state, "token"), STORE_REPLAY_SEEN);
    assert_int_equal(record(state, "another"), STORE_REPLAY_FRESH);
    assert_int_equal(store_state_created_ms(state), TEST_CREATED_MS);
    store_state_free(state);
}

static void the_file_is_private_to_its_owner_and_wholly_on_disk(void **unused)
{
    (void)unused;
    mode_t mask = umask(0);
    struct sspi_state *state = open_file(STORE_STATE_MADE);
    umask(mask);
    struct stat found;
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 07777, 0600);
    assert_int_equal(found.st_size, SIZE);
    assert_true(found.st_blocks * 512 >= (blkcnt_t)SIZE);
    char other[128];
    snprintf(other, sizeof(other), "%s.new", path);
    assert_int_equal(access(other, F_OK), -1);
    store_state_free(state);
}

/* The descriptors of a worker do not let it truncate the file, which would kill all other workers.
 */
static void workers_inherit_no_descriptor_that_writes(void **unused)
{
    (void)unused;
    struct sspi_state *state = open_file(STORE_STATE_MADE);
    assert_int_not_equal(state->file, -1);
    assert_int_equal(fcntl(state->file, F_GETFL) & O_ACCMODE, O_RDONLY);
    assert_int_equal(fcntl(state->file, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(ftruncate(state->file, 0), -1);
    store_state_free(state);
}

static void run_parents(unsigned n)
{
    int start[2];
    assert_int_equal(pipe(start), 0);
    for (unsigned i = 0; i < n; i++) {
        pid_t child = fork();
        assert_int_not_equal(child, -1);
        if (child != 0)
            continue;
        char octet;
        enum store_state_found found;
        close(start[1]);
        if (read(start[0], &octet, 1) != 0) /* all children continue when the pipe closes */
            _exit(2);
        struct sspi_state *state =
            store_state_file_open(path, SIZE, &clock_here, &found, error, sizeof(error));
        _exit(state != NULL && record(state, "token") == STORE_REPLAY_FRESH ? 1 : 0);
    }
    close(start[0]);
    close(start[1]);
}

static void parents_that_start_at_once_use_the_same_memory(void **unused)
{
    (void)unused;
    for (unsigned round = 0; round < 20; round++) {
        unsigned n_fresh = 0;
        run_parents(8);
        for (unsigned i = 0; i < 8; i++) {
            int status;
            assert_int_not_equal(wait(&status), -1);
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
            n_fresh += (unsigned)WEXITSTATUS(status);
        }
        assert_int_equal(n_fresh, 1);
        assert_int_equal(unlink(path), 0);
    }
}

/* ---- files that cannot be used ---- */

static void the_size_is_kept_while_a_process_uses_the_file(void **unused)
{
    (void)unused;
    struct sspi_state *first = open_file(STORE_STATE_MADE);
    struct sspi_state *second = open_sized(2 * SIZE, STORE_STATE_EXISTING);
    assert_int_equal(store_state_size(second), SIZE);
    store_state_free(first);
    store_state_free(second);
    first = open_sized(2 * SIZE, STORE_STATE_MADE);
    assert_int_equal(store_state_size(first), 2 * SIZE);
    store_state_free(first);
}

/* Changes the file to one of another version or another boot of the machine. */
static void alter(void (*change)(struct store_constants *), bool right_check)
{
    int file = open(path, O_RDWR);
    assert_int_not_equal(file, -1);
    struct store_header *header = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    assert_ptr_not_equal(header, MAP_FAILED);
    change(&header->constants);
    if (right_check)
        header->check = store_layout_check(&header->constants);
    munmap(header, SIZE);
    close(file);
}

static void other_layout(struct store_constants *constants)
{
    constants->layout++;
}
static void other_boot(struct store_constants *constants)
{
    constants->origin.boot[0] ^= 1;
}
static void other_file(struct store_constants *constants)
{
    constants->origin.inode++;
}
static void other_clock(struct store_constants *constants)
{
    constants->created_steady_ms = steady_ms + 1;
}
static void damage(struct store_constants *constants)
{
    constants->replay_key[0] ^= 1;
}

static void a_file_that_does_not_fit_is_replaced(void **unused)
{
    (void)unused;
    static const struct {
        void (*change)(struct store_constants *);
        bool right_check;
    } cases[] = {{other_layout, true},
                 {other_boot, true},
                 {other_file, true},
                 {other_clock, true},
                 {damage, false}};
    store_state_free(open_file(STORE_STATE_MADE));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ino_t before = inode();
        alter(cases[i].change, cases[i].right_check);
        struct sspi_state *state = open_file(STORE_STATE_MADE);
        assert_int_equal(record(state, "token"), STORE_REPLAY_FRESH);
        assert_int_not_equal(inode(), before);
        store_state_free(state);
        store_state_free(open_file(STORE_STATE_EXISTING));
    }
}

static void processes_keep_an_old_file_that_another_layout_replaces(void **unused)
{
    (void)unused;
    struct sspi_state *old = open_file(STORE_STATE_MADE);
    assert_int_equal(record(old, "token"), STORE_REPLAY_FRESH);
    alter(other_layout, true);
    struct sspi_state *new = open_file(STORE_STATE_REPLACED);
    assert_int_equal(record(new, "token"), STORE_REPLAY_FRESH);
    assert_int_equal(record(old, "token"), STORE_REPLAY_SEEN);
    assert_memory_not_equal(store_state_nonce_key(old), store_state_nonce_key(new),
                            STORE_STATE_KEY_SIZE);
    store_state_free(old);
    struct sspi_state *third = open_file(STORE_STATE_EXISTING);
    assert_int_equal(record(third, "token"), STORE_REPLAY_SEEN);
    store_state_free(new);
    store_state_free(third);
}

static void an_earlier_copy_of_the_file_is_not_used(void **unused)
{
    (void)unused;
    char command[256];
    store_state_free(open_file(STORE_STATE_MADE));
    snprintf(command, sizeof(command), "cp -p '%s' '%s.old'", path, path);
    assert_int_equal(system(command), 0);
    struct sspi_state *state = open_file(STORE_STATE_EXISTING);
    assert_int_equal(record(state, "token"), STORE_REPLAY_FRESH);
    store_state_free(state);
    snprintf(command, sizeof(command), "mv '%s.old' '%s'", path, path);
    assert_int_equal(system(command), 0);
    store_state_free(open_file(STORE_STATE_MADE));
}

static void a_file_after_a_power_cut_is_replaced(void **unused)
{
    (void)unused;
    for (off_t len = 0; len <= SIZE; len += SIZE / 2) {
        int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
        assert_int_equal(ftruncate(file, len), 0);
        close(file);
        store_state_free(open_file(STORE_STATE_MADE));
    }
    assert_int_equal(truncate(path, SIZE / 2), 0);
    store_state_free(open_file(STORE_STATE_MADE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(two_servers_share_counts_replays_and_keys),
        TEST(a_restart_keeps_used_tokens),
        TEST(the_file_is_private_to_its_owner_and_wholly_on_disk),
        TEST(workers_inherit_no_descriptor_that_writes),
        TEST(parents_that_start_at_once_use_the_same_memory),
        TEST(the_size_is_kept_while_a_process_uses_the_file),
        TEST(a_file_that_does_not_fit_is_replaced),
        TEST(processes_keep_an_old_file_that_another_layout_replaces),
        TEST(an_earlier_copy_of_the_file_is_not_used),
        TEST(a_file_after_a_power_cut_is_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
