/* SPDX-License-Identifier: Apache-2.0 */
/* A server and its client: the acceptor as adapters call it, with NTLM over a user file. For the
 * tests of logins. */
#ifndef REQUEST_FIXTURE_H
#define REQUEST_FIXTURE_H

#include "ntlm_client.h"

#include <unistd.h>

#include "base64.h"
#include "request_connection.h"
#include "policy.h"

#define PEER SSPI_VIEW("192.0.2.7")

static char path[] = "/tmp/request_login.XXXXXX";
static char other_path[] = "/tmp/request_login.XXXXXX";
static struct sspi_acceptor *acceptor;
static struct sspi_connection *connection;
static struct ntlm_crypto crypto;
static char error[SSPI_ERROR_SIZE];
static struct sspi_log_entry last_entry;

/* ---- policies ---- */

#define WORDS_LIMIT 32
static struct sspi_view words[WORDS_LIMIT];
static size_t n_words;

static inline void set(struct sspi_policy *policy, enum sspi_option option, const char *value)
{
    const struct sspi_view *first = &words[n_words];
    size_t n = 0;
    for (const char *at = value; *at != '\0'; n++) {
        size_t len = strcspn(at, " ");
        assert_true(n_words < WORDS_LIMIT);
        words[n_words++] = (struct sspi_view){at, len};
        at += len;
        at += strspn(at, " ");
    }
    if (!sspi_policy_set(policy, option, first, n, SSPI_SERVER_NGINX, error))
        fail_msg("%s", error);
}

static inline struct sspi_policy ntlm_policy(void)
{
    struct sspi_policy policy = sspi_policy_defaults();
    set(&policy, SSPI_OPTION_MODE, "on");
    set(&policy, SSPI_OPTION_PACKAGES, "NTLM");
    set(&policy, SSPI_OPTION_MECHANISMS, "ntlm");
    set(&policy, SSPI_OPTION_NTLM_USER_FILE, path);
    return policy;
}

static inline void open_policy(const struct sspi_policy *policy)
{
    if (!sspi_acceptor_open(acceptor, policy, true, false, error))
        fail_msg("%s", error);
}

/* ---- requests ---- */

/* A copy of the result of a request. */
struct seen {
    enum sspi_need need;
    unsigned status;
    bool has_user;
    char header[2048]; /* its first line's value */
    char user[64];
    char persistent[8];
    size_t n_entries;
};

static inline struct sspi_request bare_request(void)
{
    return (struct sspi_request){.method = SSPI_VIEW("GET"),
                                 .target = SSPI_VIEW("/"),
                                 .connection = connection,
                                 .peer = PEER};
}

static inline void keep(const struct sspi_result *result, struct seen *seen)
{
    *seen = (struct seen){.need = result->need,
                          .status = result->status,
                          .has_user = result->has_user,
                          .n_entries = result->n_entries};
    for (size_t i = 0; i < result->n_headers; i++) {
        const struct sspi_header *header = &result->headers[i];
        if (bytes_equal(header->name, SSPI_VIEW("Persistent-Auth")))
            snprintf(seen->persistent, sizeof seen->persistent, "%.*s", (int)header->value.len,
                     header->value.data);
        else if (seen->header[0] == '\0')
            snprintf(seen->header, sizeof seen->header, "%.*s", (int)header->value.len,
                     header->value.data);
    }
    if (result->variables[SSPI_VARIABLE_USER].data != NULL)
        snprintf(seen->user, sizeof seen->user, "%s", result->variables[SSPI_VARIABLE_USER].data);
    if (result->n_entries > 0)
        last_entry = result->entries[result->n_entries - 1];
}

static inline struct seen send_request(const struct sspi_request *request,
                                       const struct sspi_policy *policy)
{
    struct seen seen;
    struct sspi_exchange *exchange = sspi_exchange_new(acceptor, request);
    assert_non_null(exchange);
    keep(sspi_exchange_step(exchange, policy, SSPI_VIEW("realm")), &seen);
    sspi_exchange_free(exchange);
    return seen;
}

static inline struct seen get(const struct sspi_policy *policy)
{
    struct sspi_request request = bare_request();
    return send_request(&request, policy);
}

/* The value of Authorization. */
static inline void write_header(const struct bytes *token, struct bytes *ret_value)
{
    bytes_append_text(ret_value, "NTLM ");
    base64_encode(ret_value, bytes_as_view(token));
}

static inline struct seen get_with(const struct sspi_policy *policy, const struct bytes *token)
{
    BYTES_CLEANUP struct bytes value = {0};
    struct sspi_request request = bare_request();
    write_header(token, &value);
    request.authorization = bytes_as_view(&value);
    return send_request(&request, policy);
}

static inline void read_token(const struct seen *seen, struct bytes *ret_token)
{
    assert_int_equal(seen->status, 401);
    assert_memory_equal(seen->header, "NTLM ", 5);
    assert_int_equal(base64_decode(bytes_view(seen->header + 5), 2048, ret_token), BASE64_OK);
}

/* The last leg's token of a login. */
static inline void begin_login_to(const struct sspi_policy *policy, const char *nt_hash,
                                  const char *target, struct bytes *ret_last)
{
    BYTES_CLEANUP struct bytes negotiate = {0}, challenge = {0};
    struct client client = client_alice();
    client.nt_hash = nt_hash;
    client.target = target;
    client_negotiate(&client, &negotiate);
    struct seen seen = get_with(policy, &negotiate);
    read_token(&seen, &challenge);
    client_authenticate(&client, &crypto, bytes_as_view(&negotiate), bytes_as_view(&challenge),
                        ret_last, NULL);
}

static inline void begin_login(const struct sspi_policy *policy, const char *nt_hash,
                               struct bytes *ret_last)
{
    begin_login_to(policy, nt_hash, NULL, ret_last);
}

static inline struct seen log_in(const struct sspi_policy *policy)
{
    BYTES_CLEANUP struct bytes last = {0};
    begin_login(policy, HASH_OF_PASSWORD, &last);
    return get_with(policy, &last);
}

/* ---- a server, and a connection to it ---- */

static inline void write_users(char *template, const char *text)
{
    int fd = mkstemp(template);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static inline int fixture_setup(void **state)
{
    const struct sspi_acceptor_config config = {.server = SSPI_SERVER_NGINX};
    write_users(path, "Alice:Corp:NT:" HASH_OF_PASSWORD "\n");
    write_users(other_path, "Alice:Corp:NT:" HASH_OF_PASSWORD "\n");
    acceptor = sspi_acceptor_new(&config);
    struct sspi_policy policy = ntlm_policy();
    open_policy(&policy);
    return acceptor != NULL && ntlm_crypto_init(&crypto) ? 0 : -1;
}

static inline int fixture_teardown(void **state)
{
    sspi_acceptor_free(acceptor);
    ntlm_crypto_clear(&crypto);
    unlink(path);
    unlink(other_path);
    return 0;
}

static inline int connect_client(void **state)
{
    n_words = 0;
    connection = sspi_connection_new(acceptor);
    return connection != NULL ? 0 : -1;
}

static inline int disconnect_client(void **state)
{
    sspi_connection_free(connection);
    return 0;
}

#define ON_A_CONNECTION(test)                                                                      \
    cmocka_unit_test_setup_teardown(test, connect_client, disconnect_client)

#endif
