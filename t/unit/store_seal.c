/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed texts: what opens, what does not, and that opening allocates nothing. */
#define _GNU_SOURCE /* memmem */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/crypto.h>
#include <openssl/err.h>

#include "store_keys.h"
#include "store_seal.h"

#define ASSOCIATED SSPI_VIEW("__Host-sspi\0www.example.com\0001")
#define CONTENTS   SSPI_VIEW("alice@EXAMPLE.COM")

static const uint8_t octets[STORE_KEY_SIZE] = "0123456789abcdef0123456789abcde";
static const uint8_t other_octets[STORE_KEY_SIZE] = "1123456789abcdef0123456789abcde";

static struct store_keys *keys;
static struct bytes sealed;

/* ---- allocations ---- */

static atomic_size_t n_allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);

void *__wrap_malloc(size_t size)
{
    atomic_fetch_add(&n_allocations, 1);
    return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    atomic_fetch_add(&n_allocations, 1);
    return __real_calloc(n, size);
}

/* Those of libcrypto. */
static void *allocate(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    atomic_fetch_add(&n_allocations, 1);
    return __real_malloc(size);
}

static void *reallocate(void *old, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    atomic_fetch_add(&n_allocations, 1);
    return realloc(old, size);
}

static void release(void *old, const char *file, int line)
{
    (void)file;
    (void)line;
    free(old);
}

/* ---- fixture ---- */

static int setup(void **unused)
{
    (void)unused;
    keys = store_keys_new(octets, clock_machine());
    return keys != NULL && store_seal_make(keys, STORE_KEY_SESSION, ASSOCIATED, CONTENTS, &sealed)
               ? 0
               : -1;
}

static int teardown(void **unused)
{
    (void)unused;
    bytes_free(&sealed);
    store_keys_unref(keys);
    keys = NULL;
    return 0;
}

static enum store_seal_status open_with(struct store_keys *by, struct sspi_view associated,
                                        struct sspi_view text)
{
    char buffer[256];
    size_t len = 0;
    enum store_seal_status status =
        store_seal_open(by, STORE_KEY_SESSION, associated, text, buffer, sizeof(buffer), &len);
    if (status == STORE_SEAL_OK) {
        assert_int_equal(len, CONTENTS.len);
        assert_memory_equal(buffer, CONTENTS.data, len);
    }
    return status;
}

static enum store_seal_status open_text(struct sspi_view text)
{
    return open_with(keys, ASSOCIATED, text);
}

/* ---- tests ---- */

static void a_sealed_text_opens_and_shows_nothing(void **unused)
{
    (void)unused;
    assert_int_equal(sealed.len, CONTENTS.len + STORE_SEAL_OVERHEAD);
    assert_int_equal(open_text(bytes_as_view(&sealed)), STORE_SEAL_OK);
    assert_null(memmem(sealed.data, sealed.len, CONTENTS.data, 5));
}

static void a_change_of_any_octet_is_seen(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sealed.len; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            sealed.data[i] ^= (char)(1u << bit);
            assert_int_equal(open_text(bytes_as_view(&sealed)), i < STORE_KEYRING_ID_SIZE
                                                                    ? STORE_SEAL_UNKNOWN_KEY
                                                                    : STORE_SEAL_ALTERED);
            sealed.data[i] ^= (char)(1u << bit);
        }
    assert_int_equal(open_text(bytes_as_view(&sealed)), STORE_SEAL_OK);
}

static void a_text_that_is_cut_or_longer_does_not_open(void **unused)
{
    (void)unused;
    for (size_t len = 0; len < sealed.len; len++)
        assert_int_equal(open_text((struct sspi_view){sealed.data, len}),
                         len < STORE_SEAL_OVERHEAD ? STORE_SEAL_MALFORMED : STORE_SEAL_ALTERED);
    bytes_append_char(&sealed, '\0');
    assert_int_equal(open_text(bytes_as_view(&sealed)), STORE_SEAL_ALTERED);
    assert_int_equal(open_text((struct sspi_view){NULL, 0}), STORE_SEAL_MALFORMED);
}

