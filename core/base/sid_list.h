/* SPDX-License-Identifier: Apache-2.0 */
/* A list of SIDs in compact form: for each domain its SID once, then the relative ids in rising
 * order. Identities and the cookies of sessions hold this form, and it is searched without being
 * unpacked. Pure.
 *
 * A domain: n_sub of the domain (1 octet), authority (6), subauthorities (4 each), the number of
 * relative ids (4), relative ids (4 each). Numbers are little-endian. The empty list has no octets.
 */
#ifndef BASE_SID_LIST_H
#define BASE_SID_LIST_H

#include "sid.h"

/* The most SIDs of a list. Active Directory puts up to 1015 groups into a token. */
#define SID_LIST_LIMIT 2048

/* Writes the list of `n` SIDs, which this sorts. A SID that comes twice is written once. False: no
 * memory, or more SIDs than the limit; the caller frees *ret_list in any case. */
bool sid_list_make(struct sid *sids, size_t n, struct bytes *ret_list) MUST_USE;

/* True if `list` is well-formed. The other functions need a well-formed list. */
bool sid_list_check(struct sspi_view list) MUST_USE;

/* A binary search in the SID's domain. */
bool sid_list_contains(struct sspi_view list, const struct sid *sid);

size_t sid_list_count(struct sspi_view list);

/* A position in a list. Begin with {.rest = list}. */
struct sid_list_at {
    struct sspi_view rest; /* after the domain of `sid` */
    const char *rids;      /* the relative ids that are left in that domain */
    uint32_t n_rids;
    struct sid sid;
};

/* Moves to the next SID, at->sid. False: there is none. */
bool sid_list_next(struct sid_list_at *at);

#endif
