/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_pac.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* MS-DTYP 2.4.2.2: a SID has at most 15 subauthorities. The relative id of a user or group is one
 * more. */
#define SUBAUTHORITIES_LIMIT 15
#define SID_TEXT_SIZE        (2 + 4 + 16 + 16 * 11 + 1)

/* MS-PAC 2.2.1: the group is enabled. */
#define GROUP_ENABLED 0x4

/* The strings before the groups, in the order of their pointers. The two strings of the domain come
 * later. */
#define STRINGS_BEFORE_GROUPS 6

struct sid {
    uint8_t revision;
    uint8_t n;
    uint8_t authority[6];
    uint32_t sub[SUBAUTHORITIES_LIMIT];
};

/* Reads at the offset `at`. After a failure every read returns zeros. */
struct reader {
    struct sspi_view from;
    size_t at;
    bool failed;
};

static bool take(struct reader *r, size_t len, const uint8_t **ret_at)
{
    if (r->failed || len > r->from.len - r->at) {
        r->failed = true;
        return false;
    }
    *ret_at = (const uint8_t *)r->from.data + r->at;
    r->at += len;
    return true;
}

static void skip(struct reader *r, size_t len)
{
    const uint8_t *unused;
    (void)take(r, len, &unused);
}

/* Little-endian, as the header says. */
static uint32_t take_u32(struct reader *r)
{
    const uint8_t *p;
    return take(r, 4, &p) ? bytes_read_u32(p) : 0;
}

/* The members of KERB_VALIDATION_INFO's fixed part that are needed here. A pointer is true if it is
 * not NULL. */
struct info {
    bool strings[STRINGS_BEFORE_GROUPS];
    uint32_t user;
    uint32_t primary_group;
    uint32_t n_groups;
    bool groups;
    bool server;
    bool domain_name;
    bool domain;
    uint32_t n_extra;
    bool extra;
    bool resource_domain;
    uint32_t n_resource;
    bool resource;
};

/* RPC_UNICODE_STRING: two lengths and a pointer. */
static bool take_string(struct reader *r)
{
    skip(r, 4);
    return take_u32(r) != 0;
}

static void take_fixed(struct reader *r, struct info *info)
{
    skip(r, 6 * 8); /* times */
    for (size_t i = 0; i < STRINGS_BEFORE_GROUPS; i++)
        info->strings[i] = take_string(r);
    skip(r, 4); /* LogonCount, BadPasswordCount */
    info->user = take_u32(r);
    info->primary_group = take_u32(r);
    info->n_groups = take_u32(r);
    info->groups = take_u32(r) != 0;
    skip(r, 4 + 16); /* UserFlags, UserSessionKey */
    info->server = take_string(r);
    info->domain_name = take_string(r);
    info->domain = take_u32(r) != 0;
    /* Reserved1, UserAccountControl, SubAuthStatus, two times, FailedILogonCount, Reserved3 */
    skip(r, 8 + 4 + 4 + 16 + 4 + 4);
    info->n_extra = take_u32(r);
    info->extra = take_u32(r) != 0;
    info->resource_domain = take_u32(r) != 0;
    info->n_resource = take_u32(r);
    info->resource = take_u32(r) != 0;
}

/* A conformant and varying array of 16-bit characters, padded to a multiple of 4 octets. */
static void skip_string(struct reader *r, bool there)
{
    if (!there)
        return;
    skip(r, 4); /* the size of the array */
    uint32_t offset = take_u32(r);
    uint32_t n = take_u32(r);
    if (offset != 0 || n > r->from.len) {
        r->failed = true;
        return;
    }
    skip(r, (2 * (size_t)n + 3) & ~(size_t)3);
}

/* RPC_SID holds the number of subauthorities twice. */
static void take_sid(struct reader *r, struct sid *ret_sid)
{
    const uint8_t *p;
    uint32_t n = take_u32(r);
    if (!take(r, 8, &p))
        return;
    if (p[0] != 1 || p[1] != n || n > SUBAUTHORITIES_LIMIT) {
        r->failed = true;
        return;
    }
    ret_sid->revision = p[0];
    ret_sid->n = p[1];
    memcpy(ret_sid->authority, p + 2, sizeof(ret_sid->authority));
    for (uint32_t i = 0; i < n; i++)
        ret_sid->sub[i] = take_u32(r);
}

