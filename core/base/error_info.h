/* SPDX-License-Identifier: Apache-2.0 */
/* Filling a struct sspi_error_info: why a call was refused, in one line for the administrator.
 * Pure. Text from a client goes through escape_text() first; what does not fit is cut off. */
#ifndef BASE_ERROR_INFO_H
#define BASE_ERROR_INFO_H

#include "sspi.h"

/* For texts that are built another way. */
#define OUT_OF_MEMORY "out of memory"

/* Sets reason and text; returns the reason, so that a refusal is one statement. */
enum sspi_reason error_info_set(struct sspi_error_info *error_info, enum sspi_reason reason,
                                const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same, returning `status`. */
SECURITY_STATUS error_info_refuse(struct sspi_error_info *error_info, SECURITY_STATUS status,
                                  enum sspi_reason reason, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Memory ran out: SEC_E_INSUFFICIENT_MEMORY. */
SECURITY_STATUS error_info_no_memory(struct sspi_error_info *error_info);

/* OpenSSL could not compute `what` ("a digest"): SEC_E_INTERNAL_ERROR. */
SECURITY_STATUS error_info_library_failed(struct sspi_error_info *error_info, const char *what);

#endif
