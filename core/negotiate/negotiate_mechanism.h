/* SPDX-License-Identifier: Apache-2.0 */
/* The mechanisms that Negotiate can run, in one table, and the names of those that it cannot
 * run. */
#ifndef NEGOTIATE_MECHANISM_H
#define NEGOTIATE_MECHANISM_H

#include "negotiate_token.h"
#include "package.h"

/* The most OIDs of one mechanism. */
#define NEGOTIATE_MECHANISM_OIDS_LIMIT 2

struct negotiate_mechanism {
    const struct package *package;
    uint32_t allowed_by; /* SSPI_MECHANISM_* of the credential's data */
    /* Contents of its OIDs, the standard one first. Data NULL ends a shorter list. */
    struct sspi_view oids[NEGOTIATE_MECHANISM_OIDS_LIMIT];
    /* How its tokens arrive without SPNEGO: FRAMED with one of the OIDs, or as this kind. */
    enum negotiate_token_kind bare;
};

/* In the server's order of preference. */
#define NEGOTIATE_MECHANISM_COUNT 2
extern const struct negotiate_mechanism negotiate_mechanism_table[NEGOTIATE_MECHANISM_COUNT];

/* Returns the row of an OID, which is given by its contents, or NULL. */
const struct negotiate_mechanism *negotiate_mechanism_by_oid(struct sspi_view oid);

/* Returns the row whose mechanism sends bare tokens of this kind, or NULL. `oid` counts only for
 * FRAMED. */
const struct negotiate_mechanism *negotiate_mechanism_by_kind(enum negotiate_token_kind kind,
                                                              struct sspi_view oid);

/* Appends a mechanism's name, or its OID in digits and dots. The text is printable for every
 * OID. */
void negotiate_mechanism_name(struct sspi_view oid, struct bytes *to);

#endif
