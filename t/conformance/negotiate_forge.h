/* SPDX-License-Identifier: Apache-2.0 */
/* Tickets that no KDC would give, made with the service's own key: for times and names that cannot
 * be had otherwise without waiting. */
#ifndef NEGOTIATE_FORGE_H
#define NEGOTIATE_FORGE_H

#include "sspi_view.h"

struct forged_ticket {
    const char *client[2];          /* components of the name; the second may be NULL */
    struct sspi_view client_octets; /* replaces `client` if set: any octets, one component */
    struct sspi_view client_realm;  /* absent: SSPI.TEST */
    int start_s;                    /* all three in seconds from now */
    int end_s;
    int client_clock_s; /* what the client takes for now */
};

/* A credential cache file with such a ticket for HTTP/localhost; returns its name, malloc'ed. */
char *forge_cache(const char *keytab, const char *cache, const struct forged_ticket *ticket);

#endif
