/* SPDX-License-Identifier: Apache-2.0 */
#include "request_caches.h"

#include <string.h>

#include "field.h"

void request_caches_note_grant(struct sspi_exchange *exchange)
{
    exchange->is_private |= !exchange->request.proxy &&
                            (!request_exchange_has_credentials(exchange) || exchange->from_session);
}

bool sspi_http_is_private(const struct sspi_exchange *exchange,
                          const struct sspi_connection *connection, bool has_no_header)
{
    if (exchange != NULL) {
        if (exchange->is_private)
            return true;
        has_no_header = !request_exchange_has_credentials(exchange);
    }
    return has_no_header && connection != NULL && connection->has_login &&
           !connection->login_is_for_proxy;
}

bool sspi_http_sets_cookie(const struct sspi_exchange *exchange)
{
    return exchange != NULL && exchange->session.line.len > 0;
}

bool sspi_http_overrides_cache_control(struct sspi_view name)
{
    return bytes_equal_nocase(name, SSPI_VIEW("X-Accel-Expires")) ||
           bytes_equal_nocase(name, SSPI_VIEW("Surrogate-Control")) ||
           bytes_equal_nocase(name, SSPI_VIEW("CDN-Cache-Control"));
}

/* RFC 9110 5.6.1 and 5.6.4: the next member of a list, up to a comma that no quotes enclose.
 * `*rest` then begins after the comma. */
static struct sspi_view next_member(struct sspi_view *rest)
{
    bool quoted = false;
    size_t len = 0;
    while (len < rest->len && (quoted || rest->data[len] != ',')) {
        if (quoted && rest->data[len] == '\\' && len + 1 < rest->len)
            len++;
        else if (rest->data[len] == '"')
            quoted = !quoted;
        len++;
    }
    struct sspi_view member = {rest->data, len};
    size_t taken = len < rest->len ? len + 1 : len;
    rest->data += taken;
    rest->len -= taken;
    return field_trim(member);
}

/* The directives that contradict `private`, and `private` itself, which is written first.
 * private="field" is kept, because it lets caches store the rest of the answer. */
static bool is_replaced(struct sspi_view member)
{
    const char *equals = member.len == 0 ? NULL : memchr(member.data, '=', member.len);
    struct sspi_view name = {member.data,
                             equals == NULL ? member.len : (size_t)(equals - member.data)};
    name = field_trim(name);
    return name.len == 0 || bytes_equal_nocase(name, SSPI_VIEW("public")) ||
           bytes_equal_nocase(name, SSPI_VIEW("s-maxage")) ||
           (equals == NULL && bytes_equal_nocase(name, SSPI_VIEW("private")));
}

size_t sspi_http_private_cache_control(struct sspi_view value, char *to)
{
    static const struct sspi_view first = {"private", 7};
    size_t len = first.len;
    memcpy(to, first.data, first.len);
    while (value.len > 0) {
        struct sspi_view member = next_member(&value);
        if (is_replaced(member))
            continue;
        memcpy(to + len, ", ", 2);
        memcpy(to + len + 2, member.data, member.len);
        len += 2 + member.len;
    }
    return len;
}

static void append_member(char *to, size_t *len, struct sspi_view member)
{
    if (*len > 0) {
        memcpy(to + *len, ", ", 2);
        *len += 2;
    }
    memcpy(to + *len, member.data, member.len);
    *len += member.len;
}

/* A server may merge a value that has the directive already, even twice. A cache asks the server
 * again before it uses an answer with no-cache or no-store, so these need no other directive. */
size_t sspi_http_cookie_cache_control(struct sspi_view value, char *to)
{
    static const struct sspi_view added = {"no-cache=\"Set-Cookie\"", 21};
    bool is_needed = true;
    size_t len = 0;
    while (value.len > 0) {
        struct sspi_view member = next_member(&value);
        if (member.len == 0 || bytes_equal_nocase(member, added))
            continue;
        if (bytes_equal_nocase(member, SSPI_VIEW("no-cache")) ||
            bytes_equal_nocase(member, SSPI_VIEW("no-store")))
            is_needed = false;
        append_member(to, &len, member);
    }
    if (is_needed)
        append_member(to, &len, added);
    return len;
}
