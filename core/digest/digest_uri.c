/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_uri.h"

#include <string.h>

#include "hex.h"

/* The parts of a URI. A URI that is only a path has no scheme. */
struct parts {
    struct sspi_view scheme; /* "http://" or "https://", as the URI spells it */
    struct sspi_view host;
    struct sspi_view port; /* digits; the scheme's default port if the URI has no digits */
    struct sspi_view rest; /* path and query */
    bool lacks_slash;      /* RFC 9110 4.2.3: the empty path of an absolute URI is "/" */
};

static struct sspi_view skip(struct sspi_view from, size_t len)
{
    return (struct sspi_view){from.data + len, from.len - len};
}

/* The port is the digits after the last colon, unless a bracket of an IPv6 address follows them
 * (RFC 3986 3.2). */
static size_t find_port(struct sspi_view authority)
{
    size_t at = authority.len;
    while (at > 0 && authority.data[at - 1] >= '0' && authority.data[at - 1] <= '9')
        at--;
    return at > 0 && authority.data[at - 1] == ':' ? at : authority.len + 1;
}

static void split_authority(struct sspi_view authority, struct sspi_view default_port,
                            struct parts *parts)
{
    size_t at = find_port(authority);
    parts->host = (struct sspi_view){authority.data, at - 1};
    parts->port = at < authority.len ? skip(authority, at) : default_port;
}

static struct parts split(struct sspi_view uri)
{
    static const struct {
        struct sspi_view scheme, port;
    } schemes[] = {{{"http://", 7}, {"80", 2}}, {{"https://", 8}, {"443", 3}}};
    struct parts parts = {.rest = uri};

    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        struct sspi_view scheme = {uri.data, schemes[i].scheme.len};
        if (uri.len < scheme.len || !bytes_equal_nocase(scheme, schemes[i].scheme))
            continue;
        struct sspi_view authority = skip(uri, scheme.len);
        size_t len = 0;
        while (len < authority.len && memchr("/?#", authority.data[len], 3) == NULL)
            len++;
        parts.scheme = scheme;
        parts.rest = skip(authority, len);
        parts.lacks_slash = parts.rest.len == 0 || parts.rest.data[0] != '/';
        split_authority((struct sspi_view){authority.data, len}, schemes[i].port, &parts);
        break;
    }
    return parts;
}

/* RFC 3986 2.2. A percent sign also differs from its encoding. */
static bool is_reserved(unsigned char c)
{
    return c != '\0' && strchr(":/?#[]@!$&'()*+,;=%", c) != NULL;
}

/* Returns the next octet. A reserved octet that is encoded gets a number above 255. from->len > 0.
 */
static unsigned take(struct sspi_view *from)
{
    unsigned char octet = (unsigned char)from->data[0], decoded;
    size_t len = 1;
    unsigned taken = octet;

    if (octet == '%' && from->len >= 3 &&
        hex_decode((struct sspi_view){from->data + 1, 2}, &decoded, 1)) {
        len = 3;
        taken = is_reserved(decoded) ? decoded | 0x100u : decoded;
    }
    *from = skip(*from, len);
    return taken;
}

static bool same_octets(struct sspi_view a, struct sspi_view b)
{
    while (a.len > 0 && b.len > 0)
        if (take(&a) != take(&b))
            return false;
    return a.len == 0 && b.len == 0;
}

/* `shorter` lacks the slash of its path. */
static bool same_behind_slash(struct sspi_view longer, struct sspi_view shorter)
{
    return longer.len > 0 && longer.data[0] == '/' && same_octets(skip(longer, 1), shorter);
}

static bool same_resource(const struct parts *a, const struct parts *b)
{
    if (a->lacks_slash == b->lacks_slash)
        return same_octets(a->rest, b->rest);
    return a->lacks_slash ? same_behind_slash(b->rest, a->rest)
                          : same_behind_slash(a->rest, b->rest);
}

static bool same_origin(const struct parts *a, const struct parts *b)
{
    return bytes_equal_nocase(a->scheme, b->scheme) && bytes_equal_nocase(a->host, b->host) &&
           bytes_equal(a->port, b->port);
}

bool digest_uri_names(struct sspi_view uri, struct sspi_view target)
{
    struct parts named = split(uri), wanted = split(target);

    if (named.scheme.len > 0 && !same_origin(&named, &wanted))
        return false;
    return same_resource(&named, &wanted);
}
