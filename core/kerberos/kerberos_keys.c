/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_keys.h"

#include <errno.h>
#include <profile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kerberos_name.h"
#include "service_name.h"

#define DEFAULT_CLOCKSKEW_S 300

#define ETYPE_NAME_LIMIT 64

bool kerberos_keys_init(struct kerberos_keys *keys, char *error, size_t error_size)
{
    *keys = (struct kerberos_keys){0};
    krb5_error_code code = krb5_init_context(&keys->context);
    if (code == 0)
        code = krb5_init_context(&keys->file_context);
    if (code == 0)
        return true;
    const char *message = krb5_get_error_message(NULL, code);
    snprintf(error, error_size, "krb5.conf: %s", message);
    krb5_free_error_message(NULL, message);
    kerberos_keys_clear(keys);
    return false;
}

void kerberos_keys_clear(struct kerberos_keys *keys)
{
    krb5_free_context(keys->file_context);
    krb5_free_context(keys->context);
}

uint64_t kerberos_keys_generation(const struct kerberos_keys *keys)
{
    return store_source_generation(&keys->source);
}

void kerberos_keys_read_clockskew(struct kerberos_keys *keys)
{
    int skew_s = DEFAULT_CLOCKSKEW_S;
    profile_t profile = NULL;
    if (krb5_get_profile(keys->context, &profile) == 0) {
        if (profile_get_integer(profile, "libdefaults", "clockskew", NULL, DEFAULT_CLOCKSKEW_S,
                                &skew_s) != 0)
            skew_s = DEFAULT_CLOCKSKEW_S;
        profile_release(profile);
    }
    if (skew_s < 0)
        skew_s = DEFAULT_CLOCKSKEW_S;
    atomic_store(&keys->clockskew_s, (unsigned)skew_s);
}

uint32_t kerberos_keys_clockskew_s(const struct kerberos_keys *keys)
{
    return atomic_load(&keys->clockskew_s);
}

bool kerberos_keys_has_service(struct kerberos_keys *keys, const struct sspi_view *service_names,
                               size_t n_service_names, struct bytes *there)
{
    bool found = false;
    pthread_mutex_lock(&keys->source.lock);
    const struct kerberos_entries *entries = keys->source.contents;
    for (size_t i = 0; i < entries->n_entries && !found; i++)
        found = service_name_accepts_principal(bytes_view(entries->names[i]), service_names,
                                               n_service_names);
    if (!found)
        kerberos_entries_list(entries, there);
    pthread_mutex_unlock(&keys->source.lock);
    return found;
}

/* Which keys are copied. */
struct wanted {
    const char *principal; /* exactly this one; NULL: the accepted services */
    const struct sspi_view *service_names;
    size_t n_service_names;
};

static bool is_wanted(const struct wanted *wanted, const char *name)
{
    if (wanted->principal != NULL)
        return strcmp(wanted->principal, name) == 0;
    return service_name_accepts_principal(bytes_view(name), wanted->service_names,
                                          wanted->n_service_names);
}

/* Under the lock. *ret_first is the principal of the first key. *ret_several is true if another
 * key has another principal. */
static krb5_error_code add_wanted(struct kerberos_keys *keys, krb5_keytab memory,
                                  const struct wanted *wanted, size_t *ret_n_keys,
                                  const char **ret_first, bool *ret_several)
{
    const struct kerberos_entries *entries = keys->source.contents;
    *ret_n_keys = 0;
    *ret_first = NULL;
    *ret_several = false;
    for (size_t i = 0; i < entries->n_entries; i++) {
        if (!is_wanted(wanted, entries->names[i]))
            continue;
        krb5_error_code code = krb5_kt_add_entry(keys->context, memory, &entries->list[i]);
        if (code != 0)
            return code;
        if (*ret_first == NULL)
            *ret_first = entries->names[i];
        *ret_several = *ret_several || strcmp(*ret_first, entries->names[i]) != 0;
        (*ret_n_keys)++;
    }
    return 0;
}

