/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_entries.h"

#include "error_info.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The most principals that an error text names. */
#define NAMES_SHOWN 8

static bool file_is_readable(const char *path, struct stat *seen, char *error, size_t error_size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        int cause = errno;
        if (cause == ENOENT)
            snprintf(error, error_size, "keytab %s: no such file; make it with kadmin's ktadd",
                     path);
        else if (cause == EACCES)
            snprintf(error, error_size,
                     "keytab %s: user id %u may not read it; give it the right (chgrp, chmod 0640)",
                     path, (unsigned)geteuid());
        else
            snprintf(error, error_size, "keytab %s: %s", path, strerror(cause));
        return false;
    }
    bool ok = fstat(fd, seen) == 0;
    close(fd);
    if (!ok)
        *seen = (struct stat){0};
    if (!ok || !S_ISREG(seen->st_mode)) {
        snprintf(error, error_size, "keytab %s: not a file; name a regular file", path);
        return false;
    }
    if (seen->st_size == 0) {
        snprintf(error, error_size, "keytab %s: the file is empty; make it with kadmin's ktadd",
                 path);
        return false;
    }
    return true;
}

static krb5_error_code add_entry(krb5_context context, krb5_keytab_entry *entry,
                                 struct kerberos_entries *to)
{
    if (to->n_entries == KERBEROS_ENTRIES_LIMIT)
        return E2BIG;
    krb5_keytab_entry *list = realloc(to->list, (to->n_entries + 1) * sizeof(*list));
    if (list == NULL)
        return ENOMEM;
    to->list = list;
    char **names = realloc(to->names, (to->n_entries + 1) * sizeof(*names));
    if (names == NULL)
        return ENOMEM;
    to->names = names;
    krb5_error_code code = krb5_unparse_name(context, entry->principal, &names[to->n_entries]);
    if (code != 0)
        return code;
    list[to->n_entries++] = *entry;
    return 0;
}

/* Appends every entry of the open keytab to `to`, until an error or the end. */
static krb5_error_code read_entries(krb5_context context, krb5_keytab file,
                                    struct kerberos_entries *to)
{
    krb5_kt_cursor cursor;
    krb5_error_code code = krb5_kt_start_seq_get(context, file, &cursor);
    if (code != 0)
        return code;
    for (;;) {
        krb5_keytab_entry entry;
        code = krb5_kt_next_entry(context, file, &entry, &cursor);
        if (code != 0)
            break;
        code = add_entry(context, &entry, to);
        if (code != 0) {
            krb5_free_keytab_entry_contents(context, &entry);
            break;
        }
    }
    krb5_error_code end_code = krb5_kt_end_seq_get(context, file, &cursor);
    if (code != KRB5_KT_END)
        return code;
    return end_code;
}

static void write_error(krb5_context context, krb5_error_code code, const char *path, char *error,
                        size_t error_size)
{
    if (code == KRB5_KEYTAB_BADVNO || code == KRB5_KT_FORMAT || code == KRB5_KT_END) {
        snprintf(error, error_size,
                 "keytab %s: this is not a keytab; export one with kadmin's ktadd", path);
        return;
    }
    const char *message = krb5_get_error_message(context, code);
    snprintf(error, error_size, "keytab %s: %s", path, message);
    krb5_free_error_message(context, message);
}

bool kerberos_entries_read(krb5_context context, const char *path,
                           struct kerberos_entries *ret_entries, struct stat *seen, char *error,
                           size_t error_size)
{
    *ret_entries = (struct kerberos_entries){0};
    if (!file_is_readable(path, seen, error, error_size))
        return false;
    BYTES_CLEANUP struct bytes name = {0};
    bytes_append_format(&name, "FILE:%s", path);
    bytes_append_char(&name, '\0');
    if (name.failed) {
        snprintf(error, error_size, "keytab %s: " OUT_OF_MEMORY, path);
        return false;
    }
    krb5_keytab file;
    krb5_error_code code = krb5_kt_resolve(context, name.data, &file);
    if (code == 0) {
        code = read_entries(context, file, ret_entries);
        krb5_kt_close(context, file);
    }
    if (code != 0) {
        write_error(context, code, path, error, error_size);
        kerberos_entries_clear(context, ret_entries);
        return false;
    }
    if (ret_entries->n_entries == 0) {
        snprintf(error, error_size, "keytab %s holds no key; add some with kadmin's ktadd", path);
        return false;
    }
    return true;
}

void kerberos_entries_clear(krb5_context context, struct kerberos_entries *entries)
{
    for (size_t i = 0; i < entries->n_entries; i++) {
        /* Wipes the key. */
        krb5_free_keytab_entry_contents(context, &entries->list[i]);
        krb5_free_unparsed_name(context, entries->names[i]);
    }
    free(entries->list);
    free(entries->names);
    *entries = (struct kerberos_entries){0};
}

static bool named_before(const struct kerberos_entries *entries, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(entries->names[i], entries->names[index]) == 0)
            return true;
    }
    return false;
}

void kerberos_entries_list(const struct kerberos_entries *entries, struct bytes *to)
{
    size_t n_shown = 0;
    for (size_t i = 0; i < entries->n_entries; i++) {
        if (named_before(entries, i))
            continue;
        if (n_shown == NAMES_SHOWN) {
            bytes_append_text(to, ", and more");
            return;
        }
        bytes_append_text(to, n_shown > 0 ? ", " : "");
        bytes_append_text(to, entries->names[i]);
        n_shown++;
    }
    if (n_shown == 0)
        bytes_append_text(to, "nothing");
}
