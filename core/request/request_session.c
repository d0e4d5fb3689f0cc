/* SPDX-License-Identifier: Apache-2.0 */
#include "request_session.h"

#include <assert.h>
#include <string.h>

#include "acceptor_state.h"
#include "base64.h"
#include "clock.h"
#include "escape.h"
#include "kerberos_keytab.h"
#include "ntlm_winbind.h"
#include "policy.h"
#include "policy_cookie.h"
#include "request_check.h"
#include "request_login.h"
#include "store_revocations.h"
#include "store_source.h"

/* Of the content and of the associated data. A new version is another seal. */
#define FORMAT_VERSION '1'

/* ---- scope ---- */

/* The name of the host, or of all hosts of the attribute Domain (RFC 6265 5.2.3: without a dot in
 * front). */
static size_t host_of(const struct sspi_exchange *exchange, const struct session_cookie *cookie,
                      char ret_host[SESSION_HOST_LIMIT])
{
    struct sspi_view host = cookie->domain.len > 0 ? cookie->domain : exchange->request.authority;
    if (cookie->domain.len > 0 && host.data[0] == '.')
        host = (struct sspi_view){host.data + 1, host.len - 1};
    return session_host_of(host, ret_host);
}

/* A cookie's name and a host hold no NUL. */
static bool write_associated(const struct sspi_exchange *exchange,
                             struct request_session_scope *scope)
{
    struct sspi_view name = scope->cookie.name;
    char *at = scope->associated;
    if (name.len == 0 || name.len > POLICY_COOKIE_LIMIT)
        return false;
    memcpy(at, name.data, name.len);
    at += name.len;
    *at++ = '\0';
    size_t host_len = host_of(exchange, &scope->cookie, at);
    at += host_len;
    *at++ = '\0';
    *at++ = FORMAT_VERSION;
    scope->associated_len = (size_t)(at - scope->associated);
    return host_len > 0;
}

bool request_session_scope_of(const struct sspi_exchange *exchange,
                              const struct sspi_policy *policy,
                              struct request_session_scope *ret_scope)
{
    const struct sspi_request *request = &exchange->request;
    const struct clock *clock = clock_machine();
    if (!policy->session || request->proxy || (policy->session_require_tls && !request->tls))
        return false;
    ret_scope->keys = acceptor_keys(exchange->acceptor, policy);
    session_cookie_of(policy, request->tls, &ret_scope->cookie);
    ret_scope->now_ms = clock->now_ms(clock->self);
    if (ret_scope->keys == NULL)
        return false;
    ret_scope->keys_generation = store_source_generation(store_keys_source(ret_scope->keys));
    return write_associated(exchange, ret_scope);
}

static struct sspi_view associated_of(const struct request_session_scope *scope)
{
    return (struct sspi_view){scope->associated, scope->associated_len};
}

static struct request_opening opening_of(const struct request_session_scope *scope,
                                         struct sspi_view value)
{
    return (struct request_opening){scope->keys, scope->keys_generation, associated_of(scope),
                                    value};
}

/* ---- the cookie that the connection keeps ---- */

/* Uses it if it is this one. False: the exchange has to open the cookie. */
static bool take_opened(struct sspi_exchange *exchange, const struct request_session_scope *scope,
                        struct sspi_view value)
{
    struct request_session *session = &exchange->session;
    const struct sspi_connection *connection = exchange->request.connection;
    const struct request_opening opening = opening_of(scope, value);
    request_opened_cookie_unref(session->opened);
    session->opened = NULL;
    if (connection == NULL || connection->cookie == NULL ||
        !request_opened_cookie_is(connection->cookie, &opening))
        return false;
    session->opened = request_opened_cookie_ref(connection->cookie);
    session->octets = request_opened_cookie_octets(session->opened);
    session->content = session->opened->content;
    return true;
}

static_assert(sizeof(struct request_opened_cookie) + REQUEST_SESSION_ASSOCIATED_LIMIT +
                      REQUEST_SESSION_VALUE_LIMIT + REQUEST_SESSION_CONTENT_LIMIT <=
                  REQUEST_OPENED_COOKIE_LIMIT,
              "the parts are not longer than those of an opening");

/* Keeps a good cookie for the next request of the client. Behind a proxy the requests of many
 * clients take turns, so that this would only cost time. */
static void keep_opened(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                        const struct request_session_scope *scope, struct sspi_view value)
{
    const struct request_session *session = &exchange->session;
    const struct request_opening opening = opening_of(scope, value);
    if (session->opened == NULL && request_login_has_connection(exchange, policy))
        request_connection_keep_cookie(
            exchange->request.connection,
            request_opened_cookie_new(&opening,
                                      (struct sspi_view){session->octets, session->octets_len}));
}

