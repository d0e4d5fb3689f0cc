/* SPDX-License-Identifier: Apache-2.0 */
/* The codes of libkrb5 for an exchange with a KDC, as statuses and reasons. */
#ifndef KERBEROS_KDC_H
#define KERBEROS_KDC_H

#include <krb5/krb5.h>

#include "bytes.h"
#include "sspi.h"

/* The room for libkrb5's text of a code. */
#define KERBEROS_KDC_TEXT_SIZE 192

/* Writes libkrb5's text for the code of the last call. It may quote a KDC, so it is escaped.
 * Returns `out`, for use as an argument of printf. */
const char *kerberos_kdc_text(krb5_context context, krb5_error_code code, char *out,
                              size_t out_size);

/* Explains the failures that every exchange with a KDC may have. SEC_E_INSUFFICIENT_MEMORY: no
 * memory. SEC_E_NO_AUTHENTICATING_AUTHORITY: no KDC answers. SEC_E_TIME_SKEW: the clocks differ.
 * SEC_E_INTERNAL_ERROR: libkrb5 or its configuration fails. SEC_E_OK: none of them; the code is an
 * answer of the KDC, or its answer cannot be used, and the caller explains it. */
SECURITY_STATUS kerberos_kdc_status(krb5_context context, krb5_error_code code,
                                    struct sspi_error_info *error_info) MUST_USE;

/* SEC_E_OK if the KDC's clock, `kdc_s` in seconds since 1970, and this machine's clock differ by at
 * most `clockskew_s`. Otherwise SEC_E_TIME_SKEW. */
SECURITY_STATUS kerberos_kdc_check_clock(int64_t kdc_s, uint32_t clockskew_s,
                                         struct sspi_error_info *error_info) MUST_USE;

#endif
