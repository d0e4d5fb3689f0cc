/* SPDX-License-Identifier: Apache-2.0 */
/* Checks the password: finds the user in each spelling that the client may mean, and verifies the
 * response with the user's hash. */
#ifndef DIGEST_PASSWORD_H
#define DIGEST_PASSWORD_H

#include "digest_credential.h"
#include "digest_response.h"
#include "package.h"

/* A user whose response is right. The caller clears it with digest_login_clear(). It may be
 * zero-initialised. */
struct digest_login {
    struct sspi_view user;     /* as in the user file; points into the response or `names` */
    struct bytes names;        /* the spellings that differ from the client's */
    uint8_t hash_a1[HASH_MAX]; /* H(user:realm:password) */
};

/* Checks the response with each spelling of the user. `realm` is that of the location, or empty if
 * the client named no realm. `entity_hash` is as for digest_verify_compute(). SEC_E_OK sets
 * *ret_login. Unknown users and wrong passwords get the same refusal after the same work. */
SECURITY_STATUS digest_password_check(const struct digest_credential *credential,
                                      struct hash_run *run, const struct package_input *in,
                                      struct sspi_view realm,
                                      const struct digest_response *response,
                                      const uint8_t *entity_hash, struct digest_login *ret_login,
                                      struct sspi_error_info *error_info) MUST_USE;

/* Wipes and frees the members. */
void digest_login_clear(struct digest_login *login);

#endif
