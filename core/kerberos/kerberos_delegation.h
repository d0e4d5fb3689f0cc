/* SPDX-License-Identifier: Apache-2.0 */
/* Tickets that a client delegates, with which the server can act in the client's name. They are
 * stored in a credential cache in this process' memory. The cache has a name, so that other
 * libraries than GSSAPI can use it. */
#ifndef KERBEROS_DELEGATION_H
#define KERBEROS_DELEGATION_H

#include <gssapi/gssapi.h>
#include <krb5/krb5.h>
#include <stdbool.h>

#include "bytes.h"

/* Makes an empty cache in memory, whose name no other cache of this process has. The caller ends it
 * with kerberos_delegation_free(). False: no memory, or libkrb5 failed. */
bool kerberos_delegation_new(krb5_context krb5, char **ret_name);

/* Copies the delegated credential into a new cache. *ret_name is "MEMORY:...", which the caller
 * ends with kerberos_delegation_free(). False: no memory, or libkrb5 failed. No network. */
bool kerberos_delegation_store(gss_cred_id_t delegated, char **ret_name);

/* Copies the tickets of the cache `from` into a new file, which only its owner may read (0600). An
 * existing file of this name is not used. False: `why` says what failed,
 * and there is no file. Blocks on the file system. */
bool kerberos_delegation_write(const char *from, const char *path, char *why,
                               size_t why_size) MUST_USE;

/* Finds the time when all tickets of the cache have ended. False: it has no ticket, or cannot be
 * read. */
bool kerberos_delegation_end(const char *name, uint64_t *ret_end_ms) MUST_USE;

/* Wipes the cache and frees its name. NULL is fine. */
void kerberos_delegation_free(char *name);

/* Makes `name` the default cache of the calling thread's GSSAPI calls; NULL: the machine's default.
 * Unless it is NULL, *ret_previous receives the previous name, allocated; NULL: the machine's
 * default. False: no memory, or libkrb5 failed; nothing has changed. */
bool kerberos_delegation_use(const char *name, char **ret_previous);

#endif
