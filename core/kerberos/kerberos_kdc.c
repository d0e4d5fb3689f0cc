/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_kdc.h"

#include <errno.h>

#include "clock.h"
#include "error_info.h"
#include "escape.h"

/* The number of codes in one com_err table. */
#define ERROR_TABLE_SIZE 256

const char *kerberos_kdc_text(krb5_context context, krb5_error_code code, char *out,
                              size_t out_size)
{
    const char *message = krb5_get_error_message(context, code);
    escape_text(out, out_size, bytes_view(message));
    krb5_free_error_message(context, message);
    return out;
}

/* True for the codes of the protocol (RFC 4120 7.5.9), for libkrb5's checks of an answer, and for
 * ASN.1. The others are about files, memory and configuration. */
static bool is_about_answer(krb5_error_code code)
{
    return (code >= ERROR_TABLE_BASE_krb5 && code < ERROR_TABLE_BASE_krb5 + ERROR_TABLE_SIZE) ||
           (code >= ERROR_TABLE_BASE_asn1 && code < ERROR_TABLE_BASE_asn1 + ERROR_TABLE_SIZE);
}

SECURITY_STATUS kerberos_kdc_status(krb5_context context, krb5_error_code code,
                                    struct sspi_error_info *error_info)
{
    char text[KERBEROS_KDC_TEXT_SIZE];
    kerberos_kdc_text(context, code, text, sizeof(text));
    switch (code) {
    case ENOMEM:
        return error_info_no_memory(error_info);
    case KRB5_KDC_UNREACH:
    case KRB5_REALM_CANT_RESOLVE:
    case KRB5_REALM_UNKNOWN:
    case KRB5KDC_ERR_SVC_UNAVAILABLE:
        return error_info_refuse(error_info, SEC_E_NO_AUTHENTICATING_AUTHORITY,
                                 SSPI_REASON_KDC_UNREACHABLE, "the KDC does not answer: %s", text);
    case KRB5KRB_AP_ERR_SKEW:
    case KRB5_KDCREP_SKEW:
    case KRB5KRB_AP_ERR_TKT_NYV:
    case KRB5KRB_AP_ERR_TKT_EXPIRED:
        return error_info_refuse(
            error_info, SEC_E_TIME_SKEW, SSPI_REASON_KDC_CLOCK,
            "the clocks of the KDC and of this server differ too much: check NTP on both (%s)",
            text);
    default:
        if (is_about_answer(code))
            return SEC_E_OK;
        return error_info_refuse(error_info, SEC_E_INTERNAL_ERROR, SSPI_REASON_INTERNAL,
                                 "libkrb5 failed: %s", text);
    }
}

SECURITY_STATUS kerberos_kdc_check_clock(int64_t kdc_s, uint32_t clockskew_s,
                                         struct sspi_error_info *error_info)
{
    const struct clock *clock = clock_machine();
    int64_t ahead_s = kdc_s - (int64_t)(clock->now_ms(clock->self) / 1000);
    if (ahead_s <= (int64_t)clockskew_s && -ahead_s <= (int64_t)clockskew_s)
        return SEC_E_OK;
    return error_info_refuse(
        error_info, SEC_E_TIME_SKEW, SSPI_REASON_KDC_CLOCK,
        "the clock of the KDC is %lld s %s this server's clock; at most %u s are accepted: check "
        "NTP on both",
        (long long)(ahead_s < 0 ? -ahead_s : ahead_s), ahead_s < 0 ? "behind" : "before",
        (unsigned)clockskew_s);
}
