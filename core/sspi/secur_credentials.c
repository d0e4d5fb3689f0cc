/* SPDX-License-Identifier: Apache-2.0 */
#include "secur_credentials.h"

#include <stdlib.h>

#include "error_info.h"
#include "secur_packages.h"
#include "secur_query.h"
#include "secur_text.h"

static void destroy(struct secur_object *object)
{
    struct secur_credential *credential = (struct secur_credential *)object;

    package_credential_unref(credential->credential);
    free(credential);
}

static SECURITY_STATUS check_use(ULONG use, struct sspi_error_info *error_info)
{
    /* This library has only credentials of acceptors (inbound). */
    if ((use & SECPKG_CRED_INBOUND) != 0 && (use & SECPKG_CRED_RESERVED) == 0)
        return SEC_E_OK;
    error_info_set(error_info, SSPI_REASON_CONFIGURATION,
                   "fCredentialUse is not SECPKG_CRED_INBOUND or SECPKG_CRED_BOTH");
    return SEC_E_UNKNOWN_CREDENTIALS;
}

/* Takes over the caller's reference, also on an error. */
static SECURITY_STATUS make_handle(struct package_credential *made, CredHandle *ret_credential)
{
    struct secur_credential *credential = calloc(1, sizeof(*credential));

    if (credential == NULL) {
        package_credential_unref(made);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    credential->credential = made;
    secur_handle_init(&credential->object, SECUR_HANDLE_CREDENTIAL, destroy);
    SECURITY_STATUS status = secur_handle_add(&credential->object, ret_credential);
    if (status != SEC_E_OK)
        secur_handle_unref(&credential->object);
    return status;
}

SECURITY_STATUS secur_credentials_acquire(const char *principal, const char *package, ULONG use,
                                          const SSPI_ACCEPTOR_DATA *data,
                                          CredHandle *ret_credential,
                                          struct sspi_error_info *error_info)
{
    SSPI_ACCEPTOR_DATA effective = {.Version = SSPI_ACCEPTOR_DATA_VERSION};
    const struct sspi_view name = bytes_view(principal);

    *error_info = (struct sspi_error_info){.reason = SSPI_REASON_NONE};
    SecInvalidateHandle(ret_credential);
    const struct package *found = secur_packages_find(package);
    if (found == NULL) {
        error_info_set(error_info, SSPI_REASON_CONFIGURATION, "there is no such package");
        return SEC_E_SECPKG_NOT_FOUND;
    }
    SECURITY_STATUS status = check_use(use, error_info);
    if (status != SEC_E_OK)
        return status;
    if (data != NULL)
        effective = *data;
    if (effective.ServiceNameCount == 0 && name.len > 0) {
        effective.ServiceNames = &name;
        effective.ServiceNameCount = 1;
    }
    struct package_credential *made;
    status = package_credential_new(found, &effective, &made, error_info);
    return status == SEC_E_OK ? make_handle(made, ret_credential) : status;
}

SECURITY_STATUS SEC_ENTRY AcquireCredentialsHandleA(const SEC_CHAR *pszPrincipal,
                                                    const SEC_CHAR *pszPackage,
                                                    ULONG fCredentialUse, void *pvLogonId,
                                                    void *pAuthData, SEC_GET_KEY_FN pGetKeyFn,
                                                    void *pvGetKeyArgument,
                                                    PCredHandle phCredential, PTimeStamp ptsExpiry)
{
    struct sspi_error_info error_info;

    (void)pvLogonId;
    (void)pGetKeyFn;
    (void)pvGetKeyArgument;
    if (phCredential == NULL)
        return SEC_E_INVALID_PARAMETER;
    SECURITY_STATUS status = secur_credentials_acquire(pszPrincipal, pszPackage, fCredentialUse,
                                                       pAuthData, phCredential, &error_info);
    if (status == SEC_E_OK && ptsExpiry != NULL)
        *ptsExpiry = secur_query_timestamp(UINT64_MAX);
    return status;
}

SECURITY_STATUS SEC_ENTRY AcquireCredentialsHandleW(const SEC_WCHAR *pszPrincipal,
                                                    const SEC_WCHAR *pszPackage,
                                                    ULONG fCredentialUse, void *pvLogonId,
                                                    void *pAuthData, SEC_GET_KEY_FN pGetKeyFn,
                                                    void *pvGetKeyArgument,
                                                    PCredHandle phCredential, PTimeStamp ptsExpiry)
{
    BYTES_CLEANUP struct bytes principal_storage = {0};
    BYTES_CLEANUP struct bytes package_storage = {0};
    const char *principal;
    const char *package;

    if (phCredential == NULL)
        return SEC_E_INVALID_PARAMETER;
    SecInvalidateHandle(phCredential);
    SECURITY_STATUS status = secur_text_narrow(pszPrincipal, &principal_storage, &principal);
    if (status != SEC_E_OK)
        return status;
    status = secur_text_narrow(pszPackage, &package_storage, &package);
    if (status != SEC_E_OK)
        return status;
    return AcquireCredentialsHandleA(principal, package, fCredentialUse, pvLogonId, pAuthData,
                                     pGetKeyFn, pvGetKeyArgument, phCredential, ptsExpiry);
}

SECURITY_STATUS SEC_ENTRY FreeCredentialsHandle(PCredHandle phCredential)
{
    return secur_handle_remove(phCredential, SECUR_HANDLE_CREDENTIAL);
}
