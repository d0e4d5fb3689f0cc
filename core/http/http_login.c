/* SPDX-License-Identifier: Apache-2.0 */
#include "http_login.h"

#include "clock.h"
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

void http_login_keep(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    struct sspi_connection *connection = exchange->request.connection;
    if (!http_login_may_stay(policy, &exchange->proof) ||
        !http_login_has_connection(exchange, policy))
        return;
    http_connection_log_out(connection);
    if (!http_proof_copy(&exchange->proof, &connection->login))
        return; /* it stays for this request alone */
    connection->has_login = true;
    connection->login_is_for_proxy = exchange->request.proxy;
    exchange->stays = true;
}

static bool has_ended(const struct http_proof *proof)
{
    const struct sspi_clock *clock = clock_machine();
    return proof->expiry_ms <= clock->now_ms(clock->self);
}

bool http_login_use(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                    const char **ret_why)
{
    struct sspi_connection *connection = exchange->request.connection;
    *ret_why = NULL;
    if (connection == NULL || !connection->has_login ||
        connection->login_is_for_proxy != exchange->request.proxy)
        return false;
    if (!http_login_has_connection(exchange, policy)) {
        *ret_why = "no proxy in between";
        return false;
    }
    if (has_ended(&connection->login)) {
        http_connection_log_out(connection);
        *ret_why = "a ticket that has not ended";
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