static void a_refused_text_leaves_nothing_in_the_buffer(void **unused)
{
    char buffer[64], zeros[64] = {0};
    size_t len = 77;
    (void)unused;
    memset(buffer, 0, sizeof(buffer));
    sealed.data[sealed.len - 1] ^= 1;
    assert_int_equal(store_seal_open(keys, STORE_KEY_SESSION, ASSOCIATED, bytes_as_view(&sealed),
                                     buffer, sizeof(buffer), &len),
                     STORE_SEAL_ALTERED);
    assert_memory_equal(buffer, zeros, sizeof(buffer));
    assert_int_equal(len, 77);
}

static void the_contents_must_fit_into_the_buffer(void **unused)
{
    char buffer[64];
    size_t len;
    (void)unused;
    assert_int_equal(store_seal_open(keys, STORE_KEY_SESSION, ASSOCIATED, bytes_as_view(&sealed),
                                     buffer, CONTENTS.len, &len),
                     STORE_SEAL_OK);
    assert_int_equal(store_seal_open(keys, STORE_KEY_SESSION, ASSOCIATED, bytes_as_view(&sealed),
                                     buffer, CONTENTS.len - 1, &len),
                     STORE_SEAL_MALFORMED);
}

static void other_associated_data_does_not_open_it(void **unused)
{
    (void)unused;
    assert_int_equal(open_with(keys, SSPI_VIEW(""), bytes_as_view(&sealed)), STORE_SEAL_ALTERED);
    assert_int_equal(
        open_with(keys, SSPI_VIEW("__Host-sspi\0www.example.com\0002"), bytes_as_view(&sealed)),
        STORE_SEAL_ALTERED);
}

static void another_key_does_not_open_it(void **unused)
{
    (void)unused;
    struct store_keys *other = store_keys_new(other_octets, clock_machine());
    struct store_keys *same = store_keys_new(octets, clock_machine());
    assert_int_equal(open_with(other, ASSOCIATED, bytes_as_view(&sealed)), STORE_SEAL_UNKNOWN_KEY);
    assert_int_equal(open_with(same, ASSOCIATED, bytes_as_view(&sealed)), STORE_SEAL_OK);
    store_keys_unref(other);
    store_keys_unref(same);
}

/* The name of its own key is written over the name of the key that sealed it. */
static void a_text_of_another_key_does_not_open_under_our_name(void **unused)
{
    BYTES_CLEANUP struct bytes theirs = {0};
    (void)unused;
    struct store_keys *other = store_keys_new(other_octets, clock_machine());
    assert_true(store_seal_make(other, STORE_KEY_SESSION, ASSOCIATED, CONTENTS, &theirs));
    memcpy(theirs.data, sealed.data, STORE_KEYRING_ID_SIZE);
    assert_int_equal(open_text(bytes_as_view(&theirs)), STORE_SEAL_ALTERED);
    store_keys_unref(other);
}

static void a_purpose_without_a_cipher_seals_and_opens_nothing(void **unused)
{
    BYTES_CLEANUP struct bytes text = {0};
    char buffer[64];
    size_t len;
    (void)unused;
    assert_false(store_seal_make(keys, STORE_KEY_FINGERPRINT, ASSOCIATED, CONTENTS, &text));
    assert_int_equal(store_seal_open(keys, STORE_KEY_FINGERPRINT, ASSOCIATED,
                                     bytes_as_view(&sealed), buffer, sizeof(buffer), &len),
                     STORE_SEAL_FAILED);
}

static void each_seal_has_its_own_nonce(void **unused)
{
    BYTES_CLEANUP struct bytes again = {0};
    (void)unused;
    assert_true(store_seal_make(keys, STORE_KEY_SESSION, ASSOCIATED, CONTENTS, &again));
    assert_memory_equal(again.data, sealed.data, STORE_KEYRING_ID_SIZE);
    assert_memory_not_equal(again.data + STORE_KEYRING_ID_SIZE, sealed.data + STORE_KEYRING_ID_SIZE,
                            STORE_SEAL_NONCE_SIZE);
}

static bool no_random(void *self, void *out, size_t len)
{
    (void)self;
    (void)out;
    (void)len;
    return false;
}

static void nothing_is_sealed_without_randomness(void **unused)
{
    BYTES_CLEANUP struct bytes text = {0};
    const struct clock broken = {.random = no_random};
    (void)unused;
    struct store_keys *without = store_keys_new(octets, &broken);
    assert_false(store_seal_make(without, STORE_KEY_SESSION, ASSOCIATED, CONTENTS, &text));
    store_keys_unref(without);
}

