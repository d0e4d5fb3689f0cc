/* SPDX-License-Identifier: Apache-2.0 */
#include "service_name.h"

#include <string.h>

struct service {
    struct sspi_view type;  /* "HTTP" */
    struct sspi_view host;  /* empty in a pattern: every host */
    struct sspi_view realm; /* data NULL in a pattern: every realm */
};

static size_t find_char(struct sspi_view in, char what)
{
    const char *found = in.len > 0 ? memchr(in.data, what, in.len) : NULL;
    return found != NULL ? (size_t)(found - in.data) : in.len;
}

/* Splits "type/host[@REALM]". A text with an escape, or with another number of components, is not a
 * service name, so each service has only one spelling. */
static bool split(struct sspi_view text, struct service *ret_service)
{
    if (find_char(text, '\\') != text.len || find_char(text, '\0') != text.len)
        return false;
    struct service found = {0};
    size_t at = find_char(text, '@');
    if (at < text.len) {
        found.realm = (struct sspi_view){text.data + at + 1, text.len - at - 1};
        if (found.realm.len == 0 || find_char(found.realm, '@') != found.realm.len)
            return false;
    }
    struct sspi_view name = {text.data, at};
    size_t slash = find_char(name, '/');
    if (slash == 0 || slash == name.len)
        return false;
    found.type = (struct sspi_view){name.data, slash};
    found.host = (struct sspi_view){name.data + slash + 1, name.len - slash - 1};
    if (find_char(found.host, '/') != found.host.len)
        return false;
    *ret_service = found;
    return true;
}

/* True if type and host of the service match the pattern; the realms are ignored. */
static bool matches(const struct service *service, const struct service *pattern)
{
    return bytes_equal_nocase(service->type, pattern->type) &&
           (pattern->host.len == 0 || bytes_equal_nocase(service->host, pattern->host));
}

static bool matches_realm(const struct service *service, const struct service *pattern)
{
    return pattern->realm.data == NULL || bytes_equal(service->realm, pattern->realm);
}

bool service_name_accepts_principal(struct sspi_view principal, const struct sspi_view *patterns,
                                    size_t n_patterns)
{
    if (n_patterns == 0)
        return true;
    struct service service;
    struct service pattern;
    bool is_service =
        split(principal, &service) && service.host.len > 0 && service.realm.data != NULL;
    for (size_t i = 0; i < n_patterns; i++) {
        if (bytes_equal(patterns[i], SSPI_VIEW("*")))
            return true;
        if (is_service && split(patterns[i], &pattern) && matches(&service, &pattern) &&
            matches_realm(&service, &pattern))
            return true;
    }
    return false;
}

bool service_name_accepts(struct sspi_view name, const struct sspi_view *patterns,
                          size_t n_patterns)
{
    struct service service;
    struct service pattern;
    bool is_service = split(name, &service) && service.host.len > 0;
    for (size_t i = 0; i < n_patterns; i++) {
        if (bytes_equal(patterns[i], SSPI_VIEW("*")))
            return true;
        if (is_service && split(patterns[i], &pattern) && matches(&service, &pattern))
            return true;
    }
    return false;
}

bool service_name_is_listed(struct sspi_view name, const struct sspi_view *patterns,
                            size_t n_patterns)
{
    for (size_t i = 0; i < n_patterns; i++) {
        struct sspi_view pattern = patterns[i];
        if (pattern.len > 0 && pattern.data[pattern.len - 1] != '/' &&
            !bytes_equal(pattern, SSPI_VIEW("*")) && service_name_accepts(name, &pattern, 1))
            return true;
    }
    return false;
}

bool service_name_is_dotless(struct sspi_view name)
{
    size_t slash = find_char(name, '/');
    if (slash == name.len)
        return true;
    struct sspi_view host = {name.data + slash + 1, name.len - slash - 1};
    host.len = find_char(host, '@');
    return find_char(host, '.') == host.len;
}

bool service_name_is_pattern(struct sspi_view text)
{
    struct service pattern;
    return bytes_equal(text, SSPI_VIEW("*")) || split(text, &pattern);
}

void service_name_describe(const struct sspi_view *patterns, size_t n_patterns, struct bytes *to)
{
    for (size_t i = 0; i < n_patterns; i++) {
        bytes_append_text(to, i > 0 ? ", " : "");
        bytes_append_view(to, patterns[i]);
        if (patterns[i].len > 0 && patterns[i].data[patterns[i].len - 1] == '/')
            bytes_append_text(to, "<any host>");
    }
}
