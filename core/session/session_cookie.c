/* SPDX-License-Identifier: Apache-2.0 */
#include "session_cookie.h"

#include <string.h>

#include "field.h"
#include "policy_cookie.h"

/* ---- the cookie of a policy ---- */

/* Returns SameSite in the spelling of RFC 6265bis. */
static struct sspi_view same_site_of(struct sspi_view value, bool tls)
{
    if (bytes_equal_nocase(value, SSPI_VIEW("Strict")))
        return SSPI_VIEW("Strict");
    return tls && bytes_equal_nocase(value, SSPI_VIEW("None")) ? SSPI_VIEW("None")
                                                               : SSPI_VIEW("Lax");
}

void session_cookie_of(const struct sspi_policy *policy, bool tls,
                       struct session_cookie *ret_cookie)
{
    const struct sspi_words *words = &policy->session_cookie;
    struct sspi_view path = policy_cookie_attribute(words, "Path");
    *ret_cookie = (struct session_cookie){
        .name = tls ? words->words[0] : policy_cookie_bare_name(words->words[0]),
        .path = path.data != NULL ? path : SSPI_VIEW("/"),
        .domain = policy_cookie_attribute(words, "Domain"),
        .same_site = same_site_of(policy_cookie_attribute(words, "SameSite"), tls),
        .secure = tls,
    };
}

/* ---- Cookie ---- */

/* Takes the next part of a cookie-string (RFC 6265 4.2.1), up to a semicolon or the end. `*rest`
 * then begins after the semicolon, and is absent after the last part. */
static struct sspi_view next_part(struct sspi_view *rest)
{
    const char *end = rest->len == 0 ? NULL : memchr(rest->data, ';', rest->len);
    struct sspi_view part = *rest;
    if (end == NULL) {
        *rest = (struct sspi_view){NULL, 0};
        return part;
    }
    part.len = (size_t)(end - rest->data);
    rest->data += part.len + 1;
    rest->len -= part.len + 1;
    return part;
}

/* True if the part is a cookie of this name. Names are compared with their case. */
static bool is_ours(const struct session_cookie *cookie, struct sspi_view part,
                    struct sspi_view *ret_value)
{
    size_t name_len = cookie->name.len;
    part = field_trim(part);
    if (part.len <= name_len || part.data[name_len] != '=' ||
        memcmp(part.data, cookie->name.data, name_len) != 0)
        return false;
    *ret_value = (struct sspi_view){part.data + name_len + 1, part.len - name_len - 1};
    return true;
}

bool session_cookie_find(const struct session_cookie *cookie, struct session_cookie_search *search,
                         struct sspi_view *ret_value)
{
    while (search->rest.data != NULL && search->n_found < SESSION_COOKIE_TRIES) {
        if (!is_ours(cookie, next_part(&search->rest), ret_value))
            continue;
        search->n_found++;
        return true;
    }
    return false;
}

bool session_cookie_is_in(const struct session_cookie *cookie, struct sspi_view header)
{
    struct session_cookie_search search = {.rest = header};
    struct sspi_view value;
    return session_cookie_find(cookie, &search, &value);
}

static bool is_blank(struct sspi_view text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] != ' ' && text.data[i] != '\t' && text.data[i] != ';')
            return false;
    return true;
}

/* A part that stays keeps the semicolon before it. The first part that stays has none, and loses
 * the blanks that separated it from a removed part. */
size_t session_cookie_strip(const struct session_cookie *cookie, struct sspi_view header, char *to)
{
    size_t len = 0;
    bool removed = false, kept = false;
    while (header.data != NULL) {
        struct sspi_view value, part = next_part(&header);
        if (is_ours(cookie, part, &value)) {
            removed = true;
            continue;
        }
        if (kept)
            to[len++] = ';';
        else if (removed)
            part = field_trim(part);
        memmove(to + len, part.data, part.len);
        len += part.len;
        kept = true;
    }
    return is_blank((struct sspi_view){to, len}) ? 0 : len;
}

/* ---- Set-Cookie ---- */

/* RFC 6265 4.1.1. Scripts never see the cookie (HttpOnly). */
static void append_attributes(const struct session_cookie *cookie, struct bytes *to)
{
    bytes_append_text(to, "; Path=");
    bytes_append_view(to, cookie->path);
    if (cookie->domain.data != NULL) {
        bytes_append_text(to, "; Domain=");
        bytes_append_view(to, cookie->domain);
    }
    if (cookie->secure)
        bytes_append_text(to, "; Secure");
    bytes_append_text(to, "; HttpOnly; SameSite=");
    bytes_append_view(to, cookie->same_site);
}

void session_cookie_append_set(const struct session_cookie *cookie, struct sspi_view value,
                               struct bytes *to)
{
    bytes_append_view(to, cookie->name);
    bytes_append_char(to, '=');
    bytes_append_view(to, value);
    append_attributes(cookie, to);
}

void session_cookie_append_clear(const struct session_cookie *cookie, struct bytes *to)
{
    session_cookie_append_set(cookie, SSPI_VIEW(""), to);
    bytes_append_text(to, "; Max-Age=0");
}