static void contents_of_every_length_come_back(void **unused)
{
    static char contents[STORE_SEAL_CONTENTS_LIMIT + 1], buffer[STORE_SEAL_CONTENTS_LIMIT + 1];
    static const size_t lens[] = {0, 1, 16, 1023, 1024, 1025, 3800, STORE_SEAL_CONTENTS_LIMIT};
    (void)unused;
    for (size_t i = 0; i < sizeof(contents); i++)
        contents[i] = (char)(i * 7);
    for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
        BYTES_CLEANUP struct bytes text = {0};
        size_t len;
        assert_true(store_seal_make(keys, STORE_KEY_SESSION, ASSOCIATED,
                                    (struct sspi_view){contents, lens[i]}, &text));
        assert_int_equal(store_seal_open(keys, STORE_KEY_SESSION, ASSOCIATED, bytes_as_view(&text),
                                         buffer, sizeof(buffer), &len),
                         STORE_SEAL_OK);
        assert_int_equal(len, lens[i]);
        assert_memory_equal(buffer, contents, len);
    }
}

static void contents_and_associated_data_have_a_limit(void **unused)
{
    static char contents[STORE_SEAL_CONTENTS_LIMIT + 1];
    struct sspi_view most = {contents, STORE_SEAL_CONTENTS_LIMIT};
    struct sspi_view more = {contents, STORE_SEAL_CONTENTS_LIMIT + 1};
    BYTES_CLEANUP struct bytes text = {0};
    char buffer[64];
    size_t len;
    (void)unused;
    assert_false(store_seal_make(keys, STORE_KEY_SESSION, ASSOCIATED, more, &text));
    assert_false(store_seal_make(keys, STORE_KEY_SESSION, more, CONTENTS, &text));
    bytes_free(&text);
    assert_true(store_seal_make(keys, STORE_KEY_SESSION, most, CONTENTS, &text));
    assert_int_equal(store_seal_open(keys, STORE_KEY_SESSION, most, bytes_as_view(&text), buffer,
                                     sizeof(buffer), &len),
                     STORE_SEAL_OK);
    assert_int_equal(store_seal_open(keys, STORE_KEY_SESSION, more, bytes_as_view(&text), buffer,
                                     sizeof(buffer), &len),
                     STORE_SEAL_MALFORMED);
}

/* RFC 5869's HKDF and GCM by another implementation (Python's cryptography), with the zero nonce.
 */
static bool zero_random(void *self, void *out, size_t len)
{
    (void)self;
    memset(out, 0, len);
    return true;
}

static void the_text_is_that_of_another_implementation(void **unused)
{
    static const char right[] = "75556996d3f972160000000000000000000000005d24059f200682a556fd399171"
                                "b87dedc1327fe0849e9ee64c4529431a59e10c43";
    const struct clock zero = {.random = zero_random};
    BYTES_CLEANUP struct bytes text = {0}, hex = {0};
    (void)unused;
    struct store_keys *by = store_keys_new(octets, &zero);
    assert_true(store_seal_make(by, STORE_KEY_SESSION, ASSOCIATED, CONTENTS, &text));
    bytes_append_hex(&hex, text.data, text.len);
    bytes_append_char(&hex, '\0');
    assert_string_equal(hex.data, right);
    store_keys_unref(by);
}

static void opening_allocates_nothing(void **unused)
{
    char buffer[256];
    size_t len;
    (void)unused;
    assert_int_equal(open_text(bytes_as_view(&sealed)), STORE_SEAL_OK);
    unsigned n_right = 0;
    size_t before = atomic_load(&n_allocations);
    assert_true(before > 0);
    for (int i = 0; i < 100; i++) {
        sealed.data[sealed.len - 1] ^= i % 2; /* every second text is altered */
        n_right += store_seal_open(keys, STORE_KEY_SESSION, ASSOCIATED, bytes_as_view(&sealed),
                                   buffer, sizeof(buffer),
                                   &len) == (i % 2 == 0 ? STORE_SEAL_OK : STORE_SEAL_ALTERED);
        sealed.data[sealed.len - 1] ^= i % 2;
    }
    assert_int_equal(atomic_load(&n_allocations) - before, 0);
    assert_int_equal(n_right, 100);
}

static void a_refusal_leaves_no_error_in_the_queue_of_openssl(void **unused)
{
    (void)unused;
    sealed.data[sealed.len - 1] ^= 1;
    assert_int_equal(open_text(bytes_as_view(&sealed)), STORE_SEAL_ALTERED);
    assert_int_equal(ERR_peek_error(), 0);
}

