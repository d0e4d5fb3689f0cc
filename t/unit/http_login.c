/* SPDX-License-Identifier: Apache-2.0 */
/* Exchanges of several legs on a connection, and logins that stay there: the acceptor as adapters
 * call it, with NTLM over a user file. */
#include "ntlm_client.h"

#include <unistd.h>

#include "base64.h"
#include "http_connection.h"
#include "http_options.h"

#define PEER SSPI_VIEW("192.0.2.7")

static char path[] = "/tmp/http_login.XXXXXX";
static char other_path[] = "/tmp/http_login.XXXXXX";
static struct sspi_acceptor *acceptor;
static struct sspi_connection *connection;
static struct ntlm_crypto crypto;
static char error[SSPI_ERROR_SIZE];
static struct sspi_record last_record;

/* ---- policies ---- */

#define WORDS_LIMIT 32
static struct sspi_view words[WORDS_LIMIT];
static size_t n_words;

static void set(struct sspi_policy *policy, enum sspi_option option, const char *value)
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

static struct sspi_policy ntlm_policy(void)
{
    struct sspi_policy policy = {0};
    set(&policy, SSPI_OPTION_MODE, "on");
    set(&policy, SSPI_OPTION_PACKAGES, "NTLM");
    set(&policy, SSPI_OPTION_MECHANISMS, "ntlm");
    set(&policy, SSPI_OPTION_NTLM_USER_FILE, path);
    return policy;
}

static void open_policy(const struct sspi_policy *policy)
{
    if (!sspi_acceptor_open(acceptor, policy, true, false, error))
        fail_msg("%s", error);
}

/* ---- requests ---- */

/* What is kept of a request's answer. */
struct seen {
    enum sspi_verdict verdict;
    char header[2048]; /* its first line's value */
    char user[64];
    char persistent[8];
};

static struct sspi_request bare_request(void)
{
    return (struct sspi_request){.method = SSPI_VIEW("GET"),
                                 .target = SSPI_VIEW("/"),
                                 .connection = connection,
                                 .peer = PEER};
}

static void keep(const struct sspi_result *result, struct seen *seen)
{
    *seen = (struct seen){.verdict = result->verdict};
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
    if (result->n_records > 0)
        last_record = result->records[result->n_records - 1];
}

static struct seen send_request(const struct sspi_request *request,
                                const struct sspi_policy *policy)
{
    struct seen seen;
    struct sspi_exchange *exchange = sspi_exchange_new(acceptor, request);
    assert_non_null(exchange);
    keep(sspi_exchange_step(exchange, policy, SSPI_VIEW("realm")), &seen);
    sspi_exchange_free(exchange);
    return seen;
}

static struct seen get(const struct sspi_policy *policy)
{
    struct sspi_request request = bare_request();
    return send_request(&request, policy);
}

static struct seen get_with(const struct sspi_policy *policy, const struct bytes *token)
{
    BYTES_CLEANUP struct bytes value = {0};
    struct sspi_request request = bare_request();
    bytes_append_text(&value, "NTLM ");
    base64_encode(&value, bytes_as_view(token));
    request.authorization = bytes_as_view(&value);
    return send_request(&request, policy);
}

static void read_token(const struct seen *seen, struct bytes *ret_token)
{
    assert_int_equal(seen->verdict, SSPI_CHALLENGE);
    assert_memory_equal(seen->header, "NTLM ", 5);
    assert_int_equal(base64_decode(bytes_view(seen->header + 5), 2048, ret_token), BASE64_OK);
}

/* The last leg's token of a login. */
static void begin_login(const struct sspi_policy *policy, const char *nt_hash,
                        struct bytes *ret_last)
{
    BYTES_CLEANUP struct bytes negotiate = {0}, challenge = {0};
    struct client client = client_alice();
    client.nt_hash = nt_hash;
    client_negotiate(&client, &negotiate);
    struct seen seen = get_with(policy, &negotiate);
    read_token(&seen, &challenge);
    client_authenticate(&client, &crypto, bytes_as_view(&negotiate), bytes_as_view(&challenge),
                        ret_last, NULL);
}

