/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>

#include "sspi_fake.h"
#include "secur_handle.h"

static void a_freed_credential_is_refused(void **unused)
{
    CredHandle credential = fake_credential("Negotiate");
    CtxtHandle context;

    (void)unused;
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
    fake_all_gone();
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_INVALID_HANDLE);
    assert_int_equal(fake_say(&credential, NULL, "ok", &context), SEC_E_INVALID_HANDLE);
    assert_false(SecIsValidHandle(&context));
}

static void a_reused_slot_does_not_revive_an_old_handle(void **unused)
{
    CredHandle old = fake_credential("Negotiate");

    (void)unused;
    assert_int_equal(FreeCredentialsHandle(&old), SEC_E_OK);
    for (int i = 0; i < 100; i++) {
        CredHandle fresh = fake_credential("Negotiate");
        assert_int_equal(fresh.dwLower, old.dwLower);
        assert_int_equal(FreeCredentialsHandle(&old), SEC_E_INVALID_HANDLE);
        assert_int_equal(FreeCredentialsHandle(&fresh), SEC_E_OK);
    }
    fake_all_gone();
}

static void every_call_refuses_invalid_handles(void **unused)
{
    CredHandle credential = fake_credential("WDigest");
    CtxtHandle out;
    ULONG flags;
    SecHandle bad[] = {{0, 0},
                       {(ULONG_PTR)-1, (ULONG_PTR)-1},
                       {(ULONG_PTR)-2, (ULONG_PTR)-2},
                       {credential.dwLower, credential.dwUpper + 1},
                       {credential.dwLower + 4, credential.dwUpper},
                       {credential.dwLower | 2, credential.dwUpper},
                       {(ULONG_PTR)&credential, (ULONG_PTR)&credential}};

    (void)unused;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(FreeCredentialsHandle(&bad[i]), SEC_E_INVALID_HANDLE);
        assert_int_equal(DeleteSecurityContext(&bad[i]), SEC_E_INVALID_HANDLE);
        assert_int_equal(CompleteAuthToken(&bad[i], NULL), SEC_E_INVALID_HANDLE);
        assert_int_equal(QueryContextAttributesA(&bad[i], SECPKG_ATTR_FLAGS, &flags),
                         SEC_E_INVALID_HANDLE);
        assert_int_equal(fake_say(&bad[i], NULL, "ok", &out), SEC_E_INVALID_HANDLE);
        assert_int_equal(fake_say(&credential, &bad[i], "ok", &out), SEC_E_INVALID_HANDLE);
    }
    assert_int_equal(FreeCredentialsHandle(NULL), SEC_E_INVALID_HANDLE);
    assert_int_equal(DeleteSecurityContext(NULL), SEC_E_INVALID_HANDLE);
    assert_int_equal(CompleteAuthToken(NULL, NULL), SEC_E_INVALID_HANDLE);
    assert_int_equal(QueryContextAttributesW(NULL, SECPKG_ATTR_FLAGS, &flags),
                     SEC_E_INVALID_HANDLE);
    assert_int_equal(fake_say(NULL, NULL, "ok", &out), SEC_E_INVALID_HANDLE);
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
}

static void a_credential_is_not_a_context_and_a_context_not_a_credential(void **unused)
{
    CredHandle credential = fake_credential("Negotiate");
    CtxtHandle context;

    (void)unused;
    assert_int_equal(fake_say(&credential, NULL, "ok", &context), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&credential), SEC_E_INVALID_HANDLE);
    assert_int_equal(FreeCredentialsHandle(&context), SEC_E_INVALID_HANDLE);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_INVALID_HANDLE);
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
    fake_all_gone();
}

