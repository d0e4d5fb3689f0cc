/* SPDX-License-Identifier: Apache-2.0 */
/* Services, keys, times and names of tickets. */
#include <time.h>

#include "bad_names.h"
#include "negotiate_forge.h"
#include "negotiate_tests.h"

static void replace(struct bytes *in, const char *what, const char *by)
{
    char *at = memmem(in->data, in->len, what, strlen(what));
    assert_non_null(at);
    memcpy(at, by, strlen(by));
}

void a_ticket_for_another_service_is_refused(void **test_state)
{
    struct server server = server_for(&kerberos_package);
    struct bytes token = {0};
    client_token(&krb5_mechanism, "host@localhost", NULL, 0, &token);
    CHECK(once(&server, &token), SEC_E_WRONG_PRINCIPAL);
    CHECK_REASON(SSPI_REASON_WRONG_SERVICE,
                 "host/localhost@SSPI.TEST, but the accepted services are HTTP/");
    /* The name outside the ticket's encryption is not protected. Only the key counts. */
    replace(&token, "host", "HTTP");
    CHECK(once(&server, &token), SEC_E_LOGON_DENIED);
    CHECK_REASON(SSPI_REASON_BAD_KEY, "http.keytab");
    bytes_free(&token);
    server_close(&server);
    /* A credential without service names accepts every service. */
    server = (struct server){
        .package = &kerberos_package,
        .credential = credential_for(&kerberos_package, "http.keytab", NULL, 0, state_memory)};
    client_token(&krb5_mechanism, "host@localhost", NULL, 0, &token);
    CHECK(once(&server, &token), SEC_E_OK);
    bytes_free(&token);
    server_close(&server);
}

void a_key_that_is_not_there_is_named(void **test_state)
{
    struct server server = {.package = &kerberos_package};
    struct bytes token = {0};
    /* The ticket in the cache is older than the key in rotated.keytab. */
    server.credential = credential_for(&kerberos_package, "rotated.keytab", NULL, 0, state_memory);
    client_token(&krb5_mechanism, "HTTP@rotated", NULL, 0, &token);
    CHECK(once(&server, &token), SEC_E_NO_KERB_KEY);
    CHECK_REASON(SSPI_REASON_NO_KEY, "needs key version 1, but keytab");
    server_close(&server);
    /* The same version with another key. */
    server.credential = credential_for(&kerberos_package, "forged.keytab", NULL, 0, state_memory);
    client_token(&krb5_mechanism, HTTP, NULL, 0, &token);
    CHECK(once(&server, &token), SEC_E_LOGON_DENIED);
    CHECK_REASON(SSPI_REASON_BAD_KEY, "export it again");
    server_close(&server);
    /* Another encryption type. */
    server.credential = credential_for(&kerberos_package, "aes128.keytab", NULL, 0, state_memory);
    CHECK(once(&server, &token), SEC_E_NO_KERB_KEY);
    CHECK_REASON(SSPI_REASON_NO_KEY, "aes128-cts-hmac-sha1-96");
    server_close(&server);
    /* Another principal. */
    server.credential = credential_for(&kerberos_package, "rotated.keytab", NULL, 0, state_memory);
    CHECK(once(&server, &token), SEC_E_NO_KERB_KEY);
    CHECK_REASON(SSPI_REASON_NO_KEY, "HTTP/localhost@SSPI.TEST, but keytab");
    bytes_free(&token);
    server_close(&server);
}

void an_altered_authenticator_is_refused(void **test_state)
{
    struct server server = server_for(&kerberos_package);
    struct bytes token = {0};
    client_token(&krb5_mechanism, HTTP, NULL, 0, &token);
    token.data[token.len - 1] ^= 1;
    CHECK(once(&server, &token), SEC_E_LOGON_DENIED);
    CHECK_REASON(SSPI_REASON_BAD_KEY, "does not decrypt");
    /* A refused token is not recorded: the right token is still new. */
    token.data[token.len - 1] ^= 1;
    CHECK(once(&server, &token), SEC_E_OK);
    bytes_free(&token);
    server_close(&server);
}

/* The server must not report a changed octet as an internal error. It accepts a changed token only
 * if the changed part is not protected and not used: ap-options, kvno, and the name outside the
 * encryption. */
void no_changed_octet_causes_an_internal_error(void **test_state)
{
    struct server server = {
        .package = &kerberos_package,
        .credential = credential_for(&kerberos_package, "http.keytab", NULL, 0, state_memory)};
    struct bytes token = {0};
    size_t n_wrong = 0;
    client_token(&krb5_mechanism, HTTP, NULL, 0, &token);
    for (size_t at = 0; at < token.len; at++) {
        static const char changes[] = {1, 0x20, -128, -1};
        for (size_t i = 0; i < sizeof(changes); i++) {
            token.data[at] ^= changes[i];
            SECURITY_STATUS status = once(&server, &token);
            token.data[at] ^= changes[i];
            if (status == SEC_E_INTERNAL_ERROR)
                print_message("# octet %zu ^ %d: %s\n", at, changes[i], server.error_info.text);
            n_wrong += status == SEC_E_INTERNAL_ERROR;
        }
    }
    bytes_free(&token);
    server_close(&server);
    assert_int_equal(n_wrong, 0);
}