static struct seen log_in(const struct sspi_policy *policy)
{
    BYTES_CLEANUP struct bytes last = {0};
    begin_login(policy, HASH_OF_PASSWORD, &last);
    return get_with(policy, &last);
}

/* ---- tests ---- */

static void write_users(char *template, const char *text)
{
    int fd = mkstemp(template);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static int make_site(void **state)
{
    const struct sspi_acceptor_config config = {.server = SSPI_SERVER_NGINX};
    write_users(path, "Alice:Corp:NT:" HASH_OF_PASSWORD "\n");
    write_users(other_path, "Alice:Corp:NT:" HASH_OF_PASSWORD "\n");
    acceptor = sspi_acceptor_new(&config);
    struct sspi_policy policy = ntlm_policy();
    open_policy(&policy);
    return acceptor != NULL && ntlm_crypto_open(&crypto) ? 0 : -1;
}

static int end_site(void **state)
{
    sspi_acceptor_free(acceptor);
    ntlm_crypto_close(&crypto);
    unlink(path);
    unlink(other_path);
    return 0;
}

static int connect_client(void **state)
{
    n_words = 0;
    connection = sspi_connection_new(acceptor);
    return connection != NULL ? 0 : -1;
}

static int disconnect_client(void **state)
{
    sspi_connection_free(connection);
    return 0;
}

static void a_login_stays_on_its_connection(void **state)
{
    struct sspi_policy policy = ntlm_policy();
    struct seen seen = log_in(&policy);
    assert_int_equal(seen.verdict, SSPI_GRANTED);
    assert_string_equal(seen.user, "Corp\\Alice");
    assert_string_equal(seen.persistent, "true");
    for (int i = 0; i < 3; i++) {
        seen = get(&policy);
        assert_int_equal(seen.verdict, SSPI_GRANTED);
        assert_string_equal(seen.user, "Corp\\Alice");
        assert_string_equal(seen.persistent, ""); /* nothing was sent that it could be about */
    }
    struct sspi_connection *first = connection;
    connection = sspi_connection_new(acceptor);
    assert_int_equal(get(&policy).verdict, SSPI_CHALLENGE);
    sspi_connection_free(connection);
    connection = first;
}

static void each_policy_judges_it(void **state)
{
    static const struct {
        enum sspi_option option;
        const char *value;
        bool covered;
    } cases[] = {
        {SSPI_OPTION_USER_NAME, "short", true},
        {SSPI_OPTION_CONNECTION_AUTH, "all", true},
        {SSPI_OPTION_CONNECTION_AUTH, "off", false},
        {SSPI_OPTION_NTLM_USER_FILE, other_path, false},
        {SSPI_OPTION_CHANNEL_BINDING, "require", false},
        {SSPI_OPTION_CHANNEL_BINDING, "none", true},
        {SSPI_OPTION_PROXIES, "192.0.2.0/24", false},
        {SSPI_OPTION_PROXIES, "198.51.100.0/24", true},
    };
    struct sspi_policy policy = ntlm_policy();
    assert_int_equal(log_in(&policy).verdict, SSPI_GRANTED);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sspi_policy inner = {0};
        set(&inner, cases[i].option, cases[i].value);
        sspi_policy_merge(&inner, &policy, &inner);
        open_policy(&inner);
        struct seen seen = get(&inner);
        if ((seen.verdict == SSPI_GRANTED) != cases[i].covered)
            fail_msg("%s %s: verdict %d",
                     sspi_option_info(cases[i].option)->name[SSPI_SERVER_NGINX], cases[i].value,
                     (int)seen.verdict);
    }
    assert_int_equal(get(&policy).verdict, SSPI_GRANTED); /* none of them ended it */
}

