/* SPDX-License-Identifier: Apache-2.0 */
#include "policy_cookie.h"

#include <string.h>

#include "field.h"

static const struct sspi_view host_prefix = {"__Host-", 7};
static const struct sspi_view secure_prefix = {"__Secure-", 9};

static bool has_prefix(struct sspi_view text, struct sspi_view prefix)
{
    return text.len >= prefix.len &&
           bytes_equal_nocase((struct sspi_view){text.data, prefix.len}, prefix);
}

static struct sspi_view without(struct sspi_view text, size_t len)
{
    return (struct sspi_view){text.data + len, text.len - len};
}

struct sspi_view policy_cookie_bare_name(struct sspi_view name)
{
    while (true) {
        if (has_prefix(name, host_prefix))
            name = without(name, host_prefix.len);
        else if (has_prefix(name, secure_prefix))
            name = without(name, secure_prefix.len);
        else
            return name;
    }
}

/* True if the word is `name` and an equals sign, then a value. */
static bool is_attribute(struct sspi_view word, const char *name, struct sspi_view *ret_value)
{
    struct sspi_view prefix = bytes_view(name);
    if (!has_prefix(word, prefix) || word.len == prefix.len || word.data[prefix.len] != '=')
        return false;
    *ret_value = without(word, prefix.len + 1);
    return true;
}

struct sspi_view policy_cookie_attribute(const struct sspi_words *words, const char *name)
{
    struct sspi_view value;
    for (size_t i = 1; i < words->n; i++)
        if (is_attribute(words->words[i], name, &value))
            return value;
    return (struct sspi_view){NULL, 0};
}

/* RFC 6265 4.1.1: cookie-name = token */
static bool is_name(struct sspi_view name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!field_is_token_char(name.data[i]))
            return false;
    return policy_cookie_bare_name(name).len > 0;
}

/* RFC 6265 4.1.1: path-value = any CHAR except CTLs or ";". A blank would end the directive's word,
 * and other octets than ASCII have no meaning there. */
static bool is_path(struct sspi_view path)
{
    for (size_t i = 0; i < path.len; i++)
        if (path.data[i] <= ' ' || path.data[i] > '~' || path.data[i] == ';')
            return false;
    return path.len > 0 && path.data[0] == '/';
}

static bool is_domain_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.';
}

/* A host name (RFC 1123 section 2.1). Browsers ignore a dot before it (RFC 6265 5.2.3). */
static bool is_domain(struct sspi_view domain)
{
    for (size_t i = 0; i < domain.len; i++)
        if (!is_domain_char(domain.data[i]) ||
            (domain.data[i] == '.' && (i + 1 == domain.len || domain.data[i + 1] == '.')))
            return false;
    return domain.len > 0;
}

static bool is_same_site(struct sspi_view value)
{
    return bytes_equal_nocase(value, SSPI_VIEW("Strict")) ||
           bytes_equal_nocase(value, SSPI_VIEW("Lax")) ||
           bytes_equal_nocase(value, SSPI_VIEW("None"));
}

/* The attributes, and the right values of each. */
static const struct {
    const char *name;
    bool (*is_right)(struct sspi_view value);
    const char *right;
} attributes[] = {
    {"Domain", is_domain, "Domain= with a host name"},
    {"Path", is_path, "Path= with a path that begins with a slash, without blanks and semicolons"},
    {"SameSite", is_same_site, "SameSite=Strict, SameSite=Lax or SameSite=None"},
};

#define N_ATTRIBUTES (sizeof(attributes) / sizeof(attributes[0]))

/* A cookie with the prefix __Host- belongs to one host and all its paths (RFC 6265bis 4.1.3.2). */
static const char *check_host_prefix(struct sspi_view name, size_t attribute,
                                     struct sspi_view value)
{
    if (!has_prefix(name, host_prefix))
        return NULL;
    if (attributes[attribute].is_right == is_domain)
        return "a name without __Host-, because a cookie with that prefix has no domain";
    if (attributes[attribute].is_right == is_path && value.len != 1)
        return "Path=/ or a name without __Host-, because a cookie with that prefix is for all "
               "paths";
    return NULL;
}

/* Checks one attribute. Bit i of *used: an earlier word has attribute i. */
static const char *check_attribute(struct sspi_view name, struct sspi_view word, unsigned *used)
{
    for (size_t i = 0; i < N_ATTRIBUTES; i++) {
        struct sspi_view value;
        if (!is_attribute(word, attributes[i].name, &value))
            continue;
        if ((*used & 1u << i) != 0)
            return "each attribute once";
        *used |= 1u << i;
        return attributes[i].is_right(value) ? check_host_prefix(name, i, value)
                                             : attributes[i].right;
    }
    return "a name, then Domain=, Path= or SameSite=";
}

const char *policy_cookie_check(const struct sspi_view *words, size_t n_words,
                                struct sspi_view *ret_word)
{
    size_t len = 0;
    unsigned used = 0;
    for (size_t i = 0; i < n_words; i++) {
        *ret_word = words[i];
        len += words[i].len;
        if (len > POLICY_COOKIE_LIMIT)
            return "a name and attributes of at most 200 characters in all";
        const char *right = NULL;
        if (i > 0)
            right = check_attribute(words[0], words[i], &used);
        else if (!is_name(words[0]))
            right = "a name of letters, digits and the characters !#$%&'*+-.^_`|~";
        if (right != NULL)
            return right;
    }
    return NULL;
}
