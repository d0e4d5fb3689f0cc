/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_delegation.h"

#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5/krb5.h>
#include <stdlib.h>
#include <string.h>

bool kerberos_delegation_new(krb5_context krb5, char **ret_name)
{
    krb5_ccache cache;
    char *full = NULL;
    if (krb5_cc_new_unique(krb5, "MEMORY", NULL, &cache) != 0)
        return false;
    bool ok = krb5_cc_get_full_name(krb5, cache, &full) == 0;
    *ret_name = ok ? strdup(full) : NULL;
    krb5_free_string(krb5, full);
    /* A memory cache and its name remain after a close. */
    if (*ret_name != NULL)
        (void)krb5_cc_close(krb5, cache);
    else
        (void)krb5_cc_destroy(krb5, cache);
    return *ret_name != NULL;
}

static bool fill(const char *name, gss_cred_id_t delegated)
{
    gss_key_value_element_desc element = {"ccache", name};
    gss_key_value_set_desc store = {1, &element};
    OM_uint32 minor;
    return gss_store_cred_into(&minor, delegated, GSS_C_INITIATE, (gss_OID)gss_mech_krb5, 1, 0,
                               &store, NULL, NULL) == GSS_S_COMPLETE;
}

bool kerberos_delegation_store(gss_cred_id_t delegated, char **ret_name)
{
    krb5_context krb5;
    char *name = NULL;
    if (krb5_init_context(&krb5) != 0)
        return false;
    bool ok = kerberos_delegation_new(krb5, &name);
    krb5_free_context(krb5);
    if (ok && !fill(name, delegated)) {
        kerberos_delegation_free(name);
        return false;
    }
    *ret_name = name;
    return ok;
}

void kerberos_delegation_free(char *name)
{
    krb5_context krb5;
    krb5_ccache cache;
    if (name == NULL)
        return;
    if (krb5_init_context(&krb5) == 0) {
        if (krb5_cc_resolve(krb5, name, &cache) == 0)
            (void)krb5_cc_destroy(krb5, cache);
        krb5_free_context(krb5);
    }
    free(name);
}

/* If the thread has no name of its own, GSSAPI returns the machine's default. That name must not be
 * written back, because the thread would keep it when the default changes. */
static bool is_default(const char *name)
{
    krb5_context krb5;
    if (krb5_init_context(&krb5) != 0)
        return false;
    const char *machine = krb5_cc_default_name(krb5);
    bool same = machine != NULL && strcmp(machine, name) == 0;
    krb5_free_context(krb5);
    return same;
}

bool kerberos_delegation_use(const char *name, char **ret_previous)
{
    OM_uint32 minor;
    const char *before = NULL;
    char *copy = NULL;
    if (ret_previous == NULL)
        return gss_krb5_ccache_name(&minor, name, NULL) == GSS_S_COMPLETE;
    if (gss_krb5_ccache_name(&minor, name, &before) != GSS_S_COMPLETE)
        return false;
    if (before != NULL && !is_default(before)) {
        copy = strdup(before);
        if (copy == NULL) {
            (void)gss_krb5_ccache_name(&minor, before, NULL);
            return false;
        }
    }
    *ret_previous = copy;
    return true;
}
