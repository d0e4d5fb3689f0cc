/* SPDX-License-Identifier: Apache-2.0 */
/* The users' file when it changes, whichever kind it is. */
#include "store_users_test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#define OLD "alice:realm:" A "\n"
#define NEW "alice:realm:" B "\n"

enum { N_THREADS = 4, N_CHANGES = 60 };

static bool alice_is(int first_octet)
{
    return has(ALICE, REALM, SSPI_DIGEST_MD5, first_octet);
}

static void assert_refresh(uint64_t now_ms, enum store_refresh answer)
{
    assert_int_equal(store_users_refresh(users, now_ms, error, sizeof error), answer);
}

/* A file that neither kind of users can be read of. */
static void write_bad(void)
{
    write_users("alice:realm\n", &as.text);
}

static void a_change_is_picked_up_once_a_second(void **kind)
{
    open_users(OLD, *kind);
    assert_refresh(5000, STORE_REFRESH_UNCHANGED);
    write_users(NEW, *kind);
    assert_refresh(5999, STORE_REFRESH_UNCHANGED);
    assert_true(alice_is(0x01));
    assert_refresh(6000, STORE_REFRESH_DONE);
    assert_true(alice_is(0xfe));
    assert_refresh(7000, STORE_REFRESH_UNCHANGED);
    write_users(OLD, *kind);
    assert_refresh(10, STORE_REFRESH_DONE); /* the clock was set back */
}

static void a_bad_change_is_told_once_and_the_old_users_stay(void **kind)
{
    open_users(OLD, *kind);
    uint64_t generation = store_users_generation(users);
    write_bad();
    assert_refresh(1000, STORE_REFRESH_UNREADABLE);
    assert_true(store_users_generation(users) == generation);
    assert_non_null(strstr(error, *kind == &as.text ? ":1: " : "not a database"));
    assert_refresh(2000, STORE_REFRESH_UNCHANGED);
    assert_true(alice_is(0x01));

    unlink(path);
    assert_refresh(3000, STORE_REFRESH_UNREADABLE);
    assert_refresh(4000, STORE_REFRESH_UNCHANGED);
    assert_true(alice_is(0x01));

    write_users(NEW, *kind);
    assert_refresh(5000, STORE_REFRESH_DONE);
    assert_true(alice_is(0xfe));
    assert_true(store_users_generation(users) != generation);
}

/* A chmod may have made a file readable that could not be read again before. */
static void a_file_whose_mode_changed_is_read_again(void **kind)
{
    open_users(OLD, *kind);
    assert_non_null(users);
    struct stat before, after;
    assert_int_equal(stat(path, &before), 0);
    do { /* the clock of the file system has ticks */
        assert_int_equal(chmod(path, 0600), 0);
        assert_int_equal(stat(path, &after), 0);
    } while (after.st_ctim.tv_sec == before.st_ctim.tv_sec &&
             after.st_ctim.tv_nsec == before.st_ctim.tv_nsec);
    assert_refresh(5000, STORE_REFRESH_DONE);
    assert_refresh(6000, STORE_REFRESH_UNCHANGED);
}

static void one_look_is_told_and_the_others_wait_for_its_reread(void **kind)
{
    open_users(OLD, *kind);
    assert_false(store_users_look(users, 1000));
    write_users(NEW, *kind);
    assert_false(store_users_look(users, 1999));
    assert_true(store_users_look(users, 2000));
    for (uint64_t now_ms = 3000; now_ms < 9000; now_ms += 1000)
        assert_false(store_users_look(users, now_ms));
    assert_refresh(9000, STORE_REFRESH_UNCHANGED);
    assert_true(alice_is(0x01)); /* the old ones meanwhile */
    assert_int_equal(store_users_reread(users, error, sizeof error), STORE_REFRESH_DONE);
    assert_true(alice_is(0xfe));
    assert_false(store_users_look(users, 10000));
}

static void a_look_out_of_turn_finds_a_change_at_once_and_once_a_second(void **kind)
{
    open_users(OLD, *kind);
    assert_false(store_users_look(users, 5000));
    assert_false(store_users_look_now(users, 5001));
    write_users(NEW, *kind);
    assert_false(store_users_look(users, 5999)); /* the calls above count as looks */
    assert_true(store_users_look_now(users, 5999));
    assert_false(store_users_look_now(users, 7500)); /* the file is being read */
    assert_int_equal(store_users_reread(users, error, sizeof error), STORE_REFRESH_DONE);
    assert_true(alice_is(0xfe));
    write_users(OLD, *kind);
    assert_false(store_users_look_now(users, 6998));
    assert_true(store_users_look_now(users, 6999));
    store_users_look_again(users); /* the file cannot be read now */
    assert_false(store_users_look_now(users, 7998));
    assert_true(store_users_look(users, 7999));
    assert_int_equal(store_users_reread(users, error, sizeof error), STORE_REFRESH_DONE);
    assert_true(alice_is(0x01));
    assert_false(store_users_look_now(users, 9000));
}

static void a_reread_that_cannot_be_made_is_found_by_a_later_look(void **kind)
{
    open_users(OLD, *kind);
    write_users(NEW, *kind);
    assert_true(store_users_look(users, 1000));
    store_users_look_again(users);
    assert_false(store_users_look(users, 1999));
    assert_true(store_users_look(users, 2000));
    assert_int_equal(store_users_reread(users, error, sizeof error), STORE_REFRESH_DONE);
    assert_false(store_users_look(users, 3000));
}

