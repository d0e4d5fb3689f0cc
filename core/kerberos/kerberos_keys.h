/* SPDX-License-Identifier: Apache-2.0 */
/* What the Kerberos package itself asks of a struct sspi_keytab; kerberos_keytab.h is the part that
 * others see. Every call may be made by any thread. */
#ifndef KERBEROS_KEYS_H
#define KERBEROS_KEYS_H

#include <pthread.h>
#include <stdatomic.h>

#include "kerberos_entries.h"
#include "kerberos_keytab.h"
#include "ref.h"

struct sspi_keytab {
    struct ref ref;
    char *path;
    pthread_mutex_t mutex; /* of the next two */
    krb5_context context;
    struct kerberos_entries entries;
    atomic_uint_fast64_t generation;
    atomic_uint_fast64_t checked_ms;
    atomic_uint_fast64_t found_ms; /* when kerberos_keytab_look_now() last found a change */
    atomic_uint clockskew_s;
    atomic_bool is_looking; /* from a look to its end, or to that of the reread after it */
    /* Of the one who is looking: the file is read while others go on with the mutex and the keys.
     */
    krb5_context file_context;
    struct stat identity; /* of the file that was read or refused last */
};

/* Counts how often the keys were read; a change means new keys. No lock. */
uint64_t kerberos_keys_generation(const struct sspi_keytab *keytab);

/* Seconds that clocks may differ, as krb5.conf says; 300 when it says nothing. No lock. */
uint32_t kerberos_keys_clockskew_s(const struct sspi_keytab *keytab);

/* The keys for the accepted services of one generation of a keytab. */
struct kerberos_keys_copied {
    krb5_keytab memory;
    size_t n_keys;      /* may be 0 */
    char *only_service; /* the principal that all of them are for, malloc'ed; NULL: several, or none
                         */
    uint64_t generation; /* the number of this set of keys */
};

/* Makes the MEMORY keytab `name` with the keys for accepted services (rules of ServiceNames).
 * False: out of memory, or libkrb5 failed. */
bool kerberos_keys_copy(struct sspi_keytab *keytab, const char *name,
                        const struct sspi_view *service_names, size_t n_service_names,
                        struct kerberos_keys_copied *ret_copied) MUST_USE;

/* Closes what kerberos_keys_copy() made; the keys go when the last GSS credential over it goes. */
void kerberos_keys_drop(struct sspi_keytab *keytab, struct kerberos_keys_copied *copied);

/* How far the keys there are from the one that a ticket wants. */
enum kerberos_keys_match {
    KERBEROS_KEYS_NO_PRINCIPAL,
    KERBEROS_KEYS_NO_ETYPE,
    KERBEROS_KEYS_NO_KVNO,
    KERBEROS_KEYS_MATCH
};

/* Compares a ticket's service, encryption type and key version with the keys, host without case.
 * For an error text: `there` receives the principals (NO_PRINCIPAL), the names of the encryption
 * types (NO_ETYPE), or the key versions (NO_KVNO, MATCH) that are there. */
enum kerberos_keys_match kerberos_keys_compare(struct sspi_keytab *keytab, const char *principal,
                                               int32_t etype, bool has_kvno, uint32_t kvno,
                                               struct bytes *there);

#endif
