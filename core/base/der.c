/* SPDX-License-Identifier: Apache-2.0 */
#include "der.h"

#include <string.h>

/* Most length octets after the first one: 4 octets hold the length of any token. */
#define LENGTH_OCTETS_LIMIT 4

bool der_at(struct sspi_view from, uint8_t tag)
{
    return from.len > 0 && (uint8_t)from.data[0] == tag;
}

/* X.690 8.1.3 with the restrictions of 10.1: definite, with the fewest octets. */
static bool take_length(struct sspi_view *from, size_t *ret_len)
{
    if (from->len == 0)
        return false;
    uint8_t first = (uint8_t)from->data[0];
    if (first < 0x80) {
        *from = (struct sspi_view){from->data + 1, from->len - 1};
        *ret_len = first;
        return true;
    }
    size_t n_octets = first & 0x7F;
    /* 0x80 is the indefinite form. */
    if (n_octets == 0 || n_octets > LENGTH_OCTETS_LIMIT || from->len - 1 < n_octets)
        return false;
    uint64_t len = 0;
    for (size_t i = 1; i <= n_octets; i++)
        len = len << 8 | (uint8_t)from->data[i];
    if (len < 0x80 || from->data[1] == 0)
        return false;
    *from = (struct sspi_view){from->data + 1 + n_octets, from->len - 1 - n_octets};
    *ret_len = (size_t)len;
    return true;
}

bool der_take(struct sspi_view *from, uint8_t tag, struct sspi_view *ret_content)
{
    if (!der_at(*from, tag))
        return false;
    struct sspi_view rest = {from->data + 1, from->len - 1};
    size_t len;
    if (!take_length(&rest, &len) || len > rest.len)
        return false;
    *ret_content = (struct sspi_view){rest.data, len};
    *from = (struct sspi_view){rest.data + len, rest.len - len};
    return true;
}

bool der_take_explicit(struct sspi_view *from, uint8_t outer, uint8_t inner,
                       struct sspi_view *ret_content)
{
    struct sspi_view rest = *from;
    struct sspi_view wrapper;
    struct sspi_view content;
    if (!der_take(&rest, outer, &wrapper) || !der_take(&wrapper, inner, &content) ||
        wrapper.len != 0)
        return false;
    *from = rest;
    *ret_content = content;
    return true;
}

bool der_integer(struct sspi_view content, int64_t *ret_value)
{
    if (content.len == 0 || content.len > 8)
        return false;
    uint8_t first = (uint8_t)content.data[0];
    /* X.690 8.3.2: the first nine bits must not all be equal. */
    if (content.len > 1) {
        bool next_negative = ((uint8_t)content.data[1] & 0x80) != 0;
        if ((first == 0x00 && !next_negative) || (first == 0xFF && next_negative))
            return false;
    }
    uint64_t value = (first & 0x80) != 0 ? UINT64_MAX : 0;
    for (size_t i = 0; i < content.len; i++)
        value = value << 8 | (uint8_t)content.data[i];
    *ret_value = (int64_t)value;
    return true;
}

/* Writes the tag and length octets of an element and returns their number. */
static size_t format_header(uint8_t tag, size_t len, uint8_t ret_header[2 + sizeof(size_t)])
{
    ret_header[0] = tag;
    if (len < 0x80) {
        ret_header[1] = (uint8_t)len;
        return 2;
    }
    size_t n_octets = 0;
    for (size_t rest = len; rest != 0; rest >>= 8)
        n_octets++;
    ret_header[1] = (uint8_t)(0x80 | n_octets);
    for (size_t i = 0; i < n_octets; i++)
        ret_header[2 + i] = (uint8_t)(len >> (8 * (n_octets - 1 - i)));
    return 2 + n_octets;
}

void der_wrap(struct bytes *to, size_t start, uint8_t tag)
{
    if (to->failed || start > to->len) {
        to->failed = true;
        return;
    }
    uint8_t header[2 + sizeof(size_t)];
    size_t len = to->len - start;
    size_t header_len = format_header(tag, len, header);
    /* The header is appended to make room, then the contents move behind it. */
    bytes_append(to, header, header_len);
    if (to->failed)
        return;
    memmove(to->data + start + header_len, to->data + start, len);
    memcpy(to->data + start, header, header_len);
}

void der_append(struct bytes *to, uint8_t tag, struct sspi_view content)
{
    uint8_t header[2 + sizeof(size_t)];
    bytes_append(to, header, format_header(tag, content.len, header));
    bytes_append_view(to, content);
}

void der_append_explicit(struct bytes *to, uint8_t outer, uint8_t inner, struct sspi_view content)
{
    size_t start = to->len;
    der_append(to, inner, content);
    der_wrap(to, start, outer);
}
