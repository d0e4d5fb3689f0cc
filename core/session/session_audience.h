/* SPDX-License-Identifier: Apache-2.0 */
/* The audience of a session: a text that is equal where the session counts. Both servers compute
 * the same text from the same configuration, also after a restart. Pure.
 *
 * A session never counts with another package than its login's. In addition, these must be equal:
 *   SSPISessionAudience   its text; then none of the following
 *   Kerberos              nothing: the caller checks that the location's keytab has a key of the
 *                         service that the login proved
 *   NTLM with a file      the path of the user file, as configured and made absolute
 *   NTLM with winbind     the SID of this machine's domain
 *   a line of Digest      the realm, and the path of the user file
 *
 * By Basic a user logs in as one of these: by the KDC as Kerberos, by winbind or an NT line as
 * NTLM, or by a line of Digest. */
#ifndef SESSION_AUDIENCE_H
#define SESSION_AUDIENCE_H

#include "bytes.h"
#include "hash.h"
#include "sid.h"

/* Longer texts are hashed, so that the cookie stays small. */
#define SESSION_AUDIENCE_LIMIT 96

struct session_audience {
    char text[SESSION_AUDIENCE_LIMIT];
    size_t len;
};

/* What a location has for the package of a login. */
struct session_audience_facts {
    struct sspi_view configured; /* SSPISessionAudience; absent: not set */
    uint8_t mech;                /* SSPI_MECH_* of the login; NONE: a line of Digest */
    struct sspi_view realm;      /* of Digest and Basic */
    struct sspi_view path;       /* of the user file; absent: no file */
    const struct sid *domain;    /* of winbind; NULL: not known */
};

/* False: the location has no audience for such a login, so no session is made or accepted. It has
 * no user file (Digest), winbind has not said the domain's SID yet, or the hash failed. */
bool session_audience_of(const struct session_audience_facts *facts,
                         const struct hash_suite *hashes,
                         struct session_audience *ret_audience) MUST_USE;

#endif
