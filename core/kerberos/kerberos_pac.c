/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_pac.h"

#include <stdlib.h>
#include <string.h>

#include "utf8.h"

/* MS-PAC 2.2.1: the group is enabled. */
#define GROUP_ENABLED 0x4

/* The strings of the fixed part, in the order of their pointers. Those before the groups are the
 * user's names and paths. */
enum {
    STRING_EFFECTIVE_NAME,
    STRINGS_BEFORE_GROUPS = 6,
    STRING_LOGON_SERVER = STRINGS_BEFORE_GROUPS,
    STRING_LOGON_DOMAIN_NAME,
    STRINGS
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

/* ---- PACTYPE ---- */

/* PAC_INFO_BUFFER: type, length, and an offset of 8 octets from the begin of the PAC. */
static bool take_buffer(struct sspi_view pac, const uint8_t *entry, struct sspi_view *ret_buffer)
{
    uint32_t len = bytes_read_u32(entry + 4);
    uint32_t offset = bytes_read_u32(entry + 8);
    if (bytes_read_u32(entry + 12) != 0 || offset > pac.len || len > pac.len - offset)
        return false;
    *ret_buffer = (struct sspi_view){pac.data + offset, len};
    return true;
}

bool kerberos_pac_find(struct sspi_view pac, uint32_t type, struct sspi_view *ret_buffer)
{
    struct reader r = {.from = pac};
    const uint8_t *entry;
    uint32_t n = take_u32(&r);
    if (take_u32(&r) != 0) /* Version */
        return false;
    for (uint32_t i = 0; i < n && take(&r, 16, &entry); i++)
        if (bytes_read_u32(entry) == type)
            return take_buffer(pac, entry, ret_buffer);
    return false;
}

/* ---- KERB_VALIDATION_INFO ---- */

/* RPC_UNICODE_STRING. */
struct string {
    uint16_t len;          /* octets of UTF-16LE */
    bool there;            /* its pointer is not NULL */
    struct sspi_view text; /* filled when the referent is read */
};

/* The members of KERB_VALIDATION_INFO's fixed part that are needed here. A pointer is true if it is
 * not NULL. */
struct info {
    struct string strings[STRINGS];
    uint32_t user;
    uint32_t primary_group;
    uint32_t n_groups;
    bool groups;
    bool domain;
    uint32_t n_extra;
    bool extra;
    bool resource_domain;
    uint32_t n_resource;
    bool resource;
};

/* The SIDs that are read, before they are sorted. */
struct collection {
    struct sid user;
    struct sid *groups; /* has room for all of `info` */
    size_t n_groups;
};

static void take_string(struct reader *r, struct string *ret_string)
{
    const uint8_t *p;
    if (!take(r, 4, &p)) /* Length, MaximumLength */
        return;
    ret_string->len = bytes_read_u16(p);
    ret_string->there = take_u32(r) != 0;
}

static void take_fixed(struct reader *r, struct info *info)
{
    skip(r, 6 * 8); /* times */
    for (size_t i = 0; i < STRINGS_BEFORE_GROUPS; i++)
        take_string(r, &info->strings[i]);
    skip(r, 4); /* LogonCount, BadPasswordCount */
    info->user = take_u32(r);
    info->primary_group = take_u32(r);
    info->n_groups = take_u32(r);
    info->groups = take_u32(r) != 0;
    skip(r, 4 + 16); /* UserFlags, UserSessionKey */
    take_string(r, &info->strings[STRING_LOGON_SERVER]);
    take_string(r, &info->strings[STRING_LOGON_DOMAIN_NAME]);
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
static void take_text(struct reader *r, struct string *string)
{
    const uint8_t *p;
    if (!string->there)
        return;
    skip(r, 4); /* the size of the array */
    uint32_t offset = take_u32(r);
    uint32_t n = take_u32(r);
    if (offset != 0 || n != string->len / 2u) {
        r->failed = true;
        return;
    }
    if (take(r, (2 * (size_t)n + 3) & ~(size_t)3, &p))
        string->text = (struct sspi_view){(const char *)p, 2 * (size_t)n};
}

/* RPC_SID holds the number of subauthorities twice. */
static void take_sid(struct reader *r, struct sid *ret_sid)
{
    const uint8_t *p;
    uint32_t n = take_u32(r);
    if (!take(r, 8, &p))
        return;
    if (p[0] != 1 || p[1] != n || n == 0 || n > SID_SUB_LIMIT) {
        r->failed = true;
        return;
    }
    ret_sid->n_sub = p[1];
    memcpy(ret_sid->authority, p + 2, sizeof(ret_sid->authority));
    for (uint32_t i = 0; i < n; i++)
        ret_sid->sub[i] = take_u32(r);
}

static void add(struct collection *to, const struct sid *sid)
{
    if (sid_compare(sid, &to->user) != 0)
        to->groups[to->n_groups++] = *sid;
}

static struct sid of_domain(const struct sid *domain, uint32_t rid)
{
    struct sid sid = *domain;
    sid.sub[sid.n_sub++] = rid;
    return sid;
}

/* An array of 8 octets each. Returns its first element; NULL: there is none. */
static const uint8_t *take_array(struct reader *r, bool there, uint32_t n)
{
    const uint8_t *p = NULL;
    if (!there) {
        r->failed = r->failed || n != 0;
        return NULL;
    }
    if (take_u32(r) != n) {
        r->failed = true;
        return NULL;
    }
    return take(r, 8 * (size_t)n, &p) ? p : NULL;
}

/* GROUP_MEMBERSHIPs: each is a relative id and attributes. */
static void add_groups(struct collection *to, const struct sid *domain, const uint8_t *groups,
                       uint32_t n)
{
    for (uint32_t i = 0; groups != NULL && i < n; i++, groups += 8) {
        struct sid sid = of_domain(domain, bytes_read_u32(groups));
        if ((bytes_read_u32(groups + 4) & GROUP_ENABLED) != 0)
            add(to, &sid);
    }
}

/* KERB_SID_AND_ATTRIBUTES, followed by the SIDs of its pointers. MS-PAC 2.5: if the user's relative
 * id is 0, the first SID is the user's. */
static void add_extra(struct reader *r, const struct info *info, struct collection *to)
{
    const uint8_t *p = take_array(r, info->extra, info->n_extra);
    for (uint32_t i = 0; p != NULL && i < info->n_extra && !r->failed; i++, p += 8) {
        struct sid sid = {0};
        if (bytes_read_u32(p) == 0)
            continue;
        take_sid(r, &sid);
        if (r->failed)
            return;
        if (to->user.n_sub == 0)
            to->user = sid;
        else if ((bytes_read_u32(p + 4) & GROUP_ENABLED) != 0)
            add(to, &sid);
    }
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
static void collect(struct reader *r, struct info *info, struct collection *to)
{
    struct sid domain = {0}, resource_domain = {0};
    for (size_t i = 0; i < STRINGS_BEFORE_GROUPS; i++)
        take_text(r, &info->strings[i]);
    const uint8_t *groups = take_array(r, info->groups, info->n_groups);
    take_text(r, &info->strings[STRING_LOGON_SERVER]);
    take_text(r, &info->strings[STRING_LOGON_DOMAIN_NAME]);
    if (info->domain)
        take_sid(r, &domain);
    if (domain.n_sub == 0 || domain.n_sub == SID_SUB_LIMIT) {
        r->failed = true;
        return;
    }
    if (info->user != 0)
        to->user = of_domain(&domain, info->user);
    add_extra(r, info, to);
    struct sid primary = of_domain(&domain, info->primary_group);
    add(to, &primary);
    add_groups(to, &domain, groups, info->n_groups);
    if (info->resource_domain)
        take_sid(r, &resource_domain);
    const uint8_t *resources = take_array(r, info->resource, info->n_resource);
    if (r->failed || to->user.n_sub == 0 || resource_domain.n_sub == SID_SUB_LIMIT ||
        (resources != NULL && resource_domain.n_sub == 0))
        r->failed = true;
    else
        add_groups(to, &resource_domain, resources, info->n_resource);
}

/* ---- names ---- */

/* Appends a name in UTF-8, and returns true, if it can be used. */
static bool append_name(struct bytes *to, struct sspi_view utf16le)
{
    char16_t units[KERBEROS_PAC_NAME_LIMIT];
    size_t n = utf16le.len / 2, start = to->len;
    if (utf16le.len % 2 != 0 || n == 0 || n > KERBEROS_PAC_NAME_LIMIT)
        return false;
    for (size_t i = 0; i < n; i++)
        units[i] = bytes_read_u16(utf16le.data + 2 * i);
    return utf8_from_utf16(to, units, n) &&
           utf8_is_name((struct sspi_view){to->data + start, to->len - start});
}

/* Moves a text out of `from`. False: no memory. */
static bool move_text(struct bytes *from, char **ret_text)
{
    *ret_text = bytes_steal(from, NULL);
    return *ret_text != NULL;
}

/* DOMAIN\alice. OK with NULL: a name is missing, or cannot be used. A backslash separates the two
 * names, so neither of them may hold one. */
static enum kerberos_pac_status make_sam_name(const struct info *info, char **ret_name)
{
    BYTES_CLEANUP struct bytes domain = {0}, user = {0};
    bool fine = append_name(&domain, info->strings[STRING_LOGON_DOMAIN_NAME].text) &&
                append_name(&user, info->strings[STRING_EFFECTIVE_NAME].text);
    if (domain.failed || user.failed)
        return KERBEROS_PAC_NO_MEMORY;
    if (!fine || memchr(domain.data, '\\', domain.len) != NULL ||
        memchr(user.data, '\\', user.len) != NULL)
        return KERBEROS_PAC_OK;
    bytes_append_char(&domain, '\\');
    bytes_append_view(&domain, bytes_as_view(&user));
    return move_text(&domain, ret_name) ? KERBEROS_PAC_OK : KERBEROS_PAC_NO_MEMORY;
}

/* MS-PAC 2.10. */
enum kerberos_pac_status kerberos_pac_read_upn(struct sspi_view upn_dns_info, char **ret_upn)
{
    BYTES_CLEANUP struct bytes upn = {0};
    struct reader r = {.from = upn_dns_info};
    const uint8_t *head, *text;
    if (!take(&r, 12, &head)) /* two lengths and offsets, and Flags */
        return KERBEROS_PAC_MALFORMED;
    uint16_t len = bytes_read_u16(head);
    r.at = bytes_read_u16(head + 2);
    if (r.at < 12 || r.at > r.from.len || !take(&r, len, &text))
        return KERBEROS_PAC_MALFORMED;
    bool fine = append_name(&upn, (struct sspi_view){(const char *)text, len});
    if (!fine)
        return upn.failed ? KERBEROS_PAC_NO_MEMORY : KERBEROS_PAC_MALFORMED;
    return move_text(&upn, ret_upn) ? KERBEROS_PAC_OK : KERBEROS_PAC_NO_MEMORY;
}

/* ---- the whole ---- */

static enum kerberos_pac_status finish(const struct info *info, struct collection *collection,
                                       struct kerberos_pac_logon *ret_logon)
{
    ret_logon->user_sid = collection->user;
    if (!sid_list_make(collection->groups, collection->n_groups, &ret_logon->groups))
        return ret_logon->groups.failed ? KERBEROS_PAC_NO_MEMORY : KERBEROS_PAC_MALFORMED;
    return make_sam_name(info, &ret_logon->sam_name);
}

static enum kerberos_pac_status read_referents(struct reader *r, struct info *info,
                                               struct kerberos_pac_logon *ret_logon)
{
    size_t room = 1 + (size_t)info->n_groups + info->n_extra + info->n_resource;
    struct collection collection = {.groups = malloc(room * sizeof(*collection.groups))};
    enum kerberos_pac_status status = KERBEROS_PAC_NO_MEMORY;
    if (collection.groups != NULL) {
        collect(r, info, &collection);
        status = r->failed ? KERBEROS_PAC_MALFORMED : finish(info, &collection, ret_logon);
    }
    free(collection.groups);
    return status;
}

enum kerberos_pac_status kerberos_pac_read_logon(struct sspi_view logon_info,
                                                 struct kerberos_pac_logon *ret_logon)
{
    struct reader r = {.from = logon_info};
    struct info info = {0};
    *ret_logon = (struct kerberos_pac_logon){0};
    if (!take_headers(&r))
        return KERBEROS_PAC_MALFORMED;
    take_fixed(&r, &info);
    if (r.failed || info.n_groups > KERBEROS_PAC_SIDS_LIMIT ||
        info.n_extra > KERBEROS_PAC_SIDS_LIMIT || info.n_resource > KERBEROS_PAC_SIDS_LIMIT)
        return KERBEROS_PAC_MALFORMED;
    enum kerberos_pac_status status = read_referents(&r, &info, ret_logon);
    if (status != KERBEROS_PAC_OK)
        kerberos_pac_logon_clear(ret_logon);
    return status;
}

void kerberos_pac_logon_clear(struct kerberos_pac_logon *logon)
{
    bytes_free(&logon->groups);
    free(logon->sam_name);
    *logon = (struct kerberos_pac_logon){0};
}
