/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_credential.h"

#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <errno.h>
#include <pthread.h>
#include <profile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kerberos_gss.h"
#include "kerberos_keys.h"
#include "kerberos_signed_pac.h"

#define KEYRING_NAME_SIZE 64

/* Names MIT's replay cache in its usual place, whatever krb5.conf and the environment say. */
#define USUAL_CACHE "dfl:"

/* The keys of the accepted services, of one generation of the keytab. They are in their own MEMORY
 * keytab, so that MIT finds no key for a ticket of another service of this host. */
struct kerberos_keyring {
    struct kerberos_keys_copy keys;
    size_t n_users; /* the credential, while this is its current keyring, and each acquired GSS
                       credential */
    char name[KEYRING_NAME_SIZE];
    struct kerberos_acceptor *idle[KERBEROS_REPLAY_CACHES];
};

struct kerberos_credential {
    struct sspi_keytab *keytab;
    /* True: this credential opened the keytab, and reads it again when it has changed. */
    bool owns_keytab;
    struct sspi_state *state;
    struct hash_suite hashes;
    struct sspi_view *names; /* one block: the views, then their text */
    size_t n_names;
    pthread_mutex_t mutex; /* guards all that follows */
    struct kerberos_keyring *keyring;
};

static void free_acceptor(struct kerberos_acceptor *acceptor)
{
    OM_uint32 minor;
    gss_release_cred(&minor, &acceptor->gss);
    if (acceptor->context != NULL)
        krb5_free_context(acceptor->context);
    free(acceptor);
}

/* Under the mutex, except while the credential is made or freed. */
static void leave_keyring(struct kerberos_credential *credential, struct kerberos_keyring *keyring)
{
    if (keyring == NULL || --keyring->n_users > 0)
        return;
    for (size_t cache = 0; cache < KERBEROS_REPLAY_CACHES; cache++) {
        while (keyring->idle[cache] != NULL) {
            struct kerberos_acceptor *acceptor = keyring->idle[cache];
            keyring->idle[cache] = acceptor->next;
            free_acceptor(acceptor);
        }
    }
    kerberos_keys_copy_clear(&keyring->keys, kerberos_keytab_keys(credential->keytab));
    free(keyring);
}

/* Under the mutex. Makes a new keyring current if the keytab was read again. */
static bool renew_keyring(struct kerberos_credential *credential)
{
    if (credential->keyring != NULL &&
        credential->keyring->keys.generation ==
            kerberos_keys_generation(kerberos_keytab_keys(credential->keytab)))
        return true;
    struct kerberos_keyring *keyring = calloc(1, sizeof(*keyring));
    if (keyring == NULL)
        return false;
    /* Unique in this process, and in all processes that it forks, while the keyring lives. */
    snprintf(keyring->name, sizeof(keyring->name), "MEMORY:sspi-%p", (void *)keyring);
    if (!kerberos_keys_copy_init(&keyring->keys, kerberos_keytab_keys(credential->keytab),
                                 keyring->name, credential->names, credential->n_names)) {
        free(keyring);
        return false;
    }
    keyring->n_users = 1;
    leave_keyring(credential, credential->keyring);
    credential->keyring = keyring;
    return true;
}

static SECURITY_STATUS fill(struct kerberos_credential *credential, const SSPI_ACCEPTOR_DATA *data,
                            struct sspi_error_info *error_info)
{
    char error[SSPI_ERROR_TEXT_SIZE];
    if (!bytes_copy_views(data->ServiceNames, data->ServiceNameCount, &credential->names))
        return error_info_no_memory(error_info);
    credential->n_names = data->ServiceNameCount;
    if (!hash_suite_init(&credential->hashes))
        return error_info_refuse(error_info, SEC_E_INTERNAL_ERROR, SSPI_REASON_INTERNAL,
                                 "OpenSSL has no digests");
    credential->state = data->State;
    if (data->Keytab != NULL) {
        credential->keytab = kerberos_keytab_ref(data->Keytab);
    } else {
        credential->keytab = kerberos_keytab_open(data->KeytabName, error, sizeof(error));
        if (credential->keytab == NULL)
            return error_info_refuse(
                error_info, errno == ENOMEM ? SEC_E_INSUFFICIENT_MEMORY : SEC_E_NO_CREDENTIALS,
                SSPI_REASON_CONFIGURATION, "%s", error);
        credential->owns_keytab = true;
    }
    if (!kerberos_keytab_has_service(credential->keytab, credential->names, credential->n_names,
                                     error, sizeof(error)))
        return error_info_refuse(error_info, SEC_E_NO_CREDENTIALS, SSPI_REASON_CONFIGURATION, "%s",
                                 error);
    return SEC_E_OK;
}

