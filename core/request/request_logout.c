/* SPDX-License-Identifier: Apache-2.0 */
#include "request_logout.h"

#include "escape.h"
#include "request_answer.h"
#include "request_count.h"
#include "request_login.h"
#include "request_session.h"
#include "session_logout.h"
#include "store_revocations.h"

static enum sspi_reason refuse_cross_site(struct sspi_exchange *exchange,
                                          const struct sspi_logout *logout)
{
    char site[ESCAPE_VALUE_SIZE], origin[ESCAPE_VALUE_SIZE], host[ESCAPE_VALUE_SIZE];
    return request_exchange_log(exchange, SSPI_REASON_CROSS_SITE, SEC_E_OK,
                                "a page of another site asked for a logout: Origin is \"%s\", "
                                "Sec-Fetch-Site is \"%s\", and the request is for %s",
                                escape_text(origin, sizeof(origin), logout->origin),
                                escape_text(site, sizeof(site), logout->fetch_site),
                                escape_text(host, sizeof(host), exchange->request.authority));
}

static void log_logout(struct sspi_exchange *exchange, uint8_t scheme, uint8_t mech,
                       struct sspi_view name)
{
    char shown[ESCAPE_NAME_SIZE];
    (void)request_exchange_log(exchange, SSPI_REASON_LOGGED_OUT, SEC_E_OK, "%s%s logged out",
                               policy_identity_prefix(scheme, mech),
                               escape_text(shown, sizeof(shown), name));
}

/* Every cookie of the session has the same id, renewed ones too. False: the session may still be
 * used. */
static bool revoke(struct sspi_exchange *exchange, const struct request_session_facts *facts)
{
    acceptor_ccaches_remove_session(exchange->acceptor->ccaches, &exchange->acceptor->hashes,
                                    (struct sspi_view){(const char *)facts->id, sizeof(facts->id)});
    if (exchange->acceptor->state != NULL &&
        store_revocations_add(exchange->acceptor->state, facts->id, facts->login_ms, facts->end_ms))
        return true;
    (void)request_exchange_log(exchange, SSPI_REASON_INTERNAL, SEC_E_INTERNAL_ERROR,
                               "a session could not be revoked, because another process kept the "
                               "lock of the shared state");
    return false;
}

/* Ends the login of the connection. The session is more precise about the user, so this logs the
 * user only without one. */
static void end_login(struct sspi_exchange *exchange, bool has_session)
{
    const struct sspi_connection *connection = exchange->request.connection;
    if (connection == NULL || !connection->has_login)
        return;
    if (!has_session)
        log_logout(exchange, connection->login.scheme, connection->login.mech,
                   bytes_view(connection->login.name));
    request_login_end(exchange);
}

/* Ends each session of the request: a client may send several cookies of the name. False: one of
 * them could not be revoked. */
static bool end_sessions(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                         bool *ret_has_session)
{
    struct session_cookie_search search = {.rest = exchange->request.cookies};
    struct request_session_facts facts;
    bool all = true;
    *ret_has_session = false;
    while (request_session_next(exchange, policy, &search, &facts)) {
        bool revoked = revoke(exchange, &facts);
        if (revoked)
            log_logout(exchange, exchange->session.content.scheme, exchange->session.content.mech,
                       bytes_view(facts.name));
        all = all && revoked;
        *ret_has_session = true;
    }
    return all;
}

/* False: a session could not be revoked. */
static bool end_all(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    bool has_session;
    if (exchange->from_session)
        request_session_give_back(exchange); /* its user is in the content that is overwritten */
    bool revoked = end_sessions(exchange, policy, &has_session);
    end_login(exchange, has_session);
    request_session_clear(exchange, policy);
    return revoked;
}

/* RFC 9110 9.2.1: a safe method must not end a session, and other sites can cause such requests. */
static bool is_post(const struct sspi_exchange *exchange)
{
    return bytes_equal(exchange->request.method, SSPI_VIEW("POST"));
}

/* Returns the status of the answer. */
static unsigned log_out(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                        const struct sspi_logout *logout, struct bytes *location)
{
    if (!is_post(exchange))
        return 405;
    if (session_logout_is_cross_site(logout->fetch_site, logout->origin,
                                     exchange->request.authority))
        return request_count_status(refuse_cross_site(exchange, logout));
    if (!end_all(exchange, policy))
        return request_count_status(SSPI_REASON_INTERNAL);
    return session_logout_target(logout->query, location) ? 303 : 204;
}

const struct sspi_result *sspi_exchange_log_out(struct sspi_exchange *exchange,
                                                const struct sspi_policy *policy,
                                                const struct sspi_logout *logout)
{
    BYTES_CLEANUP struct bytes location = {0};
    struct sspi_policy with_sessions = *policy;
    with_sessions.session = true; /* the location itself needs none */
    request_exchange_begin_result(exchange);
    unsigned status = log_out(exchange, &with_sessions, logout, &location);
    struct sspi_view target =
        status == 303 ? bytes_as_view(&location) : (struct sspi_view){NULL, 0};
    if (location.failed || !request_answer_logged_out(exchange, status, target)) {
        request_exchange_drop_headers(exchange);
        exchange->result.status = request_count_status(SSPI_REASON_INTERNAL);
    }
    return &exchange->result;
}
