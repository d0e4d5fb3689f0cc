/* SPDX-License-Identifier: Apache-2.0 */
/* The credential of the Negotiate package: one credential for each mechanism that is allowed. */
#ifndef NEGOTIATE_CREDENTIAL_H
#define NEGOTIATE_CREDENTIAL_H

#include "negotiate_mechanism.h"

struct negotiate_credential {
    /* One for each row of the table; NULL: the mechanism is not allowed. */
    void *mechanisms[NEGOTIATE_MECHANISM_COUNT];
};

/* As struct package's acquire. Fails if an allowed mechanism cannot get a credential. */
SECURITY_STATUS negotiate_credential_new(const SSPI_ACCEPTOR_DATA *data,
                                         struct negotiate_credential **ret_credential,
                                         struct sspi_error_info *error_info) MUST_USE;

void negotiate_credential_free(struct negotiate_credential *credential);

/* True if the mechanism is allowed. False for NULL. */
bool negotiate_credential_allows(const struct negotiate_credential *credential,
                                 const struct negotiate_mechanism *mechanism);

/* Returns the first allowed mechanism in the order of the table. */
const struct negotiate_mechanism *
negotiate_credential_preferred(const struct negotiate_credential *credential);

/* Appends the names of the allowed mechanisms for an error text: "Kerberos or NTLM". */
void negotiate_credential_describe(const struct negotiate_credential *credential, struct bytes *to);

#endif