/* Under the lock. */
static krb5_error_code fill(struct kerberos_keys *keys, const struct wanted *wanted,
                            struct kerberos_keys_copy *copy)
{
    const char *first;
    bool several;
    krb5_error_code code = add_wanted(keys, copy->memory, wanted, &copy->n_keys, &first, &several);
    if (code != 0 || first == NULL || several)
        return code;
    copy->only_service = strdup(first);
    return copy->only_service == NULL ? ENOMEM : 0;
}

static bool copy_wanted(struct kerberos_keys_copy *ret_copy, struct kerberos_keys *keys,
                        const char *name, const struct wanted *wanted)
{
    struct kerberos_keys_copy copy = {0};
    pthread_mutex_lock(&keys->source.lock);
    krb5_error_code code = krb5_kt_resolve(keys->context, name, &copy.memory);
    if (code == 0) {
        code = fill(keys, wanted, &copy);
        if (code != 0)
            krb5_kt_close(keys->context, copy.memory);
    }
    copy.generation = store_source_generation(&keys->source);
    pthread_mutex_unlock(&keys->source.lock);
    if (code != 0)
        return false;
    *ret_copy = copy;
    return true;
}

bool kerberos_keys_copy_init(struct kerberos_keys_copy *ret_copy, struct kerberos_keys *keys,
                             const char *name, const struct sspi_view *service_names,
                             size_t n_service_names)
{
    struct wanted wanted = {NULL, service_names, n_service_names};
    return copy_wanted(ret_copy, keys, name, &wanted);
}

bool kerberos_keys_copy_principal(struct kerberos_keys_copy *ret_copy, struct kerberos_keys *keys,
                                  const char *name, const char *principal)
{
    struct wanted wanted = {.principal = principal};
    return copy_wanted(ret_copy, keys, name, &wanted);
}

void kerberos_keys_copy_clear(struct kerberos_keys_copy *copy, struct kerberos_keys *keys)
{
    pthread_mutex_lock(&keys->source.lock);
    krb5_kt_close(keys->context, copy->memory);
    pthread_mutex_unlock(&keys->source.lock);
    free(copy->only_service);
}

bool kerberos_keys_has_principal(struct kerberos_keys *keys, struct sspi_view principal)
{
    bool found = false;
    pthread_mutex_lock(&keys->source.lock);
    const struct kerberos_entries *entries = keys->source.contents;
    for (size_t i = 0; i < entries->n_entries && !found; i++)
        found = bytes_equal(bytes_view(entries->names[i]), principal);
    pthread_mutex_unlock(&keys->source.lock);
    return found;
}

void kerberos_keys_list(struct kerberos_keys *keys, struct bytes *to)
{
    pthread_mutex_lock(&keys->source.lock);
    kerberos_entries_list(keys->source.contents, to);
    pthread_mutex_unlock(&keys->source.lock);
}

/* The account of a machine in a domain: HOST$. */
static bool is_machine(const krb5_keytab_entry *entry)
{
    krb5_const_principal principal = entry->principal;
    if (principal->length != 1 || principal->data[0].length == 0)
        return false;
    return principal->data[0].data[principal->data[0].length - 1] == '$';
}

static bool is_chosen(const char *principal, char *const *chosen, size_t n_chosen)
{
    for (size_t i = 0; i < n_chosen; i++) {
        if (strcmp(chosen[i], principal) == 0)
            return true;
    }
    return false;
}

/* A list of clients that is being filled. */
struct clients {
    char **names;
    size_t n_names;
    size_t limit;
};

static void add_client(struct clients *to, const char *name)
{
    if (to->n_names == to->limit || is_chosen(name, to->names, to->n_names))
        return;
    to->names[to->n_names] = strdup(name);
    if (to->names[to->n_names] != NULL)
        to->n_names++;
}

size_t kerberos_keys_clients(struct kerberos_keys *keys, const struct sspi_view *service_names,
                             size_t n_service_names, char **ret_names, size_t limit)
{
    struct clients clients = {ret_names, 0, limit};
    struct wanted wanted = {NULL, service_names, n_service_names};
    pthread_mutex_lock(&keys->source.lock);
    const struct kerberos_entries *entries = keys->source.contents;
    for (size_t i = 0; i < entries->n_entries; i++) {
        if (is_machine(&entries->list[i]))
            add_client(&clients, entries->names[i]);
    }
    for (size_t i = 0; i < entries->n_entries; i++) {
        if (is_wanted(&wanted, entries->names[i]))
            add_client(&clients, entries->names[i]);
    }
    pthread_mutex_unlock(&keys->source.lock);
    return clients.n_names;
}

