/* SPDX-License-Identifier: Apache-2.0 */
/* Tickets that a client hands over for the server to act in its name: kept in a cache of this
 * process' memory, named so that others than GSSAPI's callers can use it. */
#ifndef KERBEROS_DELEGATION_H
#define KERBEROS_DELEGATION_H

#include <gssapi/gssapi.h>
#include <stdbool.h>

/* Copies the delegated credential into a new cache; *ret_name is "MEMORY:...", which the caller
 * ends with kerberos_delegation_free(). False: no memory, or libkrb5 failed. No network. */
bool kerberos_delegation_store(gss_cred_id_t delegated, char **ret_name);

/* Wipes the cache and frees its name. NULL is fine. */
void kerberos_delegation_free(char *name);

/* Makes `name` the default cache of the calling thread's GSSAPI calls; NULL: the machine's. Unless
 * `ret_previous` is NULL it is set to what was before, allocated, NULL for the machine's. False: no
 * memory, or libkrb5 failed; nothing has changed. */
bool kerberos_delegation_use(const char *name, char **ret_previous);

#endif
