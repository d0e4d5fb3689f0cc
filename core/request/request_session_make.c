/* SPDX-License-Identifier: Apache-2.0 */
#include "request_session_make.h"

#include <stdlib.h>
#include <string.h>

#include "acceptor_directory.h"
#include "base64.h"
#include "clock.h"
#include "escape.h"
#include "policy.h"
#include "request_session.h"
#include "sid_list.h"
#include "store_users.h"

/* ---- what the location accepts ---- */

/* A session that this policy would not accept is not made. Users of httpd's providers have no
 * source: nothing would show that such a user was removed. */
static bool is_possible(const struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    const struct policy_identity *identity = &exchange->identity;
    return identity->source != NULL && !policy_demands_channel(policy) &&
           (identity->scheme != SSPI_SCHEME_DIGEST || policy->digest_qop.offers[SSPI_QOP_AUTH]);
}

/* ---- content ---- */

/* Hashes the line of the user file that verified the login. False: the file was read again since,
 * and has no such line or another one. */
static bool take_fingerprint(const struct sspi_exchange *exchange, struct store_keys *keys,
                             struct session_content *content)
{
    const struct policy_identity *identity = &exchange->identity;
    uint8_t hash[STORE_USERS_HASH_MAX];
    size_t len = acceptor_user_mark_find(identity, hash);
    if (len > 0)
        store_seal_fingerprint(keys, (struct sspi_view){(const char *)hash, len},
                               content->fingerprint);
    bytes_wipe(hash, sizeof(hash));
    content->has_fingerprint = len > 0;
    return len > 0;
}

/* The line must be that of the verification. The generation is read last: the contents have then
 * not changed since the verification. */
static bool mark_user(const struct sspi_exchange *exchange, struct store_keys *keys,
                      struct session_content *content)
{
    return !acceptor_user_mark_applies(&exchange->identity) ||
           (take_fingerprint(exchange, keys, content) &&
            store_users_generation(exchange->identity.source->users) == exchange->users_generation);
}

static struct sspi_view groups_of(const struct policy_identity *identity)
{
    return identity->groups == NULL ? SSPI_VIEW("")
                                    : (struct sspi_view){identity->groups, identity->groups_len};
}

/* The content of a new session. It borrows the identity and `audience`. */
static struct session_content content_of(const struct sspi_exchange *exchange,
                                         const struct sspi_policy *policy, uint64_t now_ms,
                                         const struct session_audience *audience)
{
    const struct policy_identity *identity = &exchange->identity;
    return (struct session_content){
        .login_ms = now_ms,
        .issued_ms = now_ms,
        .end_ms = session_life_end(policy->session_maximum_s, identity->expiry_ms, now_ms),
        .expiry_ms = identity->expiry_ms,
        .scheme = identity->scheme,
        .mech = identity->mech,
        .algorithm = identity->mech == SSPI_MECH_NONE ? bytes_view(identity->mechanism)
                                                      : (struct sspi_view){NULL, 0},
        .name = bytes_view(identity->name),
        .realm = bytes_view(identity->realm),
        .target = bytes_view(identity->target),
        .target_proven = identity->target_proven,
        .audience = {audience->text, audience->len},
        .sam_name = bytes_view(identity->sam_name),
        .upn = bytes_view(identity->upn),
        .user_sid = identity->user_sid,
        .groups = groups_of(identity),
        .integrity = identity->integrity,
        .is_foreign = identity->is_foreign,
        .groups_incomplete = identity->groups_incomplete,
        .over_tls = exchange->request.tls,
        .was_bound = exchange->bound == PACKAGE_BOUND_MATCHED,
    };
}

/* ---- size ---- */

/* Appends the SIDs of the list that a requirement names. False: no memory. */
static bool keep_named(struct acceptor_directory *directory, struct sspi_view groups,
                       struct bytes *ret_kept)
{
    struct sid_list_at at = {.rest = groups};
    size_t n_kept = 0;
    struct sid *kept = malloc((sid_list_count(groups) + 1) * sizeof(*kept));
    if (kept == NULL)
        return false;
    while (sid_list_next(&at))
        if (acceptor_directory_is_named(directory, &at.sid))
            kept[n_kept++] = at.sid;
    bool made = sid_list_make(kept, n_kept, ret_kept);
    free(kept);
    return made;
}

/* False: a text is too long, or memory ran out. */
static bool encode(const struct session_content *content, struct bytes *ret_octets)
{
    bytes_free(ret_octets);
    session_content_encode(content, ret_octets);
    return !ret_octets->failed;
}

static bool fits(const struct bytes *octets)
{
    return octets->len <= REQUEST_SESSION_CONTENT_LIMIT;
}

/* If the cookie would be too large, the content keeps only groups that a requirement names. `kept`
 * holds them, and the caller frees it after the content. False: the cookie is too large
 * nevertheless. */
static bool shrink(const struct sspi_exchange *exchange, struct session_content *content,
                   struct bytes *kept)
{
    struct bytes octets BYTES_CLEANUP = {0};
    if (!encode(content, &octets))
        return false;
    if (fits(&octets))
        return true;
    if (!keep_named(exchange->acceptor->directory, content->groups, kept))
        return false;
    content->groups_incomplete |= kept->len < content->groups.len;
    content->groups = bytes_as_view(kept);
    return encode(content, &octets) && fits(&octets);
}