static void a_failed_reread_ends_the_look_and_is_told_once(void **kind)
{
    open_users(OLD, *kind);
    write_bad();
    assert_true(store_users_look(users, 1000));
    error[0] = '\0';
    assert_int_equal(store_users_reread(users, error, sizeof error), STORE_REFRESH_UNREADABLE);
    assert_string_not_equal(error, "");
    assert_false(store_users_look(users, 2000));
    write_users(NEW, *kind);
    assert_true(store_users_look(users, 3000));
    assert_int_equal(store_users_reread(users, error, sizeof error), STORE_REFRESH_DONE);
    assert_true(alice_is(0xfe));
}

static void a_reread_reads_what_is_there_by_then(void **kind)
{
    open_users(OLD, *kind);
    write_bad();
    assert_true(store_users_look(users, 1000));
    write_users(NEW, *kind);
    assert_int_equal(store_users_reread(users, error, sizeof error), STORE_REFRESH_DONE);
    assert_true(alice_is(0xfe));
    assert_false(store_users_look(users, 2000)); /* no second time */
    write_users(OLD, *kind);
    assert_true(store_users_look(users, 3000));
    unlink(path);
    assert_int_equal(store_users_reread(users, error, sizeof error), STORE_REFRESH_UNREADABLE);
    assert_false(store_users_look(users, 4000));
    assert_true(alice_is(0xfe));
}

static void the_last_owner_frees(void **kind)
{
    open_users(OLD, *kind);
    assert_ptr_equal(store_users_ref(users), users);
    store_users_unref(users);
    assert_true(alice_is(0x01)); /* the sanitizer watches */
    write_users(NEW, *kind);
    assert_refresh(1000, STORE_REFRESH_DONE);
    store_users_unref(NULL);
}

/* A file of the other kind stays unread: its name says what it has to be. */
static void a_file_that_became_of_the_other_kind_is_refused(void **kind)
{
    open_users(OLD, *kind);
    write_users(NEW, *kind == &as.text ? (void *)&as.database : (void *)&as.text);
    assert_refresh(1000, STORE_REFRESH_UNREADABLE);
    assert_non_null(strstr(error, *kind == &as.text ? "this is a database" : "not a database"));
    assert_true(alice_is(0x01));
}

/* ---- threads ---- */

static struct race {
    pthread_barrier_t barrier;
    uint64_t now_ms;
    _Atomic bool stop;
    atomic_uint n_told;
    atomic_uint n_wrong;
} race;

static void *look_up(void *unused)
{
    struct sspi_view userhash = SSPI_VIEW("8b0f6a5bb0ccd9b3ac1c1ba7bb1d4bb7");
    while (!race.stop) {
        uint8_t hash[STORE_USERS_HASH_MAX];
        size_t n_users, n_with;
        BYTES_CLEANUP struct bytes name = {0};
        if (!store_users_hash(users, ALICE, REALM, SSPI_DIGEST_MD5, hash) ||
            (hash[0] != 0x01 && hash[0] != 0xfe) ||
            store_users_hash_of_userhash(users, userhash, REALM, SSPI_DIGEST_MD5, &name, hash))
            race.n_wrong++;
        store_users_count(users, REALM, SSPI_DIGEST_MD5, &n_users, &n_with);
        if (n_users != 1 || n_with != 1)
            race.n_wrong++;
    }
    return NULL;
}

/* All look at once; who is told reads. */
static void *look(void *unused)
{
    char why[sizeof error];
    for (int i = 0; i < N_CHANGES; i++) {
        pthread_barrier_wait(&race.barrier); /* the file was changed */
        if (store_users_look(users, race.now_ms)) {
            race.n_told++;
            if (store_users_reread(users, why, sizeof why) != STORE_REFRESH_DONE)
                race.n_wrong++;
        }
        pthread_barrier_wait(&race.barrier);
    }
    return NULL;
}

static void each_change_is_told_to_one_of_many_threads_while_others_look_up(void **kind)
{
    open_users(OLD, *kind);
    pthread_t lookers[N_THREADS], others[N_THREADS];
    memset(&race, 0, sizeof race);
    assert_int_equal(pthread_barrier_init(&race.barrier, NULL, N_THREADS + 1), 0);
    for (int i = 0; i < N_THREADS; i++) {
        assert_int_equal(pthread_create(&lookers[i], NULL, look, NULL), 0);
        assert_int_equal(pthread_create(&others[i], NULL, look_up, NULL), 0);
    }
    for (unsigned i = 1; i <= N_CHANGES; i++) {
        write_users(i % 2 ? NEW : OLD, *kind);
        race.now_ms += 1000;
        pthread_barrier_wait(&race.barrier);
        pthread_barrier_wait(&race.barrier);
        assert_int_equal(race.n_told, i);
        assert_true(alice_is(i % 2 ? 0xfe : 0x01));
    }
    race.stop = true;
    for (int i = 0; i < N_THREADS; i++) {
        pthread_join(lookers[i], NULL);
        pthread_join(others[i], NULL);
    }
    pthread_barrier_destroy(&race.barrier);
    assert_int_equal(race.n_wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(a_change_is_picked_up_once_a_second),
        BOTH(a_bad_change_is_told_once_and_the_old_users_stay),
        BOTH(a_file_whose_mode_changed_is_read_again),
        BOTH(one_look_is_told_and_the_others_wait_for_its_reread),
        BOTH(a_look_out_of_turn_finds_a_change_at_once_and_once_a_second),
        BOTH(a_reread_that_cannot_be_made_is_found_by_a_later_look),
        BOTH(a_failed_reread_ends_the_look_and_is_told_once),
        BOTH(a_reread_reads_what_is_there_by_then),
        BOTH(the_last_owner_frees),
        BOTH(a_file_that_became_of_the_other_kind_is_refused),
        BOTH(each_change_is_told_to_one_of_many_threads_while_others_look_up),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
