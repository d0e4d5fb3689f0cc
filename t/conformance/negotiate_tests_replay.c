/* SPDX-License-Identifier: Apache-2.0 */
/* Channel bindings and replays. */
#include <sys/mman.h>

#include "negotiate_tests.h"

static const struct {
    const char *name;
    const char *sent;
    const char *alternatives[4];
    ULONG requirements;
    SECURITY_STATUS status;
    enum package_bound bound;
    enum sspi_reason reason;
} binding_cases[] = {
    {"none, client absent", NULL, {NULL}, 0, SEC_E_OK, PACKAGE_BOUND_UNCHECKED, 0},
    {"none, client bound", "a", {NULL}, 0, SEC_E_OK, PACKAGE_BOUND_UNCHECKED, 0},
    {"require, absent", NULL, {"a"}, 0, SEC_E_BAD_BINDINGS, 0, SSPI_REASON_MISSING_BINDING},
    {"require, right", "a", {"a"}, 0, SEC_E_OK, PACKAGE_BOUND_MATCHED, 0},
    {"require, wrong", "b", {"a"}, 0, SEC_E_BAD_BINDINGS, 0, SSPI_REASON_BAD_BINDING},
    {"allow, absent",
     NULL,
     {"a"},
     ASC_REQ_ALLOW_MISSING_BINDINGS,
     SEC_E_OK,
     PACKAGE_BOUND_ABSENT,
     0},
    {"allow, right",
     "a",
     {"a"},
     ASC_REQ_ALLOW_MISSING_BINDINGS,
     SEC_E_OK,
     PACKAGE_BOUND_MATCHED,
     0},
    {"allow, wrong",
     "b",
     {"a"},
     ASC_REQ_ALLOW_MISSING_BINDINGS,
     SEC_E_BAD_BINDINGS,
     0,
     SSPI_REASON_BAD_BINDING},
    {"last alternative", "c", {"a", "b", "c"}, 0, SEC_E_OK, PACKAGE_BOUND_MATCHED, 0},
    {"first alternative", "a", {"a", "b", "c"}, 0, SEC_E_OK, PACKAGE_BOUND_MATCHED, 0},
    {"no alternative", "d", {"a", "b", "c"}, 0, SEC_E_BAD_BINDINGS, 0, SSPI_REASON_BAD_BINDING},
    {"alternatives, absent",
     NULL,
     {"a", "b"},
     0,
     SEC_E_BAD_BINDINGS,
     0,
     SSPI_REASON_MISSING_BINDING},
    {"proxy, bound", "a", {NULL}, ASC_REQ_PROXY_BINDINGS, SEC_E_OK, PACKAGE_BOUND_PROXY, 0},
    {"proxy, absent",
     NULL,
     {NULL},
     ASC_REQ_PROXY_BINDINGS,
     SEC_E_BAD_BINDINGS,
     0,
     SSPI_REASON_MISSING_BINDING},
    {"proxy and a binding, right",
     "a",
     {"a"},
     ASC_REQ_PROXY_BINDINGS,
     SEC_E_OK,
     PACKAGE_BOUND_MATCHED,
     0},
    {"proxy and a binding, wrong",
     "b",
     {"a"},
     ASC_REQ_PROXY_BINDINGS,
     SEC_E_BAD_BINDINGS,
     0,
     SSPI_REASON_BAD_BINDING},
};

static void channel_bindings_with(struct sspi_state *state)
{
    for (size_t i = 0; i < sizeof(binding_cases) / sizeof(binding_cases[0]); i++) {
        struct server server = {
            .package = &negotiate_package,
            .credential = credential_for(&negotiate_package, "http.keytab", http_names, 1, state),
            .requirements = binding_cases[i].requirements};
        struct bytes token = {0};
        memcpy(server.bindings, binding_cases[i].alternatives, sizeof(server.bindings));
        client_token(&spnego_mechanism, HTTP, binding_cases[i].sent, 0, &token);
        SECURITY_STATUS status = once(&server, &token);
        if (status != binding_cases[i].status)
            print_message("# %s: %s\n", binding_cases[i].name, server.error_info.text);
        assert_int_equal(status, binding_cases[i].status);
        if (status == SEC_E_OK) {
            check_alice(&server, binding_cases[i].bound);
            /* A token that was accepted is not accepted again, whichever cache recorded it. */
            CHECK(once(&server, &token), SEC_E_LOGON_DENIED);
            CHECK_REASON(SSPI_REASON_REPLAY, "replay");
        } else {
            assert_int_equal(server.error_info.reason, binding_cases[i].reason);
            assert_int_equal(server.answer.len, 0);
        }
        bytes_free(&token);
        server_close(&server);
    }
}

