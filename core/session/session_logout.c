/* SPDX-License-Identifier: Apache-2.0 */
#include "session_logout.h"

#include <string.h>

#include "hex.h"
#include "session_host.h"

/* ---- the site ---- */

/* RFC 6454 7.1: Origin = scheme "://" host [ ":" port ]. Returns what follows the scheme, and the
 * absent view for null and for anything else. */
static struct sspi_view authority_of(struct sspi_view origin)
{
    for (size_t i = 0; i + 3 <= origin.len; i++)
        if (memcmp(origin.data + i, "://", 3) == 0)
            return (struct sspi_view){origin.data + i + 3, origin.len - i - 3};
    return (struct sspi_view){NULL, 0};
}

static bool is_same_host(struct sspi_view a, struct sspi_view b)
{
    char host_a[SESSION_HOST_LIMIT], host_b[SESSION_HOST_LIMIT];
    size_t len_a = session_host_of(a, host_a), len_b = session_host_of(b, host_b);
    return len_a > 0 && len_a == len_b && memcmp(host_a, host_b, len_a) == 0;
}

/* A page of this origin with `Referrer-Policy: no-referrer` sends null as Origin (Fetch Standard,
 * section 3.1). A page without an origin, such as one in a sandbox, is cross-site. */
static bool is_own_page(struct sspi_view fetch_site, struct sspi_view origin)
{
    return bytes_equal(origin, SSPI_VIEW("null")) &&
           bytes_equal_nocase(fetch_site, SSPI_VIEW("same-origin"));
}

bool session_logout_is_cross_site(struct sspi_view fetch_site, struct sspi_view origin,
                                  struct sspi_view authority)
{
    if (bytes_equal_nocase(fetch_site, SSPI_VIEW("cross-site")))
        return true;
    if (is_own_page(fetch_site, origin))
        return false;
    return origin.data != NULL && !is_same_host(authority_of(origin), authority);
}

/* ---- the target ---- */

/* Returns the value of the first parameter `to`. An absent view: there is none. */
static struct sspi_view find_parameter(struct sspi_view query)
{
    while (query.len > 0) {
        const char *end = memchr(query.data, '&', query.len);
        size_t len = end == NULL ? query.len : (size_t)(end - query.data);
        if (len >= 3 && memcmp(query.data, "to=", 3) == 0)
            return (struct sspi_view){query.data + 3, len - 3};
        if (end == NULL)
            break;
        query.data += len + 1;
        query.len -= len + 1;
    }
    return (struct sspi_view){NULL, 0};
}

/* RFC 3986 2.1. False: a percent sign is not followed by two digits, or the result is too long. */
static bool decode(struct sspi_view value, char to[SESSION_LOGOUT_TARGET_LIMIT], size_t *ret_len)
{
    size_t len = 0;
    for (size_t i = 0; i < value.len; i++) {
        char c = value.data[i];
        if (len == SESSION_LOGOUT_TARGET_LIMIT)
            return false;
        if (c == '%') {
            if (value.len - i < 3 || !hex_decode((struct sspi_view){value.data + i + 1, 2}, &c, 1))
                return false;
            i += 2;
        }
        to[len++] = c;
    }
    *ret_len = len;
    return true;
}

/* A browser removes tabs and line breaks, and reads a backslash as a slash (URL Standard, section
 * 4.4). Two slashes would begin the name of another host. */
static bool is_local_path(struct sspi_view path)
{
    for (size_t i = 0; i < path.len; i++)
        if ((unsigned char)path.data[i] < 0x20 || path.data[i] == 0x7F || path.data[i] == '\\')
            return false;
    return path.len > 0 && path.data[0] == '/' && (path.len == 1 || path.data[1] != '/');
}

/* RFC 3986 section 2: the characters of a URI. */
static bool is_uri_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~:/?#[]@!$&'()*+,;=%", c) != NULL);
}

bool session_logout_target(struct sspi_view query, struct bytes *to)
{
    char decoded[SESSION_LOGOUT_TARGET_LIMIT];
    struct sspi_view value = find_parameter(query), path = {decoded, 0};
    if (value.data == NULL || !decode(value, decoded, &path.len) || !is_local_path(path))
        return false;
    for (size_t i = 0; i < path.len; i++) {
        if (is_uri_char(path.data[i]))
            bytes_append_char(to, path.data[i]);
        else
            bytes_append_format(to, "%%%02X", (unsigned char)path.data[i]);
    }
    return true;
}
