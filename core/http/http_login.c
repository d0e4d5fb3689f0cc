/* SPDX-License-Identifier: Apache-2.0 */
#include "http_login.h"

#include "clock.h"
#include "escape.h"
#include "http_judge.h"
#include "http_options.h"
#include "http_proxies.h"

bool http_login_has_connection(const struct sspi_exchange *exchange,
                               const struct sspi_policy *policy)
{
    return exchange->request.connection != NULL &&
           !http_proxies_between(&exchange->request, policy);
}

bool http_login_has_legs(const struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    return (exchange->request.connection != NULL || exchange->request.can_force_http1) &&
           !http_proxies_between(&exchange->request, policy);
}

bool http_login_may_stay(const struct sspi_policy *policy, const struct http_proof *proof)
{
    switch (sspi_policy_number(policy, SSPI_OPTION_CONNECTION_AUTH)) {
    case HTTP_CONNECTION_AUTH_NTLM:
        return proof->runs == HTTP_MECHANISM_NTLM;
    case HTTP_CONNECTION_AUTH_ALL:
        return proof->runs != 0; /* Digest's client sends its credentials with every request */
    }
    return false;
}

/* A login by a user file remembers its line. False: the line has changed since the login. */
static bool mark_user(const struct sspi_exchange *exchange, struct http_user_mark *ret_mark)
{
    const struct http_proof *proof = &exchange->proof;
    *ret_mark = (struct http_user_mark){0};
    return !http_user_mark_applies(proof) ||
           http_user_mark_take(&exchange->acceptor->hashes, exchange->acceptor->mark_key, proof,
                               exchange->users_generation, ret_mark);
}

void http_login_keep(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    struct sspi_connection *connection = exchange->request.connection;
    const struct clock *clock = clock_machine();
    struct http_user_mark mark;
    if (!http_login_may_stay(policy, &exchange->proof) ||
        !http_login_has_connection(exchange, policy))
        return;
    http_connection_log_out(connection);
    if (!mark_user(exchange, &mark) || !http_proof_copy(&exchange->proof, &connection->login))
        return; /* it stays for this request alone */
    connection->has_login = true;
    connection->login_began_ms = clock->steady_ms(clock->self);
    connection->login_mark = mark;
    connection->login_is_for_proxy = exchange->request.proxy;
    exchange->stays = true;
}

bool http_login_is_by(const struct sspi_exchange *exchange, const struct http_resource *users)
{
    const struct sspi_connection *connection = exchange->request.connection;
    return connection != NULL && connection->has_login && users != NULL &&
           connection->login.resource == users && http_user_mark_applies(&connection->login);
}

bool http_login_is_too_old(const struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    const struct sspi_connection *connection = exchange->request.connection;
    const struct clock *clock = clock_machine();
    uint64_t lifetime_ms = sspi_policy_number(policy, SSPI_OPTION_CONNECTION_LIFETIME) * 1000;
    return clock->steady_ms(clock->self) - connection->login_began_ms >= lifetime_ms;
}

/* Returns why the connection's login has ended (static text). NULL: it has not ended. */
static const char *find_end(const struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    struct sspi_connection *connection = exchange->request.connection;
    const struct clock *clock = clock_machine();
    if (connection->login.expiry_ms <= clock->now_ms(clock->self))
        return "its ticket has expired";
    if (http_login_is_too_old(exchange, policy))
        return "the lifetime of logins on connections has passed";
    if (!http_user_mark_applies(&connection->login))
        return NULL;
    switch (http_user_mark_check(&exchange->acceptor->hashes, exchange->acceptor->mark_key,
                                 &connection->login, &connection->login_mark)) {
    case HTTP_USER_MARK_RIGHT:
        return NULL;
    case HTTP_USER_MARK_GONE:
        return "its user is no longer in the user file";
    case HTTP_USER_MARK_CHANGED:
    default:
        return "the password of its user was changed in the user file";
    }
}

/* True if the login has ended, which is logged once. */
static bool end_if_over(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    const char *end = find_end(exchange, policy);
    char shown[160];
    if (end == NULL)
        return false;
    http_messages_write(
        http_exchange_record(exchange), HTTP_MESSAGE_LOGIN_ENDED, SEC_E_OK,
        "the login of %s on its connection has ended: %s",
        escape_text(shown, sizeof(shown), bytes_view(exchange->request.connection->login.name)),
        end);
    http_connection_log_out(exchange->request.connection);
    return true;
}

bool http_login_use(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                    const char **ret_why)
{
    struct sspi_connection *connection = exchange->request.connection;
    *ret_why = NULL;
    if (connection == NULL || !connection->has_login ||
        connection->login_is_for_proxy != exchange->request.proxy)
        return false;
    if (end_if_over(exchange, policy)) {
        *ret_why = "one that has not ended";
        return false;
    }
    if (!http_proof_copy(&connection->login, &exchange->proof)) {
        *ret_why = "memory";
        return false;
    }
    exchange->kept = true;
    if (http_judge_covers(exchange, policy, ret_why))
        return true;
    exchange->kept = false;
    http_proof_free(&exchange->proof);
    return false;
}

void http_login_end(struct sspi_exchange *exchange)
{
    if (exchange->request.connection != NULL)
        http_connection_log_out(exchange->request.connection);
}
