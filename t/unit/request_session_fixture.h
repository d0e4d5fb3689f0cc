/* SPDX-License-Identifier: Apache-2.0 */
/* An acceptor that has keys for sessions, and a client that keeps a cookie. */
#ifndef REQUEST_SESSION_FIXTURE_H
#define REQUEST_SESSION_FIXTURE_H

#include "request_fixture.h"

#include "clock.h"
#include "request_exchange.h"
#include "request_session.h"
#include "store_state.h"

#define ALICE      "Alice:Corp:NT:" HASH_OF_PASSWORD "\n"
#define NAME       "__Host-sspi"
#define STATE_SIZE (1u << 20)

static void *memory;
static char cookie[SSPI_ERROR_SIZE + REQUEST_SESSION_VALUE_LIMIT]; /* of the last login */

static inline void give_state(void)
{
    assert_int_equal(posix_memalign(&memory, 4096, STATE_SIZE), 0);
    memset(memory, 0, STATE_SIZE);
    sspi_acceptor_set_state(acceptor, sspi_http_state_format(memory, STATE_SIZE));
}

static inline int setup(void **state)
{
    if (fixture_setup(state) != 0)
        return -1;
    give_state();
    return 0;
}

static inline int teardown(void **state)
{
    int result = fixture_teardown(state);
    free(memory);
    return result;
}

static inline struct sspi_policy session_policy(void)
{
    struct sspi_policy policy = ntlm_policy();
    set(&policy, SSPI_OPTION_SESSION, "on");
    set(&policy, SSPI_OPTION_CONNECTION_AUTH, "off");
    return policy;
}

/* A request over TLS to this host. */
static inline struct sspi_request tls_request(void)
{
    struct sspi_request request = bare_request();
    request.authority = SSPI_VIEW("www.example.com");
    request.tls = true;
    request.log_from = SSPI_SEVERITY_INFO;
    return request;
}

static inline struct seen send_cookie(const struct sspi_policy *policy, const char *value)
{
    struct sspi_request request = tls_request();
    request.cookies = bytes_view(value);
    return send_request(&request, policy);
}

/* Logs in, with the value of Cookie; NULL: none. */
static inline struct seen log_in_with(const struct sspi_policy *policy, const char *sent)
{
    BYTES_CLEANUP struct bytes last = {0}, value = {0};
    struct sspi_request request = tls_request();
    begin_login(policy, HASH_OF_PASSWORD, &last);
    write_header(&last, &value);
    request.authorization = bytes_as_view(&value);
    request.cookies = bytes_view(sent);
    return send_request(&request, policy);
}

/* Logs in, and puts the pair of Set-Cookie into `cookie`. */
static inline void log_in_once(const struct sspi_policy *policy)
{
    struct seen seen = log_in_with(policy, NULL);
    assert_true(seen.has_user);
    snprintf(cookie, sizeof(cookie), "%.*s", (int)strcspn(seen.header, ";"), seen.header);
}

static inline bool clears(const struct seen *seen, const char *name)
{
    char wanted[128];
    snprintf(wanted, sizeof(wanted), "%s=; ", name);
    return strncmp(seen->header, wanted, strlen(wanted)) == 0 &&
           strstr(seen->header, "; Max-Age=0") != NULL;
}

/* The challenge is the first line, so the second one is searched. */
static inline bool challenges_and_clears(const struct sspi_policy *policy, const char *value)
{
    bool found = false;
    struct sspi_request request = tls_request();
    request.cookies = bytes_view(value);
    struct sspi_exchange *exchange = sspi_exchange_new(acceptor, &request);
    assert_non_null(exchange);
    const struct sspi_result *result = sspi_exchange_step(exchange, policy, SSPI_VIEW("realm"));
    assert_int_equal(result->status, 401);
    assert_false(result->has_user);
    for (size_t i = 0; i < result->n_headers; i++)
        found |= bytes_equal(result->headers[i].name, SSPI_VIEW("Set-Cookie"));
    assert_int_equal(sspi_http_sets_cookie(exchange), found);
    if (result->n_entries > 0)
        last_entry = result->entries[result->n_entries - 1];
    sspi_exchange_free(exchange);
    return found;
}

/* ---- the content of the cookie ---- */

static struct session_content opened; /* views into `octets` */
static char octets[REQUEST_SESSION_CONTENT_LIMIT];

static inline struct request_session_scope scope_of(const struct sspi_policy *policy)
{
    struct request_session_scope scope;
    struct sspi_request request = tls_request();
    struct sspi_exchange *exchange = sspi_exchange_new(acceptor, &request);
    assert_true(request_session_scope_of(exchange, policy, &scope));
    sspi_exchange_free(exchange);
    return scope;
}

static inline void open_cookie(const struct sspi_policy *policy)
{
    const struct request_session_scope scope = scope_of(policy);
    const char *value = strchr(cookie, '=') + 1;
    char sealed[REQUEST_SESSION_SEALED_LIMIT];
    size_t sealed_len = strlen(value) * 3 / 4, len;
    assert_true(base64_url_decode(bytes_view(value), sealed, sealed_len));
    assert_int_equal(store_seal_open(scope.keys, STORE_KEY_SESSION,
                                     (struct sspi_view){scope.associated, scope.associated_len},
                                     (struct sspi_view){sealed, sealed_len}, octets, sizeof(octets),
                                     &len),
                     STORE_SEAL_OK);
    assert_true(session_content_decode((struct sspi_view){octets, len}, &opened));
}

/* Seals `opened` into `cookie`, as the server does. */
static inline void seal_cookie(const struct sspi_policy *policy)
{
    BYTES_CLEANUP struct bytes plain = {0}, sealed = {0};
    const struct request_session_scope scope = scope_of(policy);
    char value[REQUEST_SESSION_VALUE_LIMIT + 1] = "";
    session_content_encode(&opened, &plain);
    assert_true(store_seal_make(scope.keys, STORE_KEY_SESSION,
                                (struct sspi_view){scope.associated, scope.associated_len},
                                bytes_as_view(&plain), &sealed));
    base64_url_encode(sealed.data, sealed.len, value);
    snprintf(cookie, sizeof(cookie), "%.*s=%s", (int)scope.cookie.name.len, scope.cookie.name.data,
             value);
}

#endif