/* ---- seal ---- */

/* Reads the value into exchange->session.content. */
static enum request_session_verdict unseal(struct sspi_exchange *exchange,
                                           const struct request_session_scope *scope,
                                           struct sspi_view value, const char **ret_why)
{
    struct request_session *session = &exchange->session;
    char sealed[REQUEST_SESSION_SEALED_LIMIT];
    size_t sealed_len = value.len / 4 * 3 + (value.len % 4 > 1 ? value.len % 4 - 1 : 0);
    *ret_why = NULL;
    if (take_opened(exchange, scope, value))
        return REQUEST_SESSION_GOOD;
    if (value.len > REQUEST_SESSION_VALUE_LIMIT || !base64_url_decode(value, sealed, sealed_len))
        return REQUEST_SESSION_ALTERED;
    session->octets = exchange->session_octets;
    switch (store_seal_open(scope->keys, STORE_KEY_SESSION, associated_of(scope),
                            (struct sspi_view){sealed, sealed_len}, session->octets,
                            sizeof(exchange->session_octets), &session->octets_len)) {
    case STORE_SEAL_OK:
        return session_content_decode((struct sspi_view){session->octets, session->octets_len},
                                      &session->content)
                   ? REQUEST_SESSION_GOOD
                   : REQUEST_SESSION_ALTERED;
    case STORE_SEAL_UNKNOWN_KEY:
        *ret_why = "a session by one of this server's keys";
        return REQUEST_SESSION_IGNORED;
    case STORE_SEAL_FAILED:
        *ret_why = "a session that the server could open";
        return REQUEST_SESSION_IGNORED;
    case STORE_SEAL_ALTERED:
    case STORE_SEAL_MALFORMED:
        break;
    }
    return REQUEST_SESSION_ALTERED;
}

/* ---- sources ---- */

/* Returns the static name of the mechanism, as the package that verified the login reported it. */
static const char *mechanism_of(const struct session_content *content)
{
    if (content->mech == SSPI_MECH_KERBEROS)
        return kerberos_package.about.Name;
    return content->mech == SSPI_MECH_NTLM ? ntlm_package.about.Name
                                           : hash_name(hash_from_name(content->algorithm));
}

/* The text lies in the octets, and a NUL stands behind it. */
static char *text_of(const struct request_session *session, struct sspi_view text)
{
    return text.data == NULL ? NULL : session->octets + (text.data - session->octets);
}

/* Returns an identity that borrows the octets of the session. */
static struct policy_identity identity_of(const struct sspi_exchange *exchange,
                                          const struct acceptor_source *source)
{
    const struct request_session *session = &exchange->session;
    const struct session_content *content = &session->content;
    return (struct policy_identity){
        .scheme = content->scheme,
        .mech = content->mech,
        .name = text_of(session, content->name),
        .realm = text_of(session, content->realm),
        .target = text_of(session, content->target),
        .target_proven = content->target_proven,
        .mechanism = mechanism_of(content),
        .source = source,
        .integrity = content->integrity,
        .expiry_ms = content->expiry_ms,
        .user_sid = content->user_sid,
        .groups = content->groups.len > 0 ? text_of(session, content->groups) : NULL,
        .groups_len = content->groups.len,
        .sam_name = text_of(session, content->sam_name),
        .upn = text_of(session, content->upn),
        .is_foreign = content->is_foreign,
        .groups_incomplete = content->groups_incomplete,
        .is_borrowed = true,
    };
}

/* Writes the SID of winbind's domain, as far as winbind has said it. */
static const struct sid *domain_of(const struct acceptor_source *source,
                                   struct ntlm_winbind_names *names)
{
    return source->winbind != NULL && ntlm_winbind_names(source->winbind, names)
               ? &names->domain_sid
               : NULL;
}

bool request_session_audience(const struct sspi_exchange *exchange,
                              const struct sspi_policy *policy, uint8_t mech,
                              const struct acceptor_source *source,
                              struct session_audience *ret_audience)
{
    struct ntlm_winbind_names names;
    if (source == NULL)
        return false;
    const struct session_audience_facts facts = {
        .configured = policy_session_audience(policy),
        .mech = mech,
        .realm = exchange->realm,
        .path = source->users != NULL ? bytes_view(source->name) : (struct sspi_view){NULL, 0},
        .domain = domain_of(source, &names),
    };
    return session_audience_of(&facts, &exchange->acceptor->hashes, ret_audience);
}

