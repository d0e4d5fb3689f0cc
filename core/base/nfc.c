/* SPDX-License-Identifier: Apache-2.0 */
#include "nfc.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "utf8.h"

/* STABLE keeps to the composition exclusions of UAX #15, without which it is not NFC. */
#define NFC_OPTIONS (UTF8PROC_STABLE | UTF8PROC_COMPOSE)

/* U+11A7, one before the first final consonant: utf8proc takes it for one and drops it behind a
 * Hangul syllable (corrected by its pull request 317 of 2025). It starts anew and composes with
 * nothing, so texts are cut there. */
static const struct sspi_view hangul_base = {"\xe1\x86\xa7", 3};

bool nfc_is_plain(struct sspi_view text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.data[i] >= 0x80)
            return false;
    return true;
}

/* Decomposes into `characters`, composes there and appends the outcome. */
static bool compose(struct bytes *to, struct sspi_view part, utf8proc_int32_t *characters,
                    utf8proc_ssize_t n_characters)
{
    if (utf8proc_decompose((const utf8proc_uint8_t *)part.data, (utf8proc_ssize_t)part.len,
                           characters, n_characters, NFC_OPTIONS) != n_characters)
        return false;
    /* In place: a character takes at most as many octets as its number did. */
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
    /* Not utf8proc_map(), which leaves copies of a password in memory that it gives back. One more:
     * utf8proc_reencode() puts a NUL behind the text. */
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