static void log_too_large(struct sspi_exchange *exchange)
{
    char shown[ESCAPE_NAME_SIZE];
    if (request_exchange_logs(exchange, SSPI_REASON_SESSION_TOO_LARGE))
        (void)request_exchange_log(
            exchange, SSPI_REASON_SESSION_TOO_LARGE, SEC_E_OK,
            "%s got no session, because the cookie would have more than %u octets",
            escape_text(shown, sizeof(shown), bytes_view(exchange->identity.name)),
            REQUEST_SESSION_VALUE_LIMIT);
}

/* ---- cookie ---- */

/* Writes the line of Set-Cookie. False: randomness, memory or libcrypto failed. */
static bool seal(struct sspi_exchange *exchange, const struct request_session_scope *scope,
                 struct sspi_view octets)
{
    struct bytes sealed BYTES_CLEANUP = {0};
    char value[BASE64_URL_LEN(REQUEST_SESSION_SEALED_LIMIT)];
    const struct sspi_view associated = {scope->associated, scope->associated_len};
    if (!store_seal_make(scope->keys, STORE_KEY_SESSION, associated, octets, &sealed) ||
        sealed.len > REQUEST_SESSION_SEALED_LIMIT)
        return false;
    base64_url_encode(sealed.data, sealed.len, value);
    bytes_free(&exchange->session.line);
    session_cookie_append_set(&scope->cookie, (struct sspi_view){value, BASE64_URL_LEN(sealed.len)},
                              &exchange->session.line);
    exchange->session.clears = false;
    if (!exchange->session.line.failed)
        return true;
    bytes_free(&exchange->session.line);
    return false;
}

static void note_id(struct sspi_exchange *exchange, const struct session_content *content)
{
    memcpy(exchange->session.id, content->id, sizeof(exchange->session.id));
    exchange->session.end_ms = content->end_ms;
    exchange->session.has_id = true;
}

/* The login is valid without a session, so this is only logged. */
static void set_cookie(struct sspi_exchange *exchange, const struct request_session_scope *scope,
                       const struct session_content *content, struct sspi_view octets)
{
    if (seal(exchange, scope, octets))
        note_id(exchange, content);
    else
        (void)request_exchange_log(exchange, SSPI_REASON_INTERNAL, SEC_E_INTERNAL_ERROR,
                                   "a session could not be sealed: memory, randomness or libcrypto "
                                   "failed");
}

/* ---- new sessions ---- */

/* True if the client sent a cookie of this login that needs no new one. */
static bool has_cookie_of(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                          const struct request_session_scope *scope,
                          const struct session_content *content)
{
    struct session_cookie_search search = {.rest = exchange->request.cookies};
    const struct acceptor_source *source;
    struct sspi_view value;
    const char *why;
    while (session_cookie_find(&scope->cookie, &search, &value))
        if (request_session_try(exchange, policy, scope, value, &source, &why) ==
            REQUEST_SESSION_GOOD)
            return !exchange->session.renews &&
                   session_content_is_same_login(&exchange->session.content, content);
    return false;
}

static void make_new(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                     const struct request_session_scope *scope)
{
    struct session_audience audience;
    struct bytes kept BYTES_CLEANUP = {0}, octets BYTES_CLEANUP = {0};
    const struct policy_identity *identity = &exchange->identity;
    const struct clock *clock = clock_machine();
    if (!is_possible(exchange, policy) ||
        !request_session_audience(exchange, policy, identity->mech, identity->source, &audience))
        return;
    struct session_content content = content_of(exchange, policy, scope->now_ms, &audience);
    if (!mark_user(exchange, scope->keys, &content))
        return;
    if (!shrink(exchange, &content, &kept)) {
        log_too_large(exchange);
        return;
    }
    if (has_cookie_of(exchange, policy, scope, &content)) {
        note_id(exchange, &exchange->session.content);
        return;
    }
    if (!clock->random(clock->self, content.id, sizeof(content.id)) || !encode(&content, &octets))
        return;
    set_cookie(exchange, scope, &content, bytes_as_view(&octets));
}

/* ---- renewal ---- */

/* The renewed cookie has the fingerprint by the key that seals now, so that the session outlives
 * the old key. */
static void renew(struct sspi_exchange *exchange, const struct request_session_scope *scope)
{
    struct bytes octets BYTES_CLEANUP = {0};
    struct session_content content = exchange->session.content;
    content.issued_ms = scope->now_ms;
    if (content.has_fingerprint && !take_fingerprint(exchange, scope->keys, &content))
        return;
    if (encode(&content, &octets) && fits(&octets))
        set_cookie(exchange, scope, &content, bytes_as_view(&octets));
}

void request_session_make(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    struct request_session_scope scope;
    if (exchange->session.is_decided || exchange->from_connection ||
        (exchange->from_session && !exchange->session.renews) ||
        !request_session_scope_of(exchange, policy, &scope))
        return;
    exchange->session.is_decided = true;
    if (exchange->from_session)
        renew(exchange, &scope);
    else
        make_new(exchange, policy, &scope);
}
