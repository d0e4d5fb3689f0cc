/* SPDX-License-Identifier: Apache-2.0 */
/* As threads_digest.c, with real tickets. msdocs_negotiate.t makes the realm. */
#include <pthread.h>

#include "msdocs_call.h"

#include "negotiate_client.h"

#define THREADS 8
#define TURNS   150 /* contexts of each thread */

static CredHandle credential;

struct thread {
    pthread_t id;
    struct bytes tokens[TURNS]; /* of this thread, made before the threads start */
    /* The tokens of another thread: each token is accepted exactly once. */
    const struct bytes *stolen;
    size_t n_wrong, n_good, n_replays;
};

static void send_token(struct thread *thread, const struct bytes *token)
{
    struct msdocs_call call = {.credential = &credential, .token = bytes_as_view(token)};
    CtxtHandle context;
    SecPkgContext_Names names = {NULL};
    SECURITY_STATUS status = msdocs_call(&call, NULL, &context);

    if (status == SEC_E_OK) {
        thread->n_good++;
        thread->n_wrong += QueryContextAttributes(&context, SECPKG_ATTR_NAMES, &names) != SEC_E_OK;
        FreeContextBuffer(names.sUserName);
        thread->n_wrong += DeleteSecurityContext(&context) != SEC_E_OK;
    } else {
        thread->n_replays += status == SEC_E_LOGON_DENIED;
        thread->n_wrong += status != SEC_E_LOGON_DENIED;
    }
    msdocs_call_end(&call);
}

static void *run(void *argument)
{
    struct thread *thread = argument;

    for (size_t i = 0; i < TURNS; i++) {
        send_token(thread, &thread->tokens[i]);
        send_token(thread, &thread->stolen[i]);
    }
    return NULL;
}

static void threads_share_one_credential_handle(void **unused)
{
    static struct thread threads[THREADS];
    size_t n_good = 0, n_replays = 0;

    for (size_t i = 0; i < THREADS; i++) {
        threads[i].stolen = threads[(i + 1) % THREADS].tokens;
        for (size_t j = 0; j < TURNS; j++)
            client_token(&spnego_mechanism, "HTTP@localhost", NULL, 0, &threads[i].tokens[j]);
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i].id, NULL, run, &threads[i]), 0);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i].id, NULL), 0);
        assert_int_equal(threads[i].n_wrong, 0);
        n_good += threads[i].n_good;
        n_replays += threads[i].n_replays;
    }
    for (size_t i = 0; i < THREADS; i++)
        for (size_t j = 0; j < TURNS; j++)
            bytes_free(&threads[i].tokens[j]);
    assert_int_equal(n_good, THREADS * TURNS);
    assert_int_equal(n_replays, THREADS * TURNS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_share_one_credential_handle),
    };
    char keytab[512];
    SSPI_ACCEPTOR_DATA data = {.KeytabName = keytab};
    if (getenv("SSPI_TEST_REALM") == NULL)
        return 1;
    snprintf(keytab, sizeof(keytab), "%s/http.keytab", getenv("SSPI_TEST_REALM"));
    credential = msdocs_credential("Negotiate", &data);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    FreeCredentialsHandle(&credential);
    return failed;
}
