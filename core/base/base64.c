/* SPDX-License-Identifier: Apache-2.0 */
#include "base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Returns the six bits of one character, or 64 if it is not in the alphabet. */
static unsigned int value_of(char c, bool url)
{
    if (c >= 'A' && c <= 'Z')
        return (unsigned int)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (unsigned int)(c - 'a') + 26;
    if (c >= '0' && c <= '9')
        return (unsigned int)(c - '0') + 52;
    if (c == (url ? '-' : '+'))
        return 62;
    return c == (url ? '_' : '/') ? 63 : 64;
}

/* Decodes text without padding; `out` has room for all of it. False: the text is not canonical. */
static bool decode(struct sspi_view text, bool url, unsigned char *out)
{
    uint32_t bits = 0;
    unsigned int n_bits = 0;

    /* A single last character has six bits, which are less than an octet. */
    if (text.len % 4 == 1)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        unsigned int value = value_of(text.data[i], url);
        if (value > 63)
            return false;
        bits = bits << 6 | value;
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            *out++ = (unsigned char)(bits >> n_bits);
        }
    }
    /* RFC 4648 3.5: pad bits must be zero. Otherwise one token would have several texts. */
    return (bits & ((1u << n_bits) - 1)) == 0;
}

enum base64_status base64_decode(struct sspi_view text, size_t limit, struct bytes *to)
{
    size_t n_pad = 0;

    /* RFC 4648 3.2: padding is required. */
    if (text.len % 4 != 0)
        return BASE64_MALFORMED;
    while (n_pad < 2 && n_pad < text.len && text.data[text.len - 1 - n_pad] == '=')
        n_pad++;
    size_t decoded_len = text.len / 4 * 3 - n_pad;
    if (decoded_len > limit)
        return BASE64_TOO_LARGE;
    BYTES_CLEANUP struct bytes decoded = {0};
    text.len -= n_pad;
    /* The text is decoded in small pieces on the stack, which saves a second large allocation. */
    unsigned char piece[768];
    while (text.len > 0) {
        struct sspi_view part = {text.data, text.len < 1024 ? text.len : 1024};
        if (!decode(part, false, piece)) {
            bytes_wipe(piece, sizeof(piece));
            return BASE64_MALFORMED;
        }
        bytes_append(&decoded, piece, part.len * 3 / 4);
        text.data += part.len;
        text.len -= part.len;
    }
    bytes_wipe(piece, sizeof(piece));
    bytes_append_view(to, bytes_as_view(&decoded));
    return decoded.failed || to->failed ? BASE64_NO_MEMORY : BASE64_OK;
}

/* Writes the characters of up to three octets and returns their number. */
static size_t encode_group(const unsigned char *in, size_t len, const char *digits, char out[4])
{
    uint32_t bits = (uint32_t)in[0] << 16 | (len > 1 ? (uint32_t)in[1] << 8 : 0) |
                    (len > 2 ? (uint32_t)in[2] : 0);

    for (size_t i = 0; i <= len; i++)
        out[i] = digits[bits >> (18 - 6 * i) & 63];
    return len + 1;
}

void base64_encode(struct bytes *to, struct sspi_view data)
{
    const unsigned char *in = (const unsigned char *)data.data;

    for (size_t i = 0; i < data.len; i += 3) {
        char group[4] = "====";
        encode_group(in + i, data.len - i < 3 ? data.len - i : 3, alphabet, group);
        bytes_append(to, group, sizeof(group));
    }
}

void base64_url_encode(const void *data, size_t len, char *out)
{
    const unsigned char *in = data;

    for (size_t i = 0; i < len; i += 3) {
        char group[4];
        size_t n = encode_group(in + i, len - i < 3 ? len - i : 3, url_alphabet, group);
        for (size_t k = 0; k < n; k++)
            *out++ = group[k];
    }
}

bool base64_url_decode(struct sspi_view text, void *out, size_t out_len)
{
    if (out_len > SIZE_MAX / 4 - 1 || text.len != BASE64_URL_LEN(out_len))
        return false;
    return decode(text, true, out);
}
