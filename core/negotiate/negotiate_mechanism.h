/* SPDX-License-Identifier: Apache-2.0 */
/* The mechanisms that Negotiate may run: one table, and names for those it does not. */
#ifndef NEGOTIATE_MECHANISM_H
#define NEGOTIATE_MECHANISM_H

#include "negotiate_token.h"
#include "package.h"

/* OIDs that one mechanism goes by. */
#define NEGOTIATE_MECHANISM_OIDS_LIMIT 2

struct negotiate_mechanism {
    const struct package *package;
    uint32_t allowed_by; /* SSPI_MECHANISM_* of the credential's data */
    /* Contents of its OIDs, the standard one first; data NULL ends the list early. */
    struct sspi_view oids[NEGOTIATE_MECHANISM_OIDS_LIMIT];
    /* How its tokens come without SPNEGO: in GSS framing with one of the OIDs, or as this kind. */
    enum negotiate_token_kind bare;
};

/* In our order of preference. */
#define NEGOTIATE_MECHANISM_COUNT 2
extern const struct negotiate_mechanism negotiate_mechanism_table[NEGOTIATE_MECHANISM_COUNT];

/* The row of an OID's contents, or NULL. */
const struct negotiate_mechanism *negotiate_mechanism_by_oid(struct sspi_view oid);

/* The row that takes a bare token of this kind (`oid` counts for FRAMED), or NULL. */
const struct negotiate_mechanism *negotiate_mechanism_by_kind(enum negotiate_token_kind kind,
                                                              struct sspi_view oid);

/* Appends a mechanism's name, or its OID in digits and dots: printable whatever it holds. */
void negotiate_mechanism_name(struct sspi_view oid, struct bytes *to);

#endif
