/* SPDX-License-Identifier: Apache-2.0 */
#include "nfc.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "utf8.h"

/* STABLE applies the composition exclusions of UAX #15; without them the result is not NFC. */
#define NFC_OPTIONS (UTF8PROC_STABLE | UTF8PROC_COMPOSE)

/* U+11A7, the code point before the first final consonant of Hangul. The library utf8proc treats it
 * as such a consonant and drops it behind a Hangul syllable; its pull request 317 of 2025 corrects
 * this. U+11A7 is a starter and composes with no character, so nfc_append() cuts texts there. */
static const struct sspi_view hangul_base = {"\xe1\x86\xa7", 3};

bool nfc_is_plain(struct sspi_view text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.data[i] >= 0x80)
            return false;
    return true;
}

/* Decomposes `part` into `characters`, composes them in place and appends the result. */
static bool compose(struct bytes *to, struct sspi_view part, utf8proc_int32_t *characters,
                    utf8proc_ssize_t n_characters)
{
    if (utf8proc_decompose((const utf8proc_uint8_t *)part.data, (utf8proc_ssize_t)part.len,
                           characters, n_characters, NFC_OPTIONS) != n_characters)
        return false;
    /* This works in place: a character has at most as many octets as an utf8proc_int32_t. */
    utf8proc_ssize_t len = utf8proc_reencode(characters, n_characters, NFC_OPTIONS);
    if (len < 0)
        return false;
    bytes_append(to, characters, (size_t)len);
    return !to->failed;
}

static bool append_part(struct bytes *to, struct sspi_view part)
{
    utf8proc_ssize_t n_characters = utf8proc_decompose(
        (const utf8proc_uint8_t *)part.data, (utf8proc_ssize_t)part.len, NULL, 0, NFC_OPTIONS);
    if (n_characters < 0)
        return false;
    /* utf8proc_map() would leave copies of a password in memory that it frees. The buffer has room
     * for one more character, because utf8proc_reencode() puts a NUL behind the text. */
    size_t size = ((size_t)n_characters + 1) * sizeof(utf8proc_int32_t);
    utf8proc_int32_t *characters = malloc(size);
    if (characters == NULL)
        return false;
    bool done = compose(to, part, characters, n_characters);
    bytes_wipe(characters, size);
    free(characters);
    return done;
}

static size_t len_before_hangul_base(struct sspi_view text)
{
    for (size_t i = 0; i + hangul_base.len <= text.len; i++)
        if (memcmp(text.data + i, hangul_base.data, hangul_base.len) == 0)
            return i;
    return text.len;
}

bool nfc_append(struct bytes *to, struct sspi_view text)
{
    if (nfc_is_plain(text)) {
        bytes_append_view(to, text);
        return !to->failed;
    }
    if (text.len > NFC_LIMIT || !utf8_valid(text))
        return false;
    for (;;) {
        size_t len = len_before_hangul_base(text);
        if (!append_part(to, (struct sspi_view){text.data, len}))
            return false;
        if (len == text.len)
            return true;
        bytes_append_view(to, hangul_base);
        text.data += len + hangul_base.len;
        text.len -= len + hangul_base.len;
    }
}