void channel_bindings_follow_the_policy_with_shared_state(void **test_state)
{
    channel_bindings_with(state_memory);
}

void channel_bindings_follow_the_policy_with_mits_cache(void **test_state)
{
    channel_bindings_with(NULL);
}

/* A client that knows channel bindings and sends none says that it uses no TLS. */
void clients_that_say_no_tls_differ_from_clients_without_a_binding(void **test_state)
{
    static const struct {
        bool aware;
        const char *sent;
        const char *alternatives[4];
        ULONG requirements;
        SECURITY_STATUS status;
        enum package_bound bound;
        enum package_client_binding client;
    } cases[] = {
        {false, NULL, {NULL}, 0, SEC_E_OK, PACKAGE_BOUND_UNCHECKED, PACKAGE_CLIENT_BINDING_ABSENT},
        {false, "a", {NULL}, 0, SEC_E_OK, PACKAGE_BOUND_UNCHECKED, PACKAGE_CLIENT_BINDING_PRESENT},
        {true, NULL, {NULL}, 0, SEC_E_OK, PACKAGE_BOUND_UNCHECKED, PACKAGE_CLIENT_BINDING_NO_TLS},
        {true, "a", {NULL}, 0, SEC_E_OK, PACKAGE_BOUND_UNCHECKED, PACKAGE_CLIENT_BINDING_PRESENT},
        {true, NULL, {NULL}, ASC_REQ_PROXY_BINDINGS, SEC_E_BAD_BINDINGS, 0, 0},
        {true,
         "a",
         {NULL},
         ASC_REQ_PROXY_BINDINGS,
         SEC_E_OK,
         PACKAGE_BOUND_PROXY,
         PACKAGE_CLIENT_BINDING_PRESENT},
        {true, NULL, {"a"}, ASC_REQ_ALLOW_MISSING_BINDINGS, SEC_E_BAD_BINDINGS, 0, 0},
        {true,
         "a",
         {"a"},
         ASC_REQ_ALLOW_MISSING_BINDINGS,
         SEC_E_OK,
         PACKAGE_BOUND_MATCHED,
         PACKAGE_CLIENT_BINDING_PRESENT},
    };
    char plain[512];
    snprintf(plain, sizeof(plain), "%s", getenv("KRB5_CONFIG"));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct server server = server_for(&negotiate_package);
        struct bytes token = {0};
        server.requirements = cases[i].requirements;
        server.reads_client_binding = true;
        memcpy(server.bindings, cases[i].alternatives, sizeof(server.bindings));
        setenv("KRB5_CONFIG", cases[i].aware ? file("aware.conf") : plain, 1);
        client_token(&spnego_mechanism, HTTP, cases[i].sent, 0, &token);
        setenv("KRB5_CONFIG", plain, 1);
        CHECK(once(&server, &token), cases[i].status);
        if (cases[i].status == SEC_E_OK) {
            check_alice(&server, cases[i].bound);
            assert_int_equal(server.package->info(server.context)->channel.client, cases[i].client);
        }
        bytes_free(&token);
        server_close(&server);
    }
}