bool kerberos_keys_has_other_realm(struct kerberos_keys *keys, const char *realm)
{
    bool found = false;
    pthread_mutex_lock(&keys->source.lock);
    const struct kerberos_entries *entries = keys->source.contents;
    for (size_t i = 0; i < entries->n_entries && !found; i++)
        found = strcmp(kerberos_name_realm(entries->names[i]), realm) != 0;
    pthread_mutex_unlock(&keys->source.lock);
    return found;
}

/* 0: the principal is not accepted. */
static unsigned rank_of(const char *principal, const struct kerberos_keys_wish *wish)
{
    struct sspi_view name = bytes_view(principal);
    if (!service_name_accepts_principal(name, wish->service_names, wish->n_service_names))
        return 0;
    const char *slash = strchr(principal, '/');
    if (slash == NULL)
        return 1;
    struct sspi_view service = {principal, (size_t)(slash - principal)};
    struct sspi_view host = {slash + 1, strcspn(slash + 1, "@")};
    struct sspi_view realm = bytes_view(kerberos_name_realm(principal));
    unsigned rank = 2;
    if (bytes_equal_nocase(service, SSPI_VIEW("HTTP")))
        rank += 2;
    if (bytes_equal(realm, wish->realm))
        rank += 4;
    if (wish->host.len > 0 && bytes_equal_nocase(host, wish->host))
        rank += 8;
    return rank;
}

/* Under the lock. NULL: no other principal is accepted. */
static const char *find_best(const struct kerberos_entries *entries,
                             const struct kerberos_keys_wish *wish, char *const *chosen,
                             size_t n_chosen)
{
    const char *best = NULL;
    unsigned best_rank = 0;
    for (size_t i = 0; i < entries->n_entries; i++) {
        unsigned rank = rank_of(entries->names[i], wish);
        if (rank <= best_rank || is_chosen(entries->names[i], chosen, n_chosen))
            continue;
        best = entries->names[i];
        best_rank = rank;
    }
    return best;
}

size_t kerberos_keys_choose(struct kerberos_keys *keys, const struct kerberos_keys_wish *wish,
                            char **ret_principals, size_t limit)
{
    size_t n = 0;
    pthread_mutex_lock(&keys->source.lock);
    while (n < limit) {
        const char *best = find_best(keys->source.contents, wish, ret_principals, n);
        char *copy = best != NULL ? strdup(best) : NULL;
        if (copy == NULL)
            break;
        ret_principals[n++] = copy;
    }
    pthread_mutex_unlock(&keys->source.lock);
    return n;
}

static void list_etype(krb5_enctype etype, struct bytes *to)
{
    char name[ETYPE_NAME_LIMIT];
    bytes_append_text(to, to->len > 0 ? ", " : "");
    if (krb5_enctype_to_name(etype, 0, name, sizeof(name)) == 0)
        bytes_append_text(to, name);
    else
        bytes_append_format(to, "%d", (int)etype);
}

/* Under the lock. */
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

enum kerberos_keys_match kerberos_keys_compare(struct kerberos_keys *keys, const char *principal,
                                               int32_t etype, bool has_kvno, uint32_t kvno,
                                               struct bytes *there)
{
    BYTES_CLEANUP struct bytes etypes = {0};
    BYTES_CLEANUP struct bytes kvnos = {0};
    pthread_mutex_lock(&keys->source.lock);
    enum kerberos_keys_match match = compare(keys->source.contents, bytes_view(principal), etype,
                                             has_kvno, kvno, &etypes, &kvnos);
    if (match == KERBEROS_KEYS_NO_PRINCIPAL)
        kerberos_entries_list(keys->source.contents, there);
    pthread_mutex_unlock(&keys->source.lock);
    if (match == KERBEROS_KEYS_NO_ETYPE)
        bytes_append_view(there, bytes_as_view(&etypes));
    else if (match != KERBEROS_KEYS_NO_PRINCIPAL)
        bytes_append_view(there, bytes_as_view(&kvnos));
    return match;
}
