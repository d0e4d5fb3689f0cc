/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: what happens when the file of the users changes, for both kinds of files. */
#include "store_users_test.h"
#include "store_source.h"

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

static void assert_refresh(uint64_t now_ms, enum store_source_result answer)
{
    assert_int_equal(store_source_refresh(store_users_source(users), now_ms, error, sizeof(error)),
                     answer);
}

/* Neither kind of users can be read from this file. */
static void write_bad(void)
{
    write_users("alice:realm\n", &as.text);
}

static void a_change_is_picked_up_once_a_second(void **kind)
{
    open_users(OLD, *kind);
    assert_refresh(5000, STORE_SOURCE_UNCHANGED);
    write_users(NEW, *kind);
    assert_refresh(5999, STORE_SOURCE_UNCHANGED);
    assert_true(alice_is(0x01));
    assert_refresh(6000, STORE_SOURCE_RELOADED);
    assert_true(alice_is(0xfe));
    assert_refresh(7000, STORE_SOURCE_UNCHANGED);
    write_users(OLD, *kind);
    assert_refresh(10, STORE_SOURCE_RELOADED); /* the clock was set back */
}

static void a_bad_change_is_reported_once_and_the_old_users_stay(void **kind)
{
    open_users(OLD, *kind);
    uint64_t generation = store_users_generation(users);
    write_bad();
    assert_refresh(1000, STORE_SOURCE_UNREADABLE);
    assert_true(store_users_generation(users) == generation);
    assert_non_null(strstr(error, *kind == &as.text ? ":1: " : "not a database"));
    assert_refresh(2000, STORE_SOURCE_UNCHANGED);
    assert_true(alice_is(0x01));

    unlink(path);
    assert_refresh(3000, STORE_SOURCE_UNREADABLE);
    assert_refresh(4000, STORE_SOURCE_UNCHANGED);
    assert_true(alice_is(0x01));

    write_users(NEW, *kind);
    assert_refresh(5000, STORE_SOURCE_RELOADED);
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
    assert_refresh(5000, STORE_SOURCE_RELOADED);
    assert_refresh(6000, STORE_SOURCE_UNCHANGED);
}

/* Workers may not search the directory with the credentials of a systemd unit. */
static void a_file_that_the_process_may_not_examine_is_no_change(void **kind)
{
    bool is_root = geteuid() == 0;
    open_users(OLD, *kind);
    assert_int_equal(chmod(directory, 0), 0);
    assert_true(!is_root || seteuid(65534) == 0);
    assert_refresh(5000, STORE_SOURCE_UNCHANGED);
    assert_true(!is_root || seteuid(0) == 0);
    assert_int_equal(chmod(directory, 0700), 0);
    write_users(NEW, *kind);
    assert_refresh(6000, STORE_SOURCE_RELOADED);
}

static void only_one_check_finds_the_change_until_the_reload_ends(void **kind)
{
    open_users(OLD, *kind);
    assert_false(store_source_check_changed(store_users_source(users), 1000));
    write_users(NEW, *kind);
    assert_false(store_source_check_changed(store_users_source(users), 1999));
    assert_true(store_source_check_changed(store_users_source(users), 2000));
    for (uint64_t now_ms = 3000; now_ms < 9000; now_ms += 1000)
        assert_false(store_source_check_changed(store_users_source(users), now_ms));
    assert_refresh(9000, STORE_SOURCE_UNCHANGED);
    assert_true(alice_is(0x01)); /* the old ones meanwhile */
    assert_int_equal(store_source_reload(store_users_source(users), error, sizeof(error)),
                     STORE_SOURCE_RELOADED);
    assert_true(alice_is(0xfe));
    assert_false(store_source_check_changed(store_users_source(users), 10000));
}

static void an_immediate_check_finds_a_change_at_most_once_a_second(void **kind)
{
    open_users(OLD, *kind);
    assert_false(store_source_check_changed(store_users_source(users), 5000));
    assert_false(store_source_check_changed_now(store_users_source(users), 5001));
    write_users(NEW, *kind);
    assert_false(store_source_check_changed(store_users_source(users), 5999));
    assert_true(store_source_check_changed_now(store_users_source(users), 5999));
    /* the file is being read */
    assert_false(store_source_check_changed_now(store_users_source(users), 7500));
    assert_int_equal(store_source_reload(store_users_source(users), error, sizeof(error)),
                     STORE_SOURCE_RELOADED);
    assert_true(alice_is(0xfe));
    write_users(OLD, *kind);
    assert_false(store_source_check_changed_now(store_users_source(users), 6998));
    assert_true(store_source_check_changed_now(store_users_source(users), 6999));
    store_source_cancel_reload(store_users_source(users)); /* the file cannot be read now */
    assert_false(store_source_check_changed_now(store_users_source(users), 7998));
    assert_true(store_source_check_changed(store_users_source(users), 7999));
    assert_int_equal(store_source_reload(store_users_source(users), error, sizeof(error)),
                     STORE_SOURCE_RELOADED);
    assert_true(alice_is(0x01));
    assert_false(store_source_check_changed_now(store_users_source(users), 9000));
}

static void a_later_check_finds_the_change_after_a_cancelled_reload(void **kind)
{
    open_users(OLD, *kind);
    write_users(NEW, *kind);
    assert_true(store_source_check_changed(store_users_source(users), 1000));
    store_source_cancel_reload(store_users_source(users));
    assert_false(store_source_check_changed(store_users_source(users), 1999));
    assert_true(store_source_check_changed(store_users_source(users), 2000));
    assert_int_equal(store_source_reload(store_users_source(users), error, sizeof(error)),
                     STORE_SOURCE_RELOADED);
    assert_false(store_source_check_changed(store_users_source(users), 3000));
}