static void a_context_keeps_its_credential_alive(void **unused)
{
    CredHandle credential = fake_credential("Negotiate");
    CtxtHandle context;

    (void)unused;
    assert_int_equal(fake_say(&credential, NULL, "more", &context), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
    assert_int_equal(fake_credentials, 1);
    assert_int_equal(fake_say(&credential, &context, "ok", &context), SEC_E_INVALID_HANDLE);
    assert_int_equal(fake_say(NULL, &context, "ok", &context), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    fake_all_gone();
}

static void another_credential_than_the_contexts_is_refused(void **unused)
{
    CredHandle one = fake_credential("Negotiate"), two = fake_credential("Negotiate");
    CtxtHandle context;

    (void)unused;
    assert_int_equal(fake_say(&one, NULL, "more", &context), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(fake_say(&two, &context, "ok", &context), SEC_E_WRONG_CREDENTIAL_HANDLE);
    assert_int_equal(fake_say(&one, &context, "ok", &context), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&one), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&two), SEC_E_OK);
}

static void no_destroy(struct secur_object *object)
{
    (void)object;
}

static void a_table_holds_its_limit_and_no_handle_more(void **unused)
{
    static struct secur_object object;
    SecHandle last, handle, *handles = calloc(SECUR_HANDLES_LIMIT, sizeof(*handles));

    (void)unused;
    assert_non_null(handles);
    secur_handle_init(&object, SECUR_HANDLE_CONTEXT, no_destroy);
    for (size_t i = 0; i < SECUR_HANDLES_LIMIT; i++) {
        secur_handle_ref(&object);
        if (secur_handle_add(&object, &handles[i]) != SEC_E_OK)
            fail();
    }
    assert_int_equal(secur_handle_add(&object, &last), SEC_E_INSUFFICIENT_MEMORY);
    assert_int_equal(secur_handle_remove(&handles[7], SECUR_HANDLE_CONTEXT), SEC_E_OK);
    secur_handle_ref(&object);
    assert_int_equal(secur_handle_add(&object, &handle), SEC_E_OK);
    assert_int_equal(handle.dwLower, handles[7].dwLower);
    handles[7] = handle;
    for (size_t i = 0; i < SECUR_HANDLES_LIMIT; i++)
        if (secur_handle_remove(&handles[i], SECUR_HANDLE_CONTEXT) != SEC_E_OK)
            fail();
    free(handles);
}

static void one_context_is_not_used_by_two_calls_at_a_time(void **unused)
{
    CredHandle credential = fake_credential("Negotiate");
    CtxtHandle context;
    struct secur_object *object;
    SecPkgContext_Flags flags;

    (void)unused;
    assert_int_equal(fake_say(&credential, NULL, "ok", &context), SEC_E_OK);
    assert_int_equal(
        secur_handle_begin(&context, SECUR_HANDLE_CONTEXT, SECUR_HANDLE_EXCLUSIVE, &object),
        SEC_E_OK);
    assert_int_equal(fake_say(NULL, &context, "ok", &context), SEC_E_INVALID_HANDLE);
    assert_int_equal(QueryContextAttributesA(&context, SECPKG_ATTR_FLAGS, &flags),
                     SEC_E_INVALID_HANDLE);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK); /* the other call still runs */
    assert_int_equal(fake_contexts, 1);
    secur_handle_end(object, SECUR_HANDLE_EXCLUSIVE);
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
    fake_all_gone();
}

#define N_THREADS 8
#define N_ROUNDS  200

static CredHandle shared_credential;
static pthread_barrier_t barrier;
static atomic_int n_freed, n_accepted, n_unexpected;

/* cmocka's assertions work only in the main thread, so threads count their results. */
static void *use_and_free(void *unused)
{
    CtxtHandle context;

    (void)unused;
    for (int i = 0; i < N_ROUNDS; i++) {
        if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD &&
            AcquireCredentialsHandleA(NULL, "Negotiate", SECPKG_CRED_INBOUND, NULL, NULL, NULL,
                                      NULL, &shared_credential, NULL) != SEC_E_OK)
            n_unexpected++;
        pthread_barrier_wait(&barrier);
        CredHandle credential = shared_credential;
        SECURITY_STATUS status = fake_say(&credential, NULL, "ok", &context);
        if (status == SEC_E_OK) {
            n_accepted++;
            if (FreeCredentialsHandle(&credential) == SEC_E_OK)
                n_freed++;
            if (DeleteSecurityContext(&context) != SEC_E_OK)
                n_unexpected++;
        } else if (status != SEC_E_INVALID_HANDLE) {
            n_unexpected++;
        }
    }
    return NULL;
}

static void eight_threads_may_use_and_free_one_credential(void **unused)
{
    pthread_t threads[N_THREADS];

    (void)unused;
    fake_looks = false;
    assert_int_equal(pthread_barrier_init(&barrier, NULL, N_THREADS), 0);
    for (size_t i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_and_free, NULL), 0);
    for (size_t i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    pthread_barrier_destroy(&barrier);
    fake_looks = true;
    assert_int_equal(n_unexpected, 0);
    assert_int_equal(n_freed, N_ROUNDS); /* each context exactly once, in any order */
    assert_true(n_accepted >= N_ROUNDS);
    fake_all_gone();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_freed_credential_is_refused),
        cmocka_unit_test(a_reused_slot_does_not_revive_an_old_handle),
        cmocka_unit_test(every_call_refuses_invalid_handles),
        cmocka_unit_test(a_credential_is_not_a_context_and_a_context_not_a_credential),
        cmocka_unit_test(a_context_keeps_its_credential_alive),
        cmocka_unit_test(another_credential_than_the_contexts_is_refused),
        cmocka_unit_test(a_table_holds_its_limit_and_no_handle_more),
        cmocka_unit_test(one_context_is_not_used_by_two_calls_at_a_time),
        cmocka_unit_test(eight_threads_may_use_and_free_one_credential),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
