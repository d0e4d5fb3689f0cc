/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kerberos_keys.h"
#include "kerberos_keytab.h"
#include "kerberos_name.h"

#define ERROR_SIZE 512

static char dir[] = "/tmp/sspi-keytab-XXXXXX";
static char path[64];
static char error[ERROR_SIZE];

static void write_file(const char *text, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), len);
    close(fd);
}

static void add_key(const char *principal, krb5_kvno kvno, krb5_enctype etype)
{
    krb5_context context;
    krb5_keytab keytab;
    krb5_keytab_entry entry = {0};
    char name[80];
    assert_int_equal(krb5_init_context(&context), 0);
    snprintf(name, sizeof(name), "WRFILE:%s", path);
    assert_int_equal(krb5_kt_resolve(context, name, &keytab), 0);
    assert_int_equal(krb5_parse_name(context, principal, &entry.principal), 0);
    entry.vno = kvno;
    assert_int_equal(krb5_c_make_random_key(context, etype, &entry.key), 0);
    assert_int_equal(krb5_kt_add_entry(context, keytab, &entry), 0);
    krb5_free_keytab_entry_contents(context, &entry);
    krb5_kt_close(context, keytab);
    krb5_free_context(context);
}

static int start(void **state)
{
    char conf[80];
    if (mkdtemp(dir) == NULL || chmod(dir, 0755) != 0)
        return -1;
    snprintf(conf, sizeof(conf), "%s/krb5.conf", dir);
    snprintf(path, sizeof(path), "%s/keytab", dir);
    FILE *file = fopen(conf, "w");
    if (file == NULL)
        return -1;
    fputs("[libdefaults]\ndefault_realm = R\nclockskew = 120\ndns_lookup_realm = false\n", file);
    fclose(file);
    return setenv("KRB5_CONFIG", conf, 1);
}

static int end(void **state)
{
    char conf[80];
    snprintf(conf, sizeof(conf), "%s/krb5.conf", dir);
    unlink(conf);
    unlink(path);
    return rmdir(dir);
}

static int fresh(void **state)
{
    error[0] = '\0';
    return unlink(path) == 0 || errno == ENOENT ? 0 : -1;
}

static void refused(const char *name, const char *cause)
{
    assert_null(kerberos_keytab_open(name, error, sizeof(error)));
    assert_non_null(strstr(error, cause));
    assert_non_null(strstr(error, name));
}

static void the_error_names_an_unusable_file_and_the_cause(void **state)
{
    refused(path, "no such file");
    refused(dir, "not a file");
    write_file("", 0);
    refused(path, "empty");
    write_file("hello, this is text", 19);
    refused(path, "not a keytab");
    write_file("\x05\x02", 2);
    refused(path, "holds no key");
    refused("MEMORY:x", "not a file");
}

