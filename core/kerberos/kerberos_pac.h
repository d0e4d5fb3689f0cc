/* SPDX-License-Identifier: Apache-2.0 */
/* The SIDs in a ticket's PAC: KERB_VALIDATION_INFO (MS-PAC 2.5) in NDR (MS-RPCE 2.2.6). The caller
 * must have verified the KDC's signature. Pure. */
#ifndef KERBEROS_PAC_H
#define KERBEROS_PAC_H

#include "bytes.h"

/* The most SIDs of a user and all groups. Active Directory puts up to 1015 groups into a token. A
 * longer list is refused as a whole, because a part of a user's groups could give wrong rights. */
#define KERBEROS_PAC_SIDS_LIMIT 2048

struct kerberos_pac_sids {
    char **sids; /* "S-1-5-21-...", the user's first, each only once; each and the list are
                    malloc'ed */
    size_t n_sids;
};

enum kerberos_pac_status {
    KERBEROS_PAC_OK,
    KERBEROS_PAC_MALFORMED, /* also: more SIDs than the limit */
    KERBEROS_PAC_NO_MEMORY
};

/* Only OK sets *ret_sids. The caller ends it with kerberos_pac_clear(). */
enum kerberos_pac_status kerberos_pac_read(struct sspi_view logon_info,
                                           struct kerberos_pac_sids *ret_sids) MUST_USE;

/* Frees the SIDs and zero-initialises the struct. */
void kerberos_pac_clear(struct kerberos_pac_sids *sids);

#endif
