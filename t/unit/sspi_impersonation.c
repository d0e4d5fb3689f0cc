/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that act as a client, which only root can do. */
#include "sspi_token_fixture.h"

#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sys/stat.h>

static void assert_ids(struct ids is, struct ids wanted)
{
    assert_int_equal(is.uid, wanted.uid);
    assert_int_equal(is.gid, wanted.gid);
    assert_int_equal(is.n_groups, wanted.n_groups);
}

/* Steps of two threads, one after the other. */
static pthread_barrier_t barrier;
static struct ids others;
static CtxtHandle shared_context;
static SECURITY_STATUS others_revert, others_delete;

static void *check_from_another_thread(void *unused)
{
    pthread_barrier_wait(&barrier); /* the first one acts as the client */
    others = ids_now();
    others_revert = RevertSecurityContext(&shared_context);
    others_delete = DeleteSecurityContext(&shared_context);
    pthread_barrier_wait(&barrier);
    return unused;
}

static void only_the_calling_thread_becomes_the_client(void **unused)
{
    const struct passwd *account = getpwnam(ACCOUNT);
    struct ids before = ids_now();
    char path[] = "/tmp/sspi_impersonation.XXXXXX";
    pthread_t thread;
    struct stat made;

    (void)unused;
    assert_non_null(mkdtemp(path));
    assert_int_equal(chmod(path, 0777), 0);
    shared_context = context_of("as " ACCOUNT);
    pthread_barrier_init(&barrier, NULL, 2);
    assert_int_equal(pthread_create(&thread, NULL, check_from_another_thread, NULL), 0);
    assert_int_equal(ImpersonateSecurityContext(&shared_context), SEC_E_OK);
    struct ids during = ids_now();
    assert_int_equal(ImpersonateSecurityContext(&shared_context), SEC_E_NO_IMPERSONATION);
    char file[64];
    snprintf(file, sizeof(file), "%s/made", path);
    int fd = open(file, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &made), 0);
    assert_int_equal(open("/etc/shadow", O_RDONLY), -1);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    assert_int_equal(RevertSecurityContext(&shared_context), SEC_E_OK);
    assert_ids(ids_now(), before);
    assert_int_equal(RevertSecurityContext(&shared_context), SEC_E_NO_IMPERSONATION);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(during.uid, account->pw_uid);
    assert_int_equal(during.gid, account->pw_gid);
    assert_int_equal(made.st_uid, account->pw_uid);
    assert_int_equal(made.st_gid, account->pw_gid);
    assert_ids(others, before);
    assert_int_equal(others_revert, SEC_E_NO_IMPERSONATION);
    assert_int_equal(others_delete, SEC_E_INVALID_HANDLE);
    assert_int_equal(DeleteSecurityContext(&shared_context), SEC_E_OK);
    close(fd);
    unlink(file);
    rmdir(path);
    pthread_barrier_destroy(&barrier);
}

static void groups_of_the_server_are_given_up(void **unused)
{
    gid_t mine[] = {0, 4, 5}, now[64];
    gid_t old[64];
    int n_old = getgroups(64, old);

    (void)unused;
    CtxtHandle context = context_of("as " ACCOUNT);
    assert_int_equal(setgroups(3, mine), 0);
    assert_int_equal(ImpersonateSecurityContext(&context), SEC_E_OK);
    int n = getgroups(64, now);
    for (int i = 0; i < n; i++)
        for (size_t j = 0; j < 3; j++)
            assert_int_not_equal(now[i], mine[j]);
    assert_int_equal(RevertSecurityContext(&context), SEC_E_OK);
    assert_int_equal(getgroups(64, now), 3);
    assert_memory_equal(now, mine, sizeof(mine));
    assert_int_equal(setgroups((size_t)n_old, old), 0);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
}

static void deleting_a_context_reverts_it(void **unused)
{
    struct ids before = ids_now();

    (void)unused;
    CtxtHandle context = context_of("as " ACCOUNT);
    assert_int_equal(ImpersonateSecurityContext(&context), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    assert_ids(ids_now(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_calling_thread_becomes_the_client),
        cmocka_unit_test(groups_of_the_server_are_given_up),
        cmocka_unit_test(deleting_a_context_reverts_it),
    };

    if (geteuid() != 0) {
        puts("1..0 # SKIP needs root");
        return 0;
    }
    return cmocka_run_group_tests(tests, acquire, release);
}
