/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_keytab.h"

#include <errno.h>
#include <profile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kerberos_keys.h"
#include "kerberos_name.h"
#include "service_name.h"

#define DEFAULT_CLOCKSKEW_S 300
#define LOCAL_NAME_LIMIT    256

/* MIT reads krb5.conf again when it changes, so this is asked again with every look at the file. */
static void read_clockskew(struct sspi_keytab *keytab)
{
    int skew_s = DEFAULT_CLOCKSKEW_S;
    profile_t profile = NULL;
    if (krb5_get_profile(keytab->context, &profile) == 0) {
        if (profile_get_integer(profile, "libdefaults", "clockskew", NULL, DEFAULT_CLOCKSKEW_S,
                                &skew_s) != 0)
            skew_s = DEFAULT_CLOCKSKEW_S;
        profile_release(profile);
    }
    if (skew_s < 0)
        skew_s = DEFAULT_CLOCKSKEW_S;
    atomic_store(&keytab->clockskew_s, (unsigned)skew_s);
}

/* The path within a keytab name; NULL when it is no file's. */
static const char *file_path(const char *name)
{
    static const char *const prefixes[] = {"FILE:", "WRFILE:"};
    if (name[0] == '/')
        return name;
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        size_t len = strlen(prefixes[i]);
        if (strncmp(name, prefixes[i], len) == 0)
            return name + len;
    }
    return strchr(name, ':') == NULL ? name : NULL;
}

static bool set_path(struct sspi_keytab *keytab, const char *name, char *error, size_t error_size)
{
    char default_name[4096];
    if (name == NULL) {
        if (krb5_kt_default_name(keytab->context, default_name, sizeof default_name) != 0) {
            snprintf(error, error_size, "there is no default keytab; name one");
            return false;
        }
        name = default_name;
    }
    const char *path = file_path(name);
    if (path == NULL || path[0] == '\0') {
        snprintf(error, error_size, "keytab %s: not a file; give a path or FILE:path", name);
        return false;
    }
    keytab->path = strdup(path);
    if (keytab->path == NULL)
        snprintf(error, error_size, "keytab %s: no memory", path);
    return keytab->path != NULL;
}

static bool make_contexts(struct sspi_keytab *keytab, char *error, size_t error_size)
{
    krb5_error_code code = krb5_init_context(&keytab->context);
    if (code == 0)
        code = krb5_init_context(&keytab->file_context);
    if (code != 0) {
        const char *message = krb5_get_error_message(NULL, code);
        snprintf(error, error_size, "krb5.conf: %s", message);
        krb5_free_error_message(NULL, message);
    }
    return code == 0;
}

static void keytab_free(struct sspi_keytab *keytab)
{
    if (keytab->context != NULL)
        kerberos_entries_free(keytab->context, &keytab->entries);
    krb5_free_context(keytab->file_context);
    krb5_free_context(keytab->context);
    pthread_mutex_destroy(&keytab->mutex);
    free(keytab->path);
    free(keytab);
}

struct sspi_keytab *kerberos_keytab_open(const char *name, char *error, size_t error_size)
{
    errno = 0; /* what fails for want of memory sets it, and nothing on the way back does */
    struct sspi_keytab *keytab = calloc(1, sizeof *keytab);
    if (keytab == NULL) {
        snprintf(error, error_size, "keytab: no memory");
        return NULL;
    }
    if (pthread_mutex_init(&keytab->mutex, NULL) != 0) {
        snprintf(error, error_size, "keytab: no mutex");
        free(keytab);
        return NULL;
    }
    ref_init(&keytab->ref);
    if (!make_contexts(keytab, error, error_size) || !set_path(keytab, name, error, error_size) ||
        !kerberos_entries_read(keytab->file_context, keytab->path, &keytab->entries,
                               &keytab->identity, error, error_size)) {
        kerberos_keytab_unref(keytab);
        return NULL;
    }
    read_clockskew(keytab);
    atomic_store(&keytab->generation, 1);
    return keytab;
}

REF(kerberos_keytab, struct sspi_keytab, ref, keytab_free)

const char *kerberos_keytab_path(const struct sspi_keytab *keytab)
{
    return keytab->path;
}

