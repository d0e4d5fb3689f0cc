/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_name.h"

#include <string.h>

#include "hex.h"
#include "utf8.h"

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* RFC 8187 3.2.1: value-chars = *( pct-encoded / attr-char ) */
static bool append_value(struct bytes *to, struct sspi_view text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c == '%') {
            if (text.len - i < 3 || !hex_decode((struct sspi_view){text.data + i + 1, 2}, &c, 1))
                return false;
            i += 2;
        } else if (!is_alphanumeric(c) && (c == '\0' || strchr("!#$&+-.^_`|~", c) == NULL)) {
            return false;
        }
        bytes_append_char(to, c);
    }
    return true;
}

/* RFC 8187 3.2.1: ext-value = charset "'" [ language ] "'" value-chars */
bool digest_name_append_extended(struct bytes *to, struct sspi_view text)
{
    const struct sspi_view charset = SSPI_VIEW("UTF-8'");
    size_t start = to->len, at = charset.len;

    if (text.len < at || !bytes_equal_nocase((struct sspi_view){text.data, at}, charset))
        return false;
    while (at < text.len && (is_alphanumeric(text.data[at]) || text.data[at] == '-'))
        at++;
    if (at == text.len || text.data[at++] != '\'')
        return false;
    if (!append_value(to, (struct sspi_view){text.data + at, text.len - at}) || to->failed)
        return false;
    struct sspi_view all = bytes_as_view(to);
    return utf8_valid((struct sspi_view){all.data + start, all.len - start});
}

void digest_name_append_latin_1(struct bytes *to, struct sspi_view octets)
{
    for (size_t i = 0; i < octets.len; i++) {
        unsigned char c = (unsigned char)octets.data[i];
        if (c >= 0x80)
            bytes_append_char(to, (char)(0xC0 | c >> 6));
        bytes_append_char(to, (char)(c < 0x80 ? c : 0x80 | (c & 0x3F)));
    }
}
