/* SPDX-License-Identifier: Apache-2.0 */
#include "negotiate_credential.h"

#include <stdlib.h>

#include "error_info.h"

static SECURITY_STATUS fill(struct negotiate_credential *credential, const SSPI_ACCEPTOR_DATA *data,
                            struct sspi_error_info *error_info)
{
    uint32_t allowed = data->Mechanisms != 0 ? data->Mechanisms : SSPI_MECHANISM_KERBEROS;
    if ((allowed & ~(uint32_t)(SSPI_MECHANISM_KERBEROS | SSPI_MECHANISM_NTLM)) != 0)
        return error_info_refuse(
            error_info, SEC_E_INVALID_PARAMETER, SSPI_REASON_CONFIGURATION,
            "Mechanisms has an unknown bit: use SSPI_MECHANISM_KERBEROS and SSPI_MECHANISM_NTLM");
    for (size_t i = 0; i < NEGOTIATE_MECHANISM_COUNT; i++) {
        const struct negotiate_mechanism *row = &negotiate_mechanism_table[i];
        if ((allowed & row->allowed_by) == 0)
            continue;
        SECURITY_STATUS status =
            row->package->acquire(data, &credential->mechanisms[i], error_info);
        if (status != SEC_E_OK)
            return status;
    }
    return SEC_E_OK;
}

SECURITY_STATUS negotiate_credential_new(const SSPI_ACCEPTOR_DATA *data,
                                         struct negotiate_credential **ret_credential,
                                         struct sspi_error_info *error_info)
{
    struct negotiate_credential *credential = calloc(1, sizeof(*credential));
    if (credential == NULL)
        return error_info_no_memory(error_info);
    SECURITY_STATUS status = fill(credential, data, error_info);
    if (status != SEC_E_OK) {
        negotiate_credential_free(credential);
        return status;
    }
    *ret_credential = credential;
    return SEC_E_OK;
}

void negotiate_credential_free(struct negotiate_credential *credential)
{
    for (size_t i = 0; i < NEGOTIATE_MECHANISM_COUNT; i++) {
        if (credential->mechanisms[i] != NULL)
            negotiate_mechanism_table[i].package->release(credential->mechanisms[i]);
    }
    free(credential);
}

bool negotiate_credential_allows(const struct negotiate_credential *credential,
                                 const struct negotiate_mechanism *mechanism)
{
    return mechanism != NULL &&
           credential->mechanisms[mechanism - negotiate_mechanism_table] != NULL;
}

const struct negotiate_mechanism *
negotiate_credential_preferred(const struct negotiate_credential *credential)
{
    const struct negotiate_mechanism *row = negotiate_mechanism_table;
    while (row < negotiate_mechanism_table + NEGOTIATE_MECHANISM_COUNT - 1 &&
           !negotiate_credential_allows(credential, row))
        row++;
    return row;
}

void negotiate_credential_describe(const struct negotiate_credential *credential, struct bytes *to)
{
    const char *between = "";
    for (size_t i = 0; i < NEGOTIATE_MECHANISM_COUNT; i++) {
        if (!negotiate_credential_allows(credential, &negotiate_mechanism_table[i]))
            continue;
        bytes_append_text(to, between);
        bytes_append_text(to, negotiate_mechanism_table[i].package->about.Name);
        between = " or ";
    }
}
