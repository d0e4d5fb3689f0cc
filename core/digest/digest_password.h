/* SPDX-License-Identifier: Apache-2.0 */
/* Who is it, and is the password right: the users in the spellings that a client may mean. */
#ifndef DIGEST_PASSWORD_H
#define DIGEST_PASSWORD_H

#include "digest_credential.h"
#include "digest_response.h"
#include "package.h"

/* A user whose response is right. End it with digest_password_free(); zero-initialised is fine. */
struct digest_login {
    struct sspi_view user;     /* as in the user file; into the response, or `names` */
    struct bytes names;        /* spellings that did not come as they are */
    uint8_t hash_a1[HASH_MAX]; /* H(user:realm:password) */
};

/* Checks the response of each spelling of the user. `realm` is the place's, or empty when the
 * client named none; `entity_hash` as digest_verify_compute(). SEC_E_OK: *ret_login. Unknown users
 * and wrong passwords are refused alike and after the same work. */
SECURITY_STATUS digest_password_check(const struct digest_credential *credential,
                                      struct hash_run *run, const struct package_input *in,
                                      struct sspi_view realm,
                                      const struct digest_response *response,
                                      const uint8_t *entity_hash, struct digest_login *ret_login,
                                      struct sspi_error_info *error_info) MUST_USE;

/* Wipes and frees. */
void digest_login_clear(struct digest_login *login);

#endif