/* ---- threads and processes ---- */

enum { N_THREADS = 8, N_ROUNDS = 2000 };

static void *seal_and_open(void *failures)
{
    for (int i = 0; i < N_ROUNDS; i++) {
        struct bytes text = {0};
        char buffer[64];
        size_t len;
        if (!store_seal_make(keys, STORE_KEY_SESSION, ASSOCIATED, CONTENTS, &text) ||
            store_seal_open(keys, STORE_KEY_SESSION, ASSOCIATED, bytes_as_view(&text), buffer,
                            sizeof(buffer), &len) != STORE_SEAL_OK ||
            memcmp(buffer, CONTENTS.data, CONTENTS.len) != 0)
            atomic_fetch_add((atomic_int *)failures, 1);
        bytes_free(&text);
    }
    return NULL;
}

static int failures_of_threads(void)
{
    pthread_t threads[N_THREADS];
    atomic_int failures = 0;
    for (int i = 0; i < N_THREADS; i++)
        if (pthread_create(&threads[i], NULL, seal_and_open, &failures) != 0)
            abort();
    for (int i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
    return atomic_load(&failures);
}

static void threads_share_the_ciphers(void **unused)
{
    (void)unused;
    assert_int_equal(failures_of_threads(), 0);
}

static void a_forked_process_opens_what_its_parent_sealed(void **unused)
{
    (void)unused;
    assert_int_equal(open_text(bytes_as_view(&sealed)), STORE_SEAL_OK);
    pid_t child = fork();
    assert_int_not_equal(child, -1);
    if (child == 0)
        _exit(open_text(bytes_as_view(&sealed)) == STORE_SEAL_OK && failures_of_threads() == 0 ? 0
                                                                                               : 1);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(open_text(bytes_as_view(&sealed)), STORE_SEAL_OK);
}

/* ---- fingerprints ---- */

static void a_fingerprint_is_that_of_one_secret_and_one_key(void **unused)
{
    uint8_t fingerprint[STORE_SEAL_FINGERPRINT_SIZE];
    (void)unused;
    struct store_keys *other = store_keys_new(other_octets, clock_machine());
    store_seal_fingerprint(keys, SSPI_VIEW("hash"), fingerprint);
    assert_true(store_seal_is_fingerprint(keys, SSPI_VIEW("hash"), fingerprint));
    assert_false(store_seal_is_fingerprint(keys, SSPI_VIEW("hasH"), fingerprint));
    assert_false(store_seal_is_fingerprint(keys, SSPI_VIEW(""), fingerprint));
    assert_false(store_seal_is_fingerprint(other, SSPI_VIEW("hash"), fingerprint));
    for (size_t i = 0; i < sizeof(fingerprint); i++) {
        fingerprint[i] ^= 1;
        assert_false(store_seal_is_fingerprint(keys, SSPI_VIEW("hash"), fingerprint));
        fingerprint[i] ^= 1;
    }
    store_keys_unref(other);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_sealed_text_opens_and_shows_nothing),
        TEST(a_change_of_any_octet_is_seen),
        TEST(a_text_that_is_cut_or_longer_does_not_open),
        TEST(a_refused_text_leaves_nothing_in_the_buffer),
        TEST(the_contents_must_fit_into_the_buffer),
        TEST(other_associated_data_does_not_open_it),
        TEST(another_key_does_not_open_it),
        TEST(a_text_of_another_key_does_not_open_under_our_name),
        TEST(a_purpose_without_a_cipher_seals_and_opens_nothing),
        TEST(each_seal_has_its_own_nonce),
        TEST(nothing_is_sealed_without_randomness),
        TEST(contents_of_every_length_come_back),
        TEST(contents_and_associated_data_have_a_limit),
        TEST(the_text_is_that_of_another_implementation),
        TEST(opening_allocates_nothing),
        TEST(a_refusal_leaves_no_error_in_the_queue_of_openssl),
        TEST(threads_share_the_ciphers),
        TEST(a_forked_process_opens_what_its_parent_sealed),
        TEST(a_fingerprint_is_that_of_one_secret_and_one_key),
    };
    /* Must be the first call of libcrypto. */
    if (CRYPTO_set_mem_functions(allocate, reallocate, release) != 1)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