void a_krb_error_is_sent_only_when_it_is_asked_for(void **test_state)
{
    struct server server = server_for(&negotiate_package);
    struct bytes token = {0};
    struct negotiate_token_response answer;
    client_token(&spnego_mechanism, HTTP, NULL, GSS_C_MUTUAL_FLAG, &token);
    token.data[token.len - 1] ^= 1;
    CHECK(once(&server, &token), SEC_E_LOGON_DENIED);
    assert_int_equal(server.answer.len, 0);
    server.requirements = ASC_REQ_EXTENDED_ERROR;
    CHECK(once(&server, &token), SEC_E_LOGON_DENIED);
    assert_true(negotiate_token_parse_response(bytes_as_view(&server.answer), &answer));
    assert_int_equal(answer.state, NEGOTIATE_TOKEN_REJECT);
    assert_true(answer.token.len > 0);
    bytes_free(&token);
    server_close(&server);
}

void forged_token(const struct forged_ticket *ticket, gss_OID mechanism, struct bytes *ret_token)
{
    char usual[512];
    char keytab[512];
    snprintf(usual, sizeof(usual), "%s", getenv("KRB5CCNAME"));
    snprintf(keytab, sizeof(keytab), "%s", file("http.keytab"));
    char *cache = forge_cache(keytab, file("forged.cache"), ticket);
    setenv("KRB5CCNAME", cache, 1);
    client_token(mechanism, HTTP, NULL, 0, ret_token);
    setenv("KRB5CCNAME", usual, 1);
    free(cache);
}

void anonymous_principals_need_a_flag(void **test_state)
{
    const struct forged_ticket anonymous = {
        .client = {"WELLKNOWN", "ANONYMOUS"}, .start_s = -60, .end_s = 3600};
    struct server server = server_for(&negotiate_package);
    struct bytes token = {0};
    forged_token(&anonymous, &spnego_mechanism, &token);
    CHECK(once(&server, &token), SEC_E_LOGON_DENIED);
    CHECK_REASON(SSPI_REASON_ANONYMOUS, "anonymous");
    server.requirements = ASC_REQ_ALLOW_NULL_SESSION;
    CHECK(once(&server, &token), SEC_E_OK);
    bytes_free(&token);
    server_close(&server);
}

static struct forged_ticket ticket_of(struct sspi_view client)
{
    return (struct forged_ticket){.client_octets = client, .start_s = -60, .end_s = 3600};
}

/* MIT writes some control characters as escapes, for example \\n, and others unchanged. */
void clients_without_a_proper_name_are_refused(void **test_state)
{
    struct server server = server_for(&kerberos_package);
    char storage[BAD_NAME_SIZE];
    for (size_t i = 0; i < N_BAD_NAMES; i++) {
        struct bytes token = {0};
        struct forged_ticket ticket = ticket_of(bad_name(i, storage));
        forged_token(&ticket, &krb5_mechanism, &token);
        CHECK(once(&server, &token), SEC_E_LOGON_DENIED);
        CHECK_REASON(SSPI_REASON_BAD_NAME, "the client's principal is ab\\x");
        bytes_free(&token);
        ticket = ticket_of(SSPI_VIEW("alice"));
        ticket.client_realm = bad_name(i, storage);
        forged_token(&ticket, &krb5_mechanism, &token);
        CHECK(once(&server, &token), SEC_E_LOGON_DENIED);
        CHECK_REASON(SSPI_REASON_BAD_NAME, "the client's principal is alice@ab\\x");
        bytes_free(&token);
    }
    for (size_t i = 0; i < N_GOOD_NAMES; i++) {
        struct bytes token = {0};
        struct forged_ticket ticket = ticket_of(bytes_view(good_names[i]));
        forged_token(&ticket, &krb5_mechanism, &token);
        CHECK(once(&server, &token), SEC_E_OK);
        bytes_free(&token);
    }
    server_close(&server);
}

/* A realm extends to the end of the principal's text, with any octets. */
void the_realm_of_a_client_extends_to_the_end(void **test_state)
{
    struct server server = server_for(&kerberos_package);
    struct bytes token = {0};
    struct forged_ticket ticket = ticket_of(SSPI_VIEW("alice"));
    ticket.client_realm = SSPI_VIEW("X@SSPI.TEST");
    forged_token(&ticket, &krb5_mechanism, &token);
    CHECK(once(&server, &token), SEC_E_OK);
    const struct package_info *info = server.package->info(server.context);
    assert_string_equal(info->name, "alice@X\\@SSPI.TEST");
    assert_string_equal(info->realm, "X\\@SSPI.TEST");
    bytes_free(&token);
    server_close(&server);
}

