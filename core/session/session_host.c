/* SPDX-License-Identifier: Apache-2.0 */
#include "session_host.h"

#include <string.h>

/* RFC 3986 3.2.2 and 3.2.3: the colon before a port stands behind the address in brackets. */
static struct sspi_view without_port(struct sspi_view authority)
{
    const char *end = NULL;
    if (authority.len > 0 && authority.data[0] == '[') {
        end = memchr(authority.data, ']', authority.len);
        end = end == NULL ? NULL : end + 1;
    } else if (authority.len > 0) {
        end = memchr(authority.data, ':', authority.len);
    }
    if (end != NULL)
        authority.len = (size_t)(end - authority.data);
    return authority;
}

size_t session_host_of(struct sspi_view authority, char ret_host[SESSION_HOST_LIMIT])
{
    struct sspi_view host = without_port(authority);
    if (host.len > 1 && host.data[host.len - 1] == '.')
        host.len--;
    if (host.len > SESSION_HOST_LIMIT)
        return 0;
    for (size_t i = 0; i < host.len; i++) {
        if (host.data[i] <= ' ' || host.data[i] > '~')
            return 0;
        ret_host[i] = (char)bytes_lower(host.data[i]);
    }
    return host.len;
}
