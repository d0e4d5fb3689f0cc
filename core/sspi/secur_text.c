/* SPDX-License-Identifier: Apache-2.0 */
#include "secur_text.h"

#include "utf8.h"

SECURITY_STATUS secur_text_narrow(const SEC_WCHAR *text, struct bytes *storage,
                                  const char **ret_text)
{
    size_t n_units = 0;

    if (text == NULL) {
        *ret_text = NULL;
        return SEC_E_OK;
    }
    while (text[n_units] != 0)
        n_units++;
    bool converted = utf8_from_utf16(storage, text, n_units);
    bytes_append_char(storage, '\0');
    if (storage->failed)
        return SEC_E_INSUFFICIENT_MEMORY;
    if (!converted)
        return SEC_E_INVALID_PARAMETER;
    *ret_text = bytes_as_view(storage).data;
    return SEC_E_OK;
}