static bool has_audience(const struct sspi_exchange *exchange, const struct sspi_policy *policy,
                         const struct session_content *content,
                         const struct acceptor_source *source)
{
    struct session_audience audience;
    return request_session_audience(exchange, policy, content->mech, source, &audience) &&
           bytes_equal(content->audience, (struct sspi_view){audience.text, audience.len});
}

/* A login by Kerberos proved a service. A location that has its key would have verified the login
 * itself. */
static bool has_service(const struct session_content *content, const struct acceptor_source *source)
{
    return content->mech != SSPI_MECH_KERBEROS ||
           (content->target_proven &&
            kerberos_keytab_has_principal(source->keytab, content->target));
}

static enum request_session_verdict check_location(const struct sspi_exchange *exchange,
                                                   const struct sspi_policy *policy,
                                                   const struct acceptor_source *source,
                                                   const char **ret_why)
{
    const struct session_content *content = &exchange->session.content;
    *ret_why = "a session of another audience";
    if (content->over_tls != exchange->request.tls)
        *ret_why = content->over_tls ? "a session over plain HTTP" : "a session over TLS";
    else if (has_audience(exchange, policy, content, source) &&
             content->has_fingerprint == (source->users != NULL)) {
        *ret_why = "another keytab";
        if (has_service(content, source))
            return REQUEST_SESSION_GOOD;
    }
    return REQUEST_SESSION_IGNORED;
}

/* ---- end ---- */

/* Returns why the user file does not know the login any more (static text). NULL: it does, or the
 * login is not of a user file. */
static const char *check_user(struct sspi_exchange *exchange, struct store_keys *keys,
                              const struct acceptor_source *source)
{
    const struct session_content *content = &exchange->session.content;
    const struct policy_identity identity = identity_of(exchange, source);
    uint8_t hash[STORE_USERS_HASH_MAX];
    if (!content->has_fingerprint)
        return NULL;
    size_t len = acceptor_user_mark_find(&identity, hash);
    bool same =
        len > 0 && store_seal_is_fingerprint(keys, (struct sspi_view){(const char *)hash, len},
                                             content->fingerprint);
    bytes_wipe(hash, sizeof(hash));
    if (len == 0)
        return "its user is no longer in the user file";
    return same ? NULL : "the password of its user was changed in the user file, or a key is gone";
}

static const char *check_life(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                              uint64_t now_ms)
{
    enum session_life life = session_life_of(&exchange->session.content, policy->session_lifetime_s,
                                             policy->session_maximum_s, now_ms);
    exchange->session.renews = life == SESSION_LIFE_RENEWED;
    switch (life) {
    case SESSION_LIFE_GOOD:
    case SESSION_LIFE_RENEWED:
        return NULL;
    case SESSION_LIFE_IDLE:
        return "no request came for the lifetime of sessions";
    case SESSION_LIFE_MAXIMUM:
        return "its login is older than the maximum of sessions";
    case SESSION_LIFE_END:
        return "its ticket has expired, or its maximum has passed";
    case SESSION_LIFE_FUTURE:
    default:
        return "it was made later than now: compare the clocks of the hosts that share its key";
    }
}

static const char *check_revoked(const struct sspi_exchange *exchange, uint64_t now_ms)
{
    const struct session_content *content = &exchange->session.content;
    struct sspi_state *state = exchange->acceptor->state;
    return state != NULL && store_revocations_has(state, content->id, content->login_ms, now_ms)
               ? "its user logged out"
               : NULL;
}

/* Returns why the session has ended (static text). NULL: it has not. */
static const char *find_end(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                            const struct request_session_scope *scope,
                            const struct acceptor_source *source)
{
    const char *end = check_life(exchange, policy, scope->now_ms);
    if (end == NULL)
        end = check_revoked(exchange, scope->now_ms);
    return end == NULL ? check_user(exchange, scope->keys, source) : end;
}

/* ---- opening ---- */

static_assert(SESSION_CONTENT_FINGERPRINT_LEN == STORE_SEAL_FINGERPRINT_SIZE &&
                  SESSION_CONTENT_ID_LEN == STORE_REVOCATION_ID_SIZE,
              "the content has what the store needs");

enum request_session_verdict
request_session_try(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                    const struct request_session_scope *scope, struct sspi_view value,
                    const struct acceptor_source **ret_source, const char **ret_why)
{
    enum request_session_verdict verdict = unseal(exchange, scope, value, ret_why);
    if (verdict != REQUEST_SESSION_GOOD)
        return verdict;
    const struct acceptor_source *source =
        request_check_source(exchange, policy, exchange->session.content.mech);
    verdict = check_location(exchange, policy, source, ret_why);
    if (verdict != REQUEST_SESSION_GOOD)
        return verdict;
    *ret_why = find_end(exchange, policy, scope, source);
    *ret_source = source;
    return *ret_why == NULL ? REQUEST_SESSION_GOOD : REQUEST_SESSION_ENDED;
}

