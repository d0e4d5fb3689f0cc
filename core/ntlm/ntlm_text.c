/* SPDX-License-Identifier: Apache-2.0 */
#include "ntlm_text.h"

#include <stdlib.h>

#include "escape.h"
#include "fold.h"
#include "utf8.h"

bool ntlm_text_decode(struct bytes *to, struct sspi_view octets)
{
    const unsigned char *in = (const unsigned char *)octets.data;
    size_t n_units = octets.len / 2;

    if (octets.len % 2 != 0)
        return false;
    if (n_units == 0)
        return true;
    char16_t *units = malloc(n_units * sizeof(*units));
    if (units == NULL) {
        to->failed = true;
        return false;
    }
    for (size_t i = 0; i < n_units; i++)
        units[i] = (char16_t)(in[2 * i] | in[2 * i + 1] << 8);
    bool done = utf8_from_utf16(to, units, n_units);
    free(units);
    return done;
}

bool ntlm_text_decode_ascii(struct bytes *to, struct sspi_view octets)
{
    for (size_t i = 0; i < octets.len; i++) {
        if ((unsigned char)octets.data[i] > 127)
            return false;
    }
    bytes_append_view(to, octets);
    return !to->failed;
}

bool ntlm_text_encode(struct bytes *to, struct sspi_view text)
{
    size_t n_units;
    char16_t *units = utf8_to_utf16(text, &n_units);

    if (units == NULL)
        return false;
    for (size_t i = 0; i < n_units; i++) {
        bytes_append_char(to, (char)(units[i] & 0xFF));
        bytes_append_char(to, (char)(units[i] >> 8));
    }
    bytes_wipe(units, n_units * sizeof(*units)); /* it may be a password */
    free(units);
    return !to->failed;
}

bool ntlm_text_encode_upper(struct bytes *to, struct sspi_view text)
{
    BYTES_CLEANUP struct bytes upper = {0};

    return fold_upper(&upper, text) && ntlm_text_encode(to, bytes_as_view(&upper));
}

SECURITY_STATUS ntlm_text_check_names(struct sspi_view user, struct sspi_view domain,
                                      struct sspi_error_info *error_info)
{
    char shown_user[ESCAPE_VALUE_SIZE], shown_domain[ESCAPE_VALUE_SIZE];

    if (utf8_is_name(user) && utf8_is_name(domain))
        return SEC_E_OK;
    return error_info_refuse(error_info, SEC_E_LOGON_DENIED, SSPI_REASON_BAD_NAME,
                             "user \"%s\" or domain \"%s\" holds a control character",
                             escape_text(shown_user, sizeof(shown_user), user),
                             escape_text(shown_domain, sizeof(shown_domain), domain));
}

static SECURITY_STATUS refuse(bool oem, struct sspi_error_info *error_info)
{
    if (oem)
        return error_info_refuse(error_info, SEC_E_LOGON_DENIED, SSPI_REASON_UNSUPPORTED,
                                 "the client sent a name in OEM that is not ASCII, and its code "
                                 "page is not known. Use a client that sends Unicode, or an ASCII "
                                 "name");
    return error_info_refuse(error_info, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED,
                             "malformed NTLM AUTHENTICATE message: a name is not UTF-16");
}

SECURITY_STATUS ntlm_text_read_name(const struct ntlm_authenticate *message, struct sspi_view name,
                                    struct bytes *to, struct sspi_error_info *error_info)
{
    bool read = message->oem ? ntlm_text_decode_ascii(to, name) : ntlm_text_decode(to, name);
    if (to->failed)
        return error_info_no_memory(error_info);
    return read ? SEC_E_OK : refuse(message->oem, error_info);
}

SECURITY_STATUS ntlm_text_read_login(const struct ntlm_authenticate *message, struct bytes *user,
                                     struct bytes *domain, struct sspi_error_info *error_info)
{
    SECURITY_STATUS status = ntlm_text_read_name(message, message->user, user, error_info);
    if (status == SEC_E_OK)
        status = ntlm_text_read_name(message, message->domain, domain, error_info);
    if (status == SEC_E_OK)
        status = ntlm_text_check_names(bytes_as_view(user), bytes_as_view(domain), error_info);
    return status;
}
