/* SPDX-License-Identifier: Apache-2.0 */
/* One SASL context and several threads: one encrypts, one decrypts, one sets and reads options.
 * msdocs_negotiate.t makes the realm. */
#include <pthread.h>

#include "msdocs_sasl.h"

#define TURNS 300

CredHandle gssapi, spnego;
static struct exchange e;
static struct bytes tokens[TURNS]; /* the client's messages, made before the threads start */
static size_t n_wrong[3];

static void *encrypt(void *unused)
{
    for (int i = 0; i < TURNS; i++) {
        char head[256], tail[256], text[] = "a message";
        SecBuffer buffers[] = {{sizeof head, SECBUFFER_TOKEN, head},
                               {sizeof text, SECBUFFER_DATA, text},
                               {sizeof tail, SECBUFFER_PADDING, tail}};
        SecBufferDesc message = {SECBUFFER_VERSION, 3, buffers};
        n_wrong[0] += EncryptMessage(&e.context, 0, &message, 0) != SEC_E_OK;
    }
    return NULL;
}

static void *decrypt(void *unused)
{
    for (int i = 0; i < TURNS; i++) {
        SecBuffer buffers[] = {{(ULONG)tokens[i].len, SECBUFFER_STREAM, tokens[i].data},
                               {0, SECBUFFER_DATA, NULL}};
        SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
        n_wrong[1] += DecryptMessage(&e.context, &message, 0, NULL) != SEC_E_OK;
    }
    return NULL;
}

static void *set(void *unused)
{
    for (ULONG i = 0; i < TURNS; i++) {
        ULONG size = 1000 + i, told = 0;
        char authzid[8];
        n_wrong[2] +=
            SaslSetContextOption(&e.context, SASL_OPTION_SEND_SIZE, &size, sizeof size) != SEC_E_OK;
        n_wrong[2] += SaslGetContextOption(&e.context, SASL_OPTION_SEND_SIZE, &told, sizeof told,
                                           NULL) != SEC_E_OK ||
                      told != size;
        n_wrong[2] += SaslGetContextOption(&e.context, SASL_OPTION_AUTHZ_STRING, authzid,
                                           sizeof authzid, &told) != SEC_E_OK ||
                      told != 0;
    }
    return NULL;
}

static void threads_share_one_sasl_context(void **unused)
{
    void *(*const work[])(void *) = {encrypt, decrypt, set};
    pthread_t threads[3];

    exchange_complete(&e, 4, 0xFFFF);
    for (int i = 0; i < TURNS; i++)
        exchange_wrap(&e, true, SSPI_VIEW("hello"), &tokens[i]);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work[i], NULL), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(n_wrong[i], 0);
    }
    for (int i = 0; i < TURNS; i++)
        bytes_free(&tokens[i]);
    exchange_close(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_share_one_sasl_context),
    };
    char keytab[512];
    SSPI_ACCEPTOR_DATA data = {.KeytabName = keytab};

    if (getenv("SSPI_TEST_REALM") == NULL)
        return 1;
    snprintf(keytab, sizeof(keytab), "%s/http.keytab", getenv("SSPI_TEST_REALM"));
    gssapi = msdocs_credential("Kerberos", &data);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return FreeCredentialsHandle(&gssapi) == SEC_E_OK ? failed : 1;
}