static void a_failed_reload_ends_the_claim_and_is_reported_once(void **kind)
{
    open_users(OLD, *kind);
    write_bad();
    assert_true(store_source_check_changed(store_users_source(users), 1000));
    error[0] = '\0';
    assert_int_equal(store_source_reload(store_users_source(users), error, sizeof(error)),
                     STORE_SOURCE_UNREADABLE);
    assert_string_not_equal(error, "");
    assert_false(store_source_check_changed(store_users_source(users), 2000));
    write_users(NEW, *kind);
    assert_true(store_source_check_changed(store_users_source(users), 3000));
    assert_int_equal(store_source_reload(store_users_source(users), error, sizeof(error)),
                     STORE_SOURCE_RELOADED);
    assert_true(alice_is(0xfe));
}

static void a_reload_reads_the_newest_file(void **kind)
{
    open_users(OLD, *kind);
    write_bad();
    assert_true(store_source_check_changed(store_users_source(users), 1000));
    write_users(NEW, *kind);
    assert_int_equal(store_source_reload(store_users_source(users), error, sizeof(error)),
                     STORE_SOURCE_RELOADED);
    assert_true(alice_is(0xfe));
    assert_false(store_source_check_changed(store_users_source(users), 2000)); /* no second time */
    write_users(OLD, *kind);
    assert_true(store_source_check_changed(store_users_source(users), 3000));
    unlink(path);
    assert_int_equal(store_source_reload(store_users_source(users), error, sizeof(error)),
                     STORE_SOURCE_UNREADABLE);
    assert_false(store_source_check_changed(store_users_source(users), 4000));
    assert_true(alice_is(0xfe));
}

static void the_last_owner_frees(void **kind)
{
    open_users(OLD, *kind);
    assert_ptr_equal(store_users_ref(users), users);
    store_users_unref(users);
    assert_true(alice_is(0x01)); /* the sanitizer watches */
    write_users(NEW, *kind);
    assert_refresh(1000, STORE_SOURCE_RELOADED);
    store_users_unref(NULL);
}

/* A file of the other kind is not read, because the configured name says the kind. */
static void a_file_that_became_the_other_kind_is_refused(void **kind)
{
    open_users(OLD, *kind);
    write_users(NEW, *kind == &as.text ? (void *)&as.database : (void *)&as.text);
    assert_refresh(1000, STORE_SOURCE_UNREADABLE);
    assert_non_null(
        strstr(error, *kind == &as.text ? "this file is a database" : "not a database"));
    assert_true(alice_is(0x01));
}

/* ---- threads ---- */

static struct race {
    pthread_barrier_t barrier;
    uint64_t now_ms;
    _Atomic bool stop;
    atomic_uint n_changed;
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

/* All threads check at the same time. The thread that finds the change reads the file. */
static void *check(void *unused)
{
    char why[sizeof(error)];
    for (int i = 0; i < N_CHANGES; i++) {
        pthread_barrier_wait(&race.barrier); /* the file was changed */
        if (store_source_check_changed(store_users_source(users), race.now_ms)) {
            race.n_changed++;
            if (store_source_reload(store_users_source(users), why, sizeof(why)) !=
                STORE_SOURCE_RELOADED)
                race.n_wrong++;
        }
        pthread_barrier_wait(&race.barrier);
    }
    return NULL;
}

static void only_one_of_many_threads_finds_each_change(void **kind)
{
    open_users(OLD, *kind);
    pthread_t checkers[N_THREADS], others[N_THREADS];
    memset(&race, 0, sizeof(race));
    assert_int_equal(pthread_barrier_init(&race.barrier, NULL, N_THREADS + 1), 0);
    for (int i = 0; i < N_THREADS; i++) {
        assert_int_equal(pthread_create(&checkers[i], NULL, check, NULL), 0);
        assert_int_equal(pthread_create(&others[i], NULL, look_up, NULL), 0);
    }
    for (unsigned i = 1; i <= N_CHANGES; i++) {
        write_users(i % 2 ? NEW : OLD, *kind);
        race.now_ms += 1000;
        pthread_barrier_wait(&race.barrier);
        pthread_barrier_wait(&race.barrier);
        assert_int_equal(race.n_changed, i);
        assert_true(alice_is(i % 2 ? 0xfe : 0x01));
    }
    race.stop = true;
    for (int i = 0; i < N_THREADS; i++) {
        pthread_join(checkers[i], NULL);
        pthread_join(others[i], NULL);
    }
    pthread_barrier_destroy(&race.barrier);
    assert_int_equal(race.n_wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(a_change_is_picked_up_once_a_second),
        BOTH(a_bad_change_is_reported_once_and_the_old_users_stay),
        BOTH(a_file_whose_mode_changed_is_read_again),
        BOTH(a_file_that_the_process_may_not_examine_is_no_change),
        BOTH(only_one_check_finds_the_change_until_the_reload_ends),
        BOTH(an_immediate_check_finds_a_change_at_most_once_a_second),
        BOTH(a_later_check_finds_the_change_after_a_cancelled_reload),
        BOTH(a_failed_reload_ends_the_claim_and_is_reported_once),
        BOTH(a_reload_reads_the_newest_file),
        BOTH(the_last_owner_frees),
        BOTH(a_file_that_became_the_other_kind_is_refused),
        BOTH(only_one_of_many_threads_finds_each_change),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
