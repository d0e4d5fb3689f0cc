/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "service_name.h"

#define ETYPE_NAME_LIMIT 64

uint64_t kerberos_keys_generation(const struct sspi_keytab *keytab)
{
    return atomic_load(&keytab->generation);
}

uint32_t kerberos_keys_clockskew_s(const struct sspi_keytab *keytab)
{
    return atomic_load(&keytab->clockskew_s);
}

/* Under the mutex. *ret_first is the principal of the first key. *ret_several is true if another
 * key has another principal. */
static krb5_error_code add_accepted(struct sspi_keytab *keytab, krb5_keytab memory,
                                    const struct sspi_view *service_names, size_t n_service_names,
                                    size_t *ret_n_keys, const char **ret_first, bool *ret_several)
{
    const struct kerberos_entries *entries = &keytab->entries;
    *ret_n_keys = 0;
    *ret_first = NULL;
    *ret_several = false;
    for (size_t i = 0; i < entries->n_entries; i++) {
        if (!service_name_accepts_principal(bytes_view(entries->names[i]), service_names,
                                            n_service_names))
            continue;
        krb5_error_code code = krb5_kt_add_entry(keytab->context, memory, &entries->list[i]);
        if (code != 0)
            return code;
        if (*ret_first == NULL)
            *ret_first = entries->names[i];
        *ret_several = *ret_several || strcmp(*ret_first, entries->names[i]) != 0;
        (*ret_n_keys)++;
    }
    return 0;
}

/* Under the mutex. */
static krb5_error_code fill(struct sspi_keytab *keytab, const struct sspi_view *service_names,
                            size_t n_service_names, struct kerberos_keys_copied *copied)
{
    const char *first;
    bool several;
    krb5_error_code code = add_accepted(keytab, copied->memory, service_names, n_service_names,
                                        &copied->n_keys, &first, &several);
    if (code != 0 || first == NULL || several)
        return code;
    copied->only_service = strdup(first);
    return copied->only_service == NULL ? ENOMEM : 0;
}

bool kerberos_keys_copy(struct sspi_keytab *keytab, const char *name,
                        const struct sspi_view *service_names, size_t n_service_names,
                        struct kerberos_keys_copied *ret_copied)
{
    struct kerberos_keys_copied copied = {0};
    pthread_mutex_lock(&keytab->mutex);
    krb5_error_code code = krb5_kt_resolve(keytab->context, name, &copied.memory);
    if (code == 0) {
        code = fill(keytab, service_names, n_service_names, &copied);
        if (code != 0)
            krb5_kt_close(keytab->context, copied.memory);
    }
    copied.generation = atomic_load(&keytab->generation);
    pthread_mutex_unlock(&keytab->mutex);
    if (code != 0)
        return false;
    *ret_copied = copied;
    return true;
}

void kerberos_keys_drop(struct sspi_keytab *keytab, struct kerberos_keys_copied *copied)
{
    pthread_mutex_lock(&keytab->mutex);
    krb5_kt_close(keytab->context, copied->memory);
    pthread_mutex_unlock(&keytab->mutex);
    free(copied->only_service);
}

static void list_etype(krb5_enctype etype, struct bytes *to)
{
    char name[ETYPE_NAME_LIMIT];
    bytes_append_text(to, to->len > 0 ? ", " : "");
    if (krb5_enctype_to_name(etype, 0, name, sizeof name) == 0)
        bytes_append_text(to, name);
    else
        bytes_append_format(to, "%d", (int)etype);
}

/* Under the mutex. */
static enum kerberos_keys_match compare(const struct kerberos_entries *entries,
                                        struct sspi_view principal, int32_t etype, bool has_kvno,
                                        uint32_t kvno, struct bytes *etypes, struct bytes *kvnos)
{
    enum kerberos_keys_match best = KERBEROS_KEYS_NO_PRINCIPAL;
    for (size_t i = 0; i < entries->n_entries; i++) {
        const krb5_keytab_entry *entry = &entries->list[i];
        if (!bytes_equal_nocase(bytes_view(entries->names[i]), principal))
            continue;
        enum kerberos_keys_match match = KERBEROS_KEYS_NO_ETYPE;
        list_etype(entry->key.enctype, etypes);
        if (entry->key.enctype == etype) {
            match = !has_kvno || entry->vno == kvno ? KERBEROS_KEYS_MATCH : KERBEROS_KEYS_NO_KVNO;
            bytes_append_format(kvnos, "%s%u", kvnos->len > 0 ? ", " : "", (unsigned)entry->vno);
        }
        if (match > best)
            best = match;
    }
    return best;
}

enum kerberos_keys_match kerberos_keys_compare(struct sspi_keytab *keytab, const char *principal,
                                               int32_t etype, bool has_kvno, uint32_t kvno,
                                               struct bytes *there)
{
    BYTES_CLEANUP struct bytes etypes = {0};
    BYTES_CLEANUP struct bytes kvnos = {0};
    pthread_mutex_lock(&keytab->mutex);
    enum kerberos_keys_match match =
        compare(&keytab->entries, bytes_view(principal), etype, has_kvno, kvno, &etypes, &kvnos);
    if (match == KERBEROS_KEYS_NO_PRINCIPAL)
        kerberos_entries_list(&keytab->entries, there);
    pthread_mutex_unlock(&keytab->mutex);
    if (match == KERBEROS_KEYS_NO_ETYPE)
        bytes_append_view(there, bytes_as_view(&etypes));
    else if (match != KERBEROS_KEYS_NO_PRINCIPAL)
        bytes_append_view(there, bytes_as_view(&kvnos));
    return match;
}