static void the_error_for_an_unreadable_file_names_the_user_id(void **state)
{
    const struct passwd *nobody = getpwnam("nobody");
    assert_non_null(nobody);
    uid_t user = geteuid() == 0 ? nobody->pw_uid : geteuid();
    add_key("HTTP/www@R", 1, ENCTYPE_AES256_CTS_HMAC_SHA1_96);
    assert_int_equal(chmod(path, 0), 0);
    pid_t child = fork();
    if (child == 0) {
        char wanted[64];
        if (setuid(user) != 0)
            _exit(2);
        bool ok = kerberos_keytab_open(path, error, sizeof(error)) == NULL;
        snprintf(wanted, sizeof(wanted), "user id %u may not read it", (unsigned)user);
        _exit(ok && strstr(error, wanted) != NULL ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void a_prefix_and_the_default_name_give_the_path(void **state)
{
    char name[80];
    add_key("HTTP/www@R", 1, ENCTYPE_AES256_CTS_HMAC_SHA1_96);
    snprintf(name, sizeof(name), "FILE:%s", path);
    struct sspi_keytab *keytab = kerberos_keytab_open(name, error, sizeof(error));
    assert_non_null(keytab);
    assert_string_equal(kerberos_keytab_path(keytab), path);
    kerberos_keytab_unref(keytab);
    assert_int_equal(setenv("KRB5_KTNAME", name, 1), 0);
    keytab = kerberos_keytab_open(NULL, error, sizeof(error));
    assert_non_null(keytab);
    assert_string_equal(kerberos_keytab_path(keytab), path);
    assert_int_equal(kerberos_keys_clockskew_s(kerberos_keytab_keys(keytab)), 120);
    kerberos_keytab_unref(keytab);
    kerberos_keytab_unref(NULL);
}

static void the_error_for_a_missing_service_lists_the_principals_with_keys(void **state)
{
    add_key("host/www@R", 1, ENCTYPE_AES256_CTS_HMAC_SHA1_96);
    struct sspi_keytab *keytab = kerberos_keytab_open(path, error, sizeof(error));
    assert_non_null(keytab);
    struct sspi_view http[] = {SSPI_VIEW("HTTP/")};
    struct sspi_view host[] = {SSPI_VIEW("host/WWW")};
    assert_false(kerberos_keytab_has_service(keytab, http, 1, error, sizeof(error)));
    assert_non_null(strstr(error, "no key for HTTP/<any host>; it has keys for host/www@R"));
    assert_true(kerberos_keytab_has_service(keytab, host, 1, error, sizeof(error)));
    assert_true(kerberos_keytab_has_service(keytab, NULL, 0, error, sizeof(error)));
    kerberos_keytab_unref(keytab);
}

static void a_principal_is_found_only_by_its_exact_name(void **state)
{
    add_key("HTTP/www@R", 1, ENCTYPE_AES256_CTS_HMAC_SHA1_96);
    add_key("HTTP/other@R", 1, ENCTYPE_AES256_CTS_HMAC_SHA1_96);
    struct sspi_keytab *keytab = kerberos_keytab_open(path, error, sizeof(error));
    assert_non_null(keytab);
    assert_true(kerberos_keytab_has_principal(keytab, SSPI_VIEW("HTTP/www@R")));
    assert_true(kerberos_keytab_has_principal(keytab, SSPI_VIEW("HTTP/other@R")));
    assert_false(kerberos_keytab_has_principal(keytab, SSPI_VIEW("HTTP/www")));
    assert_false(kerberos_keytab_has_principal(keytab, SSPI_VIEW("HTTP/www@S")));
    assert_false(kerberos_keytab_has_principal(keytab, SSPI_VIEW("http/www@R")));
    assert_false(kerberos_keytab_has_principal(keytab, SSPI_VIEW("")));
    assert_false(kerberos_keytab_has_other_realm(keytab, "R"));
    assert_true(kerberos_keytab_has_other_realm(keytab, "S"));
    assert_true(kerberos_keytab_has_other_realm(keytab, ""));
    kerberos_keytab_unref(keytab);
}

static void a_change_is_found_at_most_once_a_second(void **state)
{
    struct sspi_view http[] = {SSPI_VIEW("HTTP/")};
    add_key("host/www@R", 1, ENCTYPE_AES256_CTS_HMAC_SHA1_96);
    struct sspi_keytab *keytab = kerberos_keytab_open(path, error, sizeof(error));
    assert_non_null(keytab);
    assert_int_equal(
        store_source_refresh(kerberos_keytab_source(keytab), 10000, error, sizeof(error)),
        STORE_SOURCE_UNCHANGED);
    add_key("HTTP/www@R", 1, ENCTYPE_AES256_CTS_HMAC_SHA1_96);
    assert_int_equal(
        store_source_refresh(kerberos_keytab_source(keytab), 10999, error, sizeof(error)),
        STORE_SOURCE_UNCHANGED);
    assert_int_equal(kerberos_keys_generation(kerberos_keytab_keys(keytab)), 1);
    assert_int_equal(
        store_source_refresh(kerberos_keytab_source(keytab), 11000, error, sizeof(error)),
        STORE_SOURCE_RELOADED);
    assert_int_equal(kerberos_keys_generation(kerberos_keytab_keys(keytab)), 2);
    assert_true(kerberos_keytab_has_service(keytab, http, 1, error, sizeof(error)));
    /* A clock that was set back does not stop the checks. */
    assert_int_equal(
        store_source_refresh(kerberos_keytab_source(keytab), 5000, error, sizeof(error)),
        STORE_SOURCE_UNCHANGED);
    add_key("HTTP/two@R", 1, ENCTYPE_AES256_CTS_HMAC_SHA1_96);
    assert_int_equal(
        store_source_refresh(kerberos_keytab_source(keytab), 6000, error, sizeof(error)),
        STORE_SOURCE_RELOADED);
    kerberos_keytab_unref(keytab);
}

static void an_unreadable_change_is_reported_once_and_the_old_keys_stay(void **state)
{
    struct sspi_view http[] = {SSPI_VIEW("HTTP/")};
    add_key("HTTP/www@R", 1, ENCTYPE_AES256_CTS_HMAC_SHA1_96);
    struct sspi_keytab *keytab = kerberos_keytab_open(path, error, sizeof(error));
    assert_non_null(keytab);
    unlink(path);
    assert_int_equal(
        store_source_refresh(kerberos_keytab_source(keytab), 1000, error, sizeof(error)),
        STORE_SOURCE_UNREADABLE);
    assert_non_null(strstr(error, "no such file"));
    assert_int_equal(
        store_source_refresh(kerberos_keytab_source(keytab), 2000, error, sizeof(error)),
        STORE_SOURCE_UNCHANGED);
    write_file("text", 4);
    assert_int_equal(
        store_source_refresh(kerberos_keytab_source(keytab), 3000, error, sizeof(error)),
        STORE_SOURCE_UNREADABLE);
    assert_int_equal(
        store_source_refresh(kerberos_keytab_source(keytab), 4000, error, sizeof(error)),
        STORE_SOURCE_UNCHANGED);
    assert_true(kerberos_keytab_has_service(keytab, http, 1, error, sizeof(error)));
    assert_int_equal(kerberos_keys_generation(kerberos_keytab_keys(keytab)), 1);
    unlink(path);
    add_key("HTTP/www@R", 2, ENCTYPE_AES256_CTS_HMAC_SHA1_96);
    assert_int_equal(
        store_source_refresh(kerberos_keytab_source(keytab), 5000, error, sizeof(error)),
        STORE_SOURCE_RELOADED);
    kerberos_keytab_unref(keytab);
}

static void only_one_check_finds_the_change_until_the_reload_ends(void **state)
{
    struct sspi_view http[] = {SSPI_VIEW("HTTP/")};
    add_key("host/www@R", 1, ENCTYPE_AES256_CTS_HMAC_SHA1_96);
    struct sspi_keytab *keytab = kerberos_keytab_open(path, error, sizeof(error));
    assert_non_null(keytab);
    assert_false(store_source_check_changed(kerberos_keytab_source(keytab), 1000));
    add_key("HTTP/www@R", 1, ENCTYPE_AES256_CTS_HMAC_SHA1_96);
    assert_false(store_source_check_changed(kerberos_keytab_source(keytab), 1999));
    assert_true(store_source_check_changed(kerberos_keytab_source(keytab), 2000));
    for (uint64_t now_ms = 3000; now_ms < 9000; now_ms += 1000)
        assert_false(store_source_check_changed(kerberos_keytab_source(keytab), now_ms));
    assert_int_equal(
        store_source_refresh(kerberos_keytab_source(keytab), 9000, error, sizeof(error)),
        STORE_SOURCE_UNCHANGED);
    assert_int_equal(kerberos_keys_generation(kerberos_keytab_keys(keytab)), 1);
    assert_false(kerberos_keytab_has_service(keytab, http, 1, error, sizeof(error)));
    assert_int_equal(store_source_reload(kerberos_keytab_source(keytab), error, sizeof(error)),
                     STORE_SOURCE_RELOADED);
    assert_int_equal(kerberos_keys_generation(kerberos_keytab_keys(keytab)), 2);
    assert_true(kerberos_keytab_has_service(keytab, http, 1, error, sizeof(error)));
    assert_false(store_source_check_changed(kerberos_keytab_source(keytab), 10000));
    kerberos_keytab_unref(keytab);
}

static void an_immediate_check_finds_a_change_at_most_once_a_second(void **state)
{
    add_key("HTTP/www@R", 1, ENCTYPE_AES256_CTS_HMAC_SHA1_96);
    struct sspi_keytab *keytab = kerberos_keytab_open(path, error, sizeof(error));
    assert_non_null(keytab);
    assert_false(store_source_check_changed(kerberos_keytab_source(keytab), 5000));
    assert_false(store_source_check_changed_now(kerberos_keytab_source(keytab), 5001));
    add_key("HTTP/www@R", 2, ENCTYPE_AES256_CTS_HMAC_SHA1_96);
    assert_false(store_source_check_changed(kerberos_keytab_source(keytab), 5999));
    assert_true(store_source_check_changed_now(kerberos_keytab_source(keytab), 5999));
    /* another thread reads the file */
    assert_false(store_source_check_changed_now(kerberos_keytab_source(keytab), 7500));
    assert_int_equal(store_source_reload(kerberos_keytab_source(keytab), error, sizeof(error)),
                     STORE_SOURCE_RELOADED);
    add_key("HTTP/www@R", 3, ENCTYPE_AES256_CTS_HMAC_SHA1_96);
    assert_false(store_source_check_changed_now(kerberos_keytab_source(keytab), 6998));
    assert_true(store_source_check_changed_now(kerberos_keytab_source(keytab), 6999));
    assert_int_equal(store_source_reload(kerberos_keytab_source(keytab), error, sizeof(error)),
                     STORE_SOURCE_RELOADED);
    assert_int_equal(kerberos_keys_generation(kerberos_keytab_keys(keytab)), 3);
    assert_false(store_source_check_changed_now(kerberos_keytab_source(keytab), 9000));
    kerberos_keytab_unref(keytab);
}

static void a_cancelled_or_failed_reload_ends_the_claim(void **state)
{
    add_key("HTTP/www@R", 1, ENCTYPE_AES256_CTS_HMAC_SHA1_96);
    struct sspi_keytab *keytab = kerberos_keytab_open(path, error, sizeof(error));
    assert_non_null(keytab);
    add_key("HTTP/www@R", 2, ENCTYPE_AES256_CTS_HMAC_SHA1_96);
    assert_true(store_source_check_changed(kerberos_keytab_source(keytab), 1000));
    store_source_cancel_reload(kerberos_keytab_source(keytab));
    assert_false(store_source_check_changed(kerberos_keytab_source(keytab), 1999));
    assert_true(store_source_check_changed(kerberos_keytab_source(keytab), 2000));
    unlink(path);
    assert_int_equal(store_source_reload(kerberos_keytab_source(keytab), error, sizeof(error)),
                     STORE_SOURCE_UNREADABLE);
    assert_non_null(strstr(error, "no such file"));
    assert_false(
        store_source_check_changed(kerberos_keytab_source(keytab), 3000)); /* already reported */
    add_key("HTTP/www@R", 3, ENCTYPE_AES256_CTS_HMAC_SHA1_96);
    assert_true(store_source_check_changed(kerberos_keytab_source(keytab), 4000));
    assert_int_equal(store_source_reload(kerberos_keytab_source(keytab), error, sizeof(error)),
                     STORE_SOURCE_RELOADED);
    assert_int_equal(kerberos_keys_generation(kerberos_keytab_keys(keytab)), 2);
    kerberos_keytab_unref(keytab);
}

static void the_last_owner_wipes_the_keys(void **state)
{
    add_key("HTTP/www@R", 1, ENCTYPE_AES256_CTS_HMAC_SHA1_96);
    struct sspi_keytab *keytab = kerberos_keytab_open(path, error, sizeof(error));
    assert_non_null(keytab);
    assert_ptr_equal(kerberos_keytab_ref(keytab), keytab);
    kerberos_keytab_unref(keytab);
    /* With the sanitizer, a use after free would fail here. */
    assert_true(kerberos_keytab_has_service(keytab, NULL, 0, error, sizeof(error)));
    kerberos_keytab_unref(keytab);
}

enum { N_THREADS = 4, N_CHANGES = 30 };

struct race {
    struct sspi_keytab *keytab;
    pthread_barrier_t barrier;
    uint64_t now_ms;
    _Atomic bool stop;
    atomic_uint n_found;
    atomic_uint n_wrong;
};

static void *use_keys(void *argument)
{
    struct race *race = argument;
    char why[ERROR_SIZE];
    while (!race->stop) {
        BYTES_CLEANUP struct bytes there = {0};
        if (!kerberos_keytab_has_service(race->keytab, NULL, 0, why, sizeof(why)) ||
            kerberos_keys_compare(kerberos_keytab_keys(race->keytab), "HTTP/www@R", 18, false, 0,
                                  &there) != KERBEROS_KEYS_MATCH ||
            kerberos_keys_clockskew_s(kerberos_keytab_keys(race->keytab)) != 120)
            race->n_wrong++;
    }
    return NULL;
}

/* All threads check at the same time. The thread that finds the change reads the file. */
static void *check(void *argument)
{
    struct race *race = argument;
    char why[ERROR_SIZE];
    for (int i = 0; i < N_CHANGES; i++) {
        pthread_barrier_wait(&race->barrier); /* the file was changed */
        if (store_source_check_changed(kerberos_keytab_source(race->keytab), race->now_ms)) {
            race->n_found++;
            if (store_source_reload(kerberos_keytab_source(race->keytab), why, sizeof(why)) !=
                STORE_SOURCE_RELOADED)
                race->n_wrong++;
        }
        pthread_barrier_wait(&race->barrier);
    }
    return NULL;
}

static void one_of_many_threads_finds_each_change_while_others_use_keys(void **state)
{
    add_key("HTTP/www@R", 1, ENCTYPE_AES256_CTS_HMAC_SHA1_96);
    struct race race = {.keytab = kerberos_keytab_open(path, error, sizeof(error))};
    pthread_t checkers[N_THREADS], others[N_THREADS];
    assert_non_null(race.keytab);
    assert_int_equal(pthread_barrier_init(&race.barrier, NULL, N_THREADS + 1), 0);
    for (int i = 0; i < N_THREADS; i++) {
        assert_int_equal(pthread_create(&checkers[i], NULL, check, &race), 0);
        assert_int_equal(pthread_create(&others[i], NULL, use_keys, &race), 0);
    }
    for (unsigned i = 1; i <= N_CHANGES; i++) {
        add_key("HTTP/www@R", 1 + i, ENCTYPE_AES256_CTS_HMAC_SHA1_96);
        race.now_ms += 1000;
        pthread_barrier_wait(&race.barrier);
        pthread_barrier_wait(&race.barrier);
        assert_int_equal(race.n_found, i);
        assert_int_equal(kerberos_keys_generation(kerberos_keytab_keys(race.keytab)), 1 + i);
    }
    race.stop = true;
    for (int i = 0; i < N_THREADS; i++) {
        pthread_join(checkers[i], NULL);
        pthread_join(others[i], NULL);
    }
    pthread_barrier_destroy(&race.barrier);
    assert_int_equal(race.n_wrong, 0);
    kerberos_keytab_unref(race.keytab);
}

static void compare_with(struct sspi_keytab *keytab, const char *principal, int32_t etype,
                         uint32_t kvno, enum kerberos_keys_match match, const char *there)
{
    struct bytes text = {0};
    assert_int_equal(
        kerberos_keys_compare(kerberos_keytab_keys(keytab), principal, etype, true, kvno, &text),
        match);
    bytes_append_char(&text, '\0');
    assert_string_equal(text.data, there);
    bytes_free(&text);
}

static void the_comparison_says_what_a_ticket_lacks(void **state)
{
    add_key("HTTP/www@R", 2, ENCTYPE_AES256_CTS_HMAC_SHA1_96);
    add_key("HTTP/www@R", 3, ENCTYPE_AES256_CTS_HMAC_SHA1_96);
    struct sspi_keytab *keytab = kerberos_keytab_open(path, error, sizeof(error));
    assert_non_null(keytab);
    compare_with(keytab, "HTTP/other@R", 18, 2, KERBEROS_KEYS_NO_PRINCIPAL, "HTTP/www@R");
    compare_with(keytab, "HTTP/WWW@R", 17, 2, KERBEROS_KEYS_NO_ETYPE,
                 "aes256-cts-hmac-sha1-96, aes256-cts-hmac-sha1-96");
    compare_with(keytab, "HTTP/www@R", 18, 4, KERBEROS_KEYS_NO_KVNO, "2, 3");
    compare_with(keytab, "HTTP/www@R", 18, 3, KERBEROS_KEYS_MATCH, "2, 3");
    kerberos_keytab_unref(keytab);
}

static void realm_and_local_name_come_from_the_configuration(void **state)
{
    char *realm = kerberos_default_realm();
    assert_string_equal(realm, "R");
    free(realm);
    char *name = kerberos_local_name("alice@R");
    assert_string_equal(name, "alice");
    free(name);
    assert_null(kerberos_local_name("alice@ELSEWHERE"));
    assert_null(kerberos_local_name("a@b@c"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_error_names_an_unusable_file_and_the_cause, fresh),
        cmocka_unit_test_setup(the_error_for_an_unreadable_file_names_the_user_id, fresh),
        cmocka_unit_test_setup(a_prefix_and_the_default_name_give_the_path, fresh),
        cmocka_unit_test_setup(the_error_for_a_missing_service_lists_the_principals_with_keys,
                               fresh),
        cmocka_unit_test_setup(a_principal_is_found_only_by_its_exact_name, fresh),
        cmocka_unit_test_setup(a_change_is_found_at_most_once_a_second, fresh),
        cmocka_unit_test_setup(an_unreadable_change_is_reported_once_and_the_old_keys_stay, fresh),
        cmocka_unit_test_setup(only_one_check_finds_the_change_until_the_reload_ends, fresh),
        cmocka_unit_test_setup(an_immediate_check_finds_a_change_at_most_once_a_second, fresh),
        cmocka_unit_test_setup(a_cancelled_or_failed_reload_ends_the_claim, fresh),
        cmocka_unit_test_setup(the_last_owner_wipes_the_keys, fresh),
        cmocka_unit_test_setup(one_of_many_threads_finds_each_change_while_others_use_keys, fresh),
        cmocka_unit_test_setup(the_comparison_says_what_a_ticket_lacks, fresh),
        cmocka_unit_test(realm_and_local_name_come_from_the_configuration),
    };
    return cmocka_run_group_tests(tests, start, end);
}