SECURITY_STATUS kerberos_credential_new(const SSPI_ACCEPTOR_DATA *data,
                                        struct kerberos_credential **ret_credential,
                                        struct sspi_error_info *error_info)
{
    if (data->ServiceNameCount > PACKAGE_SERVICE_NAMES_LIMIT)
        return error_info_refuse(error_info, SEC_E_INVALID_PARAMETER, SSPI_REASON_CONFIGURATION,
                                 "%u service names; at most %d are accepted",
                                 (unsigned)data->ServiceNameCount, PACKAGE_SERVICE_NAMES_LIMIT);
    struct kerberos_credential *credential = calloc(1, sizeof(*credential));
    if (credential == NULL || pthread_mutex_init(&credential->mutex, NULL) != 0) {
        free(credential);
        return error_info_no_memory(error_info);
    }
    SECURITY_STATUS status = fill(credential, data, error_info);
    if (status != SEC_E_OK) {
        kerberos_credential_free(credential);
        return status;
    }
    *ret_credential = credential;
    return SEC_E_OK;
}

void kerberos_credential_free(struct kerberos_credential *credential)
{
    if (credential == NULL)
        return;
    leave_keyring(credential, credential->keyring);
    kerberos_keytab_unref(credential->keytab);
    pthread_mutex_destroy(&credential->mutex);
    hash_suite_clear(&credential->hashes);
    free(credential->names);
    free(credential);
}

static bool is_none(const char *name)
{
    static const char none[] = "none:";
    return strncmp(name, none, sizeof(none) - 1) == 0;
}

/* default_rcache_name of krb5.conf; NULL: not set. The caller ends it with
 * profile_release_string(). */
static char *configured_name(void)
{
    krb5_context context = NULL;
    profile_t profile = NULL;
    char *name = NULL;
    if (krb5_init_context(&context) != 0)
        return NULL;
    if (krb5_get_profile(context, &profile) == 0) {
        if (profile_get_string(profile, "libdefaults", "default_rcache_name", NULL, NULL, &name) !=
            0)
            name = NULL;
        profile_release(profile);
    }
    krb5_free_context(context);
    return name;
}

/* True if the administrator turned MIT's replay cache off by the environment or krb5.conf, as
 * manuals of some other modules advise. Reads both as libkrb5 does. May read files. */
static bool is_cache_off(void)
{
    const char *name = getenv("KRB5RCACHENAME");
    const char *type = getenv("KRB5RCACHETYPE");
    if (name != NULL)
        return is_none(name);
    char *configured = configured_name();
    bool off = configured != NULL ? is_none(configured) : type != NULL && strcmp(type, "none") == 0;
    profile_release_string(configured);
    return off;
}

/* MIT's name of the replay cache; NULL: its default. When the shared table is full, the server
 * relies on MIT's cache, so the administrator cannot turn it off then. */
static const char *cache_name(const struct kerberos_credential *credential,
                              enum kerberos_replay_cache cache)
{
    if (cache == KERBEROS_REPLAY_CACHE_NONE)
        return "none:";
    return credential->state != NULL && is_cache_off() ? USUAL_CACHE : NULL;
}

/* Acquires over the keyring's keys, with the replay cache of `acceptor`. */
static SECURITY_STATUS acquire_gss(const struct kerberos_credential *credential,
                                   struct kerberos_acceptor *acceptor,
                                   struct sspi_error_info *error_info)
{
    const char *cache = cache_name(credential, acceptor->cache);
    gss_key_value_element_desc elements[] = {{"keytab", acceptor->keyring->name},
                                             {"rcache", cache}};
    gss_key_value_set_desc store = {cache != NULL ? 2 : 1, elements};
    /* Only this mechanism: with GSS_C_NO_OID_SET, every installed plugin would see the token. */
    gss_OID_set_desc mechanisms = {1, (gss_OID)gss_mech_krb5};
    OM_uint32 minor;
    OM_uint32 major = gss_acquire_cred_from(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &mechanisms,
                                            GSS_C_ACCEPT, &store, &acceptor->gss, NULL, NULL);
    if (major != GSS_S_COMPLETE)
        return kerberos_gss_acquire_status(major, minor, error_info);
    return SEC_E_OK;
}

/* Takes an idle GSS credential, or a new empty one. The caller acquires the latter outside the
 * lock. */
