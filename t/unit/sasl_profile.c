/* SPDX-License-Identifier: Apache-2.0 */
/* SaslEnumerateProfiles, SaslGetProfilePackage, SaslIdentifyPackage. */
#include "sasl_profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char *const names[][2] = {{"GSSAPI", "Kerberos"},
                                       {"GSS-SPNEGO", "Negotiate"},
                                       {"DIGEST-MD5", "WDigest"},
                                       {"NTLM", "NTLM"}};

#define N_NAMES (sizeof(names) / sizeof(names[0]))

/* ASCII as a W string; good until the next call. */
static SEC_WCHAR *wide(const char *text)
{
    static SEC_WCHAR units[64];

    for (size_t i = 0; i == 0 || text[i - 1] != '\0'; i++)
        units[i] = (unsigned char)text[i];
    return units;
}

static void sasl_profiles_are_listed(void **unused)
{
    SEC_CHAR *list;
    SEC_WCHAR *wide_list;
    ULONG count = 99, wide_count = 99;

    assert_int_equal(SaslEnumerateProfilesA(&list, &count), SEC_E_OK);
    assert_int_equal(SaslEnumerateProfilesW(&wide_list, &wide_count), SEC_E_OK);
    assert_int_equal(count, N_NAMES);
    assert_int_equal(wide_count, N_NAMES);
    const SEC_CHAR *at = list;
    const SEC_WCHAR *wide_at = wide_list;
    for (size_t i = 0; i < N_NAMES; i++) {
        size_t len = strlen(names[i][0]) + 1;
        assert_string_equal(at, names[i][0]);
        assert_memory_equal(wide_at, wide(names[i][0]), len * sizeof(*wide_at));
        at += len;
        wide_at += len;
    }
    assert_int_equal(*at, 0);
    assert_int_equal(*wide_at, 0);
    FreeContextBuffer(list);
    FreeContextBuffer(wide_list);
    assert_int_equal(SaslEnumerateProfilesA(NULL, &count), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SaslEnumerateProfilesA(&list, NULL), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SaslEnumerateProfilesW(NULL, &count), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SaslEnumerateProfilesW(&wide_list, NULL), SEC_E_INVALID_PARAMETER);
}

static void a_profile_s_package_is_described(void **unused)
{
    PSecPkgInfoA info;
    PSecPkgInfoW wide_info;

    for (size_t i = 0; i < N_NAMES; i++) {
        assert_int_equal(SaslGetProfilePackageA(names[i][0], &info), SEC_E_OK);
        assert_string_equal(info->Name, names[i][1]);
        FreeContextBuffer(info);
        assert_int_equal(SaslGetProfilePackageW(wide(names[i][0]), &wide_info), SEC_E_OK);
        assert_memory_equal(wide_info->Name, wide(names[i][1]),
                            (strlen(names[i][1]) + 1) * sizeof(SEC_WCHAR));
        FreeContextBuffer(wide_info);
    }
    assert_int_equal(SaslGetProfilePackageA("gss-spnego", &info), SEC_E_OK);
    assert_string_equal(info->Name, "Negotiate");
    FreeContextBuffer(info);
}

static void what_is_no_profile_is_not_found(void **unused)
{
    static const char *const others[] = {"", "Kerberos", "PLAIN", "GSSAPI ", "GSS", "GSSAPIX"};
    const SEC_WCHAR unpaired[] = {0xD800, 0};
    PSecPkgInfoA info = (PSecPkgInfoA)1;
    PSecPkgInfoW wide_info = (PSecPkgInfoW)1;

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_int_equal(SaslGetProfilePackageA(others[i], &info), SEC_E_SECPKG_NOT_FOUND);
        assert_null(info);
        assert_int_equal(SaslGetProfilePackageW(wide(others[i]), &wide_info),
                         SEC_E_SECPKG_NOT_FOUND);
        assert_null(wide_info);
    }
    assert_int_equal(SaslGetProfilePackageA(NULL, &info), SEC_E_SECPKG_NOT_FOUND);
    assert_int_equal(SaslGetProfilePackageW(NULL, &wide_info), SEC_E_SECPKG_NOT_FOUND);
    assert_int_equal(SaslGetProfilePackageA("GSSAPI", NULL), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SaslGetProfilePackageW(u"GSSAPI", NULL), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SaslGetProfilePackageW(unpaired, &wide_info), SEC_E_INVALID_PARAMETER);
}

