/* SPDX-License-Identifier: Apache-2.0 */
#include "escape.h"

#include <stdbool.h>
#include <string.h>

#define CUT_MARK     "..."
#define CUT_MARK_LEN 3

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c <= 0x7E && c != '"' && c != '\'' && c != '\\';
}

/* Writes the escaped form of one octet and returns its length. */
static size_t put(unsigned char c, char out[4])
{
    static const char digits[] = "0123456789abcdef";

    if (is_plain(c)) {
        out[0] = (char)c;
        return 1;
    }
    out[0] = '\\';
    out[1] = 'x';
    out[2] = digits[c >> 4];
    out[3] = digits[c & 15];
    return 4;
}

/* Returns how many octets of `what` fit into `max_len` characters; *ret_cut is true if not all. */
static size_t fitting(struct sspi_view what, size_t max_len, bool *ret_cut)
{
    size_t len = 0;
    size_t n_before_mark = 0;

    for (size_t i = 0; i < what.len; i++) {
        len += is_plain((unsigned char)what.data[i]) ? 1 : 4;
        if (len > max_len) {
            *ret_cut = true;
            return n_before_mark;
        }
        if (len + CUT_MARK_LEN <= max_len)
            n_before_mark = i + 1;
    }
    *ret_cut = false;
    return what.len;
}

const char *escape_text(char *out, size_t out_size, struct sspi_view what)
{
    bool cut;
    size_t max_len = out_size - 1;
    size_t n = fitting(what, max_len, &cut);
    size_t at = 0;

    for (size_t i = 0; i < n; i++) {
        char form[4];
        size_t len = put((unsigned char)what.data[i], form);
        memcpy(out + at, form, len);
        at += len;
    }
    if (cut) {
        size_t mark_len = max_len < CUT_MARK_LEN ? max_len : CUT_MARK_LEN;
        memcpy(out + at, CUT_MARK, mark_len);
        at += mark_len;
    }
    out[at] = '\0';
    return out;
}

const char *escape_configured(char *out, size_t out_size, struct sspi_view what)
{
    for (size_t i = 0; i < what.len; i++)
        if (what.data[i] < 0x20 || what.data[i] > 0x7E)
            return escape_text(out, out_size, what);
    size_t len = what.len < out_size ? what.len : out_size - 1;
    if (len > 0)
        memcpy(out, what.data, len);
    out[len] = '\0';
    return out;
}