/* Changes the clear text of a ticket, which no key protects. */
void services_without_a_proper_name_are_refused(void **test_state)
{
    static const char *const bad[] = {"loc\r\nhost", "loc\x1blhost", "loc\xc2\x85host",
                                      "loc\xc0\x8ahost", "loc\xfflhost"};
    struct server server = {
        .package = &kerberos_package,
        .credential = credential_for(&kerberos_package, "http.keytab", NULL, 0, state_memory)};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct bytes token = {0};
        client_token(&krb5_mechanism, HTTP, NULL, 0, &token);
        replace(&token, "localhost", bad[i]);
        CHECK(once(&server, &token), SEC_E_LOGON_DENIED);
        CHECK_REASON(SSPI_REASON_BAD_NAME, "the ticket's service is HTTP/loc\\x");
        bytes_free(&token);
        client_token(&krb5_mechanism, HTTP, NULL, 0, &token);
        replace(&token, "SSPI.TEST", "SSPI\r\nEST");
        CHECK(once(&server, &token), SEC_E_LOGON_DENIED);
        CHECK_REASON(SSPI_REASON_BAD_NAME, "the ticket's service is HTTP/localhost@SSPI\\x0d");
        bytes_free(&token);
        client_token(&krb5_mechanism, HTTP, NULL, 0, &token);
        CHECK(once(&server, &token), SEC_E_OK);
        bytes_free(&token);
    }
    server_close(&server);
}

void times_that_do_not_fit_are_distinguished(void **test_state)
{
    static const struct {
        struct forged_ticket ticket;
        SECURITY_STATUS status;
        enum sspi_reason reason;
        const char *words;
    } cases[] = {
        {{.client = {"alice"}, .start_s = -60, .end_s = 3600}, SEC_E_OK, SSPI_REASON_NONE, ""},
        {{.client = {"alice"}, .start_s = -7200, .end_s = -3600},
         SEC_E_CONTEXT_EXPIRED,
         SSPI_REASON_TICKET_EXPIRED,
         "expired"},
        {{.client = {"alice"}, .start_s = 3600, .end_s = 7200},
         SEC_E_TIME_SKEW,
         SSPI_REASON_CLOCK_SKEW,
         "not valid yet"},
        {{.client = {"alice"}, .start_s = -60, .end_s = 3600, .client_clock_s = 1800},
         SEC_E_TIME_SKEW,
         SSPI_REASON_CLOCK_SKEW,
         "more than 300 s; check NTP"},
        {{.client = {"alice"}, .start_s = -7200, .end_s = 3600, .client_clock_s = -1800},
         SEC_E_TIME_SKEW,
         SSPI_REASON_CLOCK_SKEW,
         "more than 300 s; check NTP"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct server server = server_for(&kerberos_package);
        struct bytes token = {0};
        forged_token(&cases[i].ticket, &krb5_mechanism, &token);
        CHECK(once(&server, &token), cases[i].status);
        if (cases[i].status != SEC_E_OK)
            CHECK_REASON(cases[i].reason, cases[i].words);
        bytes_free(&token);
        server_close(&server);
    }
}

/* The four message calls of a context, by number. */
static SECURITY_STATUS use(struct server *server, int which)
{
    char text[] = "text", token[256] = "", padding[64], whole[64] = "";
    const struct package_message_part part = {text, 4, true};
    struct package_message message = {.parts = &part,
                                      .n_parts = 1,
                                      .token = {token, sizeof(token), 16},
                                      .padding = {padding, sizeof(padding), 0},
                                      .whole = whole,
                                      .whole_len = sizeof(whole)};
    const struct package_messages *calls = kerberos_package.messages;
    struct sspi_view plain;
    bool encrypted;
    switch (which) {
    case 0:
        return calls->sign(server->context, &message);
    case 1:
        return calls->seal(server->context, true, &message);
    case 2:
        return calls->verify(server->context, &message);
    default:
        return calls->unseal(server->context, &message, &plain, &encrypted);
    }
}

/* Accepted only within the clock skew of 300 s, five seconds before its end. */
void messages_are_refused_after_the_ticket_expires(void **test_state)
{
    static const SECURITY_STATUS before[] = {SEC_E_OK, SEC_E_OK, SEC_E_MESSAGE_ALTERED,
                                             SEC_E_MESSAGE_ALTERED};
    const struct forged_ticket ticket = {.client = {"alice"}, .start_s = -7200, .end_s = -295};
    const struct timespec moment = {.tv_nsec = 20 * 1000 * 1000};
    struct server server = server_for(&kerberos_package);
    struct bytes token = {0};
    forged_token(&ticket, &krb5_mechanism, &token);
    CHECK(once(&server, &token), SEC_E_OK);
    for (int i = 0; i < 4; i++)
        assert_int_equal(use(&server, i), before[i]);
    for (int tries = 0; tries < 1000 && use(&server, 0) == SEC_E_OK; tries++)
        nanosleep(&moment, NULL);
    for (int i = 0; i < 4; i++)
        assert_int_equal(use(&server, i), SEC_E_CONTEXT_EXPIRED);
    bytes_free(&token);
    server_close(&server);
}
