/* SPDX-License-Identifier: Apache-2.0 */
#include "bytes.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 64

struct sspi_view bytes_view(const char *text)
{
    if (text == NULL)
        return (struct sspi_view){NULL, 0};
    return (struct sspi_view){text, strlen(text)};
}

bool bytes_equal(struct sspi_view a, struct sspi_view b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool bytes_equal_nocase(struct sspi_view a, struct sspi_view b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (a.data[i] != b.data[i] && bytes_lower(a.data[i]) != bytes_lower(b.data[i]))
            return false;
    return true;
}

static int compare_lengths(struct sspi_view a, struct sspi_view b)
{
    return (a.len > b.len) - (a.len < b.len);
}

int bytes_compare(struct sspi_view a, struct sspi_view b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len == 0 ? 0 : memcmp(a.data, b.data, len);
    return order != 0 ? order : compare_lengths(a, b);
}

int bytes_compare_nocase(struct sspi_view a, struct sspi_view b)
{
    for (size_t i = 0; i < a.len && i < b.len; i++)
        if (bytes_lower(a.data[i]) != bytes_lower(b.data[i]))
            return bytes_lower(a.data[i]) < bytes_lower(b.data[i]) ? -1 : 1;
    return compare_lengths(a, b);
}

/* CRYPTO_memcmp() needs two cycles for each octet, so it only sees the differences of whole words,
 * all together, and the last octets. */
bool bytes_equal_secret(struct sspi_view a, struct sspi_view b)
{
    static const uint64_t none = 0;
    uint64_t differences = 0;
    size_t n = 0;
    if (a.len != b.len)
        return false;
    for (; a.len - n >= sizeof(differences); n += sizeof(differences))
        differences |= bytes_read_u64(a.data + n) ^ bytes_read_u64(b.data + n);
    int differ = CRYPTO_memcmp(&differences, &none, sizeof(none));
    if (n < a.len)
        differ |= CRYPTO_memcmp(a.data + n, b.data + n, a.len - n);
    return differ == 0;
}

void bytes_wipe(void *memory, size_t len)
{
    if (len > 0)
        OPENSSL_cleanse(memory, len);
}

/* Ensures room for `more` octets and a NUL behind them. */
static bool reserve(struct bytes *to, size_t more)
{
    if (to->failed || more >= SIZE_MAX - to->len ||
        (to->limit != 0 && to->len + more > to->limit)) {
        to->failed = true;
        return false;
    }
    size_t needed = to->len + more + 1;
    if (needed <= to->capacity)
        return true;
    size_t capacity = to->capacity == 0 ? FIRST_CAPACITY : to->capacity;
    while (capacity < needed)
        capacity = capacity > SIZE_MAX / 2 ? needed : capacity * 2;
    /* realloc() could leave a copy of a secret in memory that it frees. */
    char *data = malloc(capacity);
    if (data == NULL) {
        to->failed = true;
        return false;
    }
    if (to->len > 0)
        memcpy(data, to->data, to->len);
    bytes_wipe(to->data, to->capacity);
    free(to->data);
    to->data = data;
    to->capacity = capacity;
    return true;
}

void bytes_append(struct bytes *to, const void *data, size_t len)
{
    if (len > 0 && reserve(to, len)) {
        memcpy(to->data + to->len, data, len);
        to->len += len;
    }
}

void bytes_append_view(struct bytes *to, struct sspi_view what)
{
    bytes_append(to, what.data, what.len);
}

void bytes_append_text(struct bytes *to, const char *text)
{
    bytes_append(to, text, strlen(text));
}

void bytes_append_char(struct bytes *to, char what)
{
    bytes_append(to, &what, 1);
}

void bytes_append_format(struct bytes *to, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int len = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (len < 0) {
        to->failed = true;
        return;
    }
    if (!reserve(to, (size_t)len))
        return;
    va_start(arguments, format);
    vsnprintf(to->data + to->len, (size_t)len + 1, format, arguments);
    va_end(arguments);
    to->len += (size_t)len;
}

void bytes_write_hex(const void *data, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *octets = data;
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[octets[i] >> 4];
        out[2 * i + 1] = digits[octets[i] & 15];
    }
}

size_t bytes_write_decimal(uint64_t number, char *out)
{
    char digits[BYTES_DECIMAL_MAX];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    memcpy(out, digits + at, sizeof(digits) - at);
    return sizeof(digits) - at;
}

void bytes_append_hex(struct bytes *to, const void *data, size_t len)
{
    if (len > SIZE_MAX / 2) {
        to->failed = true;
        return;
    }
    if (len == 0 || !reserve(to, len * 2))
        return;
    bytes_write_hex(data, len, to->data + to->len);
    to->len += len * 2;
}

struct sspi_view bytes_as_view(const struct bytes *from)
{
    return (struct sspi_view){from->data == NULL ? "" : from->data, from->len};
}

char *bytes_steal(struct bytes *from, size_t *ret_len)
{
    size_t limit = from->limit;

    if (!reserve(from, 0)) {
        bytes_free(from);
        from->limit = limit;
        return NULL;
    }
    char *data = from->data;
    data[from->len] = '\0';
    if (ret_len != NULL)
        *ret_len = from->len;
    *from = (struct bytes){.limit = limit};
    return data;
}

void bytes_free_memory(struct bytes *from)
{
    bytes_wipe(from->data, from->capacity);
    free(from->data);
}

bool bytes_copy_views(const struct sspi_view *views, size_t n, struct sspi_view **ret_copy)
{
    *ret_copy = NULL;
    if (n == 0)
        return true;
    size_t len = 0;
    for (size_t i = 0; i < n; i++)
        len += views[i].len;
    struct sspi_view *copy = malloc(n * sizeof(*copy) + len);
    if (copy == NULL)
        return false;
    char *text = (char *)(copy + n);
    for (size_t i = 0; i < n; i++) {
        if (views[i].len > 0)
            memcpy(text, views[i].data, views[i].len);
        copy[i] = (struct sspi_view){text, views[i].len};
        text += views[i].len;
    }
    *ret_copy = copy;
    return true;
}
