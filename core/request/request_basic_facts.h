/* SPDX-License-Identifier: Apache-2.0 */
/* What the server remembers about a user whose password was right. Pure. */
#ifndef REQUEST_BASIC_FACTS_H
#define REQUEST_BASIC_FACTS_H

#include "policy_identity.h"

/* Appends the facts of an identity that the KDC or winbind verified. to->failed: no memory, or a
 * text is too long. */
void request_basic_facts_write(const struct policy_identity *identity, struct bytes *to);

/* Reads them into *ret_identity, which the caller clears. The caller sets the source. False: they
 * are damaged, or no memory. */
bool request_basic_facts_read(struct sspi_view facts,
                              struct policy_identity *ret_identity) MUST_USE;

#endif
