/* SPDX-License-Identifier: Apache-2.0 */
/* A keytab's keys in memory: read once by the privileged parent, inherited by the workers, read
 * again when the file changes and this process may read it. */
#ifndef KERBEROS_KEYTAB_H
#define KERBEROS_KEYTAB_H

#include "bytes.h"
#include "sspi_acceptor.h"

/* Reads the keytab `name` (a path, or MIT's "FILE:path"; NULL: MIT's default keytab) and keeps a
 * krb5_context alive with it, so that krb5.conf stays parsed in this process and its children.
 * NULL on failure: `error` names the file, the cause and, when it holds no key, what was looked
 * for, and errno is ENOMEM if memory ran out, else something else. Blocks on the file; no network,
 * no DNS. */
struct sspi_keytab *kerberos_keytab_open(const char *name, char *error, size_t error_size) MUST_USE;

/* See ref.h. The last owner wipes the keys. */
struct sspi_keytab *kerberos_keytab_ref(struct sspi_keytab *keytab);
void kerberos_keytab_unref(struct sspi_keytab *keytab);

/* The file's path without a "FILE:" prefix. */
const char *kerberos_keytab_path(const struct sspi_keytab *keytab);

/* The keys in memory, for this package. They live as long as the keytab. */
struct kerberos_keys *kerberos_keytab_keys(struct sspi_keytab *keytab);

/* True when at least one key is for an accepted service principal (rules of ServiceNames in
 * sspi_acceptor.h). Otherwise `error` names the principals that were looked for and some that are
 * there. */
bool kerberos_keytab_has_service(struct sspi_keytab *keytab, const struct sspi_view *names,
                                 size_t n_names, char *error, size_t error_size);

struct store_source;

/* The file, which is read again when it changes. A regular check also reads the clock skew from
 * krb5.conf. Credentials find new keys themselves. */
struct store_source *kerberos_keytab_source(struct sspi_keytab *keytab);

#endif
