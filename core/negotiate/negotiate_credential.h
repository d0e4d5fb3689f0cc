/* SPDX-License-Identifier: Apache-2.0 */
/* What a Negotiate credential holds: a credential of each mechanism that may run. */
#ifndef NEGOTIATE_CREDENTIAL_H
#define NEGOTIATE_CREDENTIAL_H

#include "negotiate_mechanism.h"

struct negotiate_credential {
    /* By row of the table; NULL: a mechanism that may not run. */
    void *mechanisms[NEGOTIATE_MECHANISM_COUNT];
};

/* As struct package's acquire: fails when one of the allowed mechanisms cannot have a
 * credential. */
SECURITY_STATUS negotiate_credential_new(const SSPI_ACCEPTOR_DATA *data,
                                         struct negotiate_credential **ret_credential,
                                         struct sspi_error_info *error_info) MUST_USE;

void negotiate_credential_free(struct negotiate_credential *credential);

/* True when the mechanism may run; NULL is none. */
bool negotiate_credential_allows(const struct negotiate_credential *credential,
                                 const struct negotiate_mechanism *mechanism);

/* The first of those that may run. */
const struct negotiate_mechanism *
negotiate_credential_preferred(const struct negotiate_credential *credential);

/* Appends the names of those that may run. */
void negotiate_credential_describe(const struct negotiate_credential *credential, struct bytes *to);

#endif
