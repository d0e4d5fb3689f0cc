/* SPDX-License-Identifier: Apache-2.0 */
/* Finds locations of one host whose sessions have one cookie but do not count in each other. A
 * login at one of them would end the session of the other. */
#ifndef ACCEPTOR_SESSIONS_H
#define ACCEPTOR_SESSIONS_H

#include "hash.h"
#include "sspi_http.h"

/* The locations that were checked. */
struct acceptor_sessions;

/* A location with sessions. */
struct acceptor_sessions_location {
    const char *host;                 /* the name by which clients ask for it */
    const char *name;                 /* printable, for the text */
    const struct sspi_policy *policy; /* complete */
    enum sspi_server server;          /* whose directives the text names */
    struct sspi_view realm;           /* Digest's; absent: it depends on the request */
};

/* Compares the location with the first one of its host that has the same cookie, or keeps it as the
 * first one. `*list` begins as NULL. False: their sessions do not count in each other, and no
 * location of this cookie was reported before; `text` (SSPI_ERROR_SIZE bytes) names both. If memory
 * runs out, it is true. */
bool acceptor_sessions_check(struct acceptor_sessions **list,
                             const struct acceptor_sessions_location *location,
                             const struct hash_suite *hashes, char *text) MUST_USE;

void acceptor_sessions_free(struct acceptor_sessions *list);

#endif
