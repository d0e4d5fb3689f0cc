/* SPDX-License-Identifier: Apache-2.0 */
#include "sid.h"

#include <stdio.h>
#include <string.h>

static uint64_t authority_of(const struct sid *sid)
{
    uint64_t authority = 0;
    for (size_t i = 0; i < sizeof(sid->authority); i++)
        authority = authority << 8 | sid->authority[i];
    return authority;
}

static int digit_of(char octet)
{
    if (octet >= '0' && octet <= '9')
        return octet - '0';
    if (octet >= 'a' && octet <= 'f')
        return octet - 'a' + 10;
    return octet >= 'A' && octet <= 'F' ? octet - 'A' + 10 : 16;
}

/* Reads a number up to the next hyphen or the end, and moves *text behind it. */
static bool take_number(struct sspi_view *text, unsigned base, uint64_t most, uint64_t *ret_number)
{
    uint64_t number = 0;
    size_t at = 0;
    for (; at < text->len && text->data[at] != '-'; at++) {
        unsigned digit = (unsigned)digit_of(text->data[at]);
        if (digit >= base || number > (most - digit) / base)
            return false;
        number = number * base + digit;
    }
    if (at == 0)
        return false;
    *text = (struct sspi_view){text->data + at, text->len - at};
    *ret_number = number;
    return true;
}

static bool take_prefix(struct sspi_view *text, const char *prefix)
{
    size_t len = strlen(prefix);
    if (text->len < len ||
        !bytes_equal_nocase((struct sspi_view){text->data, len}, (struct sspi_view){prefix, len}))
        return false;
    *text = (struct sspi_view){text->data + len, text->len - len};
    return true;
}

bool sid_parse(struct sspi_view text, struct sid *ret_sid)
{
    struct sid sid = {0};
    uint64_t number;
    if (!take_prefix(&text, "S-1-") ||
        !take_number(&text, take_prefix(&text, "0x") ? 16 : 10, UINT64_C(0xFFFFFFFFFFFF), &number))
        return false;
    for (size_t i = sizeof(sid.authority); i > 0; i--, number >>= 8)
        sid.authority[i - 1] = (uint8_t)number;
    while (take_prefix(&text, "-")) {
        if (sid.n_sub == SID_SUB_LIMIT || !take_number(&text, 10, UINT32_MAX, &number))
            return false;
        sid.sub[sid.n_sub++] = (uint32_t)number;
    }
    if (sid.n_sub == 0 || text.len > 0)
        return false;
    *ret_sid = sid;
    return true;
}

static size_t write_authority(uint64_t authority, char *to)
{
    if (authority >> 32 != 0)
        return (size_t)snprintf(to, SID_TEXT_SIZE, "S-1-0x%012llx", (unsigned long long)authority);
    memcpy(to, "S-1-", 4);
    return 4 + bytes_write_decimal(authority, to + 4);
}

size_t sid_write(const struct sid *sid, char ret_text[SID_TEXT_SIZE])
{
    size_t len = write_authority(authority_of(sid), ret_text);
    for (size_t i = 0; i < sid->n_sub; i++) {
        ret_text[len++] = '-';
        len += bytes_write_decimal(sid->sub[i], ret_text + len);
    }
    ret_text[len] = '\0';
    return len;
}

int sid_compare(const struct sid *a, const struct sid *b)
{
    if (a->n_sub != b->n_sub)
        return a->n_sub < b->n_sub ? -1 : 1;
    int order = memcmp(a->authority, b->authority, sizeof(a->authority));
    for (size_t i = 0; order == 0 && i < a->n_sub; i++)
        if (a->sub[i] != b->sub[i])
            order = a->sub[i] < b->sub[i] ? -1 : 1;
    return order;
}

bool sid_same_domain(const struct sid *a, const struct sid *b)
{
    return a->n_sub == b->n_sub && a->n_sub > 0 &&
           memcmp(a->authority, b->authority, sizeof(a->authority)) == 0 &&
           memcmp(a->sub, b->sub, (a->n_sub - 1u) * sizeof(a->sub[0])) == 0;
}
