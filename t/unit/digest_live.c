/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "digest_live.h"

#define N_ENTRIES 200 /* several a bucket */
#define N_THREADS 4

static struct sspi_view nonce_of(int i, char text[DIGEST_NONCE_LEN + 1])
{
    snprintf(text, DIGEST_NONCE_LEN + 1, "%0*d", (int)DIGEST_NONCE_LEN, i);
    return (struct sspi_view){text, DIGEST_NONCE_LEN};
}

static bool knows(struct digest_live *live, int i, const char *user)
{
    char text[DIGEST_NONCE_LEN + 1];

    return digest_live_knows(live, nonce_of(i, text), SSPI_VIEW("?"), bytes_view(user));
}

static void entries_are_known_by_nonce_and_user_until_removed(void **state)
{
    static struct digest_live_entry entry[N_ENTRIES];
    struct digest_live live;
    char text[DIGEST_NONCE_LEN + 1];

    assert_true(digest_live_init(&live));
    for (int i = 0; i < N_ENTRIES; i++)
        digest_live_add(&live, &entry[i], nonce_of(i, text), SSPI_VIEW("alice"), 1);
    assert_true(knows(&live, 7, "alice"));
    assert_false(knows(&live, 7, "bob"));
    assert_false(knows(&live, N_ENTRIES, "alice"));
    assert_false(digest_live_knows(&live, SSPI_VIEW("short"), SSPI_VIEW("alice"), SSPI_VIEW("")));
    for (int i = 0; i < N_ENTRIES; i += 2) {
        digest_live_remove(&live, &entry[i]);
        digest_live_remove(&live, &entry[i]);
    }
    for (int i = 0; i < N_ENTRIES; i++) {
        assert_int_equal(knows(&live, i, "alice"), i % 2 == 1);
        digest_live_remove(&live, &entry[i]);
        assert_false(knows(&live, i, "alice"));
    }
    digest_live_end(&live);
}

static void nonce_stays_known_while_one_of_its_contexts_lives(void **state)
{
    struct digest_live_entry one = {0}, two = {0};
    struct digest_live live;
    char text[DIGEST_NONCE_LEN + 1];

    assert_true(digest_live_init(&live));
    digest_live_add(&live, &one, nonce_of(1, text), SSPI_VIEW("alice"), 1);
    digest_live_add(&live, &two, nonce_of(1, text), SSPI_VIEW("alice"), 1);
    digest_live_remove(&live, &two);
    assert_true(knows(&live, 1, "alice"));
    digest_live_remove(&live, &one);
    assert_false(knows(&live, 1, "alice"));
    digest_live_end(&live);
}

static struct digest_live shared;

static void *come_and_go(void *argument)
{
    struct digest_live_entry entry = {0};
    char text[DIGEST_NONCE_LEN + 1];
    const int *number = argument;
    bool good = true;

    for (int i = 0; i < 1000; i++) {
        digest_live_add(&shared, &entry, nonce_of(*number, text), SSPI_VIEW("alice"), 1);
        good = knows(&shared, *number, "alice") && good;
        digest_live_remove(&shared, &entry);
        good = !knows(&shared, *number, "alice") && good;
    }
    return good ? argument : NULL;
}

static void threads_see_their_own_entries(void **state)
{
    pthread_t thread[N_THREADS];
    int number[N_THREADS];

    assert_true(digest_live_init(&shared));
    for (int i = 0; i < N_THREADS; i++) {
        number[i] = i;
        assert_int_equal(pthread_create(&thread[i], NULL, come_and_go, &number[i]), 0);
    }
    for (int i = 0; i < N_THREADS; i++) {
        void *result;
        assert_int_equal(pthread_join(thread[i], &result), 0);
        assert_non_null(result);
    }
    digest_live_end(&shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_known_by_nonce_and_user_until_removed),
        cmocka_unit_test(nonce_stays_known_while_one_of_its_contexts_lives),
        cmocka_unit_test(threads_see_their_own_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
