/* SPDX-License-Identifier: Apache-2.0 */
#include "hex.h"

static bool digit(char c, bool upper_too, unsigned int *ret_value)
{
    if (c >= '0' && c <= '9')
        *ret_value = (unsigned int)(c - '0');
    else if (c >= 'a' && c <= 'f')
        *ret_value = (unsigned int)(c - 'a') + 10;
    else if (upper_too && c >= 'A' && c <= 'F')
        *ret_value = (unsigned int)(c - 'A') + 10;
    else
        return false;
    return true;
}

static bool decode(struct sspi_view text, bool upper_too, unsigned char *out, size_t out_len)
{
    if (text.len / 2 != out_len || text.len % 2 != 0)
        return false;
    for (size_t i = 0; i < out_len; i++) {
        unsigned int high, low;
        if (!digit(text.data[2 * i], upper_too, &high) ||
            !digit(text.data[2 * i + 1], upper_too, &low))
            return false;
        out[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

bool hex_decode_lower(struct sspi_view text, void *out, size_t out_len)
{
    return decode(text, false, out, out_len);
}

bool hex_decode(struct sspi_view text, void *out, size_t out_len)
{
    return decode(text, true, out, out_len);
}
