/* SPDX-License-Identifier: Apache-2.0 */
#include "utf8.h"

#include <stdlib.h>

/* Reads the first character of `text`, which is not empty. Returns its octets, 0 if malformed. */
static size_t take(struct sspi_view text, uint32_t *ret_character)
{
    const unsigned char *in = (const unsigned char *)text.data;
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len;
    uint32_t character;

    if (in[0] < 0x80) {
        *ret_character = in[0];
        return 1;
    } else if (in[0] >= 0xC2 && in[0] <= 0xDF) {
        len = 2;
        character = in[0] & 0x1Fu;
    } else if (in[0] >= 0xE0 && in[0] <= 0xEF) {
        len = 3;
        character = in[0] & 0x0Fu;
    } else if (in[0] >= 0xF0 && in[0] <= 0xF4) {
        len = 4;
        character = in[0] & 0x07u;
    } else {
        return 0;
    }
    if (text.len < len)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((in[i] & 0xC0) != 0x80)
            return 0;
        character = character << 6 | (in[i] & 0x3Fu);
    }
    /* RFC 3629 3: overlong forms and surrogates are not UTF-8. */
    if (character < smallest[len] || character > 0x10FFFF ||
        (character >= 0xD800 && character <= 0xDFFF))
        return 0;
    *ret_character = character;
    return len;
}

bool utf8_valid(struct sspi_view text)
{
    while (text.len > 0) {
        uint32_t character;
        size_t len = take(text, &character);
        if (len == 0)
            return false;
        text.data += len;
        text.len -= len;
    }
    return true;
}

bool utf8_is_name(struct sspi_view text)
{
    while (text.len > 0) {
        uint32_t character;
        size_t len = take(text, &character);
        if (len == 0 || character < 0x20 || (character >= 0x7F && character < 0xA0))
            return false;
        text.data += len;
        text.len -= len;
    }
    return true;
}

static void append_character(struct bytes *to, uint32_t character)
{
    unsigned char out[4];
    size_t len = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};

    for (size_t i = len - 1; i > 0; i--) {
        out[i] = (unsigned char)(0x80 | (character & 0x3F));
        character >>= 6;
    }
    out[0] = (unsigned char)(lead[len] | character);
    bytes_append(to, out, len);
}

bool utf8_from_utf16(struct bytes *to, const char16_t *text, size_t n_units)
{
    for (size_t i = 0; i < n_units; i++) {
        uint32_t character = text[i];
        if (character >= 0xD800 && character <= 0xDBFF) {
            if (i + 1 == n_units || text[i + 1] < 0xDC00 || text[i + 1] > 0xDFFF)
                return false;
            character = 0x10000 + ((character - 0xD800) << 10) + (text[++i] - 0xDC00u);
        } else if (character >= 0xDC00 && character <= 0xDFFF) {
            return false;
        }
        append_character(to, character);
    }
    return !to->failed;
}

char16_t *utf8_to_utf16(struct sspi_view text, size_t *ret_n_units)
{
    if (text.len >= SIZE_MAX / sizeof(char16_t))
        return NULL;
    /* No character takes more UTF-16 units than UTF-8 octets. */
    char16_t *out = malloc((text.len + 1) * sizeof(char16_t));
    size_t n_units = 0;
    if (out == NULL)
        return NULL;
    while (text.len > 0) {
        uint32_t character;
        size_t len = take(text, &character);
        if (len == 0) {
            free(out);
            return NULL;
        }
        if (character >= 0x10000) {
            out[n_units++] = (char16_t)(0xD800 + ((character - 0x10000) >> 10));
            out[n_units++] = (char16_t)(0xDC00 + ((character - 0x10000) & 0x3FF));
        } else {
            out[n_units++] = (char16_t)character;
        }
        text.data += len;
        text.len -= len;
    }
    out[n_units] = 0;
    if (ret_n_units != NULL)
        *ret_n_units = n_units;
    return out;
}

bool utf8_to_latin_1(struct bytes *to, struct sspi_view text)
{
    uint32_t character;
    for (struct sspi_view rest = text; rest.len > 0;) {
        size_t len = take(rest, &character);
        if (len == 0 || character > 0xFF)
            return false;
        rest.data += len;
        rest.len -= len;
    }
    while (text.len > 0) {
        size_t len = take(text, &character);
        bytes_append_char(to, (char)character);
        text.data += len;
        text.len -= len;
    }
    return !to->failed;
}

bool utf8_ascii_from_utf16le(struct bytes *to, struct sspi_view octets)
{
    const unsigned char *in = (const unsigned char *)octets.data;

    if (octets.len % 2 != 0)
        return false;
    for (size_t i = 0; i < octets.len; i += 2) {
        if (in[i + 1] != 0 || in[i] == 0 || in[i] > 0x7F)
            return false;
        bytes_append(to, in + i, 1);
    }
    return !to->failed;
}