static void what_does_not_count_is_nobody_where_nobody_passes(void **state)
{
    struct sspi_policy policy = ntlm_policy(), inner = {0};
    assert_int_equal(log_in(&policy).verdict, SSPI_GRANTED);
    set(&inner, SSPI_OPTION_MODE, "optional");
    sspi_policy_merge(&inner, &policy, &inner);
    assert_int_equal(get(&inner).verdict, SSPI_GRANTED);
    set(&inner, SSPI_OPTION_CONNECTION_AUTH, "off");
    assert_int_equal(get(&inner).verdict, SSPI_ANONYMOUS);
}

static void new_credentials_end_it(void **state)
{
    BYTES_CLEANUP struct bytes last = {0};
    struct sspi_policy policy = ntlm_policy();
    assert_int_equal(log_in(&policy).verdict, SSPI_GRANTED);
    begin_login(&policy, HASH_OF_OTHER, &last);
    assert_int_equal(get(&policy).verdict, SSPI_CHALLENGE);
    assert_int_equal(get_with(&policy, &last).verdict, SSPI_CHALLENGE);
    assert_non_null(strstr(last_record.text, "wrong password"));
    assert_int_equal(get(&policy).verdict, SSPI_CHALLENGE);
    assert_int_equal(log_in(&policy).verdict, SSPI_GRANTED);
    struct sspi_request request = bare_request();
    request.authorization = SSPI_VIEW("Basic eDp5");
    assert_int_equal(send_request(&request, &policy).verdict, SSPI_CHALLENGE);
    assert_int_equal(get(&policy).verdict, SSPI_CHALLENGE);
}

static void it_ends_with_its_ticket(void **state)
{
    struct sspi_policy policy = ntlm_policy();
    const struct sspi_clock *clock = clock_machine();
    assert_int_equal(log_in(&policy).verdict, SSPI_GRANTED);
    connection->login.expiry_ms = clock->now_ms(clock->self) + 60000;
    assert_int_equal(get(&policy).verdict, SSPI_GRANTED);
    connection->login.expiry_ms = clock->now_ms(clock->self);
    assert_int_equal(get(&policy).verdict, SSPI_CHALLENGE);
    assert_false(connection->has_login);
}

static void it_is_not_told_where_it_does_not_stay(void **state)
{
    struct sspi_policy policy = ntlm_policy();
    set(&policy, SSPI_OPTION_CONNECTION_AUTH, "off");
    struct seen seen = log_in(&policy);
    assert_int_equal(seen.verdict, SSPI_GRANTED);
    assert_string_equal(seen.persistent, "false");
    assert_int_equal(get(&policy).verdict, SSPI_CHALLENGE);
}

static void a_login_to_a_forward_proxy_is_another(void **state)
{
    struct sspi_policy policy = ntlm_policy();
    struct sspi_request request = bare_request();
    assert_int_equal(log_in(&policy).verdict, SSPI_GRANTED);
    request.proxy = true;
    assert_int_equal(send_request(&request, &policy).verdict, SSPI_CHALLENGE);
    assert_int_equal(get(&policy).verdict, SSPI_GRANTED);
}

