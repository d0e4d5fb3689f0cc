/* SPDX-License-Identifier: Apache-2.0 */
#include "request_authorization.h"

#include "field.h"

enum request_authorization_status
request_authorization_split(struct sspi_view value, struct request_authorization *ret_split)
{
    if (value.len > REQUEST_AUTHORIZATION_LIMIT)
        return REQUEST_AUTHORIZATION_TOO_LARGE;
    value = field_trim(value);
    if (value.len == 0)
        return REQUEST_AUTHORIZATION_EMPTY;
    /* RFC 9110 5.5: a field value holds no control characters. */
    for (size_t i = 0; i < value.len; i++)
        if (((unsigned char)value.data[i] < 0x20 && value.data[i] != '\t') || value.data[i] == 0x7F)
            return REQUEST_AUTHORIZATION_MALFORMED;

    size_t scheme_len = 0;
    while (scheme_len < value.len && field_is_token_char(value.data[scheme_len]))
        scheme_len++;
    /* RFC 9110 11.4: the scheme ends with the value or at a space. */
    if (scheme_len == 0 || (scheme_len < value.len && value.data[scheme_len] != ' '))
        return REQUEST_AUTHORIZATION_MALFORMED;
    ret_split->scheme = (struct sspi_view){value.data, scheme_len};
    ret_split->rest =
        field_trim((struct sspi_view){value.data + scheme_len, value.len - scheme_len});
    return REQUEST_AUTHORIZATION_OK;
}
