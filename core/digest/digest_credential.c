/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_credential.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "digest_challenge.h"
#include "escape.h"
#include "error_info.h"
#include "store_state.h"
#include "store_users.h"

#define PAGE_SIZE 4096

_Static_assert(DIGEST_NONCE_KEY_SIZE <= STORE_STATE_KEY_SIZE, "the state's key is long enough");

static SECURITY_STATUS take_users(struct digest_credential *c, const SSPI_ACCEPTOR_DATA *data,
                                  struct sspi_error_info *error_info)
{
    const char *path = data->UserFile != NULL ? data->UserFile : getenv("SSPI_USER_FILE");

    if (data->Users != NULL)
        c->users = store_users_ref(data->Users);
    if (c->users != NULL || c->caller_hashes)
        return SEC_E_OK;
    if (path == NULL) {
        error_info_set(
            error_info, SSPI_REASON_CONFIGURATION,
            "the user file is missing: name it in the credential's data or in SSPI_USER_FILE");
        return SEC_E_NO_CREDENTIALS;
    }
    c->own_users = c->users = store_users_open(path, error_info->text, sizeof(error_info->text));
    if (c->users == NULL) {
        error_info->reason = SSPI_REASON_CONFIGURATION;
        return errno == ENOMEM ? SEC_E_INSUFFICIENT_MEMORY : SEC_E_NO_CREDENTIALS;
    }
    return SEC_E_OK;
}

static SECURITY_STATUS take_state(struct digest_credential *c, const SSPI_ACCEPTOR_DATA *data,
                                  struct sspi_error_info *error_info)
{
    c->state = data->State;
    if (c->state != NULL)
        return SEC_E_OK;
    if (posix_memalign(&c->own_state, PAGE_SIZE, STORE_STATE_MIN_SIZE) != 0) {
        c->own_state = NULL;
        return error_info_no_memory(error_info);
    }
    memset(c->own_state, 0, STORE_STATE_MIN_SIZE);
    errno = 0;
    c->state = store_state_format(c->own_state, STORE_STATE_MIN_SIZE, c->clock);
    if (c->state == NULL && errno == ENOMEM)
        return error_info_no_memory(error_info);
    if (c->state == NULL) {
        error_info_set(error_info, SSPI_REASON_INTERNAL,
                       "the system gave no random octets for the nonce key");
        return SEC_E_INTERNAL_ERROR;
    }
    return SEC_E_OK;
}

/* Appends one algorithm of the caller's list. */
static SECURITY_STATUS take_algorithm(struct digest_credential *c,
                                      enum sspi_digest_algorithm algorithm,
                                      struct sspi_error_info *error_info)
{
    if (hash_name(algorithm) == NULL) {
        error_info_set(error_info, SSPI_REASON_CONFIGURATION, "%d is not a Digest algorithm",
                       (int)algorithm);
        return SEC_E_INVALID_PARAMETER;
    }
    if (!hash_available(&c->hashes, algorithm)) {
        error_info_set(error_info, SSPI_REASON_CONFIGURATION,
                       "this machine's OpenSSL does not allow %s: offer another algorithm",
                       hash_name(algorithm));
        return SEC_E_NO_CREDENTIALS;
    }
    if (c->caller_hashes && hash_base(algorithm) != SSPI_DIGEST_MD5) {
        error_info_set(error_info, SSPI_REASON_CONFIGURATION,
                       "the users' hashes come from elsewhere and are MD5: %s cannot be offered",
                       hash_name(algorithm));
        return SEC_E_INVALID_PARAMETER;
    }
    for (size_t i = 0; i < c->n_algorithms; i++) {
        if (c->algorithms[i] == algorithm) {
            error_info_set(error_info, SSPI_REASON_CONFIGURATION, "algorithm %s is listed twice",
                           hash_name(algorithm));
            return SEC_E_INVALID_PARAMETER;
        }
    }
    c->algorithms[c->n_algorithms++] = algorithm;
    return SEC_E_OK;
}

static SECURITY_STATUS take_algorithms(struct digest_credential *c, const SSPI_ACCEPTOR_DATA *data,
                                       struct sspi_error_info *error_info)
{
    for (size_t i = 0; i < SSPI_DIGEST_ALGORITHMS_LIMIT && data->Algorithms[i] != SSPI_DIGEST_NONE;
         i++) {
        SECURITY_STATUS status = take_algorithm(c, data->Algorithms[i], error_info);
        if (status != SEC_E_OK)
            return status;
    }
    return SEC_E_OK;
}

static SECURITY_STATUS take_realm(struct digest_credential *c, const SSPI_ACCEPTOR_DATA *data,
                                  struct sspi_error_info *error_info)
{
    char shown[ESCAPE_VALUE_SIZE];

    if (data->DefaultRealm == NULL)
        return SEC_E_OK;
    if (!digest_challenge_realm_fits(bytes_view(data->DefaultRealm))) {
        error_info_set(error_info, SSPI_REASON_CONFIGURATION,
                       "realm \"%s\" must be 1 to %d octets of UTF-8 without control characters",
                       escape_text(shown, sizeof(shown), bytes_view(data->DefaultRealm)),
                       DIGEST_CHALLENGE_REALM_LIMIT);
        return SEC_E_INVALID_PARAMETER;
    }
    c->default_realm = strdup(data->DefaultRealm);
    if (c->default_realm == NULL)
        return error_info_no_memory(error_info);
    return SEC_E_OK;
}

