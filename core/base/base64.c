/* SPDX-License-Identifier: Apache-2.0 */
#include "base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* The six bits of each character of an alphabet, with VALID added. Any other character has 0. */
#define VALID   64
#define BITS(n) (VALID + (n))
#define TEN(c, n)                                                                                  \
    [(c)] = BITS(n), [(c) + 1] = BITS((n) + 1), [(c) + 2] = BITS((n) + 2),                         \
    [(c) + 3] = BITS((n) + 3), [(c) + 4] = BITS((n) + 4), [(c) + 5] = BITS((n) + 5),               \
    [(c) + 6] = BITS((n) + 6), [(c) + 7] = BITS((n) + 7), [(c) + 8] = BITS((n) + 8),               \
    [(c) + 9] = BITS((n) + 9)
#define LETTERS(a, n)                                                                              \
    TEN(a, n), TEN((a) + 10, (n) + 10),                                                            \
        [(a) + 20] = BITS((n) + 20), [(a) + 21] = BITS((n) + 21), [(a) + 22] = BITS((n) + 22),     \
               [(a) + 23] = BITS((n) + 23), [(a) + 24] = BITS((n) + 24),                           \
               [(a) + 25] = BITS((n) + 25)
#define COMMON LETTERS('A', 0), LETTERS('a', 26), TEN('0', 52)

static const uint8_t values[256] = {COMMON, ['+'] = BITS(62), ['/'] = BITS(63)};
static const uint8_t url_values[256] = {COMMON, ['-'] = BITS(62), ['_'] = BITS(63)};

/* Decodes the last 2 or 3 characters. */
static bool decode_rest(const unsigned char *in, size_t len, const uint8_t *table,
                        unsigned char *out)
{
    unsigned first = table[in[0]], second = table[in[1]], third = len == 3 ? table[in[2]] : VALID;
    unsigned bits = (first & 63) << 12 | (second & 63) << 6 | (third & 63);
    out[0] = (unsigned char)(bits >> 10);
    if (len == 3)
        out[1] = (unsigned char)(bits >> 2);
    /* RFC 4648 3.5: pad bits must be zero. Otherwise one token would have several texts. */
    return (first & second & third & VALID) != 0 && (bits & (len == 3 ? 0x3 : 0x3ff)) == 0;
}

/* Decodes text without padding; `out` has room for all of it. False: the text is not canonical. The
 * cookie of a session is decoded with each request, so this reads four characters at a time. */
static bool decode(struct sspi_view text, const uint8_t *table, unsigned char *out)
{
    const unsigned char *in = (const unsigned char *)text.data;
    unsigned valid = VALID;

    for (; text.len >= 4; text.len -= 4, in += 4) {
        unsigned first = table[in[0]], second = table[in[1]];
        unsigned third = table[in[2]], fourth = table[in[3]];
        valid &= first & second & third & fourth;
        *out++ = (unsigned char)(first << 2 | (second & 63) >> 4);
        *out++ = (unsigned char)(second << 4 | (third & 63) >> 2);
        *out++ = (unsigned char)(third << 6 | (fourth & 63));
    }
    /* A single last character has six bits, which are less than an octet. */
    return valid != 0 && text.len != 1 && (text.len == 0 || decode_rest(in, text.len, table, out));
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
        if (!decode(part, values, piece)) {
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
        char group[4] = {'=', '=', '=', '='};
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
    return decode(text, url_values, out);
}
