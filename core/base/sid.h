/* SPDX-License-Identifier: Apache-2.0 */
/* Security identifiers of Windows (MS-DTYP 2.4.2). Pure. */
#ifndef BASE_SID_H
#define BASE_SID_H

#include "bytes.h"

#define SID_SUB_LIMIT 15 /* MS-DTYP 2.4.2.2: most subauthorities */

/* "S-1-", the authority in hexadecimal or decimal, the subauthorities, and a NUL. */
#define SID_TEXT_SIZE (4 + 14 + SID_SUB_LIMIT * 11 + 1)

/* Revision 1. A user or group has at least one subauthority, so n_sub 0 is used for "unknown". The
 * last subauthority is the relative id. Those before it identify the domain. */
struct sid {
    uint8_t n_sub;
    uint8_t authority[6]; /* the most significant octet first */
    uint32_t sub[SID_SUB_LIMIT];
};

/* Reads "S-1-5-21-…" (MS-DTYP 2.4.2.1), with at least one subauthority. An authority from 2^32 on
 * is written in hexadecimal. False: `text` is not such a SID. */
bool sid_parse(struct sspi_view text, struct sid *ret_sid) MUST_USE;

/* Writes the text with a NUL, and returns its length. */
size_t sid_write(const struct sid *sid, char ret_text[SID_TEXT_SIZE]);

/* Orders SIDs by domain, then by relative id. Returns a number below 0, 0, or above 0. */
int sid_compare(const struct sid *a, const struct sid *b);

/* True if both are in one domain: they differ at most in their relative ids. */
bool sid_same_domain(const struct sid *a, const struct sid *b);

#endif
