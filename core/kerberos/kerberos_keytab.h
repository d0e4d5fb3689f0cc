/* SPDX-License-Identifier: Apache-2.0 */
/* A keytab file, whose keys are held in memory. The privileged parent process reads it, and the
 * workers inherit the keys. A process that may read the file reads it again when it changes. */
#ifndef KERBEROS_KEYTAB_H
#define KERBEROS_KEYTAB_H

#include "bytes.h"
#include "sspi_acceptor.h"

/* Reads the keytab `name`: a path, or MIT's "FILE:path"; NULL: MIT's default keytab. It keeps a
 * krb5_context with the keytab, so that this process and its children need not parse krb5.conf
 * again. NULL on failure: `error` names the file and the cause. errno is ENOMEM if memory ran out,
 * otherwise another value. Blocks on the file. No network, no DNS. */
struct sspi_keytab *kerberos_keytab_open(const char *name, char *error, size_t error_size) MUST_USE;

/* See ref.h. The last owner wipes the keys. */
struct sspi_keytab *kerberos_keytab_ref(struct sspi_keytab *keytab);
void kerberos_keytab_unref(struct sspi_keytab *keytab);

/* The file's path without a "FILE:" prefix. */
const char *kerberos_keytab_path(const struct sspi_keytab *keytab);

/* The keys in memory, for this package. They live as long as the keytab. */
struct kerberos_keys *kerberos_keytab_keys(struct sspi_keytab *keytab);

/* True if at least one key is for an accepted service principal (rules of ServiceNames in
 * sspi_acceptor.h). Otherwise `error` names the accepted services, and some principals that have
 * keys. */
bool kerberos_keytab_has_service(struct sspi_keytab *keytab, const struct sspi_view *names,
                                 size_t n_names, char *error, size_t error_size);

/* True if a key is for exactly this principal, HTTP/host@REALM. Takes a lock for a search.
 * Allocates nothing. */
bool kerberos_keytab_has_principal(struct sspi_keytab *keytab, struct sspi_view principal);

/* True if a key is for a service of another realm than this one. As above. */
bool kerberos_keytab_has_other_realm(struct sspi_keytab *keytab, const char *realm);

struct store_source;

/* The source of the keys. A regular check also reads the clock skew from krb5.conf. Credentials
 * find new keys themselves. */
struct store_source *kerberos_keytab_source(struct sspi_keytab *keytab);

#endif
