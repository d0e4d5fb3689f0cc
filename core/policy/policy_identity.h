/* SPDX-License-Identifier: Apache-2.0 */
/* The identity of a verified client, and how it was verified. It outlives the credentials: a policy
 * checks the identity (policy_check.h), and the token is not evaluated again. */
#ifndef POLICY_IDENTITY_H
#define POLICY_IDENTITY_H

#include "package.h"
#include "sid.h"
#include "sspi_http.h"

struct acceptor_source; /* opaque here */

struct policy_identity {
    uint8_t scheme;        /* SSPI_SCHEME_* */
    uint8_t mech;          /* SSPI_MECH_*; SSPI_MECH_NONE: a line of Digest verified the user, by
                            * Digest or by Basic */
    char *name;            /* in full: alice@REALM, DOMAIN\alice, or the Digest user's */
    char *realm;           /* NULL: none */
    char *target;          /* service of the login; NULL: unknown */
    bool target_proven;    /* by a key of the server; otherwise only the client said it */
    const char *mechanism; /* static: "Kerberos", "NTLM", "SHA-256" */
    const struct acceptor_source *source;  /* the keytab, user file or winbind that verified it */
    struct package_client_channel channel; /* as the client described its channel */
    bool integrity;     /* Digest's auth-int: the response also covers the body */
    uint64_t expiry_ms; /* UINT64_MAX: does not expire */
    /* What the directory says about the user: the PAC of the ticket, or winbind. */
    struct sid user_sid; /* n_sub 0: unknown */
    char *groups;        /* a sid_list; NULL: none, or not known */
    size_t groups_len;
    char *sam_name; /* DOMAIN\alice; NULL: unknown */
    char *upn;      /* alice@example.com; NULL: unknown */
    /* Kerberos: the client's realm is not that of the service, or the keytab has services of
     * several realms and this one is not of the default realm. */
    bool is_foreign;
    /* A session's cookie had no room for all groups. `groups` has those that the configuration
     * names, so that another group of the user is not known. */
    bool groups_incomplete;
    bool is_borrowed; /* another object owns the texts and `groups`. A copy owns its own. */
};

/* False: no memory; *ret_copy is empty then. */
bool policy_identity_copy(const struct policy_identity *identity,
                          struct policy_identity *ret_copy) MUST_USE;

/* Leaves an empty one, and frees what it owns. An empty one is fine. */
void policy_identity_clear(struct policy_identity *identity);

/* Returns what stands before the name of a user in a log line: the prefix of Digest's users, or "".
 * `scheme` and `mech` are those of the login. */
const char *policy_identity_prefix(uint8_t scheme, uint8_t mech);

/* The full form of a user, in which the configuration names users: `prefix` and `name` together. */
struct policy_full_name {
    struct sspi_view prefix; /* POLICY_DIGEST_PREFIX, or empty */
    struct sspi_view name;   /* borrowed from the identity. Absent: it begins with "digest:", but
                              * the user is one of another scheme, whom no text names */
    bool ignores_case;       /* NTLM: Windows compares names without the case of ASCII letters */
};

/* Returns the full form of the user: alice@REALM, DOMAIN\alice, digest:alice. */
struct policy_full_name policy_identity_full_name(const struct policy_identity *identity);

/* True if `name` is the full form of the user: alice@REALM, DOMAIN\alice (without case, as Windows
 * compares it), digest:alice. */
bool policy_identity_is(const struct policy_identity *identity, struct sspi_view name) MUST_USE;

/* Returns the full form as one text, for patterns. For Digest it is in `buffer`, which the caller
 * frees. Absent: no pattern matches the user, because the name has a separator of another scheme's
 * names, or there is no memory. `.*@EXAMPLE` is then never NTLM's LAB\x@EXAMPLE, and `LAB\\.*` is
 * never the principal LAB\\x@OTHER of Kerberos. */
struct sspi_view policy_identity_write_name(const struct policy_identity *identity,
                                            struct bytes *buffer) MUST_USE;

/* True if `realm` is that of the user: a Kerberos realm, an NTLM domain (without case), or
 * digest:REALM. */
bool policy_identity_realm_is(const struct policy_identity *identity,
                              struct sspi_view realm) MUST_USE;

/* True if the name of a Digest user could be mistaken for a name of another scheme, and `policy`
 * offers that scheme too. For example, alice@REALM is a Kerberos name, and DOMAIN\alice is an NTLM
 * name. Names of different schemes must never be equal. */
bool policy_identity_is_ambiguous(const struct policy_identity *identity,
                                  const struct sspi_policy *policy) MUST_USE;

#endif
