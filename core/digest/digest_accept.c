/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_accept.h"

#include <inttypes.h>
#include <string.h>

#include "digest_binding.h"
#include "digest_challenge.h"
#include "digest_info.h"
#include "digest_offer.h"
#include "digest_uri.h"
#include "escape.h"
#include "error_info.h"
#include "store_nonces.h"
#include "store_state.h"

SECURITY_STATUS digest_accept_make_nonce(const struct digest_credential *credential,
                                         struct sspi_view realm,
                                         char ret_nonce[DIGEST_NONCE_LEN + 1],
                                         struct sspi_error_info *error_info)
{
    const struct clock *clock = credential->clock;
    uint8_t random[DIGEST_NONCE_RANDOM_SIZE];
    HASH_RUN_CLEANUP struct hash_run run = {0};

    if (!clock->random(clock->self, random, sizeof(random))) {
        error_info_set(error_info, SSPI_REASON_INTERNAL,
                       "the system gave no random octets for a nonce");
        return SEC_E_INTERNAL_ERROR;
    }
    if (!hash_run_init(&run, &credential->hashes))
        return error_info_no_memory(error_info);
    if (!digest_nonce_make(&run, store_state_nonce_key(credential->state),
                           store_state_time_ms(credential->state, clock), random, realm, ret_nonce))
        return error_info_library_failed(error_info, "a digest");
    return SEC_E_OK;
}

SECURITY_STATUS digest_accept_challenge(const struct digest_credential *credential,
                                        const struct package_input *in, struct sspi_view realm,
                                        bool stale, struct package_output *out)
{
    char nonce[DIGEST_NONCE_LEN + 1];
    SECURITY_STATUS status = digest_accept_make_nonce(credential, realm, nonce, out->error_info);

    if (status != SEC_E_OK)
        return status;
    return digest_offer_challenge(credential, in, realm, bytes_view(nonce), stale, out);
}

/* Windows sends no realm with a name that contains one: user@domain, DOMAIN\user. */
static bool names_own_realm(const struct digest_response *response)
{
    return response->realm.len == 0 && !response->userhash &&
           (memchr(response->username.data, '@', response->username.len) != NULL ||
            memchr(response->raw_username.data, '\\', response->raw_username.len) != NULL);
}

SECURITY_STATUS digest_accept_check_realm(const struct digest_response *response,
                                          struct sspi_view realm,
                                          struct sspi_error_info *error_info)
{
    char shown[ESCAPE_VALUE_SIZE], wanted[ESCAPE_VALUE_SIZE];

    if (bytes_equal(response->realm, realm) || bytes_equal(response->raw_realm, realm) ||
        names_own_realm(response))
        return SEC_E_OK;
    error_info_set(error_info, SSPI_REASON_WRONG_REALM,
                   "realm is \"%s\", but this location has \"%s\"",
                   escape_text(shown, sizeof(shown), response->realm),
                   escape_text(wanted, sizeof(wanted), realm));
    /* Digest page: "The domain name of the authenticating party is incorrect." */
    return SEC_E_NO_AUTHENTICATING_AUTHORITY;
}

SECURITY_STATUS digest_accept_check_request(const struct digest_credential *credential,
                                            const struct package_input *in, struct sspi_view realm,
                                            const struct digest_response *response,
                                            struct sspi_error_info *error_info)
{
    struct digest_offer offer;
    char shown[ESCAPE_VALUE_SIZE], wanted[ESCAPE_VALUE_SIZE];

    if (in->method.len == 0) {
        error_info_set(error_info, SSPI_REASON_CONFIGURATION,
                       "the caller passed no request method");
        return SEC_E_INVALID_TOKEN;
    }
    SECURITY_STATUS status = digest_accept_check_realm(response, realm, error_info);
    if (status != SEC_E_OK)
        return status;
    if (in->uri.len > 0 && !digest_uri_names(response->uri, in->uri)) {
        error_info_set(error_info, SSPI_REASON_WRONG_URI,
                       "uri is \"%s\", but the request has \"%s\"",
                       escape_text(shown, sizeof(shown), response->uri),
                       escape_text(wanted, sizeof(wanted), in->uri));
        return SEC_E_INVALID_TOKEN;
    }
    digest_offer_make(credential, in, realm, &offer);
    return digest_offer_check(&offer, response, error_info);
}

static SECURITY_STATUS stale(struct sspi_error_info *error_info, const char *why)
{
    error_info_set(error_info, SSPI_REASON_STALE_NONCE, "%s: the client receives a new nonce", why);
    return SEC_I_CONTINUE_NEEDED;
}

static SECURITY_STATUS replay(const struct digest_response *response,
                              struct sspi_error_info *error_info)
{
    char shown[ESCAPE_VALUE_SIZE];