bool kerberos_keytab_has_service(struct sspi_keytab *keytab, const struct sspi_view *names,
                                 size_t n_names, char *error, size_t error_size)
{
    BYTES_CLEANUP struct bytes there = {0};
    bool found = false;
    pthread_mutex_lock(&keytab->mutex);
    for (size_t i = 0; i < keytab->entries.n_entries && !found; i++)
        found =
            service_name_accepts_principal(bytes_view(keytab->entries.names[i]), names, n_names);
    if (!found)
        kerberos_entries_list(&keytab->entries, &there);
    pthread_mutex_unlock(&keytab->mutex);
    if (found)
        return true;
    BYTES_CLEANUP struct bytes wanted = {0};
    service_name_describe(names, n_names, &wanted);
    snprintf(error, error_size,
             "keytab %s has no key for %.*s; it has keys for %.*s; add one with kadmin's ktadd",
             keytab->path, (int)bytes_as_view(&wanted).len, bytes_as_view(&wanted).data,
             (int)bytes_as_view(&there).len, bytes_as_view(&there).data);
    return false;
}

/* Called by the thread that is looking. Ends the look if the file has not changed. */
static bool has_changed(struct sspi_keytab *keytab)
{
    struct stat now;
    store_file_look(keytab->path, &now);
    if (!store_file_same(&now, &keytab->identity))
        return true;
    kerberos_keytab_look_again(keytab);
    return false;
}

bool kerberos_keytab_look(struct sspi_keytab *keytab, uint64_t now_ms)
{
    uint_fast64_t checked_ms = atomic_load(&keytab->checked_ms);
    if (!store_file_is_due(now_ms, checked_ms))
        return false;
    /* One thread looks, the others go on with the keys there are. */
    if (!atomic_compare_exchange_strong(&keytab->checked_ms, &checked_ms, now_ms) ||
        atomic_exchange(&keytab->is_looking, true))
        return false;
    pthread_mutex_lock(&keytab->mutex);
    read_clockskew(keytab);
    pthread_mutex_unlock(&keytab->mutex);
    return has_changed(keytab);
}

bool kerberos_keytab_look_now(struct sspi_keytab *keytab, uint64_t now_ms)
{
    if (!store_file_is_due(now_ms, atomic_load(&keytab->found_ms)) ||
        atomic_exchange(&keytab->is_looking, true) || !has_changed(keytab))
        return false;
    atomic_store(&keytab->found_ms, now_ms);
    return true;
}

void kerberos_keytab_look_again(struct sspi_keytab *keytab)
{
    atomic_store(&keytab->is_looking, false);
}

enum store_refresh kerberos_keytab_reread(struct sspi_keytab *keytab, char *error,
                                          size_t error_size)
{
    struct kerberos_entries fresh;
    bool done = kerberos_entries_read(keytab->file_context, keytab->path, &fresh, &keytab->identity,
                                      error, error_size);
    if (done) {
        pthread_mutex_lock(&keytab->mutex);
        struct kerberos_entries old = keytab->entries;
        keytab->entries = fresh;
        atomic_fetch_add(&keytab->generation, 1);
        pthread_mutex_unlock(&keytab->mutex);
        kerberos_entries_free(keytab->file_context, &old);
    }
    kerberos_keytab_look_again(keytab);
    return done ? STORE_REFRESH_DONE : STORE_REFRESH_UNREADABLE;
}

enum store_refresh kerberos_keytab_refresh(struct sspi_keytab *keytab, uint64_t now_ms, char *error,
                                           size_t error_size)
{
    if (!kerberos_keytab_look(keytab, now_ms))
        return STORE_REFRESH_UNCHANGED;
    return kerberos_keytab_reread(keytab, error, error_size);
}

char *kerberos_default_realm(void)
{
    krb5_context context;
    if (krb5_init_context(&context) != 0)
        return NULL;
    char *realm = NULL;
    char *copy = NULL;
    if (krb5_get_default_realm(context, &realm) == 0) {
        copy = strdup(realm);
        krb5_free_default_realm(context, realm);
    }
    krb5_free_context(context);
    return copy;
}

char *kerberos_local_name(const char *principal)
{
    krb5_context context;
    errno = 0;
    /* krb5 removes the escapes before it maps a name: alice\@OTHER@REALM would be alice@OTHER. */
    if (kerberos_name_has_escape(principal))
        return NULL;
    krb5_error_code code = krb5_init_context(&context);
    errno = code == ENOMEM ? ENOMEM : 0;
    if (code != 0)
        return NULL;
    char name[LOCAL_NAME_LIMIT];
    char *copy = NULL;
    krb5_principal parsed;
    bool no_memory = false;
    if (krb5_parse_name(context, principal, &parsed) == 0) {
        if (krb5_aname_to_localname(context, parsed, sizeof name, name) == 0) {
            copy = strdup(name);
            no_memory = copy == NULL;
        }
        krb5_free_principal(context, parsed);
    }
    krb5_free_context(context);
    errno = no_memory ? ENOMEM : 0;
    return copy;
}
