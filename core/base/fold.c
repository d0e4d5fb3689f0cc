/* SPDX-License-Identifier: Apache-2.0 */
#include "fold.h"

#include <stdlib.h>
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

/* As Active Directory's comparison of names (MS-ADTS 3.1.1.2.2.4.13) ignores them: width
 * (compatibility), case, and marks. Characters that are invisible or not assigned have no weight.
 */
#define ALIKE_OPTIONS                                                                              \
    (UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD |                  \
     UTF8PROC_STRIPMARK | UTF8PROC_IGNORE | UTF8PROC_STRIPNA)

/* U+30A1 to U+30F6 of Katakana are those of Hiragana, in the same order. */
#define KATAKANA_FIRST 0x30A1
#define KATAKANA_LAST  0x30F6
#define KATAKANA_SHIFT 0x60

static void append_alike(struct bytes *to, utf8proc_int32_t character)
{
    utf8proc_uint8_t octets[4];
    if (utf8proc_category(character) == UTF8PROC_CATEGORY_ZS)
        return;
    if (character >= KATAKANA_FIRST && character <= KATAKANA_LAST)
        character -= KATAKANA_SHIFT;
    bytes_append(to, octets, (size_t)utf8proc_encode_char(character, octets));
}

bool fold_alike(struct bytes *to, struct sspi_view text)
{
    const utf8proc_uint8_t *octets = (const utf8proc_uint8_t *)text.data;
    utf8proc_ssize_t len = (utf8proc_ssize_t)text.len;
    if (text.len > FOLD_LIMIT)
        return false;
    utf8proc_ssize_t n = utf8proc_decompose(octets, len, NULL, 0, ALIKE_OPTIONS);
    utf8proc_int32_t *characters = n < 0 ? NULL : calloc((size_t)n + 1, sizeof(*characters));
    bool done =
        characters != NULL && utf8proc_decompose(octets, len, characters, n, ALIKE_OPTIONS) == n;
    for (utf8proc_ssize_t i = 0; done && i < n; i++)
        append_alike(to, characters[i]);
    free(characters);
    return done && !to->failed;
}
