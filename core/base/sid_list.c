/* SPDX-License-Identifier: Apache-2.0 */
#include "sid_list.h"

#include <stdlib.h>
#include <string.h>

/* One domain of a list. */
struct domain {
    struct sid sid; /* without a relative id */
    const char *rids;
    uint32_t n_rids;
};

/* ---- writing ---- */

static void append_u32(struct bytes *to, uint32_t number)
{
    uint8_t octets[4] = {(uint8_t)number, (uint8_t)(number >> 8), (uint8_t)(number >> 16),
                         (uint8_t)(number >> 24)};
    bytes_append(to, octets, sizeof(octets));
}

static int compare(const void *a, const void *b)
{
    return sid_compare(a, b);
}

/* Removes repeated SIDs of a sorted array. Returns the number that is left. */
static size_t unite(struct sid *sids, size_t n)
{
    size_t n_kept = 0;
    for (size_t i = 0; i < n; i++)
        if (n_kept == 0 || sid_compare(&sids[i], &sids[n_kept - 1]) != 0)
            sids[n_kept++] = sids[i];
    return n_kept;
}

/* Writes the SIDs of one domain, which begins the sorted array. Returns their number. */
static size_t append_domain(struct bytes *to, const struct sid *sids, size_t n)
{
    size_t n_rids = 1;
    while (n_rids < n && sid_same_domain(&sids[0], &sids[n_rids]))
        n_rids++;
    bytes_append_char(to, (char)(sids[0].n_sub - 1));
    bytes_append(to, sids[0].authority, sizeof(sids[0].authority));
    for (size_t i = 0; i + 1 < sids[0].n_sub; i++)
        append_u32(to, sids[0].sub[i]);
    append_u32(to, (uint32_t)n_rids);
    for (size_t i = 0; i < n_rids; i++)
        append_u32(to, sids[i].sub[sids[i].n_sub - 1]);
    return n_rids;
}

bool sid_list_make(struct sid *sids, size_t n, struct bytes *ret_list)
{
    if (n > 0)
        qsort(sids, n, sizeof(*sids), compare);
    n = unite(sids, n);
    if (n > SID_LIST_LIMIT)
        return false;
    for (size_t i = 0; i < n;)
        i += append_domain(ret_list, sids + i, n - i);
    return !ret_list->failed;
}

/* ---- reading ---- */

static bool take(struct sspi_view *from, size_t len, const char **ret_at)
{
    if (len > from->len)
        return false;
    *ret_at = from->data;
    *from = (struct sspi_view){from->data + len, from->len - len};
    return true;
}

/* Reads the next domain, and moves *rest behind it. */
static bool take_domain(struct sspi_view *rest, struct domain *ret_domain)
{
    const char *at;
    if (!take(rest, 1 + sizeof(ret_domain->sid.authority), &at))
        return false;
    ret_domain->sid.n_sub = (uint8_t)at[0];
    memcpy(ret_domain->sid.authority, at + 1, sizeof(ret_domain->sid.authority));
    if (ret_domain->sid.n_sub >= SID_SUB_LIMIT || !take(rest, 4u * ret_domain->sid.n_sub + 4, &at))
        return false;
    for (size_t i = 0; i < ret_domain->sid.n_sub; i++, at += 4)
        ret_domain->sid.sub[i] = bytes_read_u32(at);
    ret_domain->n_rids = bytes_read_u32(at);
    return ret_domain->n_rids <= SID_LIST_LIMIT &&
           take(rest, 4u * ret_domain->n_rids, &ret_domain->rids);
}

static bool is_rising(const struct domain *domain)
{
    for (uint32_t i = 1; i < domain->n_rids; i++)
        if (bytes_read_u32(domain->rids + 4 * (i - 1)) >= bytes_read_u32(domain->rids + 4 * i))
            return false;
    return domain->n_rids > 0;
}

bool sid_list_check(struct sspi_view list)
{
    struct domain domain;
    size_t n_sids = 0;
    while (list.len > 0) {
        if (!take_domain(&list, &domain) || !is_rising(&domain))
            return false;
        n_sids += domain.n_rids;
    }
    return n_sids <= SID_LIST_LIMIT;
}

static bool has_rid(const struct domain *domain, uint32_t rid)
{
    uint32_t from = 0, to = domain->n_rids;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        uint32_t found = bytes_read_u32(domain->rids + 4u * middle);
        if (found == rid)
            return true;
        if (found < rid)
            from = middle + 1;
        else
            to = middle;
    }
    return false;
}

bool sid_list_contains(struct sspi_view list, const struct sid *sid)
{
    struct domain domain;
    if (sid->n_sub == 0)
        return false;
    while (list.len > 0 && take_domain(&list, &domain)) {
        domain.sid.n_sub++;
        if (sid_same_domain(&domain.sid, sid))
            return has_rid(&domain, sid->sub[sid->n_sub - 1]);
    }
    return false;
}

size_t sid_list_count(struct sspi_view list)
{
    struct domain domain;
    size_t n_sids = 0;
    while (list.len > 0 && take_domain(&list, &domain))
        n_sids += domain.n_rids;
    return n_sids;
}

bool sid_list_next(struct sid_list_at *at)
{
    struct domain domain;
    if (at->n_rids == 0) {
        if (at->rest.len == 0 || !take_domain(&at->rest, &domain) || domain.n_rids == 0)
            return false;
        at->sid = domain.sid;
        at->sid.n_sub++;
        at->rids = domain.rids;
        at->n_rids = domain.n_rids;
    }
    at->sid.sub[at->sid.n_sub - 1] = bytes_read_u32(at->rids);
    at->rids += 4;
    at->n_rids--;
    return true;
}