void a_token_in_another_framing_is_a_replay(void **test_state)
{
    const struct sspi_view krb5_first[] = {SSPI_VIEW(KRB5)};
    struct sspi_state *states[] = {state_memory, NULL};
    for (size_t i = 0; i < 2; i++) {
        struct server server = {.package = &negotiate_package,
                                .credential = credential_for(&negotiate_package, "http.keytab",
                                                             http_names, 1, states[i])};
        struct bytes token = {0};
        struct bytes init = {0};
        client_token(&krb5_mechanism, HTTP, NULL, 0, &token);
        wrap_init(krb5_first, 1, bytes_as_view(&token), &init);
        CHECK(once(&server, &token), SEC_E_OK);
        CHECK(once(&server, &init), SEC_E_LOGON_DENIED);
        CHECK_REASON(SSPI_REASON_REPLAY, "replay");
        server_close(&server);
        /* Another credential of another package refuses it as well. */
        server = (struct server){.package = &kerberos_package,
                                 .credential = credential_for(&kerberos_package, "http.keytab",
                                                              http_names, 1, states[i])};
        CHECK(once(&server, &token), SEC_E_LOGON_DENIED);
        CHECK_REASON(SSPI_REASON_REPLAY, "replay");
        bytes_free(&token);
        bytes_free(&init);
        server_close(&server);
    }
}

static uint64_t earlier_now_ms(void *self)
{
    return clock_machine()->now_ms(self) - 2000;
}

/* When the table overflows, MIT's cache records the rest. */
void a_full_replay_table_asks_mits_cache_as_well(void **test_state)
{
    struct sspi_state *small;
    void *small_memory =
        mmap(NULL, STORE_STATE_MIN_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    const struct clock *clock = clock_machine();
    const struct clock earlier = {earlier_now_ms, clock->steady_ms, clock->random, NULL};
    assert_true(small_memory != MAP_FAILED);
    /* libkrb5 gives the authenticators of one process and second almost the same time, each one a
     * microsecond later than the one before. Memory that is made meanwhile would be newer. */
    small = store_state_format(small_memory, STORE_STATE_MIN_SIZE, &earlier);
    assert_non_null(small);
    uint64_t now_ms = store_state_time_ms(small, clock);
    for (uint32_t i = 0; i < 65536; i++) {
        struct sspi_view filler = {(const char *)&i, sizeof(i)};
        assert_int_not_equal(store_replay_check(small, filler, now_ms, 3600000), STORE_REPLAY_SEEN);
    }
    struct server server = {
        .package = &negotiate_package,
        .credential = credential_for(&negotiate_package, "http.keytab", http_names, 1, small),
        .bindings = {"a", "b"}};
    struct bytes token = {0};
    client_token(&spnego_mechanism, HTTP, "b", GSS_C_MUTUAL_FLAG, &token);
    CHECK(once(&server, &token), SEC_E_OK);
    check_alice(&server, PACKAGE_BOUND_MATCHED);
    CHECK(once(&server, &token), SEC_E_LOGON_DENIED);
    CHECK_REASON(SSPI_REASON_REPLAY, "replay");
    bytes_free(&token);
    server_close(&server);
    store_state_free(small);
    munmap(small_memory, STORE_STATE_MIN_SIZE);
}

/* Manuals of some modules advise to set KRB5RCACHENAME=none: and so to turn the cache off. */
void a_full_replay_table_asks_mits_cache_that_was_turned_off(void **test_state)
{
    const char *name = getenv("KRB5RCACHENAME"), prefix[] = "file2:";
    char kept[512], directory[512];
    assert_non_null(name);
    assert_int_equal(strncmp(name, prefix, sizeof(prefix) - 1), 0);
    snprintf(kept, sizeof(kept), "%s", name);
    snprintf(directory, sizeof(directory), "%s", name + sizeof(prefix) - 1);
    *strrchr(directory, '/') = '\0';
    setenv("KRB5RCACHEDIR", directory, 1);
    setenv("KRB5RCACHENAME", "none:", 1);
    a_full_replay_table_asks_mits_cache_as_well(test_state);
    unsetenv("KRB5RCACHENAME");
    setenv("KRB5RCACHETYPE", "none", 1);
    a_full_replay_table_asks_mits_cache_as_well(test_state);
    unsetenv("KRB5RCACHETYPE");
    unsetenv("KRB5RCACHEDIR");
    setenv("KRB5RCACHENAME", kept, 1);
}