    error_info_set(error_info, SSPI_REASON_REPLAY,
                   "nonce count %08" PRIx32 " of user \"%s\" was used before", response->count,
                   escape_text(shown, sizeof(shown), response->username));
    return SEC_E_OUT_OF_SEQUENCE;
}

static SECURITY_STATUS status_of_count(enum store_count count,
                                       const struct digest_response *response,
                                       struct sspi_error_info *error_info)
{
    switch (count) {
    case STORE_COUNT_FRESH:
        return SEC_E_OK;
    case STORE_COUNT_STALE:
        return stale(error_info,
                     "the nonce or its count is no longer known, or belongs to another user");
    case STORE_COUNT_REPLAY:
        break;
    }
    return replay(response, error_info);
}

/* One response while it is checked. */
struct attempt {
    struct digest_credential *credential;
    const struct package_input *in;
    struct sspi_view realm;
    const struct digest_response *response;
    struct hash_run run;
    uint64_t now_ms;
    uint64_t issued_ms;
    uint8_t entity_hash[HASH_MAX];
    struct sspi_error_info *error_info;
};

static SECURITY_STATUS check_nonce(struct attempt *a)
{
    switch (digest_nonce_check(&a->run, store_state_nonce_key(a->credential->state), a->now_ms,
                               a->response->nonce, a->realm, &a->issued_ms)) {
    case DIGEST_NONCE_GOOD:
        break;
    case DIGEST_NONCE_FOREIGN:
        return stale(a->error_info,
                     "this server did not make the nonce, or made it for another realm");
    case DIGEST_NONCE_FAILED:
    default:
        return error_info_library_failed(a->error_info, "a digest");
    }
    if (a->now_ms > a->issued_ms && a->now_ms - a->issued_ms > a->credential->nonce_lifetime_ms)
        return stale(a->error_info, "the nonce is older than its lifetime");
    /* RFC 7616 3.3: opaque "should be returned by the client unchanged". Some clients do not return
     * it. */
    if (a->response->opaque.data != NULL &&
        !bytes_equal(a->response->opaque, store_state_opaque(a->credential->state)))
        return stale(a->error_info, "opaque belongs to another challenge");
    return SEC_E_OK;
}

SECURITY_STATUS digest_accept_use_count(const struct digest_credential *credential,
                                        struct sspi_view user, struct sspi_view realm,
                                        const struct digest_response *response, uint64_t issued_ms,
                                        struct sspi_error_info *error_info)
{
    char owner[DIGEST_PARSE_USERNAME_LIMIT * 2 + 1 + DIGEST_CHALLENGE_REALM_LIMIT];
    size_t len = user.len;

    if (len + 1 + realm.len > sizeof(owner)) {
        error_info_set(error_info, SSPI_REASON_INTERNAL, "user and realm are too long");
        return SEC_E_INTERNAL_ERROR;
    }
    memcpy(owner, user.data, len);
    owner[len++] = '\0'; /* neither of the two contains a NUL */
    memcpy(owner + len, realm.data, realm.len);
    len += realm.len;
    return status_of_count(store_nonce_use(credential->state, response->nonce,
                                           (struct sspi_view){owner, len}, issued_ms,
                                           response->count),
                           response, error_info);
}

/* Asks the caller for the body's hash or the user's hash. It checks the nonce first, so that no
 * caller reads a long body or queries a database for a bad nonce. */
static SECURITY_STATUS request_more(struct attempt *a, enum sspi_reason reason, const char *what)
{
    SECURITY_STATUS status = check_nonce(a);

    if (status == SEC_E_OK)
        status = status_of_count(store_nonce_peek(a->credential->state, a->response->nonce,
                                                  a->issued_ms, a->response->count),
                                 a->response, a->error_info);
    if (status != SEC_E_OK)
        return status;
    error_info_set(a->error_info, reason, "%s", what);
    return SEC_E_INCOMPLETE_MESSAGE;
}

SECURITY_STATUS digest_accept_read_entity(struct sspi_view octets,
                                          enum sspi_digest_algorithm algorithm,
                                          uint8_t ret_hash[HASH_MAX],
                                          struct sspi_error_info *error_info)
{
    size_t len = hash_len(algorithm);

    if (octets.len == len) {
        memcpy(ret_hash, octets.data, len);
        return SEC_E_OK;
    }
    error_info_set(error_info, SSPI_REASON_INTERNAL, "HEntity is not %zu hexadecimal digits",
                   2 * len);
    return SEC_E_INVALID_TOKEN;
}

/* Decodes the body's hash, or asks the caller for the hashes that the check needs. The Digest page
 * passes the body's hash in buffer 3. The user's hash has a buffer type of this library. */
