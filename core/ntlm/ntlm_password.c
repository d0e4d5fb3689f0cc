/* SPDX-License-Identifier: Apache-2.0 */
#include "ntlm_password.h"

#include <string.h>

#include "escape.h"
#include "ntlm_names.h"
#include "ntlm_password_winbind.h"
#include "ntlm_text.h"
#include "error_info.h"

/* For client text in a report. */
#define SHOWN_SIZE 81

/* False: libcrypto failed, or no memory. */
static bool prove(struct hash_run *run, const uint8_t challenge[NTLM_CHALLENGE_LEN],
                  const struct store_nt_user *found, struct sspi_view upper_user,
                  struct sspi_view domain, const struct ntlm_response *response, bool *ret_right,
                  uint8_t ret_base_key[NTLM_KEY_LEN])
{
    uint8_t key[NTLM_KEY_LEN] = {0}, proof[NTLM_KEY_LEN] = {0};
    bool done = ntlm_keys_response(run, found->hash, upper_user, domain, key) &&
                ntlm_keys_proof(run, key, challenge, response->temp, proof) &&
                ntlm_keys_base(run, key, proof, ret_base_key);
    *ret_right =
        bytes_equal_secret((struct sspi_view){(const char *)proof, sizeof proof}, response->proof);
    bytes_wipe(key, sizeof key);
    bytes_wipe(proof, sizeof proof);
    return done;
}

static SECURITY_STATUS refuse(struct sspi_view user, struct sspi_view domain,
                              struct sspi_error_info *error_info)
{
    char shown_user[SHOWN_SIZE], shown_domain[SHOWN_SIZE];
    return error_info_refuse(error_info, SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD,
                             "unknown user or wrong password: user \"%s\", domain \"%s\"",
                             escape_text(shown_user, sizeof shown_user, user),
                             escape_text(shown_domain, sizeof shown_domain, domain));
}

static SECURITY_STATUS check_file(const struct ntlm_credential *credential, struct hash_run *run,
                                  const uint8_t challenge[NTLM_CHALLENGE_LEN],
                                  const struct ntlm_authenticate *message,
                                  const struct ntlm_response *response,
                                  struct ntlm_winbind_answer *ret_login,
                                  struct sspi_error_info *error_info)
{
    BYTES_CLEANUP struct bytes user = {0}, domain = {0}, upper_user = {0}, wire_domain = {0};
    struct store_nt_user found;
    bool right;
    SECURITY_STATUS status = ntlm_names_read_login(message, &user, &domain, error_info);
    if (status != SEC_E_OK)
        return status;
    /* MS-NLMP 3.3.2: the hash covers the names as the client spells them, not as the file does, and
     * always in UTF-16. */
    bool done = ntlm_text_encode_upper(&upper_user, bytes_as_view(&user)) &&
                ntlm_text_encode(&wire_domain, bytes_as_view(&domain));
    bool known = store_nt_users_find(credential->users, bytes_as_view(&user),
                                     bytes_as_view(&domain), &found);
    done = done && prove(run, challenge, &found, bytes_as_view(&upper_user),
                         bytes_as_view(&wire_domain), response, &right, ret_login->base_key);
    memcpy(ret_login->user, found.user, sizeof found.user);
    memcpy(ret_login->domain, found.domain, sizeof found.domain);
    bytes_wipe(&found, sizeof found);
    if (!done)
        return error_info_refuse(error_info, SEC_E_INTERNAL_ERROR, SSPI_REASON_INTERNAL,
                                 "OpenSSL could not compute an NTLM proof, or no memory");
    /* The hash of no user lets nobody in, whoever knows it. */
    return right && known ? SEC_E_OK
                          : refuse(bytes_as_view(&user), bytes_as_view(&domain), error_info);
}

SECURITY_STATUS ntlm_password_check(const struct ntlm_credential *credential, struct hash_run *run,
                                    const uint8_t challenge[NTLM_CHALLENGE_LEN],
                                    const struct ntlm_authenticate *message,
                                    const struct ntlm_response *response,
                                    struct ntlm_winbind_answer *ret_login,
                                    struct sspi_error_info *error_info)
{
    if (credential->winbind != NULL)
        return ntlm_password_winbind_check(credential->winbind, challenge, message, ret_login,
                                           error_info);
    return check_file(credential, run, challenge, message, response, ret_login, error_info);
}
