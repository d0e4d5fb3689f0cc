/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of one keytab file as a list in memory. */
#ifndef KERBEROS_ENTRIES_H
#define KERBEROS_ENTRIES_H

#include <krb5/krb5.h>
#include <sys/stat.h>

#include "bytes.h"

/* Keys that are read of one file. */
#define KERBEROS_ENTRIES_LIMIT 8192

struct kerberos_entries {
    krb5_keytab_entry *list;
    char **names; /* principals as text, one an entry */
    size_t n_entries;
};

/* Reads the file. False: `error` (never NULL) names file, cause and what would be right, and
 * *ret_entries is empty. *ret_identity describes the file as it was before it was read, all zero
 * when it could not be looked at. Blocks on the file. `context` is used by one thread at a time. */
bool kerberos_entries_read(krb5_context context, const char *path,
                           struct kerberos_entries *ret_entries, struct stat *ret_identity,
                           char *error, size_t error_size) MUST_USE;

/* Wipes the keys and frees the list. An empty one is fine. */
void kerberos_entries_clear(krb5_context context, struct kerberos_entries *entries);

/* Appends the principals that are there, each once, at most eight, "nothing" when there are none.
 */
void kerberos_entries_list(const struct kerberos_entries *entries, struct bytes *to);

#endif
