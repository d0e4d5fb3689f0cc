/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of one keytab in memory, and the clock skew that krb5.conf allows. Any thread may call
 * each function, except where it says otherwise. */
#ifndef KERBEROS_KEYS_H
#define KERBEROS_KEYS_H

#include <stdatomic.h>

#include "kerberos_entries.h"
#include "store_source.h"

/* Embedded in struct sspi_keytab. The contents of the source are a struct kerberos_entries. */
struct kerberos_keys {
    struct store_source source; /* its lock also guards `context` */
    krb5_context context;
    krb5_context file_context; /* for the thread that reads the file; the lock does not guard it */
    atomic_uint clockskew_s;
};

/* Makes the libkrb5 contexts, and leaves the source to the caller. False: `error` says why, and
 * there is nothing to clear. errno is ENOMEM if memory ran out. */
bool kerberos_keys_init(struct kerberos_keys *keys, char *error, size_t error_size) MUST_USE;

/* Frees the contexts, after the source was cleared. */
void kerberos_keys_clear(struct kerberos_keys *keys);

/* Counts how often the keys were read; a change means new keys. No lock. */
uint64_t kerberos_keys_generation(const struct kerberos_keys *keys);

/* Reads the clock skew from krb5.conf. libkrb5 reads that file again when it has changed. The
 * caller holds the lock of the source, or no other thread can use the keys yet. */
void kerberos_keys_read_clockskew(struct kerberos_keys *keys);

/* Seconds that clocks may differ: krb5.conf's clockskew, by default 300. No lock. */
uint32_t kerberos_keys_clockskew_s(const struct kerberos_keys *keys);

/* True if at least one key is for an accepted service (patterns of service_name.h). Otherwise
 * appends the principals that have keys to `there`, for an error text. */
bool kerberos_keys_has_service(struct kerberos_keys *keys, const struct sspi_view *service_names,
                               size_t n_service_names, struct bytes *there);

/* True if a key is for exactly this principal. */
bool kerberos_keys_has_principal(struct kerberos_keys *keys, struct sspi_view principal);

/* Appends the principals that have keys, for an error text. */
void kerberos_keys_list(struct kerberos_keys *keys, struct bytes *to);

/* Finds the principals that may be a client of the KDC, each once: first the accounts of machines
 * (HOST$), then the accepted services. The caller frees each of *ret_names. Returns their number,
 * at most `limit`; less if memory ran out. */
size_t kerberos_keys_clients(struct kerberos_keys *keys, const struct sspi_view *service_names,
                             size_t n_service_names, char **ret_names, size_t limit);

/* True if a key is for a service of another realm than this one. */
bool kerberos_keys_has_other_realm(struct kerberos_keys *keys, const char *realm);

/* Which service principals kerberos_keys_choose() takes, and which it prefers. */
struct kerberos_keys_wish {
    const struct sspi_view *service_names; /* patterns of service_name.h */
    size_t n_service_names;                /* 0: every principal */
    struct sspi_view host;                 /* preferred most; absent: any */
    struct sspi_view realm;                /* preferred next */
};

/* Copies at most `limit` principals that have keys, the most preferred first, each once. HTTP comes
 * before other services. The caller frees the copies. Returns their number; 0 also if memory ran
 * out. */
size_t kerberos_keys_choose(struct kerberos_keys *keys, const struct kerberos_keys_wish *wish,
                            char **ret_principals, size_t limit) MUST_USE;

/* A copy of the keys for the accepted services, of one generation. */
struct kerberos_keys_copy {
    krb5_keytab memory;
    size_t n_keys;       /* may be 0 */
    char *only_service;  /* the principal that all of them are for, malloc'ed; NULL: several
                            principals, or no keys */
    uint64_t generation; /* the number of this set of keys */
};

/* Makes the MEMORY keytab `name` with the keys for accepted services (rules of ServiceNames).
 * False: out of memory, or libkrb5 failed. */
bool kerberos_keys_copy_init(struct kerberos_keys_copy *ret_copy, struct kerberos_keys *keys,
                             const char *name, const struct sspi_view *service_names,
                             size_t n_service_names) MUST_USE;

/* Makes the MEMORY keytab `name` with the keys of exactly this principal. As above. */
bool kerberos_keys_copy_principal(struct kerberos_keys_copy *ret_copy, struct kerberos_keys *keys,
                                  const char *name, const char *principal) MUST_USE;

/* Closes the MEMORY keytab. libkrb5 frees the keys with the last GSS credential that uses them. */
void kerberos_keys_copy_clear(struct kerberos_keys_copy *copy, struct kerberos_keys *keys);

/* How closely the keytab's keys match the key that a ticket needs. */
enum kerberos_keys_match {
    KERBEROS_KEYS_NO_PRINCIPAL,
    KERBEROS_KEYS_NO_ETYPE,
    KERBEROS_KEYS_NO_KVNO,
    KERBEROS_KEYS_MATCH
};

/* Compares a ticket's service, encryption type and key version with the keys; the host is compared
 * without case. For an error text: `there` receives the principals (NO_PRINCIPAL), the names of the
 * encryption types (NO_ETYPE), or the key versions (NO_KVNO, MATCH) that are there. */
enum kerberos_keys_match kerberos_keys_compare(struct kerberos_keys *keys, const char *principal,
                                               int32_t etype, bool has_kvno, uint32_t kvno,
                                               struct bytes *there);

#endif
