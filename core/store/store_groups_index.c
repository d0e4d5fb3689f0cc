/* SPDX-License-Identifier: Apache-2.0 */
#include "store_groups_index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error_info.h"
#include "escape.h"
#include "ref.h"
#include "store_groups_parse.h"

/* A member of a group. Names point into the text. */
struct member {
    const char *name;
    uint32_t len;
    uint32_t group; /* index in `groups` */
    uint32_t line;  /* for errors */
};

struct group {
    struct sspi_view name;
    uint32_t number; /* of the line that named it, before `groups` is sorted */
};

struct members {
    struct member *list;
    size_t n;
    size_t capacity;
};

struct store_groups_index {
    struct ref ref;
    struct bytes text;
    struct group *groups; /* by name without case, once each */
    size_t n_groups;
    size_t capacity;
    struct members exact;  /* all members, by name and group */
    struct members nocase; /* those with a backslash, by name without case and group: only such a
                            * name can be one of NTLM, which has no case */
};

static void index_free(struct store_groups_index *index)
{
    bytes_free(&index->text);
    free(index->groups);
    free(index->exact.list);
    free(index->nocase.list);
    free(index);
}

REF(store_groups_index, struct store_groups_index, ref, index_free)

/* ---- order of names ---- */

static int compare(struct sspi_view a, struct sspi_view b, bool ignores_case)
{
    return ignores_case ? bytes_compare_nocase(a, b) : bytes_compare(a, b);
}

static struct sspi_view name_of(const struct member *member)
{
    return (struct sspi_view){member->name, member->len};
}

static int compare_members(const struct member *a, const struct member *b, bool ignores_case)
{
    int order = compare(name_of(a), name_of(b), ignores_case);
    return order != 0 ? order : (a->group > b->group) - (a->group < b->group);
}

static int sort_exact(const void *a, const void *b)
{
    return compare_members(a, b, false);
}

static int sort_nocase(const void *a, const void *b)
{
    return compare_members(a, b, true);
}

/* Of two spellings of a group's name, the first in the file comes first. */
static int sort_groups(const void *a, const void *b)
{
    const struct group *first = a, *second = b;
    int order = bytes_compare_nocase(first->name, second->name);
    return order != 0 ? order : (first->number > second->number) - (first->number < second->number);
}

/* ---- reading the text ---- */

/* Returns room for one more element; *list may move. NULL: no memory. */
static void *grow(void **list, size_t n, size_t *capacity, size_t size)
{
    if (n == *capacity) {
        size_t larger = *capacity == 0 ? 16 : 2 * *capacity;
        void *grown = reallocarray(*list, larger, size);
        if (grown == NULL)
            return NULL;
        *list = grown;
        *capacity = larger;
    }
    return (char *)*list + n * size;
}

static bool add_member(struct members *members, const struct member *member)
{
    struct member *to =
        grow((void **)&members->list, members->n, &members->capacity, sizeof(*members->list));
    if (to == NULL)
        return false;
    *to = *member;
    members->n++;
    return true;
}

static bool add_members(struct store_groups_index *index, struct store_groups_line *line)
{
    struct sspi_view name;
    while (store_groups_parse_member(line, &name)) {
        struct member member = {name.data, (uint32_t)name.len, (uint32_t)index->n_groups,
                                line->number};
        if (name.len > 0 && !add_member(&index->exact, &member))
            return false;
    }
    return true;
}

/* Until the groups are sorted, each line has a group of its own. */
static bool add_line(struct store_groups_index *index, struct store_groups_line *line)
{
    struct group *group =
        grow((void **)&index->groups, index->n_groups, &index->capacity, sizeof(*index->groups));
    if (group == NULL || !add_members(index, line))
        return false;
    *group = (struct group){line->group, (uint32_t)index->n_groups};
    index->n_groups++;
    return true;
}

/* httpd never finds a group with an empty name. */
static bool add_lines(struct store_groups_index *index)
{
    struct store_groups_text text = {index->text.data, index->text.len, 0};
    struct store_groups_line line;
    bool added = true;
    while (added && store_groups_parse_line(&text, &line))
        added = line.group.len == 0 || add_line(index, &line);
    return added;
}

/* Sorts the groups and leaves one of each name. Members then refer to the sorted list. */
static bool merge_groups(struct store_groups_index *index)
{
    uint32_t *place = calloc(index->n_groups + 1, sizeof(*place));
    if (place == NULL)
        return false;
    if (index->n_groups > 0)
        qsort(index->groups, index->n_groups, sizeof(*index->groups), sort_groups);
    size_t n = 0;
    for (size_t i = 0; i < index->n_groups; i++) {
        if (n == 0 || bytes_compare_nocase(index->groups[n - 1].name, index->groups[i].name) != 0)
            index->groups[n++] = index->groups[i];
        place[index->groups[i].number] = (uint32_t)(n - 1);
    }
    index->n_groups = n;
    for (size_t i = 0; i < index->exact.n; i++)
        index->exact.list[i].group = place[index->exact.list[i].group];
    free(place);
    return true;
}

/* Sorts the members and leaves each of them once in each group. */
static void merge_members(struct members *members, bool ignores_case)
{
    size_t n = 0;
    if (members->n > 0)
        qsort(members->list, members->n, sizeof(*members->list),
              ignores_case ? sort_nocase : sort_exact);
    for (size_t i = 0; i < members->n; i++)
        if (n == 0 || compare_members(&members->list[n - 1], &members->list[i], ignores_case) != 0)
            members->list[n++] = members->list[i];
    members->n = n;
}