/* The name of the package in static memory, or NULL; the octets lie in memory of their length. */
static const char *identified(const char *octets, size_t len, SECURITY_STATUS wanted)
{
    static char name[64];
    char *copy = malloc(len + (len == 0));
    SecBuffer buffer = {(ULONG)len, SECBUFFER_TOKEN, copy};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &buffer};
    PSecPkgInfoA info;
    PSecPkgInfoW wide_info;

    memcpy(copy, octets, len);
    assert_int_equal(SaslIdentifyPackageA(&input, &info), wanted);
    assert_int_equal(SaslIdentifyPackageW(&input, &wide_info), wanted);
    free(copy);
    if (wanted != SEC_E_OK) {
        assert_null(info);
        assert_null(wide_info);
        return NULL;
    }
    strncpy(name, info->Name, sizeof name - 1);
    assert_memory_equal(wide_info->Name, wide(name), (strlen(name) + 1) * sizeof(SEC_WCHAR));
    FreeContextBuffer(info);
    FreeContextBuffer(wide_info);
    return name;
}

#define IDENTIFIED(text, wanted) identified(text, sizeof(text) - 1, wanted)

static void a_package_is_identified_by_what_the_client_sent(void **unused)
{
    assert_string_equal(IDENTIFIED("GSSAPI", SEC_E_OK), "Kerberos");
    assert_string_equal(IDENTIFIED("gssapi", SEC_E_OK), "Kerberos");
    assert_string_equal(IDENTIFIED("GSS-SPNEGO\0\x60\x03", SEC_E_OK), "Negotiate");
    assert_string_equal(IDENTIFIED("DIGEST-MD5 dXNlcg==\r\n", SEC_E_OK), "WDigest");
    assert_string_equal(IDENTIFIED("NTLM\r\n", SEC_E_OK), "NTLM");
    IDENTIFIED("", SEC_E_SECPKG_NOT_FOUND);
    IDENTIFIED(" GSSAPI", SEC_E_SECPKG_NOT_FOUND);
    IDENTIFIED("GSSAPI-PLUS", SEC_E_SECPKG_NOT_FOUND);
    IDENTIFIED("GSS", SEC_E_SECPKG_NOT_FOUND);
    IDENTIFIED("PLAIN", SEC_E_SECPKG_NOT_FOUND);
    IDENTIFIED("GSSAPIGSSAPIGSSAPIGSSAPIGSSAPI", SEC_E_SECPKG_NOT_FOUND);
}

static void what_is_no_token_identifies_nothing(void **unused)
{
    char text[] = "GSSAPI";
    SecBuffer buffers[] = {{6, SECBUFFER_TOKEN, text}, {6, SECBUFFER_TOKEN, text}};
    SecBufferDesc two = {SECBUFFER_VERSION, 2, buffers}, none = {SECBUFFER_VERSION, 0, buffers},
                  another = {SECBUFFER_VERSION + 1, 1, buffers};
    PSecPkgInfoA info;
    PSecPkgInfoW wide_info;

    assert_int_equal(SaslIdentifyPackageA(&two, &info), SEC_E_INVALID_TOKEN);
    assert_int_equal(SaslIdentifyPackageA(&none, &info), SEC_E_INVALID_TOKEN);
    assert_int_equal(SaslIdentifyPackageA(&another, &info), SEC_E_INVALID_TOKEN);
    assert_int_equal(SaslIdentifyPackageA(NULL, &info), SEC_E_INVALID_TOKEN);
    assert_int_equal(SaslIdentifyPackageW(NULL, &wide_info), SEC_E_INVALID_TOKEN);
    assert_int_equal(SaslIdentifyPackageA(&two, NULL), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SaslIdentifyPackageW(&two, NULL), SEC_E_INVALID_PARAMETER);
}

static void every_package_has_a_profile(void **unused)
{
    assert_string_equal(sasl_profile_of(&kerberos_package)->name, "GSSAPI");
    assert_string_equal(sasl_profile_of(&negotiate_package)->name, "GSS-SPNEGO");
    assert_string_equal(sasl_profile_of(&digest_package)->name, "DIGEST-MD5");
    assert_string_equal(sasl_profile_of(&ntlm_package)->name, "NTLM");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sasl_profiles_are_listed),
        cmocka_unit_test(a_profile_s_package_is_described),
        cmocka_unit_test(what_is_no_profile_is_not_found),
        cmocka_unit_test(a_package_is_identified_by_what_the_client_sent),
        cmocka_unit_test(what_is_no_token_identifies_nothing),
        cmocka_unit_test(every_package_has_a_profile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
