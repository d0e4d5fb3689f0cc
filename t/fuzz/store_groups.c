/* SPDX-License-Identifier: Apache-2.0 */
/* Drives the reader of group files. A second reader of this file reads the same text in the
 * simplest way, with a copy for each step, as httpd's functions are documented.
 *  - Both readers find the same lines, groups and members.
 *  - The index has each member in its groups, and nobody else. It lists each group once.
 *  - A member with a backslash is also found without case.
 *  - A refused file has a printable message. */
#include "store_groups_index.h"
#include "store_groups_parse.h"

#include "fuzz.h"

/* More groups or members would make the checks of all pairs slow. */
#define PAIRS_LIMIT 64

static struct {
    struct sspi_view group, member;
} pairs[PAIRS_LIMIT];
static size_t n_pairs;

static bool is_space(char octet)
{
    return octet != '\0' && strchr(" \t\n\v\f\r", octet) != NULL;
}

/* Removes blanks at both ends of the text. */
static void strip(struct bytes *text)
{
    size_t start = 0;
    while (start < text->len && is_space(text->data[start]))
        start++;
    if (start > 0)
        memmove(text->data, text->data + start, text->len - start);
    text->len -= start;
    while (text->len > 0 && is_space(text->data[text->len - 1]))
        text->len--;
}

/* Reads a joined line. False: the end. */
static bool next_line(struct sspi_view *rest, struct bytes *to)
{
    if (rest->len == 0)
        return false;
    while (rest->len > 0) {
        char octet = (char)fuzz_octet(rest);
        bytes_append_char(to, octet);
        if (octet != '\n')
            continue;
        size_t end = to->len - 1;
        end -= end > 0 && to->data[end - 1] == '\r';
        if (end == 0 || to->data[end - 1] != '\\')
            break;
        to->len = end - 1;
    }
    return true;
}

/* Reads a word of a line that starts with no blank. */
static void next_word(struct sspi_view *rest, struct bytes *to)
{
    char quote = rest->data[0];
    bool quoted = quote == '"' || quote == '\'';
    if (quoted)
        (void)fuzz_octet(rest);
    while (rest->len > 0) {
        char octet = rest->data[0];
        char next = rest->len > 1 ? rest->data[1] : '\0';
        if (quoted ? octet == quote : is_space(octet))
            break;
        if (octet == '\\' && (next == '\\' || (quoted && next == quote)))
            octet = (char)(fuzz_octet(rest), next);
        (void)fuzz_octet(rest);
        bytes_append_char(to, octet);
    }
    if (quoted && rest->len > 0)
        (void)fuzz_octet(rest);
}

static void compare_line(struct sspi_view line, struct store_groups_line *read)
{
    struct sspi_view member, rest = line;
    BYTES_CLEANUP struct bytes group = {0};
    bytes_append_view(&group, fuzz_until(&rest, ':'));
    while (rest.len > 0 && rest.data[0] == ':')
        (void)fuzz_octet(&rest);
    strip(&group);
    FUZZ_REQUIRE(bytes_equal(bytes_as_view(&group), read->group));
    for (;;) {
        while (rest.len > 0 && is_space(rest.data[0]))
            (void)fuzz_octet(&rest);
        bool more = rest.len > 0;
        FUZZ_REQUIRE(store_groups_parse_member(read, &member) == more);
        if (!more)
            return;
        BYTES_CLEANUP struct bytes word = {0};
        next_word(&rest, &word);
        FUZZ_REQUIRE(bytes_equal(bytes_as_view(&word), member));
        if (n_pairs < PAIRS_LIMIT && member.len > 0 && read->group.len > 0) {
            pairs[n_pairs].group = read->group;
            pairs[n_pairs++].member = member;
        }
    }
}

static void compare_readers(struct sspi_view file, char *text)
{
    struct store_groups_text read = {text, file.len, 0};
    struct store_groups_line line;
    struct sspi_view rest = file;
    for (;;) {
        BYTES_CLEANUP struct bytes expected = {0};
        if (!next_line(&rest, &expected))
            break;
        strip(&expected);
        if (expected.len == 0 || expected.data[0] == '#')
            continue;
        FUZZ_REQUIRE(store_groups_parse_line(&read, &line));
        FUZZ_REQUIRE(line.number >= 1 && line.number <= read.n_lines);
        compare_line(bytes_as_view(&expected), &line);
    }
    FUZZ_REQUIRE(!store_groups_parse_line(&read, &line));
}

/* ---- the index ---- */

struct listed {
    struct sspi_view last;
    size_t n;
    bool has_wanted;
    struct sspi_view wanted;
};

static void count(void *self, struct sspi_view group)
{
    struct listed *listed = self;
    listed->n++;
    listed->has_wanted = listed->has_wanted || bytes_equal_nocase(group, listed->wanted);
    FUZZ_REQUIRE(listed->last.data == NULL || !bytes_equal_nocase(group, listed->last));
    listed->last = group;
}

static bool expected_in(struct sspi_view member, struct sspi_view group, bool ignores_case)
{
    for (size_t i = 0; i < n_pairs; i++)
        if (bytes_equal_nocase(pairs[i].group, group) &&
            (ignores_case ? bytes_equal_nocase(pairs[i].member, member)
                          : bytes_equal(pairs[i].member, member)))
            return true;
    return false;
}

static void check_user(const struct store_groups_index *index, struct sspi_view member,
                       struct sspi_view group, bool ignores_case)
{
    size_t half = member.len / 2; /* the prefix may be any part of the name */
    const struct store_groups_user user = {
        {member.data, half}, {member.data + half, member.len - half}, ignores_case};
    bool has = store_groups_index_has(index, &user, group);
    if (n_pairs < PAIRS_LIMIT)
        FUZZ_REQUIRE(has == expected_in(member, group, ignores_case));
    struct listed listed = {.wanted = group};
    store_groups_index_visit(index, &user, count, &listed);
    FUZZ_REQUIRE(listed.has_wanted == has);
}

static void check_index(const struct store_groups_index *index)
{
    for (size_t i = 0; i < n_pairs; i++)
        for (size_t j = 0; j < n_pairs; j++) {
            check_user(index, pairs[i].member, pairs[j].group, false);
            if (memchr(pairs[i].member.data, '\\', pairs[i].member.len) != NULL)
                check_user(index, pairs[i].member, pairs[j].group, true);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char error[512] = "";
    struct sspi_view file = fuzz_view(data, size);
    BYTES_CLEANUP struct bytes text = {0};
    n_pairs = 0;
    if (memchr(file.data, '\0', size) == NULL) {
        bytes_append_view(&text, file);
        compare_readers(file, text.data);
    }
    BYTES_CLEANUP struct bytes again = {0};
    bytes_append_view(&again, file);
    struct store_groups_index *index = store_groups_index_new(&again, "f", error, sizeof(error));
    FUZZ_REQUIRE(again.data == NULL &&
                 (index != NULL || (error[0] != '\0' && fuzz_printable(error))));
    FUZZ_REQUIRE(index == NULL || memchr(file.data, '\0', size) == NULL);
    if (index != NULL)
        check_index(index);
    store_groups_index_unref(index);
    return 0;
}