static void through_a_proxy_nothing_is_made_or_used(void **state)
{
    BYTES_CLEANUP struct bytes negotiate = {0}, value = {0}, last = {0};
    struct client client = client_alice();
    struct sspi_policy policy = ntlm_policy();
    struct sspi_request request = bare_request();
    assert_int_equal(log_in(&policy).verdict, SSPI_GRANTED);
    request.forwarded = true;
    struct seen seen = send_request(&request, &policy);
    assert_int_equal(seen.verdict, SSPI_CHALLENGE);
    assert_string_equal(seen.header, ""); /* nothing can be offered */
    client_negotiate(&client, &negotiate);
    bytes_append_text(&value, "NTLM ");
    base64_encode(&value, bytes_as_view(&negotiate));
    request.authorization = bytes_as_view(&value);
    seen = send_request(&request, &policy);
    assert_int_equal(seen.verdict, SSPI_CHALLENGE);
    assert_string_equal(seen.header, "");
    assert_false(connection->has_partial);
    /* An exchange begun without one is not ended through one. */
    begin_login(&policy, HASH_OF_PASSWORD, &last);
    assert_true(connection->has_partial);
    bytes_free(&value);
    bytes_append_text(&value, "NTLM ");
    base64_encode(&value, bytes_as_view(&last));
    request.authorization = bytes_as_view(&value);
    assert_int_equal(send_request(&request, &policy).verdict, SSPI_CHALLENGE);
    assert_non_null(strstr(last_record.text, "SSPI-130"));
    assert_int_equal(get(&policy).verdict, SSPI_CHALLENGE);
}

static void legs_may_not_take_too_long(void **state)
{
    BYTES_CLEANUP struct bytes last = {0}, again = {0};
    struct sspi_policy policy = ntlm_policy();
    begin_login(&policy, HASH_OF_PASSWORD, &last);
    connection->began_ms -= HTTP_CONNECTION_EXCHANGE_MS - 1000;
    assert_int_equal(get_with(&policy, &last).verdict, SSPI_GRANTED);
    begin_login(&policy, HASH_OF_PASSWORD, &again);
    connection->began_ms -= HTTP_CONNECTION_EXCHANGE_MS + 1;
    assert_int_equal(get_with(&policy, &again).verdict, SSPI_CHALLENGE);
    assert_non_null(strstr(last_record.text, "took too long"));
    assert_false(connection->has_partial);
}

static void a_busy_connection_keeps_no_late_exchange(void **state)
{
    BYTES_CLEANUP struct bytes last = {0};
    struct sspi_policy policy = ntlm_policy();
    begin_login(&policy, HASH_OF_PASSWORD, &last);
    assert_int_equal(get(&policy).verdict, SSPI_CHALLENGE);
    assert_true(connection->has_partial);
    connection->began_ms -= HTTP_CONNECTION_EXCHANGE_MS + 1;
    assert_int_equal(get(&policy).verdict, SSPI_CHALLENGE);
    assert_false(connection->has_partial);
}

static void ntlm_as_a_scheme_needs_the_mechanism(void **state)
{
    struct sspi_policy policy = {0};
    set(&policy, SSPI_OPTION_MODE, "on");
    set(&policy, SSPI_OPTION_PACKAGES, "NTLM");
    assert_false(sspi_acceptor_open(acceptor, &policy, true, false, error));
    assert_string_equal(error, "sspi_packages lists NTLM, which needs ntlm in sspi_mechanisms");
    assert_int_equal(get(&policy).verdict, SSPI_ERROR);
    assert_non_null(strstr(last_record.text, "SSPI-210"));
}

#define ON_A_CONNECTION(test)                                                                      \
    cmocka_unit_test_setup_teardown(test, connect_client, disconnect_client)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_CONNECTION(a_login_stays_on_its_connection),
        ON_A_CONNECTION(each_policy_judges_it),
        ON_A_CONNECTION(what_does_not_count_is_nobody_where_nobody_passes),
        ON_A_CONNECTION(new_credentials_end_it),
        ON_A_CONNECTION(it_ends_with_its_ticket),
        ON_A_CONNECTION(it_is_not_told_where_it_does_not_stay),
        ON_A_CONNECTION(a_login_to_a_forward_proxy_is_another),
        ON_A_CONNECTION(through_a_proxy_nothing_is_made_or_used),
        ON_A_CONNECTION(legs_may_not_take_too_long),
        ON_A_CONNECTION(a_busy_connection_keeps_no_late_exchange),
        ON_A_CONNECTION(ntlm_as_a_scheme_needs_the_mechanism),
    };
    return cmocka_run_group_tests(tests, make_site, end_site);
}
