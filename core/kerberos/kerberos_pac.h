/* SPDX-License-Identifier: Apache-2.0 */
/* The facts in a ticket's PAC: KERB_VALIDATION_INFO (MS-PAC 2.5) in NDR (MS-RPCE 2.2.6), and
 * UPN_DNS_INFO (2.10). The caller must have verified the signature that the KDC made with the
 * service's key. Pure. */
#ifndef KERBEROS_PAC_H
#define KERBEROS_PAC_H

#include "sid_list.h"

/* The most SIDs of one array, and of all groups together. Active Directory puts up to 1015 groups
 * into a token. A longer list is refused as a whole, because a part of a user's groups could give
 * wrong rights. */
#define KERBEROS_PAC_SIDS_LIMIT SID_LIST_LIMIT

/* The most UTF-16 units of a name. Active Directory stores a user principal name of up to 1024
 * characters. A name that is longer, empty, or no name (utf8_is_name()) counts as missing. */
#define KERBEROS_PAC_NAME_LIMIT 1024

/* MS-PAC 2.4: types of buffers. */
#define KERBEROS_PAC_LOGON_INFO   1
#define KERBEROS_PAC_UPN_DNS_INFO 12

/* Finds the first buffer of a type in a PAC (MS-PAC 2.3). False: there is none, or the PAC is
 * malformed. */
bool kerberos_pac_find(struct sspi_view pac, uint32_t type, struct sspi_view *ret_buffer) MUST_USE;

struct kerberos_pac_logon {
    struct sid user_sid;
    struct bytes groups; /* a sid_list of the enabled groups, without user_sid */
    char *sam_name;      /* LogonDomainName and EffectiveName, "EXAMPLE\alice"; NULL: missing */
};

enum kerberos_pac_status {
    KERBEROS_PAC_OK,
    KERBEROS_PAC_MALFORMED, /* also: more SIDs than the limit */
    KERBEROS_PAC_NO_MEMORY
};

/* On another status than OK, *ret_logon is empty. The caller ends it with
 * kerberos_pac_logon_clear(). Costs n log n for n groups. */
enum kerberos_pac_status kerberos_pac_read_logon(struct sspi_view logon_info,
                                                 struct kerberos_pac_logon *ret_logon) MUST_USE;

/* Only OK sets *ret_upn, which the caller frees. If the flag U is set, the account has no user
 * principal name of its own, and the KDC made one of the account's name and the DNS name of the
 * domain. Windows accepts that name in a login like the other one, so this function returns it,
 * too. MALFORMED: also a name that cannot be used. */
enum kerberos_pac_status kerberos_pac_read_upn(struct sspi_view upn_dns_info,
                                               char **ret_upn) MUST_USE;

/* Frees, and zero-initialises the struct. */
void kerberos_pac_logon_clear(struct kerberos_pac_logon *logon);

#endif
