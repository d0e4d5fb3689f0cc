/* SPDX-License-Identifier: Apache-2.0 */
#include "ntlm_password.h"

#include <string.h>

#include "escape.h"
#include "ntlm_text.h"
#include "error_info.h"

/* ---- by the user file ---- */

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
        bytes_equal_secret((struct sspi_view){(const char *)proof, sizeof(proof)}, response->proof);
    bytes_wipe(key, sizeof(key));
    bytes_wipe(proof, sizeof(proof));
    return done;
}

static SECURITY_STATUS refuse_user(struct sspi_view user, struct sspi_view domain,
                                   struct sspi_error_info *error_info)
{
    char shown_user[ESCAPE_VALUE_SIZE], shown_domain[ESCAPE_VALUE_SIZE];
    return error_info_refuse(error_info, SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD,
                             "unknown user or wrong password: user \"%s\", domain \"%s\"",
                             escape_text(shown_user, sizeof(shown_user), user),
                             escape_text(shown_domain, sizeof(shown_domain), domain));
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
    SECURITY_STATUS status = ntlm_text_read_login(message, &user, &domain, error_info);
    if (status != SEC_E_OK)
        return status;
    /* MS-NLMP 3.3.2: the hash covers the names as the client spells them, which may differ from the
     * file. It is always over UTF-16. */
    bool done = ntlm_text_encode_upper(&upper_user, bytes_as_view(&user)) &&
                ntlm_text_encode(&wire_domain, bytes_as_view(&domain));
    bool known = store_users_nt_find(credential->users, bytes_as_view(&user),
                                     bytes_as_view(&domain), &found);
    done = done && prove(run, challenge, &found, bytes_as_view(&upper_user),
                         bytes_as_view(&wire_domain), response, &right, ret_login->base_key);
    memcpy(ret_login->user, found.user, sizeof(found.user));
    memcpy(ret_login->domain, found.domain, sizeof(found.domain));
    bytes_wipe(&found, sizeof(found));
    if (!done)
        return error_info_refuse(error_info, SEC_E_INTERNAL_ERROR, SSPI_REASON_INTERNAL,
                                 "OpenSSL could not compute an NTLM proof, or " OUT_OF_MEMORY);
    /* The dummy hash never verifies a client, even one that knows it. */
    return right && known ? SEC_E_OK
                          : refuse_user(bytes_as_view(&user), bytes_as_view(&domain), error_info);
}

/* ---- by winbind ---- */

/* The client gets the same answer for a wrong password, a disabled account and an unknown user. */
static SECURITY_STATUS refuse_domain(enum ntlm_winbind_status status,
                                     const struct ntlm_winbind_question *question, const char *why,
                                     struct sspi_error_info *error_info)
{
    char user[ESCAPE_VALUE_SIZE], domain[ESCAPE_VALUE_SIZE];
    escape_text(user, sizeof(user), question->user);
    escape_text(domain, sizeof(domain), question->domain);
    switch (status) {
    case NTLM_WINBIND_WRONG:
    case NTLM_WINBIND_EXPIRED:
    case NTLM_WINBIND_LOCKED:
        return error_info_refuse(error_info, SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD,
                                 "the domain refuses user \"%s\", domain \"%s\": %s", user, domain,
                                 why);
    case NTLM_WINBIND_UNREACHABLE:
        return error_info_refuse(
            error_info, SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_UNREACHABLE,
            "user \"%s\", domain \"%s\" could not be checked: %s", user, domain, why);
    case NTLM_WINBIND_FORBIDDEN:
        return error_info_refuse(error_info, SEC_E_NO_CREDENTIALS, SSPI_REASON_CONFIGURATION, "%s",
                                 why);
    case NTLM_WINBIND_RIGHT:
    case NTLM_WINBIND_FAILED:
    default:
        return error_info_refuse(error_info, SEC_E_INTERNAL_ERROR, SSPI_REASON_INTERNAL,
                                 "user \"%s\", domain \"%s\" could not be checked: %s", user,
                                 domain, why);
    }
}

static SECURITY_STATUS check_winbind(struct sspi_winbind *winbind,
                                     const uint8_t challenge[NTLM_CHALLENGE_LEN],
                                     const struct ntlm_authenticate *message,
                                     struct ntlm_winbind_answer *ret_login,
                                     struct sspi_error_info *error_info)
{
    BYTES_CLEANUP struct bytes user = {0}, domain = {0}, workstation = {0};
    char why[SSPI_ERROR_TEXT_SIZE / 2] = "";
    SECURITY_STATUS names = ntlm_text_read_login(message, &user, &domain, error_info);
    if (names != SEC_E_OK)
        return names;
    /* Only the log of the domain controller shows the workstation, so one that cannot be read is
     * left out. */
    struct sspi_error_info unread;
    if (ntlm_text_read_name(message, message->workstation, &workstation, &unread) != SEC_E_OK)
        bytes_free(&workstation);
    const struct ntlm_winbind_question question = {
        .user = bytes_as_view(&user),
        .domain = bytes_as_view(&domain),
        .workstation = bytes_as_view(&workstation),
        .challenge = challenge,
        .nt_response = message->nt_response,
        .lm_response = message->lm_response,
    };
    enum ntlm_winbind_status status =
        ntlm_winbind_check(winbind, &question, ret_login, why, sizeof(why));
    return status == NTLM_WINBIND_RIGHT ? SEC_E_OK
                                        : refuse_domain(status, &question, why, error_info);
}

SECURITY_STATUS ntlm_password_check(const struct ntlm_credential *credential, struct hash_run *run,
                                    const uint8_t challenge[NTLM_CHALLENGE_LEN],
                                    const struct ntlm_authenticate *message,
                                    const struct ntlm_response *response,
                                    struct ntlm_winbind_answer *ret_login,
                                    struct sspi_error_info *error_info)
{
    if (credential->winbind != NULL)
        return check_winbind(credential->winbind, challenge, message, ret_login, error_info);
    return check_file(credential, run, challenge, message, response, ret_login, error_info);
}
