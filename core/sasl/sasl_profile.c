/* SPDX-License-Identifier: Apache-2.0 */
/* SaslEnumerateProfiles, SaslGetProfilePackage, SaslIdentifyPackage, and the table behind them. */
#include "sasl_profile.h"

#include <string.h>

#include "secur_buffers.h"
#include "secur_packages.h"
#include "secur_text.h"
#include "utf8.h"

/* RFC 4422 3.1: sasl-mech = 1*20mech-char */
#define NAME_LIMIT 20

/* Windows has this table in its registry (SecurityProviders\SaslProfiles). */
static const struct sasl_profile profiles[] = {
    {.name = "GSSAPI", .package = &kerberos_package, .client_first = true, .has_cookies = true},
    {.name = "GSS-SPNEGO", .package = &negotiate_package, .client_first = true},
    {.name = "DIGEST-MD5", .package = &digest_package, .sends_size = true},
    {.name = "NTLM", .package = &ntlm_package, .client_first = true},
};

#define N_PROFILES (sizeof(profiles) / sizeof(profiles[0]))

/* Finds the profile of a mechanism by its name, without case. NULL: there is no such mechanism. */
static const struct sasl_profile *find(struct sspi_view name)
{
    for (size_t i = 0; i < N_PROFILES; i++)
        if (bytes_equal_nocase(name, bytes_view(profiles[i].name)))
            return &profiles[i];
    return NULL;
}

const struct sasl_profile *sasl_profile_of(const struct package *package)
{
    for (size_t i = 0; i < N_PROFILES; i++)
        if (profiles[i].package == package)
            return &profiles[i];
    return NULL;
}

/* ---- SaslEnumerateProfiles ---- */

/* Appends all names with a NUL after each, and one more NUL at the end. */
static void append_list(struct bytes *to)
{
    for (size_t i = 0; i < N_PROFILES; i++) {
        bytes_append_text(to, profiles[i].name);
        bytes_append_char(to, '\0');
    }
    bytes_append_char(to, '\0');
}

SECURITY_STATUS SEC_ENTRY SaslEnumerateProfilesA(SEC_CHAR **ProfileList, ULONG *ProfileCount)
{
    BYTES_CLEANUP struct bytes list = {0};

    if (ProfileList == NULL || ProfileCount == NULL)
        return SEC_E_INVALID_PARAMETER;
    *ProfileCount = 0;
    append_list(&list);
    *ProfileList = bytes_steal(&list, NULL);
    if (*ProfileList == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    *ProfileCount = N_PROFILES;
    return SEC_E_OK;
}

SECURITY_STATUS SEC_ENTRY SaslEnumerateProfilesW(SEC_WCHAR **ProfileList, ULONG *ProfileCount)
{
    BYTES_CLEANUP struct bytes list = {0};

    if (ProfileList == NULL || ProfileCount == NULL)
        return SEC_E_INVALID_PARAMETER;
    *ProfileCount = 0;
    append_list(&list);
    *ProfileList = list.failed ? NULL : utf8_to_utf16(bytes_as_view(&list), NULL);
    if (*ProfileList == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    *ProfileCount = N_PROFILES;
    return SEC_E_OK;
}

/* ---- SaslGetProfilePackage ---- */

static SECURITY_STATUS copy_a(const struct sasl_profile *profile, PSecPkgInfoA *ret_info)
{
    if (profile == NULL)
        return SEC_E_SECPKG_NOT_FOUND;
    return secur_packages_copy_a(&profile->package, 1, ret_info);
}

static SECURITY_STATUS copy_w(const struct sasl_profile *profile, PSecPkgInfoW *ret_info)
{
    if (profile == NULL)
        return SEC_E_SECPKG_NOT_FOUND;
    return secur_packages_copy_w(&profile->package, 1, ret_info);
}

SECURITY_STATUS SEC_ENTRY SaslGetProfilePackageA(const SEC_CHAR *ProfileName,
                                                 PSecPkgInfoA *PackageInfo)
{
    if (PackageInfo == NULL)
        return SEC_E_INVALID_PARAMETER;
    *PackageInfo = NULL;
    return copy_a(find(bytes_view(ProfileName)), PackageInfo);
}

SECURITY_STATUS SEC_ENTRY SaslGetProfilePackageW(const SEC_WCHAR *ProfileName,
                                                 PSecPkgInfoW *PackageInfo)
{
    BYTES_CLEANUP struct bytes storage = {0};
    const char *name;

    if (PackageInfo == NULL)
        return SEC_E_INVALID_PARAMETER;
    *PackageInfo = NULL;
    SECURITY_STATUS status = secur_text_narrow(ProfileName, &storage, &name);
    if (status != SEC_E_OK)
        return status;
    return copy_w(find(bytes_view(name)), PackageInfo);
}

/* ---- SaslIdentifyPackage ---- */

static bool is_name_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

/* Finds the profile whose name the token begins with. NULL in *ret_profile: there is no such
 * profile.
 */
static SECURITY_STATUS identify(const SecBufferDesc *desc, const struct sasl_profile **ret_profile)
{
    struct sspi_error_info ignored = {0};
    struct secur_buffers_input input;
    size_t len = 0;

    SECURITY_STATUS status = secur_buffers_read(desc, SECUR_BUFFERS_ACCEPT, 0, &input, &ignored);
    struct sspi_view token = input.in.token;
    if (status == SEC_E_OK && token.data == NULL)
        status = SEC_E_INVALID_TOKEN;
    while (status == SEC_E_OK && len < token.len && len <= NAME_LIMIT &&
           is_name_char(token.data[len]))
        len++;
    if (status == SEC_E_OK)
        *ret_profile = find((struct sspi_view){token.data, len});
    secur_buffers_input_clear(&input);
    return status;
}

SECURITY_STATUS SEC_ENTRY SaslIdentifyPackageA(PSecBufferDesc pInput, PSecPkgInfoA *PackageInfo)
{
    const struct sasl_profile *profile = NULL;

    if (PackageInfo == NULL)
        return SEC_E_INVALID_PARAMETER;
    *PackageInfo = NULL;
    SECURITY_STATUS status = identify(pInput, &profile);
    return status == SEC_E_OK ? copy_a(profile, PackageInfo) : status;
}

SECURITY_STATUS SEC_ENTRY SaslIdentifyPackageW(PSecBufferDesc pInput, PSecPkgInfoW *PackageInfo)
{
    const struct sasl_profile *profile = NULL;

    if (PackageInfo == NULL)
        return SEC_E_INVALID_PARAMETER;
    *PackageInfo = NULL;
    SECURITY_STATUS status = identify(pInput, &profile);
    return status == SEC_E_OK ? copy_w(profile, PackageInfo) : status;
}
