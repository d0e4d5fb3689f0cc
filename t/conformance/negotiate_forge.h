/* SPDX-License-Identifier: Apache-2.0 */
/* Tickets that no KDC would issue, made with the service's own key. They have times, names and PACs
 * that a test could otherwise get only by waiting, or not at all. */
#ifndef NEGOTIATE_FORGE_H
#define NEGOTIATE_FORGE_H

#include "sspi_view.h"

struct forged_ticket {
    /* NULL: HTTP/localhost@SSPI.TEST. */
    const char *service;
    const char *client[2]; /* components of the name; the second may be NULL */
    struct sspi_view
        client_octets; /* replaces `client` unless absent: any octets, as one component */
    struct sspi_view client_realm; /* absent: SSPI.TEST */
    int start_s;                   /* all three in seconds from now */
    int end_s;
    int client_clock_s; /* the client's clock, in seconds from now */
    struct sspi_view logon_info, upn_dns_info, requester; /* buffers of a PAC; absent: without it */
    /* The ticket has a PAC. Its signature is right, or is made with another key, or is for another
     * client. */
    enum { FORGED_NO_PAC, FORGED_PAC, FORGED_PAC_OTHER_KEY, FORGED_PAC_OTHER_CLIENT } pac;
};

/* Writes a credential cache file with such a ticket. Returns its name, malloc'ed. */
char *forge_cache(const char *keytab, const char *cache, const struct forged_ticket *ticket);

#endif
