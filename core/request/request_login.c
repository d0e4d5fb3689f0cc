/* SPDX-License-Identifier: Apache-2.0 */
#include "request_login.h"

#include "clock.h"
#include "escape.h"
#include "policy_check.h"
#include "policy_proxies.h"

bool request_login_has_connection(const struct sspi_exchange *exchange,
                                  const struct sspi_policy *policy)
{
    return exchange->request.connection != NULL &&
           !policy_proxies_between(&exchange->request, policy);
}

bool request_login_has_legs(const struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    return (exchange->request.connection != NULL || exchange->request.can_force_http1) &&
           !policy_proxies_between(&exchange->request, policy);
}

const char *request_login_protocol(const struct sspi_exchange *exchange)
{
    return exchange->request.http3 ? "HTTP/3" : "HTTP/2";
}

/* A login by a user file remembers its line. False: the line has changed since the login. */
static bool mark_user(const struct sspi_exchange *exchange, struct acceptor_user_mark *ret_mark)
{
    const struct policy_identity *identity = &exchange->identity;
    *ret_mark = (struct acceptor_user_mark){0};
    return !acceptor_user_mark_applies(identity) ||
           acceptor_user_mark_take(&exchange->acceptor->hashes, exchange->acceptor->mark_key,
                                   identity, exchange->users_generation, ret_mark);
}

void request_login_keep(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    struct sspi_connection *connection = exchange->request.connection;
    struct acceptor_user_mark mark;
    if (!policy_check_persistent(policy, &exchange->identity) ||
        !request_login_has_connection(exchange, policy))
        return;
    request_connection_log_out(connection);
    if (!mark_user(exchange, &mark) ||
        !policy_identity_copy(&exchange->identity, &connection->login))
        return; /* the login is only for this request */
    connection->has_login = true;
    connection->login_began_ms = clock_machine_steady_ms();
    connection->login_mark = mark;
    if (exchange->delegation.login != NULL)
        connection->login_delegated = request_delegated_ref(exchange->delegation.login);
    connection->login_is_for_proxy = exchange->request.proxy;
    exchange->persistent = true;
}

bool request_login_is_by(const struct sspi_exchange *exchange, const struct acceptor_source *users)
{
    const struct sspi_connection *connection = exchange->request.connection;
    return connection != NULL && connection->has_login && users != NULL &&
           connection->login.source == users && acceptor_user_mark_applies(&connection->login);
}

uint64_t request_login_age_ms(const struct sspi_exchange *exchange)
{
    return clock_machine_steady_ms() - exchange->request.connection->login_began_ms;
}

/* Returns why the connection's login has ended (static text). NULL: it has not ended. */
static const char *find_end(const struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    struct sspi_connection *connection = exchange->request.connection;
    const struct clock *clock = clock_machine();
    if (connection->login.expiry_ms <= clock->now_ms(clock->self))
        return "its ticket has expired";
    if (policy_check_is_too_old(policy, request_login_age_ms(exchange)))
        return "the lifetime of logins on connections has passed";
    if (!acceptor_user_mark_applies(&connection->login))
        return NULL;
    switch (acceptor_user_mark_check(&exchange->acceptor->hashes, exchange->acceptor->mark_key,
                                     &connection->login, &connection->login_mark)) {
    case ACCEPTOR_USER_MARK_RIGHT:
        return NULL;
    case ACCEPTOR_USER_MARK_GONE:
        return "its user is no longer in the user file";
    case ACCEPTOR_USER_MARK_CHANGED:
    default:
        return "the password of its user was changed in the user file";
    }
}

/* True if the login has ended, which is logged once. */
static bool end_if_over(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    const char *end = find_end(exchange, policy);
    char shown[ESCAPE_NAME_SIZE];
    if (end == NULL)
        return false;
    (void)request_exchange_log(
        exchange, SSPI_REASON_LOGIN_ENDED, SEC_E_OK,
        "the login of %s on its connection has ended: %s",
        escape_text(shown, sizeof(shown), bytes_view(exchange->request.connection->login.name)),
        end);
    request_connection_log_out(exchange->request.connection);
    return true;
}

bool request_login_take(struct sspi_exchange *exchange, const struct sspi_policy *policy,
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
    if (!policy_identity_copy(&connection->login, &exchange->identity)) {
        *ret_why = "a copy of that login, for which there is no memory";
        return false;
    }
    exchange->from_connection = true;
    return true;
}

void request_login_give_back(struct sspi_exchange *exchange)
{
    exchange->from_connection = false;
    policy_identity_clear(&exchange->identity);
}

void request_login_note_negotiate(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                                  bool has_failed)
{
    exchange->negotiate_failed = has_failed;
    if (request_login_has_connection(exchange, policy))
        exchange->request.connection->negotiate_failed[exchange->request.proxy] = has_failed;
}

bool request_login_has_failed(const struct sspi_exchange *exchange,
                              const struct sspi_policy *policy)
{
    return exchange->negotiate_failed ||
           (request_login_has_connection(exchange, policy) &&
            exchange->request.connection->negotiate_failed[exchange->request.proxy]);
}

void request_login_end(struct sspi_exchange *exchange)
{
    if (exchange->request.connection != NULL)
        request_connection_log_out(exchange->request.connection);
}
