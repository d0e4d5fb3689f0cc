/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_keytab.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kerberos_keys.h"
#include "ref.h"
#include "service_name.h"

struct sspi_keytab {
    struct ref ref;
    char *path;
    struct kerberos_keys keys;
    atomic_uint_fast64_t checked_ms;
    atomic_uint_fast64_t found_ms; /* when kerberos_keytab_look_now() last found a change */
    atomic_bool is_looking;        /* from a look to its end, or to that of the reread after it */
    struct stat identity; /* of the file that was read or refused last; of the thread that looks */
};

/* The path within a keytab name; NULL when it is no file's. */
static const char *file_path(const char *name)
{
    static const char *const prefixes[] = {"FILE:", "WRFILE:"};
    if (name[0] == '/')
        return name;
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
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
        if (krb5_kt_default_name(keytab->keys.context, default_name, sizeof(default_name)) != 0) {
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

static void keytab_free(struct sspi_keytab *keytab)
{
    kerberos_keys_clear(&keytab->keys);
    free(keytab->path);
    free(keytab);
}

struct sspi_keytab *kerberos_keytab_open(const char *name, char *error, size_t error_size)
{
    errno = 0; /* what fails for want of memory sets it, and nothing on the way back does */
    struct sspi_keytab *keytab = calloc(1, sizeof(*keytab));
    if (keytab == NULL) {
        snprintf(error, error_size, "keytab: no memory");
        return NULL;
    }
    if (!kerberos_keys_init(&keytab->keys, error, error_size)) {
        free(keytab);
        return NULL;
    }
    ref_init(&keytab->ref);
    if (!set_path(keytab, name, error, error_size) ||
        !kerberos_keys_read(&keytab->keys, keytab->path, &keytab->identity, error, error_size)) {
        kerberos_keytab_unref(keytab);
        return NULL;
    }
    kerberos_keys_read_clockskew(&keytab->keys);
    return keytab;
}

REF(kerberos_keytab, struct sspi_keytab, ref, keytab_free)

const char *kerberos_keytab_path(const struct sspi_keytab *keytab)
{
    return keytab->path;
}

struct kerberos_keys *kerberos_keytab_keys(struct sspi_keytab *keytab)
{
    return &keytab->keys;
}

bool kerberos_keytab_has_service(struct sspi_keytab *keytab, const struct sspi_view *names,
                                 size_t n_names, char *error, size_t error_size)
{
    BYTES_CLEANUP struct bytes there = {0};
    if (kerberos_keys_has_service(&keytab->keys, names, n_names, &there))
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
    kerberos_keys_read_clockskew(&keytab->keys);
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
    bool done =
        kerberos_keys_read(&keytab->keys, keytab->path, &keytab->identity, error, error_size);
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