static SECURITY_STATUS take_missing(struct attempt *a)
{
    if (a->credential->caller_hashes && a->in->hash_a1.data == NULL)
        return request_more(a, SSPI_REASON_HASH_WANTED, "the caller must look up the user's hash");
    if (!a->response->integrity)
        return SEC_E_OK;
    if (a->in->entity_hash.data == NULL)
        return request_more(a, SSPI_REASON_ENTITY_WANTED,
                            "qop auth-int needs the hash of the body");
    return digest_accept_read_entity(a->in->entity_hash, a->response->algorithm, a->entity_hash,
                                     a->error_info);
}

/* Called only after the response is verified: before that, an attacker may have written the
 * directives. */
static SECURITY_STATUS check_binding(struct attempt *a, struct digest_identity *identity)
{
    return digest_binding_check(&a->run, a->response, a->in, &identity->binding, &identity->bound,
                                a->error_info);
}

/* RFC 7616 3.5. The server sends the next nonce before this one expires, so that no request is
 * refused when the nonce changes. */
static SECURITY_STATUS append_info(struct attempt *a, const struct digest_identity *identity,
                                   struct package_output *out)
{
    uint64_t age_ms = a->now_ms > a->issued_ms ? a->now_ms - a->issued_ms : 0;
    char next[DIGEST_NONCE_LEN + 1];
    struct sspi_view next_nonce = {NULL, 0};

    if (a->in->n_tokens == 0)
        return SEC_E_OK;
    if (age_ms > a->credential->nonce_lifetime_ms / 4 * 3) {
        SECURITY_STATUS status =
            digest_accept_make_nonce(a->credential, a->realm, next, a->error_info);
        if (status != SEC_E_OK)
            return status;
        next_nonce = bytes_view(next);
    }
    if (!digest_info_append(&out->tokens[0], &a->run, a->response, a->in->method, NULL,
                            identity->login.hash_a1, next_nonce))
        return error_info_library_failed(a->error_info, "a digest");
    if (out->tokens[0].failed)
        return error_info_no_memory(a->error_info);
    out->n_tokens = 1;
    return SEC_E_OK;
}

/* The order matters. A client that does not know the password learns nothing about binding and
 * count. It learns about the nonce only if the body or the user's hash must be fetched first (see
 * request_more()). The count is used up last. */
static SECURITY_STATUS check_all(struct attempt *a, struct digest_identity *identity,
                                 struct package_output *out)
{
    struct sspi_view realm = a->response->realm.len == 0 ? SSPI_VIEW("") : a->realm;
    SECURITY_STATUS status = take_missing(a);

    if (status == SEC_E_OK)
        status = digest_password_check(a->credential, &a->run, a->in, realm, a->response,
                                       a->entity_hash, &identity->login, a->error_info);
    if (status == SEC_E_OK)
        status = check_nonce(a);
    if (status == SEC_E_OK)
        status = check_binding(a, identity);
    if (status == SEC_E_OK)
        status = append_info(a, identity, out);
    if (status == SEC_E_OK)
        status = digest_accept_use_count(a->credential, identity->login.user, a->realm, a->response,
                                         a->issued_ms, a->error_info);
    if (status != SEC_E_OK && out->n_tokens > 0) {
        bytes_free(&out->tokens[0]);
        out->n_tokens = 0;
    }
    return status;
}

/* Copies the values that the next call needs, so that the caller does not parse the response. */
static SECURITY_STATUS describe_need(const struct attempt *a, struct package_need *need)
{
    need->algorithm = a->response->algorithm;
    bytes_append_view(&need->user, a->response->username);
    bytes_append_char(&need->user, '\0');
    return need->user.failed ? error_info_no_memory(a->error_info) : SEC_E_INCOMPLETE_MESSAGE;
}

SECURITY_STATUS digest_accept_verify(struct digest_credential *credential,
                                     const struct package_input *in, struct sspi_view realm,
                                     const struct digest_response *response,
                                     struct digest_identity *ret_identity,
                                     struct package_output *out)
{
    struct attempt attempt = {
        .credential = credential,
        .in = in,
        .realm = realm,
        .response = response,
        .now_ms = store_state_time_ms(credential->state, credential->clock),
        .error_info = out->error_info,
    };
    struct digest_identity identity = {
        .realm = realm,
        .response = response,
        .at_ms = attempt.now_ms,
    };
    SECURITY_STATUS status =
        digest_accept_check_request(credential, in, realm, response, out->error_info);

    if (status != SEC_E_OK)
        return status;
    if (!hash_run_init(&attempt.run, &credential->hashes))
        return error_info_no_memory(out->error_info);
    status = check_all(&attempt, &identity, out);
    hash_run_clear(&attempt.run);
    if (status == SEC_E_INCOMPLETE_MESSAGE)
        status = describe_need(&attempt, &out->need);
    identity.issued_ms = attempt.issued_ms;
    if (status == SEC_E_OK)
        *ret_identity = identity;
    else
        digest_identity_clear(&identity);
    return status;
}