static bool is_in(const struct kerberos_pac_sids *to, const char *text)
{
    for (size_t i = 0; i < to->n_sids; i++)
        if (strcmp(to->sids[i], text) == 0)
            return true;
    return false;
}

/* Adds `sid`, followed by `rid` unless that is NULL. */
static enum kerberos_pac_status add(struct kerberos_pac_sids *to, const struct sid *sid,
                                    const uint32_t *rid)
{
    char text[SID_TEXT_SIZE];
    uint64_t authority = 0;
    for (size_t i = 0; i < sizeof(sid->authority); i++)
        authority = authority << 8 | sid->authority[i];
    /* MS-DTYP 2.4.2.1: an authority from 2^32 on is written in hexadecimal. */
    int len = snprintf(text, sizeof(text), authority >> 32 == 0 ? "S-%u-%llu" : "S-%u-0x%012llx",
                       sid->revision, (unsigned long long)authority);
    for (size_t i = 0; i < sid->n; i++)
        len += snprintf(text + len, sizeof(text) - (size_t)len, "-%u", (unsigned)sid->sub[i]);
    if (rid != NULL)
        snprintf(text + len, sizeof(text) - (size_t)len, "-%u", (unsigned)*rid);
    if (is_in(to, text))
        return KERBEROS_PAC_OK;
    if (to->n_sids == KERBEROS_PAC_SIDS_LIMIT)
        return KERBEROS_PAC_MALFORMED;
    to->sids[to->n_sids] = strdup(text);
    if (to->sids[to->n_sids] == NULL)
        return KERBEROS_PAC_NO_MEMORY;
    to->n_sids++;
    return KERBEROS_PAC_OK;
}

/* An array of GROUP_MEMBERSHIPs, each a relative id and attributes. Returns its first element. */
static const uint8_t *take_groups(struct reader *r, bool there, uint32_t n)
{
    const uint8_t *p = NULL;
    if (!there) {
        r->failed = r->failed || n != 0;
        return NULL;
    }
    if (take_u32(r) != n || n > KERBEROS_PAC_SIDS_LIMIT) {
        r->failed = true;
        return NULL;
    }
    return take(r, 8 * (size_t)n, &p) ? p : NULL;
}

static enum kerberos_pac_status add_groups(struct kerberos_pac_sids *to, const struct sid *domain,
                                           const uint8_t *groups, uint32_t n)
{
    for (uint32_t i = 0; groups != NULL && i < n; i++) {
        struct reader r = {.from = {(const char *)groups + 8 * (size_t)i, 8}};
        uint32_t rid = take_u32(&r);
        if ((take_u32(&r) & GROUP_ENABLED) == 0)
            continue;
        enum kerberos_pac_status status = add(to, domain, &rid);
        if (status != KERBEROS_PAC_OK)
            return status;
    }
    return KERBEROS_PAC_OK;
}

/* An array of KERB_SID_AND_ATTRIBUTES, followed by the SIDs of its pointers. */
static enum kerberos_pac_status add_extra(struct reader *r, bool there, uint32_t n,
                                          struct kerberos_pac_sids *to)
{
    const uint8_t *p;
    if (!there) {
        r->failed = r->failed || n != 0;
        return KERBEROS_PAC_OK;
    }
    if (take_u32(r) != n || n > KERBEROS_PAC_SIDS_LIMIT || !take(r, 8 * (size_t)n, &p)) {
        r->failed = true;
        return KERBEROS_PAC_OK;
    }
    for (uint32_t i = 0; i < n && !r->failed; i++) {
        struct reader entry = {.from = {(const char *)p + 8 * (size_t)i, 8}};
        struct sid sid = {0};
        bool has_sid = take_u32(&entry) != 0;
        bool enabled = (take_u32(&entry) & GROUP_ENABLED) != 0;
        if (!has_sid)
            continue;
        take_sid(r, &sid);
        if (r->failed || !enabled)
            continue;
        enum kerberos_pac_status status = add(to, &sid, NULL);
        if (status != KERBEROS_PAC_OK)
            return status;
    }
    return KERBEROS_PAC_OK;
}

