/* SPDX-License-Identifier: Apache-2.0 */
#include "store_groups_parse.h"

#include <string.h>

/* The blanks of isspace() in the C locale. */
static bool is_blank(char octet)
{
    return octet == ' ' || (octet >= '\t' && octet <= '\r');
}

/* ---- lines ---- */

/* True if a line that ends with a line break is continued. *len becomes its length without the
 * backslash and the line break. httpd looks at the joined line, so an empty line after two
 * backslashes continues it as well. */
static bool is_continued(const char *line, size_t *len)
{
    size_t end = *len;
    if (end == 0 || line[end - 1] != '\n')
        return false;
    end--;
    if (end > 0 && line[end - 1] == '\r')
        end--;
    if (end == 0 || line[end - 1] != '\\')
        return false;
    *len = end - 1;
    return true;
}

/* Takes the octets up to the next line break, and the line break. */
static struct sspi_view take_physical(struct store_groups_text *text)
{
    const char *end = memchr(text->at, '\n', text->len);
    struct sspi_view line = {text->at, end == NULL ? text->len : (size_t)(end - text->at) + 1};
    text->at += line.len;
    text->len -= line.len;
    text->n_lines++;
    return line;
}

/* Joins a line with those that continue it. They are moved to its end, never beyond their own
 * place. */
static size_t join(struct store_groups_text *text)
{
    char *start = text->at;
    size_t len = 0;
    do {
        struct sspi_view line = take_physical(text);
        memmove(start + len, line.data, line.len);
        len += line.len;
    } while (is_continued(start, &len) && text->len > 0);
    return len;
}

static void trim(char **at, size_t *len)
{
    while (*len > 0 && is_blank(**at)) {
        ++*at;
        --*len;
    }
    while (*len > 0 && is_blank((*at)[*len - 1]))
        --*len;
}

/* Splits a line behind its first colons, as ap_getword() does. */
static void split(char *line, size_t len, struct store_groups_line *ret_line)
{
    const char *colon = memchr(line, ':', len);
    size_t name_len = colon == NULL ? len : (size_t)(colon - line);
    size_t rest = name_len;
    while (rest < len && line[rest] == ':')
        rest++;
    while (name_len > 0 && is_blank(line[name_len - 1]))
        name_len--;
    ret_line->group = (struct sspi_view){line, name_len};
    ret_line->members = line + rest;
    ret_line->members_len = len - rest;
}

bool store_groups_parse_line(struct store_groups_text *text, struct store_groups_line *ret_line)
{
    while (text->len > 0) {
        char *line = text->at;
        ret_line->number = text->n_lines + 1;
        size_t len = join(text);
        trim(&line, &len);
        if (len == 0 || line[0] == '#')
            continue;
        split(line, len, ret_line);
        return true;
    }
    return false;
}

/* ---- members ---- */

/* True if `rest` starts with an escape: a backslash, and a backslash or the quote. */
static bool is_escape(struct sspi_view rest, char quote)
{
    return rest.len > 1 && rest.data[0] == '\\' &&
           (rest.data[1] == '\\' || (quote != '\0' && rest.data[1] == quote));
}

/* Reads a word from `*at` and removes its escapes in place. It ends before a blank, or with its
 * quote (0: none), and *at is then behind it. */
static struct sspi_view take_word(char **at, const char *end, char quote)
{
    char *word = *at;
    size_t len = 0;
    while (*at < end && (quote != '\0' ? **at != quote : !is_blank(**at))) {
        *at += is_escape((struct sspi_view){*at, (size_t)(end - *at)}, quote);
        word[len++] = *(*at)++;
    }
    *at += quote != '\0' && *at < end;
    return (struct sspi_view){word, len};
}

bool store_groups_parse_member(struct store_groups_line *line, struct sspi_view *ret_member)
{
    char *at = line->members;
    const char *end = at + line->members_len;
    while (at < end && is_blank(*at))
        at++;
    bool found = at < end;
    if (found) {
        char quote = *at == '"' || *at == '\'' ? *at : '\0';
        at += quote != '\0';
        *ret_member = take_word(&at, end, quote);
    }
    line->members = at;
    line->members_len = (size_t)(end - at);
    return found;
}
