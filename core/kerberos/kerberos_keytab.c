/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_keytab.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error_info.h"
#include "kerberos_keys.h"
#include "service_name.h"

struct sspi_keytab {
    struct kerberos_keys keys;
};

/* Returns the path in the name of a keytab. NULL: the name is of another type than a file. */
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

static struct sspi_keytab *keytab_of(struct store_source *source)
{
    return (struct sspi_keytab *)source;
}

static void *load(struct store_source *source, struct stat *seen, char *error, size_t error_size)
{
    struct kerberos_entries *entries = calloc(1, sizeof(*entries));
    if (entries == NULL) {
        snprintf(error, error_size, "keytab %s: " OUT_OF_MEMORY, source->path);
        return NULL;
    }
    if (kerberos_entries_read(keytab_of(source)->keys.file_context, source->path, entries, seen,
                              error, error_size))
        return entries;
    free(entries);
    return NULL;
}

static void entries_free(struct store_source *source, void *entries)
{
    kerberos_entries_clear(keytab_of(source)->keys.file_context, entries);
    free(entries);
}

static void on_check(struct store_source *source)
{
    kerberos_keys_read_clockskew(&keytab_of(source)->keys);
}

static void keytab_free(struct store_source *source)
{
    struct sspi_keytab *keytab = keytab_of(source);
    store_source_clear(source);
    kerberos_keys_clear(&keytab->keys);
    free(keytab);
}

static const struct store_source_kind keytab_kind = {
    .load = load,
    .free_contents = entries_free,
    .on_check = on_check,
    .free = keytab_free,
};

STORE_SOURCE(kerberos_keytab, struct sspi_keytab, keys.source)

static bool init_source(struct sspi_keytab *keytab, const char *name, char *error,
                        size_t error_size)
{
    char default_name[4096];
    if (name == NULL) {
        if (krb5_kt_default_name(keytab->keys.context, default_name, sizeof(default_name)) != 0) {
            snprintf(error, error_size, "there is no default keytab; give the path of one");
            return false;
        }
        name = default_name;
    }
    const char *path = file_path(name);
    if (path == NULL || path[0] == '\0') {
        snprintf(error, error_size, "keytab %s: not a file; give a path or FILE:path", name);
        return false;
    }
    if (store_source_init(&keytab->keys.source, &keytab_kind, path))
        return true;
    snprintf(error, error_size, "keytab %s: " OUT_OF_MEMORY, path);
    return false;
}

struct sspi_keytab *kerberos_keytab_open(const char *name, char *error, size_t error_size)
{
    errno = 0; /* malloc() sets it to ENOMEM, and no later call here changes it */
    struct sspi_keytab *keytab = calloc(1, sizeof(*keytab));
    if (keytab == NULL) {
        snprintf(error, error_size, "keytab: " OUT_OF_MEMORY);
        return NULL;
    }
    if (!kerberos_keys_init(&keytab->keys, error, error_size)) {
        free(keytab);
        return NULL;
    }
    if (!init_source(keytab, name, error, error_size)) {
        kerberos_keys_clear(&keytab->keys);
        free(keytab);
        return NULL;
    }
    struct store_source *source = &keytab->keys.source;
    if (store_source_reload(source, error, error_size) != STORE_SOURCE_RELOADED) {
        kerberos_keytab_unref(keytab);
        return NULL;
    }
    kerberos_keys_read_clockskew(&keytab->keys);
    return keytab;
}

const char *kerberos_keytab_path(const struct sspi_keytab *keytab)
{
    return store_source_path(&keytab->keys.source);
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
             kerberos_keytab_path(keytab), (int)bytes_as_view(&wanted).len,
             bytes_as_view(&wanted).data, (int)bytes_as_view(&there).len,
             bytes_as_view(&there).data);
    return false;
}

bool kerberos_keytab_has_other_realm(struct sspi_keytab *keytab, const char *realm)
{
    return kerberos_keys_has_other_realm(&keytab->keys, realm);
}

bool kerberos_keytab_has_principal(struct sspi_keytab *keytab, struct sspi_view principal)
{
    return kerberos_keys_has_principal(&keytab->keys, principal);
}
