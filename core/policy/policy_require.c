/* SPDX-License-Identifier: Apache-2.0 */
#include "policy_require.h"

#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "escape.h"
#include "utf8.h"

static const struct sspi_view bound_word = {"channel-bound", 13};

/* ---- words ---- */

static bool begins_like_sid(struct sspi_view word)
{
    return word.len >= 4 && bytes_equal_nocase((struct sspi_view){word.data, 4}, SSPI_VIEW("S-1-"));
}

/* A domain and a name, both without a backslash, which Windows allows in neither. */
static bool has_one_divider(struct sspi_view word, const char *backslash)
{
    size_t before = (size_t)(backslash - word.data);
    size_t after = word.len - before - 1;
    return before > 0 && after > 0 && memchr(backslash + 1, '\\', after) == NULL;
}

enum policy_group policy_require_group(struct sspi_view word, struct sid *ret_sid)
{
    if (word.len == 0 || !utf8_is_name(word))
        return POLICY_GROUP_INVALID;
    if (begins_like_sid(word))
        return sid_parse(word, ret_sid) ? POLICY_GROUP_SID : POLICY_GROUP_INVALID;
    const char *backslash = memchr(word.data, '\\', word.len);
    if (backslash == NULL)
        return POLICY_GROUP_PLAIN;
    return has_one_divider(word, backslash) ? POLICY_GROUP_DOMAIN : POLICY_GROUP_INVALID;
}

bool policy_require_is_pattern(struct sspi_view word)
{
    return word.len > 0 && word.data[0] == '~';
}

static const char *check_user(struct sspi_view word)
{
    return word.len > 0 && !bytes_equal(word, SSPI_VIEW("~"))
               ? NULL
               : "a full name (alice@REALM, DOMAIN\\alice, digest:alice), or ~REGEX for full names";
}

static const char *check_group(struct sspi_view word)
{
    struct sid sid;
    return policy_require_group(word, &sid) != POLICY_GROUP_INVALID
               ? NULL
               : "a SID (S-1-5-21-1-2-3-512), DOMAIN\\name for a group of the directory, or the "
                 "name of a group of the group file or of this machine";
}

bool sspi_policy_check_group(struct sspi_view word, const char *directive, char *error)
{
    const char *right = check_group(word);
    char shown[ESCAPE_VALUE_SIZE];
    if (right != NULL)
        snprintf(error, SSPI_ERROR_SIZE, "%.40s: \"%s\" is not valid; use %s", directive,
                 escape_configured(shown, sizeof(shown), word), right);
    return right == NULL;
}

bool sspi_policy_is_domain_group(struct sspi_view group)
{
    struct sid sid;
    return policy_require_group(group, &sid) == POLICY_GROUP_DOMAIN;
}

static const char *check_realm(struct sspi_view word)
{
    return word.len > 0 && utf8_is_name(word) && !bytes_equal(word, SSPI_VIEW(POLICY_DIGEST_PREFIX))
               ? NULL
               : "a Kerberos realm, an NTLM domain, or digest:REALM";
}

static const struct {
    struct sspi_view kind;
    const char *(*check)(struct sspi_view word);
} kinds[] = {
    {{"user", 4}, check_user},
    {{"group", 5}, check_group},
    {{"realm", 5}, check_realm},
};

const char *policy_require_check_line(const struct sspi_view *words, size_t n_words,
                                      struct sspi_view *ret_word)
{
    *ret_word = n_words > 0 ? words[0] : SSPI_VIEW("");
    if (n_words == 1 && bytes_equal(words[0], bound_word))
        return NULL;
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]) && n_words > 1; k++) {
        const char *right = NULL;
        if (!bytes_equal(words[0], kinds[k].kind))
            continue;
        for (size_t i = 1; i < n_words && right == NULL; i++) {
            *ret_word = words[i];
            right = kinds[k].check(words[i]);
        }
        return right;
    }
    return "user NAME..., group NAME..., realm NAME... or channel-bound";
}

/* ---- lines ---- */

bool policy_require_next(struct policy_require_at *at)
{
    const struct sspi_words *all = at->all;
    size_t start = at->next, end = at->next;
    if (start >= all->n)
        return false;
    while (end < all->n && all->words[end].data != NULL)
        end++;
    at->line = (struct sspi_words){all->words + start, end - start, NULL};
    if (all->compiled != NULL)
        at->line.compiled = all->compiled + start;
    at->next = end + 1; /* an absent view stands behind each line */
    return true;
}

bool policy_require_line_is(const struct sspi_words *line, struct sspi_view kind)
{
    return line->n > 0 && bytes_equal(line->words[0], kind);
}

bool policy_require_has_bound_line(const struct sspi_words *lines)
{
    struct policy_require_at at = {.all = lines};
    while (policy_require_next(&at))
        if (policy_require_line_is(&at.line, bound_word))
            return true;
    return false;
}
