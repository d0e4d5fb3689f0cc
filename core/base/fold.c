/* SPDX-License-Identifier: Apache-2.0 */
#include "fold.h"

#include <utf8proc.h>

/* U+00DF. utf8proc converts it to U+1E9E. The tables of Unicode and of Windows have no upper case
 * of one character for it. */
#define SHARP_S 0xDF

bool fold_upper(struct bytes *to, struct sspi_view text)
{
    while (text.len > 0) {
        utf8proc_int32_t character;
        utf8proc_uint8_t upper[4];
        utf8proc_ssize_t len = utf8proc_iterate((const utf8proc_uint8_t *)text.data,
                                                (utf8proc_ssize_t)text.len, &character);
        if (len <= 0)
            return false;
        if (character != SHARP_S)
            character = utf8proc_toupper(character);
        bytes_append(to, upper, (size_t)utf8proc_encode_char(character, upper));
        text.data += len;
        text.len -= (size_t)len;
    }
    return !to->failed;
}
