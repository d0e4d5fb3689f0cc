/* SPDX-License-Identifier: Apache-2.0 */
#include "ntlm_names.h"

#include "ntlm_text.h"
#include "error_info.h"

static SECURITY_STATUS refuse(bool oem, struct sspi_error_info *error_info)
{
    if (oem)
        return error_info_refuse(
            error_info, SEC_E_LOGON_DENIED, SSPI_REASON_UNSUPPORTED,
            "the client did not ask for Unicode and sent a name that is not ASCII, but its code "
            "page is not known: use a client that sends names in Unicode, or a name in ASCII");
    return error_info_refuse(error_info, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED,
                             "malformed NTLM AUTHENTICATE message: a name is not UTF-16");
}

SECURITY_STATUS ntlm_names_read(const struct ntlm_authenticate *message, struct sspi_view name,
                                struct bytes *to, struct sspi_error_info *error_info)
{
    bool read = message->oem ? ntlm_text_decode_ascii(to, name) : ntlm_text_decode(to, name);
    if (to->failed)
        return error_info_no_memory(error_info);
    return read ? SEC_E_OK : refuse(message->oem, error_info);
}

SECURITY_STATUS ntlm_names_read_login(const struct ntlm_authenticate *message, struct bytes *user,
                                      struct bytes *domain, struct sspi_error_info *error_info)
{
    SECURITY_STATUS status = ntlm_names_read(message, message->user, user, error_info);
    if (status == SEC_E_OK)
        status = ntlm_names_read(message, message->domain, domain, error_info);
    if (status == SEC_E_OK)
        status = ntlm_text_check_names(bytes_as_view(user), bytes_as_view(domain), error_info);
    return status;
}
