/* SPDX-License-Identifier: Apache-2.0 */
#include "ntlm_password_winbind.h"

#include "escape.h"
#include "ntlm_names.h"
#include "error_info.h"

/* For client text in a report. */
#define SHOWN_SIZE 81

/* The client is told the same of a wrong password, a disabled account and an unknown user. */
static SECURITY_STATUS refuse(enum ntlm_winbind_status status,
                              const struct ntlm_winbind_question *question, const char *why,
                              struct sspi_error_info *error_info)
{
    char user[SHOWN_SIZE], domain[SHOWN_SIZE];
    escape_text(user, sizeof user, question->user);
    escape_text(domain, sizeof domain, question->domain);
    switch (status) {
    case NTLM_WINBIND_WRONG:
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

SECURITY_STATUS ntlm_password_winbind_check(struct sspi_winbind *winbind,
                                            const uint8_t challenge[NTLM_CHALLENGE_LEN],
                                            const struct ntlm_authenticate *message,
                                            struct ntlm_winbind_answer *ret_login,
                                            struct sspi_error_info *error_info)
{
    BYTES_CLEANUP struct bytes user = {0}, domain = {0}, workstation = {0};
    char why[SSPI_ERROR_TEXT_SIZE / 2] = "";
    SECURITY_STATUS names = ntlm_names_read_login(message, &user, &domain, error_info);
    if (names != SEC_E_OK)
        return names;
    /* Only the domain controller's log shows it, so a name that cannot be read is left out. */
    struct sspi_error_info unread;
    if (ntlm_names_read(message, message->workstation, &workstation, &unread) != SEC_E_OK)
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
        ntlm_winbind_check(winbind, &question, ret_login, why, sizeof why);
    return status == NTLM_WINBIND_RIGHT ? SEC_E_OK : refuse(status, &question, why, error_info);
}
