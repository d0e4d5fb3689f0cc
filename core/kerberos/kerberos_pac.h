/* SPDX-License-Identifier: Apache-2.0 */
/* The SIDs in a ticket's PAC: KERB_VALIDATION_INFO (MS-PAC 2.5) in NDR (MS-RPCE 2.2.6). Pure: that
 * the KDC vouched for it is the caller's to see. */
#ifndef KERBEROS_PAC_H
#define KERBEROS_PAC_H

#include "bytes.h"

/* SIDs of a user and all groups. Active Directory puts up to 1015 groups into a token; longer lists
 * are refused as a whole, since half of somebody's groups would be another's rights. */
#define KERBEROS_PAC_SIDS_LIMIT 2048

struct kerberos_pac_sids {
    char **sids; /* "S-1-5-21-..."; the user's first, none twice; each and the list are malloc'ed */
    size_t n_sids;
};

enum kerberos_pac_status {
    KERBEROS_PAC_OK,
    KERBEROS_PAC_MALFORMED, /* or more SIDs than the limit */
    KERBEROS_PAC_NO_MEMORY
};

/* OK alone sets *ret_sids; end it with kerberos_pac_clear(). */
enum kerberos_pac_status kerberos_pac_read(struct sspi_view logon_info,
                                           struct kerberos_pac_sids *ret_sids) MUST_USE;

/* Leaves a zero-initialised one. */
void kerberos_pac_clear(struct kerberos_pac_sids *sids);

#endif
