/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of one keytab file as a list in memory. */
#ifndef KERBEROS_ENTRIES_H
#define KERBEROS_ENTRIES_H

#include <krb5/krb5.h>
#include <sys/stat.h>

#include "bytes.h"

/* The most keys that are read from one file. */
#define KERBEROS_ENTRIES_LIMIT 8192

struct kerberos_entries {
    krb5_keytab_entry *list;
    char **names; /* the principals as text, one for each entry */
    size_t n_entries;
};

/* Reads the file. False: *ret_entries is empty, and `error` (never NULL) names the file, the cause
 * and what would be right. `*seen` becomes the state of the opened file before it is read. Blocks
 * on the file. Only one thread at a time may use `context`. */
bool kerberos_entries_read(krb5_context context, const char *path,
                           struct kerberos_entries *ret_entries, struct stat *seen, char *error,
                           size_t error_size) MUST_USE;

/* Wipes the keys and frees the list. An empty list is fine. */
void kerberos_entries_clear(krb5_context context, struct kerberos_entries *entries);

/* Appends at most eight principals that have keys, each once; "nothing" if there are no keys. */
void kerberos_entries_list(const struct kerberos_entries *entries, struct bytes *to);

#endif
