/* SPDX-License-Identifier: Apache-2.0 */
/* Which keys seal the sessions of a policy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "acceptor_state.h"
#include "store_seal.h"

#define SIZE ((size_t)65536)
#define KEY  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static char path[] = "/tmp/acceptor_keys.XXXXXX";
static struct sspi_acceptor *acceptor;
static char error[SSPI_ERROR_SIZE];

static int make_file(void **unused)
{
    (void)unused;
    int file = mkstemp(path);
    if (file == -1 || write(file, KEY "\n", 65) != 65)
        return -1;
    return close(file);
}

static int remove_file(void **unused)
{
    (void)unused;
    return unlink(path);
}

static struct sspi_acceptor *new_acceptor(void)
{
    const struct sspi_acceptor_config config = {.server = SSPI_SERVER_NGINX, .worker_uid = 0};
    struct sspi_acceptor *made = sspi_acceptor_new(&config);
    assert_non_null(made);
    return made;
}

static int setup(void **unused)
{
    (void)unused;
    acceptor = new_acceptor();
    return 0;
}

static int teardown(void **unused)
{
    (void)unused;
    sspi_acceptor_free(acceptor);
    return 0;
}

static void *shared(void)
{
    void *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    return memory;
}

/* The policy borrows the word. */
static struct sspi_policy policy_with(const char *key_file)
{
    static struct sspi_view word;
    word = bytes_view(key_file);
    struct sspi_policy policy = sspi_policy_defaults();
    assert_true(sspi_policy_set(&policy, SSPI_OPTION_KEY_FILE, &word, 1, SSPI_SERVER_NGINX, error));
    return policy;
}

/* True if the first keys open what the second keys sealed. */
static bool share_a_key(struct store_keys *by, struct store_keys *of)
{
    BYTES_CLEANUP struct bytes sealed = {0};
    char buffer[8];
    size_t len;
    assert_non_null(by);
    assert_non_null(of);
    assert_true(
        store_seal_make(of, STORE_KEY_SESSION, SSPI_VIEW("host"), SSPI_VIEW("alice"), &sealed));
    return store_seal_open(by, STORE_KEY_SESSION, SSPI_VIEW("host"), bytes_as_view(&sealed), buffer,
                           sizeof(buffer), &len) == STORE_SEAL_OK;
}

static void without_shared_memory_there_is_no_key(void **unused)
{
    (void)unused;
    struct sspi_policy policy = sspi_policy_defaults();
    assert_null(acceptor_keys(acceptor, &policy));
}

static void without_a_file_the_key_is_in_the_shared_memory(void **unused)
{
    (void)unused;
    struct sspi_policy policy = sspi_policy_defaults();
    void *memory = shared(), *other_memory = shared();
    struct sspi_acceptor *next = new_acceptor(), *other = new_acceptor();
    sspi_acceptor_set_state(acceptor, sspi_http_state_format(memory, SIZE));
    sspi_acceptor_set_state(next, sspi_http_state_attach(memory, SIZE)); /* after a reload */
    sspi_acceptor_set_state(other, sspi_http_state_format(other_memory, SIZE));
    assert_true(share_a_key(acceptor_keys(acceptor, &policy), acceptor_keys(next, &policy)));
    assert_false(share_a_key(acceptor_keys(acceptor, &policy), acceptor_keys(other, &policy)));
    sspi_acceptor_free(next);
    sspi_acceptor_free(other);
    munmap(other_memory, SIZE);
    /* Its memory must outlive the acceptor, so the mapping is kept. */
}

static void a_key_file_replaces_the_key_of_the_memory(void **unused)
{
    (void)unused;
    struct sspi_policy policy = policy_with(path), without = sspi_policy_defaults();
    void *memory = shared();
    sspi_acceptor_set_state(acceptor, sspi_http_state_format(memory, SIZE));
    assert_null(acceptor_keys(acceptor, &policy)); /* it was not opened */
    assert_true(sspi_acceptor_open(acceptor, &policy, false, false, error));
    assert_non_null(acceptor_keys(acceptor, &policy));
    assert_false(share_a_key(acceptor_keys(acceptor, &policy), acceptor_keys(acceptor, &without)));
    struct sspi_acceptor *other = new_acceptor(); /* another host with the same file */
    assert_true(sspi_acceptor_open(other, &policy, false, false, error));
    assert_true(share_a_key(acceptor_keys(acceptor, &policy), acceptor_keys(other, &policy)));
    sspi_acceptor_free(other);
}

static void a_wrong_key_file_is_an_error_that_names_the_directive(void **unused)
{
    (void)unused;
    struct sspi_policy policy = policy_with(path);
    assert_int_equal(chmod(path, 0604), 0);
    assert_false(sspi_acceptor_open(acceptor, &policy, false, false, error));
    assert_int_equal(chmod(path, 0600), 0);
    assert_non_null(strstr(error, "sspi_key_file: "));
    assert_non_null(strstr(error, path));
    assert_non_null(strstr(error, "0604"));
    policy = policy_with("/nonexistent/keys");
    assert_false(sspi_acceptor_open(acceptor, &policy, false, false, error));
    assert_non_null(strstr(error, "/nonexistent/keys: cannot open it"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(without_shared_memory_there_is_no_key),
        TEST(without_a_file_the_key_is_in_the_shared_memory),
        TEST(a_key_file_replaces_the_key_of_the_memory),
        TEST(a_wrong_key_file_is_an_error_that_names_the_directive),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
