/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "digest_active_nonces.h"

#define N_ENTRIES 200 /* several in each bucket */
#define N_THREADS 4

static struct sspi_view nonce_of(int i, char text[DIGEST_NONCE_LEN + 1])
{
    snprintf(text, DIGEST_NONCE_LEN + 1, "%0*d", (int)DIGEST_NONCE_LEN, i);
    return (struct sspi_view){text, DIGEST_NONCE_LEN};
}

static bool knows(struct digest_active_nonces *nonces, int i, const char *user)
{
    char text[DIGEST_NONCE_LEN + 1];

    return digest_active_nonces_has(nonces, nonce_of(i, text), SSPI_VIEW("?"), bytes_view(user));
}

static void entries_are_known_by_nonce_and_user_until_removed(void **state)
{
    static struct digest_active_nonce entry[N_ENTRIES];
    struct digest_active_nonces nonces;
    char text[DIGEST_NONCE_LEN + 1];

    assert_true(digest_active_nonces_init(&nonces));
    for (int i = 0; i < N_ENTRIES; i++)
        digest_active_nonces_add(&nonces, &entry[i], nonce_of(i, text), SSPI_VIEW("alice"), 1);
    assert_true(knows(&nonces, 7, "alice"));
    assert_false(knows(&nonces, 7, "bob"));
    assert_false(knows(&nonces, N_ENTRIES, "alice"));
    assert_false(
        digest_active_nonces_has(&nonces, SSPI_VIEW("short"), SSPI_VIEW("alice"), SSPI_VIEW("")));
    for (int i = 0; i < N_ENTRIES; i += 2) {
        digest_active_nonces_remove(&nonces, &entry[i]);
        digest_active_nonces_remove(&nonces, &entry[i]);
    }
    for (int i = 0; i < N_ENTRIES; i++) {
        assert_int_equal(knows(&nonces, i, "alice"), i % 2 == 1);
        digest_active_nonces_remove(&nonces, &entry[i]);
        assert_false(knows(&nonces, i, "alice"));
    }
    digest_active_nonces_clear(&nonces);
}

static void nonce_stays_known_until_its_last_context_is_removed(void **state)
{
    struct digest_active_nonce one = {0}, two = {0};
    struct digest_active_nonces nonces;
    char text[DIGEST_NONCE_LEN + 1];

    assert_true(digest_active_nonces_init(&nonces));
    digest_active_nonces_add(&nonces, &one, nonce_of(1, text), SSPI_VIEW("alice"), 1);
    digest_active_nonces_add(&nonces, &two, nonce_of(1, text), SSPI_VIEW("alice"), 1);
    digest_active_nonces_remove(&nonces, &two);
    assert_true(knows(&nonces, 1, "alice"));
    digest_active_nonces_remove(&nonces, &one);
    assert_false(knows(&nonces, 1, "alice"));
    digest_active_nonces_clear(&nonces);
}

static struct digest_active_nonces shared;

static void *come_and_go(void *argument)
{
    struct digest_active_nonce entry = {0};
    char text[DIGEST_NONCE_LEN + 1];
    const int *number = argument;
    bool good = true;

    for (int i = 0; i < 1000; i++) {
        digest_active_nonces_add(&shared, &entry, nonce_of(*number, text), SSPI_VIEW("alice"), 1);
        good = knows(&shared, *number, "alice") && good;
        digest_active_nonces_remove(&shared, &entry);
        good = !knows(&shared, *number, "alice") && good;
    }
    return good ? argument : NULL;
}

static void threads_see_their_own_entries(void **state)
{
    pthread_t thread[N_THREADS];
    int number[N_THREADS];

    assert_true(digest_active_nonces_init(&shared));
    for (int i = 0; i < N_THREADS; i++) {
        number[i] = i;
        assert_int_equal(pthread_create(&thread[i], NULL, come_and_go, &number[i]), 0);
    }
    for (int i = 0; i < N_THREADS; i++) {
        void *result;
        assert_int_equal(pthread_join(thread[i], &result), 0);
        assert_non_null(result);
    }
    digest_active_nonces_clear(&shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_known_by_nonce_and_user_until_removed),
        cmocka_unit_test(nonce_stays_known_until_its_last_context_is_removed),
        cmocka_unit_test(threads_see_their_own_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
