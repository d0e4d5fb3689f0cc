/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the buffers of a PAC: KERB_VALIDATION_INFO (MS-PAC 2.5) and UPN_DNS_INFO (2.10). */
#ifndef KERBEROS_PAC_FIXTURE_H
#define KERBEROS_PAC_FIXTURE_H

#include <string.h>

#include "bytes.h"

#define ENABLED 7 /* MS-PAC 2.2.1: mandatory, by default, enabled */
#define POINTER 0x00020004

/* Of the domain S-1-5-21-1-2-3 and the resource domain S-1-5-21-9-9-9. */
struct pac {
    uint32_t user;
    uint32_t primary;
    const uint32_t *groups; /* relative ids and attributes in turn */
    uint32_t n_groups;
    uint32_t n_extra; /* each with the SID S-1-18-1 */
    uint32_t extra_attributes;
    const uint32_t *resources;
    uint32_t n_resources;
    uint32_t claimed_groups; /* the length that the array itself states, if that is wrong */
    const char *user_name; /* ASCII; NULL: none. A character $ stands for an unpaired surrogate. */
    const char *domain_name;
    uint32_t claimed_name; /* the length of user_name that its pointer states, if that is wrong */
};

static inline void put_u32(struct bytes *to, uint32_t value)
{
    const uint8_t octets[] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                              (uint8_t)(value >> 24)};
    bytes_append(to, octets, 4);
}

static inline void put_zeros(struct bytes *to, size_t n)
{
    for (size_t i = 0; i < n; i++)
        bytes_append_char(to, '\0');
}

static inline void put_sid(struct bytes *to, char authority, const uint32_t *sub, uint32_t n)
{
    put_u32(to, n);
    bytes_append_char(to, 1);
    bytes_append_char(to, (char)n);
    put_zeros(to, 5);
    bytes_append_char(to, authority);
    for (uint32_t i = 0; i < n; i++)
        put_u32(to, sub[i]);
}

static inline void put_pairs(struct bytes *to, const uint32_t *values, uint32_t n,
                             uint32_t claimed_n)
{
    put_u32(to, claimed_n);
    for (uint32_t i = 0; i < 2 * n; i++)
        put_u32(to, values[i]);
}

/* RPC_UNICODE_STRING. */
static inline void put_string_head(struct bytes *to, const char *text, size_t claimed_n)
{
    uint32_t len = text == NULL ? 0 : 2 * (uint32_t)strlen(text);
    if (claimed_n != 0)
        len = 2 * (uint32_t)claimed_n;
    put_u32(to, len | len << 16);
    put_u32(to, text != NULL ? POINTER : 0);
}

static inline void put_utf16(struct bytes *to, const char *text)
{
    for (; *text != '\0'; text++) {
        bytes_append_char(to, *text == '$' ? '\0' : *text);
        bytes_append_char(to, *text == '$' ? '\xd8' : '\0');
    }
}

static inline void put_string_text(struct bytes *to, const char *text)
{
    if (text == NULL)
        return;
    uint32_t n = (uint32_t)strlen(text);
    put_u32(to, n);
    put_u32(to, 0);
    put_u32(to, n);
    put_utf16(to, text);
    put_zeros(to, n % 2 * 2);
}

static inline void write_logon_info(const struct pac *pac, struct bytes *to)
{
    static const uint32_t domain[] = {21, 1, 2, 3}, other[] = {21, 9, 9, 9}, asserted[] = {1};
    struct bytes body = {0};
    put_u32(&body, POINTER);
    put_zeros(&body, 48);
    put_string_head(&body, pac->user_name, pac->claimed_name);
    put_zeros(&body, 5 * 8 + 4);
    put_u32(&body, pac->user);
    put_u32(&body, pac->primary);
    put_u32(&body, pac->n_groups);
    put_u32(&body, pac->groups != NULL ? POINTER : 0);
    put_zeros(&body, 4 + 16);
    put_string_head(&body, "SERVER", 0);
    put_string_head(&body, pac->domain_name, 0);
    put_u32(&body, POINTER); /* LogonDomainId */
    put_zeros(&body, 40);
    put_u32(&body, pac->n_extra);
    put_u32(&body, pac->n_extra > 0 ? POINTER : 0);
    put_u32(&body, pac->resources != NULL ? POINTER : 0);
    put_u32(&body, pac->n_resources);
    put_u32(&body, pac->resources != NULL ? POINTER : 0);
    put_string_text(&body, pac->user_name);
    if (pac->groups != NULL)
        put_pairs(&body, pac->groups, pac->n_groups,
                  pac->claimed_groups != 0 ? pac->claimed_groups : pac->n_groups);
    put_string_text(&body, "SERVER");
    put_string_text(&body, pac->domain_name);
    put_sid(&body, 5, domain, 4);
    if (pac->n_extra > 0)
        put_u32(&body, pac->n_extra);
    for (uint32_t i = 0; i < pac->n_extra; i++) {
        put_u32(&body, POINTER);
        put_u32(&body, pac->extra_attributes);
    }
    for (uint32_t i = 0; i < pac->n_extra; i++)
        put_sid(&body, 18, asserted, 1);
    if (pac->resources != NULL) {
        put_sid(&body, 5, other, 4);
        put_pairs(&body, pac->resources, pac->n_resources, pac->n_resources);
    }
    bytes_append(to, "\x01\x10\x08\x00\xcc\xcc\xcc\xcc", 8);
    put_u32(to, (uint32_t)body.len);
    put_u32(to, 0);
    bytes_append_view(to, bytes_as_view(&body));
    bytes_free(&body);
}

/* An offset and a length that may be wrong; those of a right one are 12 and twice the characters.
 */
static inline void write_upn_dns_info(const char *upn, uint32_t offset, uint32_t len,
                                      struct bytes *to)
{
    put_u32(to, len | offset << 16);
    put_u32(to, 0);
    put_u32(to, 1); /* U */
    put_utf16(to, upn);
}

#endif
