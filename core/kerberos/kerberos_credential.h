/* SPDX-License-Identifier: Apache-2.0 */
/* An acceptor's credential: the keys of the accepted services, and a pool of GSS credentials over
 * these keys. A GSS credential holds its lock during a whole accept, so that several threads that
 * share one are slower than one thread. So each thread acquires its own from the pool. */
#ifndef KERBEROS_CREDENTIAL_H
#define KERBEROS_CREDENTIAL_H

#include <gssapi/gssapi.h>

#include "hash.h"
#include "kerberos_authenticator.h"
#include "kerberos_keytab.h"
#include "sspi.h"

struct kerberos_credential;

/* Which replay cache a GSS credential uses. */
enum kerberos_replay_cache {
    KERBEROS_REPLAY_CACHE_NONE, /* no cache: the caller asks the shared table */
    KERBEROS_REPLAY_CACHE_MIT,  /* MIT's cache file, which all processes of this user id share */
    KERBEROS_REPLAY_CACHES
};

/* A GSS credential for only the krb5 mechanism. One thread acquires it, uses it and releases it. */
struct kerberos_acceptor {
    gss_cred_id_t gss;
    enum kerberos_replay_cache cache;
    struct kerberos_keyring *keyring;
    struct kerberos_acceptor *next;
    krb5_context context; /* for authenticators; NULL until the first one is read */
};

/* Makes the credential (rules in sspi_acceptor.h). SEC_E_OK sets *ret_credential.
 * SEC_E_INVALID_PARAMETER: too many names. SEC_E_NO_CREDENTIALS: the keytab cannot be used, or
 * holds no key for an accepted service. May read files. */
SECURITY_STATUS kerberos_credential_new(const SSPI_ACCEPTOR_DATA *data,
                                        struct kerberos_credential **ret_credential,
                                        struct sspi_error_info *error_info) MUST_USE;

/* Frees it. Every GSS credential must have been released. NULL is fine. */
void kerberos_credential_free(struct kerberos_credential *credential);

/* Acquires a GSS credential over the current keys. Any number of threads may call this, and after a
 * fork both processes. Reads a file only if the credential opened the keytab itself and the file
 * has changed. SEC_E_OK sets *ret_acceptor, which the caller releases by
 * kerberos_credential_release(). */
SECURITY_STATUS kerberos_credential_acquire(struct kerberos_credential *credential,
                                            enum kerberos_replay_cache cache, uint64_t now_ms,
                                            struct kerberos_acceptor **ret_acceptor,
                                            struct sspi_error_info *error_info) MUST_USE;

/* Reads the authenticator of an AP-REQ that decrypts with these keys. False: libkrb5 failed. */
bool kerberos_credential_authenticator(struct kerberos_acceptor *acceptor, struct sspi_view message,
                                       struct kerberos_authenticator *ret_authenticator) MUST_USE;

/* kerberos_has_signed_pac() with these keys. */
bool kerberos_credential_signed_pac(struct kerberos_acceptor *acceptor,
                                    struct sspi_view ticket) MUST_USE;

/* The principal that all keys of an acquired GSS credential are for, valid until the release. NULL:
 * the keys are for several principals. */
const char *kerberos_credential_only_service(const struct kerberos_acceptor *acceptor);

/* Returns a GSS credential to the pool. */
void kerberos_credential_release(struct kerberos_credential *credential,
                                 struct kerberos_acceptor *acceptor);

/* The accepted service names, *ret_n of them; 0: every service. Valid as long as the credential. */
const struct sspi_view *kerberos_credential_services(const struct kerberos_credential *credential,
                                                     size_t *ret_n);

/* The digests with which channel bindings are hashed. Valid as long as the credential. */
const struct hash_suite *kerberos_credential_hashes(const struct kerberos_credential *credential);

/* Valid as long as the credential. */
struct sspi_keytab *kerberos_credential_keytab(const struct kerberos_credential *credential);

/* NULL if there is no shared memory. */
struct sspi_state *kerberos_credential_state(const struct kerberos_credential *credential);

#endif
