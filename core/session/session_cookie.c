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

/* True if the text begins with a cookie of this name, perhaps after blanks. Names are compared with
 * their case. */
static bool begins_with_name(struct sspi_view name, struct sspi_view text)
{
    while (text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
        text = (struct sspi_view){text.data + 1, text.len - 1};
    return text.len > name.len && text.data[name.len] == '=' &&
           memcmp(text.data, name.data, name.len) == 0;
}

static bool begins_with_one(const struct session_cookie_names *names, struct sspi_view text)
{
    for (size_t i = 0; i < names->n; i++)
        if (begins_with_name(names->name[i], text))
            return true;
    return false;
}

/* Returns the length up to the next `end`, or of all of the text. */
static size_t len_until(struct sspi_view text, char end)
{
    const char *at = text.len == 0 ? NULL : memchr(text.data, end, text.len);
    return at == NULL ? text.len : (size_t)(at - text.data);
}

/* The text behind its first `len` octets and one more. */
static struct sspi_view behind(struct sspi_view text, size_t len)
{
    return (struct sspi_view){text.data + len + 1, text.len - len - 1};
}

/* A walk over the parts of a header to remove some. It reads every octet a few times at most,
 * because a client can send many commas and semicolons. */
struct walk {
    struct sspi_view rest;    /* after the next semicolon; absent: there is none */
    struct sspi_view section; /* up to the next semicolon or the end; absent: none was taken */
    bool is_ours;             /* the part that was taken last is a cookie of these names */
};

/* Takes the first `len` octets. `*rest` then begins after the separator behind them, and is absent
 * at the end. */
static struct sspi_view take(struct sspi_view *rest, size_t len)
{
    struct sspi_view taken = {rest->data, len};
    *rest = len < rest->len ? behind(*rest, len) : (struct sspi_view){NULL, 0};
    return taken;
}

/* httpd joins several lines by commas. So a comma also ends a part of a section (RFC 6265 4.2.1) if
 * a cookie of these names is before or after it. */
static size_t len_of_part(const struct session_cookie_names *names, struct sspi_view section,
                          bool is_ours)
{
    size_t len = len_until(section, ',');
    while (len < section.len && !is_ours && !begins_with_one(names, behind(section, len)))
        len += 1 + len_until(behind(section, len), ',');
    return len;
}

/* False: there is no further part. */
static bool next_part(const struct session_cookie_names *names, struct walk *walk,
                      struct sspi_view *ret_part)
{
    if (walk->section.data == NULL) {
        if (walk->rest.data == NULL)
            return false;
        walk->section = take(&walk->rest, len_until(walk->rest, ';'));
    }
    walk->is_ours = begins_with_one(names, walk->section);
    *ret_part = take(&walk->section, len_of_part(names, walk->section, walk->is_ours));
    return true;
}

/* The value of a session has no comma, so what follows a comma is of another line. */
static struct sspi_view value_of(struct sspi_view name, struct sspi_view part)
{
    part = field_trim((struct sspi_view){part.data, len_until(part, ',')});
    size_t prefix_len = name.len + 1;
    return (struct sspi_view){part.data + prefix_len, part.len - prefix_len};
}

bool session_cookie_find(const struct session_cookie *cookie, struct session_cookie_search *search,
                         struct sspi_view *ret_value)
{
    while (search->rest.data != NULL && search->n_found < SESSION_COOKIE_TRIES) {
        struct sspi_view part = take(&search->rest, len_until(search->rest, ';'));
        if (!begins_with_name(cookie->name, part))
            continue;
        *ret_value = value_of(cookie->name, part);
        search->n_found++;
        return true;
    }
    return false;
}

bool session_cookie_is_in(const struct session_cookie_names *names, struct sspi_view header)
{
    struct walk walk = {.rest = header};
    struct sspi_view part;
    if (begins_with_one(names, header)) /* it is often the only cookie */
        return true;
    while (next_part(names, &walk, &part))
        if (walk.is_ours)
            return true;
    return false;
}

/* True if no cookie is in the text. */
static bool is_blank(struct sspi_view text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] != ' ' && text.data[i] != '\t' && text.data[i] != ';')
            return false;
    return true;
}

/* A part that stays keeps the semicolon before it. The first part that stays has none, and loses
 * the blanks that separated it from a removed part. */
size_t session_cookie_strip(const struct session_cookie_names *names, struct sspi_view header,
                            char *to)
{
    struct walk walk = {.rest = header};
    struct sspi_view part;
    size_t len = 0;
    bool removed = false, kept = false;
    while (next_part(names, &walk, &part)) {
        if (walk.is_ours) {
            removed = true;
            continue;
        }
        if (kept)
            to[len++] = part.data[-1]; /* a part after the first one follows a separator */
        else if (removed)
            part = field_trim(part);
        memmove(to + len, part.data, part.len);
        len += part.len;
        kept = true;
    }
    return is_blank((struct sspi_view){to, len}) ? 0 : len;
}

/* Returns the names of the cookies that the policy can have set: that of TLS, and that of plain
 * HTTP if it is allowed there. A client may send each of them over both. */
static struct session_cookie_names names_of(const struct sspi_policy *policy)
{
    struct session_cookie_names names = {.n = 0};
    if (!policy->session)
        return names;
    names.name[names.n++] = policy->session_cookie.words[0];
    if (!policy->session_require_tls)
        names.name[names.n++] = policy_cookie_bare_name(names.name[0]);
    return names;
}

bool sspi_http_has_session_cookie(const struct sspi_policy *policy, struct sspi_view header)
{
    const struct session_cookie_names names = names_of(policy);
    return names.n > 0 && session_cookie_is_in(&names, header);
}

size_t sspi_http_strip_session_cookie(const struct sspi_policy *policy, struct sspi_view header,
                                      char *to)
{
    const struct session_cookie_names names = names_of(policy);
    return session_cookie_strip(&names, header, to);
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
