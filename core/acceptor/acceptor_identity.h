/* SPDX-License-Identifier: Apache-2.0 */
/* What remains of credentials once they were evaluated: a policy judges the proof, never the token.
 */
#ifndef ACCEPTOR_IDENTITY_H
#define ACCEPTOR_IDENTITY_H

#include "acceptor_source.h"
#include "package.h"

struct acceptor_identity {
    uint8_t package;       /* HTTP_PACKAGE_*: the scheme */
    uint8_t runs;          /* HTTP_MECHANISM_* of Negotiate and NTLM; 0: Digest */
    char *name;            /* the full name: alice@REALM, DOMAIN\alice, or the Digest user's */
    char *realm;           /* NULL: none */
    char *target;          /* service of the login; NULL: unknown */
    bool target_proven;    /* by a key of the server; otherwise only the client said it */
    const char *mechanism; /* static: "Kerberos", "NTLM", "SHA-256" */
    const struct acceptor_source *source;  /* what verified it */
    struct package_client_channel channel; /* what the client said about its channel */
    bool integrity;     /* Digest's auth-int: the response covers the body, too */
    uint64_t expiry_ms; /* UINT64_MAX: does not expire */
};

/* False: no memory; *ret_copy is empty then. */
bool acceptor_identity_copy(const struct acceptor_identity *identity,
                            struct acceptor_identity *ret_copy) MUST_USE;

/* Leaves an empty one, which is fine too. */
void acceptor_identity_free(struct acceptor_identity *identity);

#endif
