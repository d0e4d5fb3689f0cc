/* SPDX-License-Identifier: Apache-2.0 */
#include "package_credential.h"

#include <stdlib.h>

#include "error_info.h"

static SECURITY_STATUS check_data(const SSPI_ACCEPTOR_DATA *data,
                                  struct sspi_error_info *error_info)
{
    if (data->Version == SSPI_ACCEPTOR_DATA_VERSION &&
        data->ServiceNameCount <= PACKAGE_SERVICE_NAMES_LIMIT &&
        (data->ServiceNameCount == 0 || data->ServiceNames != NULL))
        return SEC_E_OK;
    return error_info_refuse(
        error_info, SEC_E_UNKNOWN_CREDENTIALS, SSPI_REASON_CONFIGURATION,
        "pAuthData is not an SSPI_ACCEPTOR_DATA of this version with at most 64 service names");
}

static SECURITY_STATUS acquire(const struct package *package, const SSPI_ACCEPTOR_DATA *data,
                               struct package_credential **ret_credential,
                               struct sspi_error_info *error_info)
{
    struct package_credential *credential = calloc(1, sizeof(*credential));

    if (credential == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    SECURITY_STATUS status = package->acquire(data, &credential->data, error_info);
    if (status != SEC_E_OK) {
        free(credential);
        return status < 0 ? status : SEC_E_INTERNAL_ERROR;
    }
    credential->package = package;
    ref_init(&credential->ref);
    *ret_credential = credential;
    return SEC_E_OK;
}

SECURITY_STATUS package_credential_new(const struct package *package,
                                       const SSPI_ACCEPTOR_DATA *data,
                                       struct package_credential **ret_credential,
                                       struct sspi_error_info *error_info)
{
    *error_info = (struct sspi_error_info){.reason = SSPI_REASON_NONE};
    SECURITY_STATUS status = check_data(data, error_info);
    if (status == SEC_E_OK)
        status = acquire(package, data, ret_credential, error_info);
    if (status != SEC_E_OK && error_info->reason == SSPI_REASON_NONE)
        error_info_set(error_info, SSPI_REASON_INTERNAL, "the credential could not be made");
    return status;
}

static void destroy(struct package_credential *credential)
{
    credential->package->release(credential->data);
    free(credential);
}

REF(package_credential, struct package_credential, ref, destroy)
