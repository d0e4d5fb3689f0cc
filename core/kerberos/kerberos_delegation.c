/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_delegation.h"

#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5/krb5.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error_info.h"

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

/* ---- files ---- */

/* An open cache, which is closed or destroyed. */
struct cache {
    krb5_context krb5;
    krb5_ccache cache;
};

static krb5_error_code open_cache(krb5_context krb5, const char *name, struct cache *ret_cache)
{
    ret_cache->krb5 = krb5;
    krb5_error_code code = krb5_cc_resolve(krb5, name, &ret_cache->cache);
    if (code != 0)
        ret_cache->cache = NULL;
    return code;
}

static void close_cache(struct cache *cache)
{
    if (cache->cache != NULL)
        (void)krb5_cc_close(cache->krb5, cache->cache);
}

#define CACHE_CLEANUP __attribute__((cleanup(close_cache)))

/* krb5_cc_initialize() removes a file of this name, and makes a new one with O_EXCL and 0600. */
static krb5_error_code copy_to_file(krb5_context krb5, const char *from_name, const char *to_name)
{
    CACHE_CLEANUP struct cache from = {0}, to = {0};
    krb5_principal user = NULL;
    krb5_error_code code = open_cache(krb5, from_name, &from);
    if (code == 0)
        code = open_cache(krb5, to_name, &to);
    if (code == 0)
        code = krb5_cc_get_principal(krb5, from.cache, &user);
    if (code == 0)
        code = krb5_cc_initialize(krb5, to.cache, user);
    if (code == 0)
        code = krb5_cc_copy_creds(krb5, from.cache, to.cache);
    krb5_free_principal(krb5, user);
    return code;
}

static void write_why(krb5_context krb5, krb5_error_code code, char *why, size_t why_size)
{
    const char *text = krb5_get_error_message(krb5, code);
    snprintf(why, why_size, "%s", text);
    krb5_free_error_message(krb5, text);
}

bool kerberos_delegation_write(const char *from, const char *path, char *why, size_t why_size)
{
    krb5_context krb5;
    char name[PATH_MAX + sizeof("FILE:")];
    snprintf(why, why_size, OUT_OF_MEMORY);
    if (krb5_init_context(&krb5) != 0)
        return false;
    snprintf(name, sizeof(name), "FILE:%s", path);
    krb5_error_code code = copy_to_file(krb5, from, name);
    if (code != 0) {
        write_why(krb5, code, why, why_size);
        (void)unlink(path);
    }
    krb5_free_context(krb5);
    return code == 0;
}

/* Entries of the configuration are no tickets, and have no end. */
static uint64_t find_end(krb5_context krb5, krb5_ccache cache)
{
    krb5_cc_cursor cursor;
    krb5_creds creds;
    uint64_t end_s = 0;
    if (krb5_cc_start_seq_get(krb5, cache, &cursor) != 0)
        return 0;
    while (krb5_cc_next_cred(krb5, cache, &cursor, &creds) == 0) {
        /* Times after 2038 are negative in MIT's type. */
        uint64_t this_s = (uint32_t)creds.times.endtime;
        if (!krb5_is_config_principal(krb5, creds.server) && this_s > end_s)
            end_s = this_s;
        krb5_free_cred_contents(krb5, &creds);
    }
    (void)krb5_cc_end_seq_get(krb5, cache, &cursor);
    return end_s;
}

bool kerberos_delegation_end(const char *name, uint64_t *ret_end_ms)
{
    krb5_context krb5;
    uint64_t end_s = 0;
    if (krb5_init_context(&krb5) != 0)
        return false;
    {
        CACHE_CLEANUP struct cache cache = {0};
        if (open_cache(krb5, name, &cache) == 0)
            end_s = find_end(krb5, cache.cache);
    }
    krb5_free_context(krb5);
    *ret_end_ms = end_s * 1000;
    return end_s > 0;
}

/* ---- the cache in memory ---- */

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
