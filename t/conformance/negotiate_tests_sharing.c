/* SPDX-License-Identifier: Apache-2.0 */
/* One credential while its keytab changes, after fork, and in several threads. */
#include <pthread.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kerberos_keytab.h"
#include "negotiate_tests.h"
#include "store_source.h"

static void copy_file(const char *from, const char *to)
{
    char command[1200];
    int len = snprintf(command, sizeof(command), "cp %s/%s %s/%s.new && mv %s/%s.new %s/%s", dir,
                       from, dir, to, dir, to, dir, to);
    assert_true(len > 0 && (size_t)len < sizeof(command));
    assert_int_equal(system(command), 0);
}

void a_changed_keytab_is_read_again(void **test_state)
{
    char error[SSPI_ERROR_TEXT_SIZE];
    copy_file("forged.keytab", "live.keytab");
    struct sspi_keytab *keytab = kerberos_keytab_open(file("live.keytab"), error, sizeof(error));
    assert_non_null(keytab);
    struct server server = {.package = &negotiate_package};
    SSPI_ACCEPTOR_DATA data = {
        .Version = SSPI_ACCEPTOR_DATA_VERSION, .Keytab = keytab, .State = state_memory};
    assert_int_equal(negotiate_package.acquire(&data, &server.credential, &server.error_info), 0);
    struct bytes token = {0};
    client_token(&spnego_mechanism, HTTP, NULL, 0, &token);
    CHECK(once(&server, &token), SEC_E_LOGON_DENIED);
    copy_file("http.keytab", "live.keytab");
    assert_int_equal(
        store_source_refresh(kerberos_keytab_source(keytab), 1000, error, sizeof(error)),
        STORE_SOURCE_RELOADED);
    CHECK(once(&server, &token), SEC_E_OK);
    /* After the change back, the old keys are gone. */
    copy_file("forged.keytab", "live.keytab");
    assert_int_equal(
        store_source_refresh(kerberos_keytab_source(keytab), 2000, error, sizeof(error)),
        STORE_SOURCE_RELOADED);
    client_token(&spnego_mechanism, HTTP, NULL, 0, &token);
    CHECK(once(&server, &token), SEC_E_LOGON_DENIED);
    bytes_free(&token);
    server_close(&server);
    kerberos_keytab_unref(keytab);
}

void a_credential_of_the_parent_works_in_its_children(void **test_state)
{
    struct server server = server_for(&negotiate_package);
    struct bytes before = {0};
    struct bytes token = {0};
    client_token(&spnego_mechanism, HTTP, NULL, 0, &before);
    client_token(&spnego_mechanism, HTTP, NULL, 0, &token);
    CHECK(once(&server, &before), SEC_E_OK);
    server_end(&server);
    for (int child = 0; child < 2; child++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            /* The first child accepts the token. The second child knows it through the shared
             * memory, and refuses it. */
            struct package_input in = {.token = bytes_as_view(&token), .n_tokens = 1};
            struct package_output out = {.error_info = &server.error_info};
            SECURITY_STATUS status =
                negotiate_package.accept(server.credential, &server.context, &in, &out);
            if (child == 0)
                _exit(status == SEC_E_OK ? 0 : 1);
            _exit(status == SEC_E_LOGON_DENIED && server.error_info.reason == SSPI_REASON_REPLAY
                      ? 0
                      : 1);
        }
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
    }
    bytes_free(&before);
    bytes_free(&token);
    server_close(&server);
}

#define THREADS      4
#define THREAD_TURNS 25

struct turn {
    struct server server;
    struct bytes tokens[THREAD_TURNS];
    size_t n_good;
};

static void *run_turn(void *argument)
{
    struct turn *turn = argument;
    for (size_t i = 0; i < THREAD_TURNS; i++) {
        struct package_input in = {.token = bytes_as_view(&turn->tokens[i]), .n_tokens = 1};
        struct package_output out = {.error_info = &turn->server.error_info};
        void *context = NULL;
        if (negotiate_package.accept(turn->server.credential, &context, &in, &out) == SEC_E_OK)
            turn->n_good++;
        bytes_free(&out.tokens[0]);
        negotiate_package.destroy(context);
    }
    return NULL;
}

void threads_share_one_credential(void **test_state)
{
    static struct turn turns[THREADS];
    pthread_t threads[THREADS];
    struct server server = server_for(&negotiate_package);
    for (size_t i = 0; i < THREADS; i++) {
        turns[i] = (struct turn){.server = {.credential = server.credential}};
        for (size_t j = 0; j < THREAD_TURNS; j++)
            client_token(&spnego_mechanism, HTTP, NULL, 0, &turns[i].tokens[j]);
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_turn, &turns[i]), 0);
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(turns[i].n_good, THREAD_TURNS);
        for (size_t j = 0; j < THREAD_TURNS; j++)
            bytes_free(&turns[i].tokens[j]);
    }
    server_close(&server);
}

void unusable_credentials_are_refused_when_they_are_acquired(void **test_state)
{
    static struct sspi_view names[65];
    struct sspi_error_info error_info = {0};
    void *credential = NULL;
    SSPI_ACCEPTOR_DATA data = {.Version = SSPI_ACCEPTOR_DATA_VERSION,
                               .KeytabName = file("absent.keytab")};
    assert_int_equal(negotiate_package.acquire(&data, &credential, &error_info),
                     SEC_E_NO_CREDENTIALS);
    assert_int_equal(error_info.reason, SSPI_REASON_CONFIGURATION);
    assert_non_null(strstr(error_info.text, "no such file"));
    struct sspi_view imap[] = {SSPI_VIEW("imap/localhost")};
    data.KeytabName = file("http.keytab");
    data.ServiceNames = imap;
    data.ServiceNameCount = 1;
    assert_int_equal(negotiate_package.acquire(&data, &credential, &error_info),
                     SEC_E_NO_CREDENTIALS);
    assert_non_null(strstr(error_info.text, "no key for imap/localhost"));
    for (size_t i = 0; i < 65; i++)
        names[i] = SSPI_VIEW("HTTP/localhost");
    data.ServiceNames = names;
    data.ServiceNameCount = 65;
    assert_int_equal(negotiate_package.acquire(&data, &credential, &error_info),
                     SEC_E_INVALID_PARAMETER);
    data.ServiceNameCount = 64;
    assert_int_equal(negotiate_package.acquire(&data, &credential, &error_info), SEC_E_OK);
    negotiate_package.release(credential);
}

#define MEASURED 1500

static double cpu_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* This prints the cost, and tests nothing, because the speed depends on the machine. */
void one_accept_costs_some_microseconds(void **test_state)
{
    static struct bytes tokens[MEASURED];
    gss_OID mechanisms[] = {&krb5_mechanism, &spnego_mechanism};
    for (size_t kind = 0; kind < 2; kind++) {
        struct server server = server_for(&negotiate_package);
        for (size_t i = 0; i < MEASURED; i++)
            client_token(mechanisms[kind], HTTP, NULL, 0, &tokens[i]);
        double begin = cpu_us();
        for (size_t i = 0; i < MEASURED; i++)
            CHECK(once(&server, &tokens[i]), SEC_E_OK);
        double each = (cpu_us() - begin) / MEASURED;
        print_message("# %s: %.1f us an accept\n", kind == 0 ? "bare AP-REQ" : "SPNEGO", each);
        for (size_t i = 0; i < MEASURED; i++)
            bytes_free(&tokens[i]);
        server_close(&server);
    }
}