static SECURITY_STATUS take_idle(struct kerberos_credential *credential,
                                 enum kerberos_replay_cache cache,
                                 struct kerberos_acceptor **ret_taken,
                                 struct sspi_error_info *error_info)
{
    if (!renew_keyring(credential))
        return error_info_no_memory(error_info);
    struct kerberos_keyring *keyring = credential->keyring;
    if (keyring->keys.n_keys == 0)
        return error_info_refuse(error_info, SEC_E_NO_CREDENTIALS, SSPI_REASON_CONFIGURATION,
                                 "keytab %s no longer has a key for an accepted service",
                                 kerberos_keytab_path(credential->keytab));
    struct kerberos_acceptor *acceptor = keyring->idle[cache];
    if (acceptor != NULL) {
        keyring->idle[cache] = acceptor->next;
    } else {
        acceptor = calloc(1, sizeof(*acceptor));
        if (acceptor == NULL)
            return error_info_no_memory(error_info);
        acceptor->gss = GSS_C_NO_CREDENTIAL;
        acceptor->cache = cache;
        acceptor->keyring = keyring;
    }
    keyring->n_users++;
    *ret_taken = acceptor;
    return SEC_E_OK;
}

SECURITY_STATUS kerberos_credential_acquire(struct kerberos_credential *credential,
                                            enum kerberos_replay_cache cache, uint64_t now_ms,
                                            struct kerberos_acceptor **ret_acceptor,
                                            struct sspi_error_info *error_info)
{
    char error[SSPI_ERROR_TEXT_SIZE];
    struct kerberos_acceptor *acceptor = NULL;
    /* The owner of a shared keytab reads it again and logs the result. */
    if (credential->owns_keytab)
        (void)store_source_refresh(kerberos_keytab_source(credential->keytab), now_ms, error,
                                   sizeof(error));
    pthread_mutex_lock(&credential->mutex);
    SECURITY_STATUS status = take_idle(credential, cache, &acceptor, error_info);
    pthread_mutex_unlock(&credential->mutex);
    if (status != SEC_E_OK)
        return status;
    if (acceptor->gss == GSS_C_NO_CREDENTIAL)
        status = acquire_gss(credential, acceptor, error_info);
    if (status != SEC_E_OK) {
        pthread_mutex_lock(&credential->mutex);
        leave_keyring(credential, acceptor->keyring);
        pthread_mutex_unlock(&credential->mutex);
        free_acceptor(acceptor);
        return status;
    }
    *ret_acceptor = acceptor;
    return SEC_E_OK;
}

bool kerberos_credential_authenticator(struct kerberos_acceptor *acceptor, struct sspi_view message,
                                       struct kerberos_authenticator *ret_authenticator)
{
    if (acceptor->context == NULL && krb5_init_context(&acceptor->context) != 0)
        return false;
    return kerberos_authenticator_read(acceptor->context, acceptor->keyring->keys.memory, message,
                                       ret_authenticator);
}

bool kerberos_credential_signed_pac(struct kerberos_acceptor *acceptor, struct sspi_view ticket)
{
    if (acceptor->context == NULL && krb5_init_context(&acceptor->context) != 0)
        return false;
    return kerberos_has_signed_pac(acceptor->context, acceptor->keyring->keys.memory, ticket);
}

const char *kerberos_credential_only_service(const struct kerberos_acceptor *acceptor)
{
    return acceptor->keyring->keys.only_service;
}

void kerberos_credential_release(struct kerberos_credential *credential,
                                 struct kerberos_acceptor *acceptor)
{
    pthread_mutex_lock(&credential->mutex);
    struct kerberos_keyring *keyring = acceptor->keyring;
    acceptor->next = keyring->idle[acceptor->cache];
    keyring->idle[acceptor->cache] = acceptor;
    /* The last user of an old keyring frees it, with all that is idle on it. */
    leave_keyring(credential, keyring);
    pthread_mutex_unlock(&credential->mutex);
}

const struct sspi_view *kerberos_credential_services(const struct kerberos_credential *credential,
                                                     size_t *ret_n)
{
    *ret_n = credential->n_names;
    return credential->names;
}

const struct hash_suite *kerberos_credential_hashes(const struct kerberos_credential *credential)
{
    return &credential->hashes;
}

struct sspi_keytab *kerberos_credential_keytab(const struct kerberos_credential *credential)
{
    return credential->keytab;
}

struct sspi_state *kerberos_credential_state(const struct kerberos_credential *credential)
{
    return credential->state;
}
