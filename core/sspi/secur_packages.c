/* SPDX-License-Identifier: Apache-2.0 */
#include "secur_packages.h"

#include <stdlib.h>
#include <string.h>

#include "package.h"
#include "secur_text.h"

static const struct package *const all[] = {&negotiate_package, &kerberos_package, &ntlm_package,
                                            &digest_package};

#define N_PACKAGES (sizeof(all) / sizeof(all[0]))

const struct package *secur_packages_find(const char *name)
{
    struct sspi_view wanted = bytes_view(name);

    if (wanted.data == NULL)
        return NULL;
    for (size_t i = 0; i < N_PACKAGES; i++) {
        const struct package *package = all[i];
        if (bytes_equal_nocase(wanted, bytes_view(package->about.Name)))
            return package;
        if (package->alias != NULL && bytes_equal_nocase(wanted, bytes_view(package->alias)))
            return package;
    }
    return NULL;
}

const struct package *secur_packages_with_ccache(void)
{
    for (size_t i = 0; i < N_PACKAGES; i++)
        if (all[i]->use_ccache != NULL)
            return all[i];
    return NULL;
}

/* Returns the characters of name and comment, with their NULs. */
static size_t text_len(const struct package *package)
{
    return strlen(package->about.Name) + strlen(package->about.Comment) + 2;
}

SECURITY_STATUS secur_packages_copy_a(const struct package *const *packages, size_t n,
                                      SecPkgInfoA **ret_info)
{
    size_t size = n * sizeof(SecPkgInfoA);

    for (size_t i = 0; i < n; i++)
        size += text_len(packages[i]);
    SecPkgInfoA *info = malloc(size);
    if (info == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    char *text = (char *)(info + n);
    for (size_t i = 0; i < n; i++) {
        info[i] = packages[i]->about;
        info[i].Name = text;
        text = stpcpy(text, packages[i]->about.Name) + 1;
        info[i].Comment = text;
        text = stpcpy(text, packages[i]->about.Comment) + 1;
    }
    *ret_info = info;
    return SEC_E_OK;
}

/* Copies ASCII text and its NUL as UTF-16, and returns the end. Names and comments of all packages
 * are ASCII. */
static SEC_WCHAR *widen(SEC_WCHAR *to, const char *ascii)
{
    do
        *to++ = (unsigned char)*ascii;
    while (*ascii++ != '\0');
    return to;
}

SECURITY_STATUS secur_packages_copy_w(const struct package *const *packages, size_t n,
                                      SecPkgInfoW **ret_info)
{
    size_t size = n * sizeof(SecPkgInfoW);

    for (size_t i = 0; i < n; i++)
        size += text_len(packages[i]) * sizeof(SEC_WCHAR);
    SecPkgInfoW *info = malloc(size);
    if (info == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    SEC_WCHAR *text = (SEC_WCHAR *)(info + n);
    for (size_t i = 0; i < n; i++) {
        const SecPkgInfoA *from = &packages[i]->about;
        info[i] = (SecPkgInfoW){.fCapabilities = from->fCapabilities,
                                .wVersion = from->wVersion,
                                .wRPCID = from->wRPCID,
                                .cbMaxToken = from->cbMaxToken,
                                .Name = text};
        text = widen(text, from->Name);
        info[i].Comment = text;
        text = widen(text, from->Comment);
    }
    *ret_info = info;
    return SEC_E_OK;
}

SECURITY_STATUS SEC_ENTRY QuerySecurityPackageInfoA(const SEC_CHAR *pszPackageName,
                                                    PSecPkgInfoA *ppPackageInfo)
{
    if (ppPackageInfo == NULL)
        return SEC_E_INVALID_PARAMETER;
    *ppPackageInfo = NULL;
    const struct package *package = secur_packages_find(pszPackageName);
    if (package == NULL)
        return SEC_E_SECPKG_NOT_FOUND;
    return secur_packages_copy_a(&package, 1, ppPackageInfo);
}

SECURITY_STATUS SEC_ENTRY QuerySecurityPackageInfoW(const SEC_WCHAR *pszPackageName,
                                                    PSecPkgInfoW *ppPackageInfo)
{
    BYTES_CLEANUP struct bytes storage = {0};
    const char *name;

    if (ppPackageInfo == NULL)
        return SEC_E_INVALID_PARAMETER;
    *ppPackageInfo = NULL;
    SECURITY_STATUS status = secur_text_narrow(pszPackageName, &storage, &name);
    if (status != SEC_E_OK)
        return status;
    const struct package *package = secur_packages_find(name);
    if (package == NULL)
        return SEC_E_SECPKG_NOT_FOUND;
    return secur_packages_copy_w(&package, 1, ppPackageInfo);
}

SECURITY_STATUS SEC_ENTRY EnumerateSecurityPackagesA(PULONG pcPackages, PSecPkgInfoA *ppPackageInfo)
{
    if (pcPackages == NULL || ppPackageInfo == NULL)
        return SEC_E_INVALID_PARAMETER;
    *pcPackages = 0;
    *ppPackageInfo = NULL;
    SECURITY_STATUS status = secur_packages_copy_a(all, N_PACKAGES, ppPackageInfo);
    if (status == SEC_E_OK)
        *pcPackages = N_PACKAGES;
    return status;
}

SECURITY_STATUS SEC_ENTRY EnumerateSecurityPackagesW(PULONG pcPackages, PSecPkgInfoW *ppPackageInfo)
{
    if (pcPackages == NULL || ppPackageInfo == NULL)
        return SEC_E_INVALID_PARAMETER;
    *pcPackages = 0;
    *ppPackageInfo = NULL;
    SECURITY_STATUS status = secur_packages_copy_w(all, N_PACKAGES, ppPackageInfo);
    if (status == SEC_E_OK)
        *pcPackages = N_PACKAGES;
    return status;
}