static bool copy_nocase(struct store_groups_index *index)
{
    for (size_t i = 0; i < index->exact.n; i++) {
        const struct member *member = &index->exact.list[i];
        if (memchr(member->name, '\\', member->len) != NULL && !add_member(&index->nocase, member))
            return false;
    }
    return true;
}

/* Returns a member that is in too many groups. NULL: there is none. */
static const struct member *find_excess(const struct members *members, bool ignores_case)
{
    for (size_t i = STORE_GROUPS_OF_MEMBER_LIMIT; i < members->n; i++) {
        const struct member *member = &members->list[i];
        const struct member *first = &members->list[i - STORE_GROUPS_OF_MEMBER_LIMIT];
        if (compare(name_of(first), name_of(member), ignores_case) == 0)
            return member;
    }
    return NULL;
}

/* False: `error` is filled. */
static bool check_excess(const struct store_groups_index *index, const char *path, char *error,
                         size_t error_size)
{
    char shown[ESCAPE_NAME_SIZE];
    const struct member *excess = find_excess(&index->exact, false);
    if (excess == NULL)
        excess = find_excess(&index->nocase, true);
    if (excess == NULL)
        return true;
    snprintf(error, error_size, "%s:%u: %s is in more than %d groups; name fewer groups", path,
             excess->line, escape_text(shown, sizeof(shown), name_of(excess)),
             STORE_GROUPS_OF_MEMBER_LIMIT);
    return false;
}

/* httpd would end a line at a NUL, and would make the mark a part of the first group's name. False:
 * `error` is filled. */
static bool check_text(struct sspi_view text, const char *path, char *error, size_t error_size)
{
    const char *nul = text.len == 0 ? NULL : memchr(text.data, '\0', text.len);
    unsigned number = 1;
    for (const char *at = text.data; nul != NULL && at < nul; at++)
        number += *at == '\n';
    if (nul != NULL)
        snprintf(error, error_size, "%s:%u: a NUL octet; a group file is text", path, number);
    else if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0)
        snprintf(error, error_size,
                 "%s:1: the line starts with a byte order mark; save the file without one", path);
    else
        return true;
    return false;
}

static bool fill(struct store_groups_index *index, const char *path, char *error, size_t error_size)
{
    if (!check_text(bytes_as_view(&index->text), path, error, error_size))
        return false;
    snprintf(error, error_size, "%s: " OUT_OF_MEMORY, path);
    if (!add_lines(index) || !merge_groups(index) || !copy_nocase(index))
        return false;
    merge_members(&index->exact, false);
    merge_members(&index->nocase, true);
    return check_excess(index, path, error, error_size);
}

struct store_groups_index *store_groups_index_new(struct bytes *text, const char *path, char *error,
                                                  size_t error_size)
{
    struct store_groups_index *index = calloc(1, sizeof(*index));
    if (index == NULL) {
        snprintf(error, error_size, "%s: " OUT_OF_MEMORY, path);
        bytes_free(text);
        return NULL;
    }
    ref_init(&index->ref);
    index->text = *text;
    *text = (struct bytes){0};
    if (fill(index, path, error, error_size))
        return index;
    index_free(index);
    return NULL;
}

/* ---- lookups ---- */

static struct sspi_view part(struct sspi_view of, size_t start, size_t len)
{
    return (struct sspi_view){of.data + start, len};
}

/* Compares a member's name with prefix and name of the user, without a copy of both. */
static int compare_user(struct sspi_view member, const struct store_groups_user *user)
{
    size_t len = member.len < user->prefix.len ? member.len : user->prefix.len;
    int order = compare(part(member, 0, len), user->prefix, user->ignores_case);
    if (order != 0)
        return order;
    return compare(part(member, len, member.len - len), user->name, user->ignores_case);
}

static const struct members *members_of(const struct store_groups_index *index,
                                        const struct store_groups_user *user)
{
    return user->ignores_case ? &index->nocase : &index->exact;
}

/* Returns the place of the user's first group that is `group` or behind it. */
static size_t find_member(const struct members *members, const struct store_groups_user *user,
                          uint32_t group)
{
    size_t first = 0, end = members->n;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        const struct member *member = &members->list[middle];
        int order = compare_user(name_of(member), user);
        if (order < 0 || (order == 0 && member->group < group))
            first = middle + 1;
        else
            end = middle;
    }
    return first;
}

static bool is_of(const struct members *members, size_t place, const struct store_groups_user *user)
{
    return place < members->n && compare_user(name_of(&members->list[place]), user) == 0;
}

static bool find_group(const struct store_groups_index *index, struct sspi_view name,
                       uint32_t *ret_group)
{
    size_t first = 0, end = index->n_groups;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (bytes_compare_nocase(index->groups[middle].name, name) < 0)
            first = middle + 1;
        else
            end = middle;
    }
    *ret_group = (uint32_t)first;
    return first < index->n_groups && bytes_compare_nocase(index->groups[first].name, name) == 0;
}

bool store_groups_index_has(const struct store_groups_index *index,
                            const struct store_groups_user *user, struct sspi_view group)
{
    const struct members *members = members_of(index, user);
    uint32_t number;
    if (!find_group(index, group, &number))
        return false;
    size_t place = find_member(members, user, number);
    return is_of(members, place, user) && members->list[place].group == number;
}

void store_groups_index_visit(const struct store_groups_index *index,
                              const struct store_groups_user *user,
                              void (*visit)(void *self, struct sspi_view group), void *self)
{
    const struct members *members = members_of(index, user);
    for (size_t at = find_member(members, user, 0); is_of(members, at, user); at++)
        visit(self, index->groups[members->list[at].group].name);
}