/* MS-RPCE 2.2.6: version 1, little-endian, a header of 8 octets, and its filler. The private header
 * with the structure's length follows, and then the pointer to the structure. */
static bool take_headers(struct reader *r)
{
    static const uint8_t common[] = {1, 0x10, 8, 0};
    const uint8_t *p;
    if (!take(r, 8, &p) || memcmp(p, common, sizeof(common)) != 0)
        return false;
    uint32_t len = take_u32(r);
    skip(r, 4);
    if (r->failed || len > r->from.len - r->at)
        return false;
    return take_u32(r) != 0;
}

/* The referents of the pointers, in the order of the pointers. */
static enum kerberos_pac_status add_all(struct reader *r, const struct info *info,
                                        struct kerberos_pac_sids *to)
{
    struct sid domain = {0}, resource_domain = {0};
    for (size_t i = 0; i < STRINGS_BEFORE_GROUPS; i++)
        skip_string(r, info->strings[i]);
    const uint8_t *groups = take_groups(r, info->groups, info->n_groups);
    skip_string(r, info->server);
    skip_string(r, info->domain_name);
    if (info->domain)
        take_sid(r, &domain);
    if (r->failed || !info->domain)
        return KERBEROS_PAC_MALFORMED;
    enum kerberos_pac_status status = KERBEROS_PAC_OK;
    /* MS-PAC 2.5: if the user's relative id is 0, the user is the first of the extra SIDs. */
    if (info->user != 0)
        status = add(to, &domain, &info->user);
    if (status == KERBEROS_PAC_OK && info->user == 0)
        status = add_extra(r, info->extra, info->n_extra, to);
    if (status == KERBEROS_PAC_OK)
        status = add(to, &domain, &info->primary_group);
    if (status == KERBEROS_PAC_OK)
        status = add_groups(to, &domain, groups, info->n_groups);
    if (status == KERBEROS_PAC_OK && info->user != 0)
        status = add_extra(r, info->extra, info->n_extra, to);
    if (status != KERBEROS_PAC_OK)
        return status;
    if (info->resource_domain)
        take_sid(r, &resource_domain);
    const uint8_t *resources = take_groups(r, info->resource, info->n_resource);
    if (r->failed || (resources != NULL && !info->resource_domain))
        return KERBEROS_PAC_MALFORMED;
    return add_groups(to, &resource_domain, resources, info->n_resource);
}

enum kerberos_pac_status kerberos_pac_read(struct sspi_view logon_info,
                                           struct kerberos_pac_sids *ret_sids)
{
    struct reader r = {.from = logon_info};
    struct info info = {0};
    if (!take_headers(&r))
        return KERBEROS_PAC_MALFORMED;
    take_fixed(&r, &info);
    if (r.failed)
        return KERBEROS_PAC_MALFORMED;
    struct kerberos_pac_sids sids = {calloc(KERBEROS_PAC_SIDS_LIMIT, sizeof(*sids.sids)), 0};
    if (sids.sids == NULL)
        return KERBEROS_PAC_NO_MEMORY;
    enum kerberos_pac_status status = add_all(&r, &info, &sids);
    if (status == KERBEROS_PAC_OK && r.failed)
        status = KERBEROS_PAC_MALFORMED;
    if (status != KERBEROS_PAC_OK) {
        kerberos_pac_clear(&sids);
        return status;
    }
    *ret_sids = sids;
    return KERBEROS_PAC_OK;
}

void kerberos_pac_clear(struct kerberos_pac_sids *sids)
{
    for (size_t i = 0; i < sids->n_sids; i++)
        free(sids->sids[i]);
    free(sids->sids);
    *sids = (struct kerberos_pac_sids){0};
}
