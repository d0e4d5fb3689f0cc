/* SPDX-License-Identifier: Apache-2.0 */
/* Eight threads, one credential handle, thousands of contexts: each right response is accepted
 * exactly once. tools/check --tsan runs it under ThreadSanitizer. */
#include <pthread.h>

#include "msdocs_call.h"

#include "digest_fixture.h"

#define THREADS    8
#define TURNS      200 /* of four contexts each */
#define STATE_SIZE (4 << 20)
#define CONTESTS   200 /* counts of one nonce, fewer than the window */

static struct fixture users; /* only its user file is used */
static CredHandle credential;
static char shared_nonce[256];

struct thread {
    pthread_t id;
    size_t n_wrong; /* unexpected results */
    size_t n_won;
};

static SECURITY_STATUS accept(const char *header, size_t len, CtxtHandle *to, char nonce[256])
{
    struct msdocs_call call = {.credential = &credential,
                               .http = true,
                               .method = "GET",
                               .uri = "/x?y",
                               .realm = REALM,
                               .token = {header, len}};
    SECURITY_STATUS status = msdocs_call(&call, NULL, to);

    if (nonce != NULL && call.answer.len > 0) {
        const char *at = memmem(call.answer.data, call.answer.len, "nonce=\"", 7);
        if (at != NULL)
            snprintf(nonce, 256, "%.*s", (int)strcspn(at + 7, "\""), at + 7);
    }
    msdocs_call_end(&call);
    return status;
}

static SECURITY_STATUS again(const struct bytes *header, CtxtHandle *context, bool complete)
{
    struct msdocs_call call = {.http = true, .method = "GET", .token = bytes_as_view(header)};
    BYTES_CLEANUP struct bytes storage = {0};
    SecBuffer in[MSDOCS_BUFFERS];
    SecBufferDesc input = {SECBUFFER_VERSION, (ULONG)msdocs_call_input(&call, in, &storage), in};

    return complete ? CompleteAuthToken(context, &input)
                    : VerifySignature(context, &input, 0, NULL);
}

static SECURITY_STATUS send_header(struct client *client, CtxtHandle *to)
{
    BYTES_CLEANUP struct bytes header = {0};

    answer(client, &header);
    return accept(header.data, header.len, to, NULL);
}

/* A login of this thread, a request by CompleteAuthToken, and a request by VerifySignature. */
static void take_turn(struct thread *thread)
{
    char nonce[256] = "";
    BYTES_CLEANUP struct bytes header = {0};
    CtxtHandle none, first, second;
    SecPkgContext_Names names = {NULL};

    thread->n_wrong += accept("", 0, &none, nonce) != SEC_I_CONTINUE_NEEDED;
    thread->n_wrong += DeleteSecurityContext(&none) != SEC_E_OK;
    struct client client = alice(nonce, 1);
    thread->n_wrong += send_header(&client, &first) != SEC_E_OK;
    client.count = 2;
    answer(&client, &header);
    thread->n_wrong += accept(header.data, header.len, &second, NULL) != SEC_I_COMPLETE_NEEDED;
    thread->n_wrong += again(&header, &second, true) != SEC_E_OK;
    thread->n_wrong += QueryContextAttributes(&second, SECPKG_ATTR_NAMES, &names) != SEC_E_OK;
    FreeContextBuffer(names.sUserName);
    client.count = 3;
    bytes_free(&header);
    answer(&client, &header);
    thread->n_wrong += again(&header, &first, false) != SEC_E_OK;
    thread->n_wrong += again(&header, &first, false) != SEC_E_OUT_OF_SEQUENCE;
    thread->n_wrong += DeleteSecurityContext(&first) != SEC_E_OK;
    thread->n_wrong += DeleteSecurityContext(&second) != SEC_E_OK;
}

/* All threads send the same request, and one of them is accepted. */
static void contest(struct thread *thread, unsigned count)
{
    struct client client = alice(shared_nonce, count);
    BYTES_CLEANUP struct bytes header = {0};
    CtxtHandle context;

    answer(&client, &header);
    SECURITY_STATUS status = accept(header.data, header.len, &context, NULL);
    bool made = status >= 0;
    if (status == SEC_I_COMPLETE_NEEDED)
        status = again(&header, &context, true);
    if (status == SEC_E_OK)
        thread->n_won++;
    else
        thread->n_wrong += status != SEC_E_OUT_OF_SEQUENCE;
    if (made)
        thread->n_wrong += DeleteSecurityContext(&context) != SEC_E_OK;
}

static void *run(void *argument)
{
    struct thread *thread = argument;

    for (unsigned count = 1; count <= CONTESTS; count++)
        contest(thread, count);
    for (int i = 0; i < TURNS; i++)
        take_turn(thread);
    return NULL;
}

static void threads_share_one_credential_handle(void **unused)
{
    struct thread threads[THREADS] = {0};
    CtxtHandle none;
    size_t n_won = 0;

    assert_int_equal(accept("", 0, &none, shared_nonce), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(DeleteSecurityContext(&none), SEC_E_OK);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i].id, NULL, run, &threads[i]), 0);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i].id, NULL), 0);
        assert_int_equal(threads[i].n_wrong, 0);
        n_won += threads[i].n_won;
    }
    assert_int_equal(n_won, CONTESTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_share_one_credential_handle),
    };
    SSPI_ACCEPTOR_DATA data = {0};
    /* Room for all nonces, because a nonce that is evicted from the table becomes stale. */
    void *memory = aligned_alloc(4096, STATE_SIZE);
    if (memory == NULL)
        return 1;
    memset(memory, 0, STATE_SIZE);
    data.State = store_state_format(memory, STATE_SIZE, clock_machine());
    write_users(&users);
    data.UserFile = users.path;
    credential = msdocs_credential("WDigest", &data);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    FreeCredentialsHandle(&credential);
    store_state_free(data.State);
    free(memory);
    unlink(users.path);
    return failed;
}