static void log_end(struct sspi_exchange *exchange, const char *why)
{
    char shown[ESCAPE_NAME_SIZE];
    if (exchange->session.is_logged || !request_exchange_logs(exchange, SSPI_REASON_SESSION_ENDED))
        return;
    exchange->session.is_logged = true;
    (void)request_exchange_log(
        exchange, SSPI_REASON_SESSION_ENDED, SEC_E_OK, "the session of %s%s has ended: %s",
        policy_identity_prefix(exchange->session.content.scheme, exchange->session.content.mech),
        escape_text(shown, sizeof(shown), exchange->session.content.name), why);
}

static void log_altered(struct sspi_exchange *exchange, const struct request_session_scope *scope)
{
    if (exchange->session.is_logged)
        return;
    exchange->session.is_logged = true;
    (void)request_exchange_log(
        exchange, SSPI_REASON_SESSION_ALTERED, SEC_E_OK,
        "the cookie %.*s does not open: it was altered, or it was made for another host",
        (int)scope->cookie.name.len, scope->cookie.name.data);
}

/* The answer removes a cookie that never counts again. */
static void clear(struct sspi_exchange *exchange, const struct request_session_scope *scope)
{
    bytes_free(&exchange->session.line);
    session_cookie_append_clear(&scope->cookie, &exchange->session.line);
    exchange->session.clears = !exchange->session.line.failed;
    if (exchange->session.line.failed)
        bytes_free(&exchange->session.line); /* a later request removes the cookie */
}

/* Tries all cookies of this name, because a parent domain may have put its own one first. */
static bool take_first(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                       const struct request_session_scope *scope, const char **ret_why)
{
    struct session_cookie_search search = {.rest = exchange->request.cookies};
    const struct acceptor_source *source;
    struct sspi_view value;
    bool clears = false;
    while (session_cookie_find(&scope->cookie, &search, &value)) {
        enum request_session_verdict verdict =
            request_session_try(exchange, policy, scope, value, &source, ret_why);
        if (verdict == REQUEST_SESSION_GOOD) {
            policy_identity_clear(&exchange->identity);
            exchange->identity = identity_of(exchange, source);
            keep_opened(exchange, policy, scope, value);
            return true;
        }
        if (verdict == REQUEST_SESSION_IGNORED)
            continue;
        if (verdict == REQUEST_SESSION_ENDED)
            log_end(exchange, *ret_why);
        else
            log_altered(exchange, scope);
        clears = true;
        *ret_why = NULL;
    }
    if (clears)
        clear(exchange, scope);
    return false;
}

bool request_session_take(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                          const char **ret_why)
{
    struct request_session_scope scope;
    *ret_why = NULL;
    if (exchange->request.cookies.len == 0 || !request_session_scope_of(exchange, policy, &scope) ||
        !take_first(exchange, policy, &scope, ret_why))
        return false;
    exchange->from_session = true;
    return true;
}

void request_session_give_back(struct sspi_exchange *exchange)
{
    exchange->from_session = false;
    exchange->reason = SSPI_REASON_NONE;
    policy_identity_clear(&exchange->identity);
}

/* ---- logout ---- */

void request_session_clear(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    struct request_session_scope scope;
    if (request_session_scope_of(exchange, policy, &scope))
        clear(exchange, &scope);
}

static void copy_facts(const struct session_content *content,
                       struct request_session_facts *ret_facts)
{
    memcpy(ret_facts->id, content->id, sizeof(ret_facts->id));
    ret_facts->login_ms = content->login_ms;
    ret_facts->end_ms = content->end_ms;
    memcpy(ret_facts->name, content->name.data, content->name.len + 1);
}

bool request_session_next(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                          struct session_cookie_search *search,
                          struct request_session_facts *ret_facts)
{
    struct request_session_scope scope;
    struct sspi_view value;
    const char *why;
    if (!request_session_scope_of(exchange, policy, &scope))
        return false;
    while (session_cookie_find(&scope.cookie, search, &value)) {
        if (unseal(exchange, &scope, value, &why) != REQUEST_SESSION_GOOD ||
            exchange->session.content.end_ms <= scope.now_ms)
            continue;
        copy_facts(&exchange->session.content, ret_facts);
        return true;
    }
    return false;
}