static SECURITY_STATUS take_domain(struct digest_credential *c, const SSPI_ACCEPTOR_DATA *data,
                                   struct sspi_error_info *error_info)
{
    char shown[ESCAPE_VALUE_SIZE];

    if (data->Domain == NULL)
        return SEC_E_OK;
    if (!digest_challenge_domain_fits(bytes_view(data->Domain))) {
        error_info_set(
            error_info, SSPI_REASON_CONFIGURATION,
            "domain \"%s\" must be URIs or paths with one blank between them, at most %d octets",
            escape_text(shown, sizeof(shown), bytes_view(data->Domain)),
            DIGEST_CHALLENGE_DOMAIN_LIMIT);
        return SEC_E_INVALID_PARAMETER;
    }
    c->domain = strdup(data->Domain);
    if (c->domain == NULL)
        return error_info_no_memory(error_info);
    return SEC_E_OK;
}

static SECURITY_STATUS fill(struct digest_credential *c, const SSPI_ACCEPTOR_DATA *data,
                            struct sspi_error_info *error_info)
{
    uint32_t lifetime_s = data->NonceLifetimeSeconds;

    c->clock = clock_machine();
    c->nonce_lifetime_ms =
        (uint64_t)(lifetime_s == 0 ? DIGEST_CREDENTIAL_NONCE_LIFETIME_S : lifetime_s) * 1000;
    c->keeps_contexts = (data->Flags & SSPI_ACCEPTOR_NO_DIGEST_CONTEXTS) == 0;
    c->offers_integrity = (data->Flags & SSPI_ACCEPTOR_OFFER_INTEGRITY) != 0;
    c->caller_hashes = (data->Flags & SSPI_ACCEPTOR_CALLER_HASHES) != 0;
    c->offers_weak_ciphers = (data->Flags & SSPI_ACCEPTOR_OFFER_WEAK_CIPHERS) != 0;
    /* A caller that looks up users by name cannot find one by the hash of the name. */
    c->offers_userhash = (data->Flags & SSPI_ACCEPTOR_OFFER_USERHASH) != 0 && !c->caller_hashes;
    if (!hash_suite_init(&c->hashes)) {
        error_info_set(error_info, SSPI_REASON_INTERNAL, "OpenSSL has no SHA-256");
        return SEC_E_INTERNAL_ERROR;
    }
    SECURITY_STATUS status = take_algorithms(c, data, error_info);
    if (status == SEC_E_OK)
        status = take_realm(c, data, error_info);
    if (status == SEC_E_OK)
        status = take_domain(c, data, error_info);
    if (status == SEC_E_OK)
        status = take_users(c, data, error_info);
    if (status == SEC_E_OK)
        status = take_state(c, data, error_info);
    return status;
}

static struct digest_credential *credential_new(void)
{
    struct digest_credential *c = calloc(1, sizeof(*c));

    if (c == NULL || pthread_mutex_init(&c->ciphers_lock, NULL) != 0) {
        free(c);
        return NULL;
    }
    if (!digest_active_nonces_init(&c->active_nonces)) {
        (void)pthread_mutex_destroy(&c->ciphers_lock);
        free(c);
        return NULL;
    }
    return c;
}

SECURITY_STATUS digest_credential_acquire(const SSPI_ACCEPTOR_DATA *data,
                                          struct digest_credential **ret_credential,
                                          struct sspi_error_info *error_info)
{
    struct digest_credential *c = credential_new();

    if (c == NULL)
        return error_info_no_memory(error_info);
    ref_init(&c->ref);
    atomic_init(&c->released, false);
    SECURITY_STATUS status = fill(c, data, error_info);
    if (status != SEC_E_OK) {
        digest_credential_release(c);
        return status;
    }
    *ret_credential = c;
    return SEC_E_OK;
}

void digest_credential_release(struct digest_credential *credential)
{
    atomic_store(&credential->released, true);
    digest_credential_unref(credential);
}

const struct digest_ciphers *digest_credential_ciphers(struct digest_credential *credential)
{
    /* This cannot fail on a mutex of the default kind. */
    (void)pthread_mutex_lock(&credential->ciphers_lock);
    if (!credential->has_ciphers)
        credential->has_ciphers = digest_ciphers_init(&credential->ciphers);
    bool has_ciphers = credential->has_ciphers;
    (void)pthread_mutex_unlock(&credential->ciphers_lock);
    return has_ciphers ? &credential->ciphers : NULL;
}

static void credential_free(struct digest_credential *credential)
{
    store_users_unref(credential->users);
    if (credential->own_state != NULL) {
        store_state_free(credential->state);
        bytes_wipe(credential->own_state, STORE_STATE_MIN_SIZE);
        free(credential->own_state);
    }
    hash_suite_clear(&credential->hashes);
    digest_active_nonces_clear(&credential->active_nonces);
    digest_ciphers_clear(&credential->ciphers);
    (void)pthread_mutex_destroy(&credential->ciphers_lock);
    free(credential->default_realm);
    free(credential->domain);
    free(credential);
}

REF(digest_credential, struct digest_credential, ref, credential_free)
