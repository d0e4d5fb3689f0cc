/* SPDX-License-Identifier: Apache-2.0 */
#include "store_nt_index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error_info.h"
#include "fold.h"

struct entry {
    struct bytes text; /* the key, then user and domain as in the file */
    size_t key_len; /* user and domain in upper case, separated by a NUL, which no name can hold */
    size_t user_len;
    uint32_t line;
    uint8_t hash[STORE_USERS_NT_HASH_LEN];
};

struct store_nt_index {
    struct entry *entries; /* in the order of the file */
    const struct entry **sorted;
    size_t n_entries;
};

static struct sspi_view key_of(const struct entry *entry)
{
    return (struct sspi_view){entry->text.data, entry->key_len};
}

static struct sspi_view user_of(const struct entry *entry)
{
    return (struct sspi_view){entry->text.data + entry->key_len, entry->user_len};
}

static struct sspi_view domain_of(const struct entry *entry)
{
    size_t start = entry->key_len + entry->user_len;
    return (struct sspi_view){entry->text.data + start, entry->text.len - start};
}

static int compare(struct sspi_view a, struct sspi_view b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = memcmp(a.data, b.data, len);
    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

static int compare_entries(const void *a, const void *b)
{
    const struct entry *const *first = a;
    const struct entry *const *second = b;
    return compare(key_of(*first), key_of(*second));
}

static bool append_key(struct bytes *to, struct sspi_view user, struct sspi_view domain)
{
    if (!fold_upper(to, user))
        return false;
    bytes_append_char(to, '\0');
    return fold_upper(to, domain);
}

static bool is_nt(struct sspi_view text, struct store_users_line *line)
{
    const char *problem;
    return store_users_parse_line(text, line, &problem) == STORE_USERS_NT;
}

static size_t count(struct sspi_view rest)
{
    struct sspi_view whole, text;
    struct store_users_line line;
    size_t n = 0;
    while (store_users_parse_next(&rest, &whole, &text))
        n += is_nt(text, &line) ? 1 : 0;
    bytes_wipe(&line, sizeof(line));
    return n;
}

static bool add(struct store_nt_index *index, const struct store_users_line *line, uint32_t number)
{
    struct entry *entry = &index->entries[index->n_entries];
    index->sorted[index->n_entries] = entry;
    index->n_entries++;
    entry->line = number;
    entry->user_len = line->user.len;
    memcpy(entry->hash, line->hash, sizeof(entry->hash));
    if (!append_key(&entry->text, line->user, line->realm))
        return false;
    entry->key_len = entry->text.len;
    bytes_append_view(&entry->text, line->user);
    bytes_append_view(&entry->text, line->realm);
    return !entry->text.failed;
}

static bool add_lines(struct store_nt_index *index, struct sspi_view rest, const char *path,
                      char *error, size_t error_size)
{
    struct sspi_view whole, text;
    struct store_users_line line;
    bool right = true;
    for (uint32_t number = 1; right && store_users_parse_next(&rest, &whole, &text); number++) {
        if (!is_nt(text, &line))
            continue;
        const char *problem = store_users_parse_nt_names(line.user, line.realm);
        right = problem == NULL && add(index, &line, number);
        if (problem != NULL)
            snprintf(error, error_size, "%s:%u: %s", path, number, problem);
    }
    bytes_wipe(&line, sizeof(line));
    return right;
}

/* Finds two lines of one name, which are neighbours in the sorted list. */
static bool are_different(const struct store_nt_index *index, const char *path, char *error,
                          size_t error_size)
{
    for (size_t i = 1; i < index->n_entries; i++) {
        uint32_t first = index->sorted[i - 1]->line;
        uint32_t second = index->sorted[i]->line;
        if (compare_entries(&index->sorted[i - 1], &index->sorted[i]) != 0)
            continue;
        snprintf(error, error_size,
                 "%s:%u: a second NT line of the user and domain of line %u (their case is "
                 "ignored); remove one of the two",
                 path, first < second ? second : first, first < second ? first : second);
        return false;
    }
    return true;
}

struct store_nt_index *store_nt_index_new(struct sspi_view text, const char *path, char *error,
                                          size_t error_size)
{
    size_t n_lines = count(text);
    snprintf(error, error_size, "%s: " OUT_OF_MEMORY, path);
    struct store_nt_index *index = calloc(1, sizeof(*index));
    if (index == NULL)
        return NULL;
    index->entries = calloc(n_lines + 1, sizeof(*index->entries));
    index->sorted = calloc(n_lines + 1, sizeof(*index->sorted));
    if (index->entries == NULL || index->sorted == NULL ||
        !add_lines(index, text, path, error, error_size)) {
        store_nt_index_free(index);
        return NULL;
    }
    qsort(index->sorted, index->n_entries, sizeof(*index->sorted), compare_entries);
    if (!are_different(index, path, error, error_size)) {
        store_nt_index_free(index);
        return NULL;
    }
    return index;
}

void store_nt_index_free(struct store_nt_index *index)
{
    if (index == NULL)
        return;
    for (size_t i = 0; i < index->n_entries; i++)
        bytes_free(&index->entries[i].text);
    if (index->entries != NULL)
        bytes_wipe(index->entries, index->n_entries * sizeof(*index->entries));
    free(index->entries);
    free(index->sorted);
    free(index);
}

/* Halves the range until one entry is left. The number of steps does not depend on the key. */
static const struct entry *search(const struct store_nt_index *index, struct sspi_view key)
{
    size_t first = 0;
    size_t n = index->n_entries;
    if (n == 0)
        return NULL;
    while (n > 1) {
        size_t half = n / 2;
        if (compare(key_of(index->sorted[first + half]), key) <= 0)
            first += half;
        n -= half;
    }
    const struct entry *entry = index->sorted[first];
    return bytes_equal(key_of(entry), key) ? entry : NULL;
}

static void copy_name(struct sspi_view name, char to[STORE_USERS_NAME_LIMIT + 1])
{
    memcpy(to, name.data, name.len);
    to[name.len] = '\0';
}

bool store_nt_index_find(const struct store_nt_index *index, struct sspi_view user,
                         struct sspi_view domain, struct store_nt_user *ret_user)
{
    BYTES_CLEANUP struct bytes key = {0};
    if (domain.len == 0 && index->n_entries > 0)
        domain = domain_of(&index->entries[0]);
    if (!append_key(&key, user, domain))
        return false;
    const struct entry *entry = search(index, bytes_as_view(&key));
    if (entry == NULL)
        return false;
    copy_name(user_of(entry), ret_user->user);
    copy_name(domain_of(entry), ret_user->domain);
    memcpy(ret_user->hash, entry->hash, sizeof(ret_user->hash));
    return true;
}

bool store_nt_index_domain(const struct store_nt_index *index,
                           char ret_domain[STORE_USERS_NAME_LIMIT + 1])
{
    if (index->n_entries > 0)
        copy_name(domain_of(&index->entries[0]), ret_domain);
    return index->n_entries > 0;
}
