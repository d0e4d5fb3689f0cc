/* SPDX-License-Identifier: Apache-2.0 */
/* Fills a struct sspi_error_info: the reason of a refusal, with one line of text for the
 * administrator. The text is cut if it does not fit. Callers pass a client's text through
 * escape_text() first. Pure. */
#ifndef BASE_ERROR_INFO_H
#define BASE_ERROR_INFO_H

#include "sspi.h"

/* The text for callers that do not use error_info_no_memory(). */
#define OUT_OF_MEMORY "out of memory"

/* Sets the reason and the text. Returns the reason, so that a refusal is one statement. */
enum sspi_reason error_info_set(struct sspi_error_info *error_info, enum sspi_reason reason,
                                const char *format, ...) __attribute__((format(printf, 3, 4)));

/* As error_info_set(), but returns `status`. */
SECURITY_STATUS error_info_refuse(struct sspi_error_info *error_info, SECURITY_STATUS status,
                                  enum sspi_reason reason, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Memory ran out: SEC_E_INSUFFICIENT_MEMORY. */
SECURITY_STATUS error_info_no_memory(struct sspi_error_info *error_info);

/* OpenSSL could not compute `what` ("a digest"): SEC_E_INTERNAL_ERROR. */
SECURITY_STATUS error_info_library_failed(struct sspi_error_info *error_info, const char *what);

#endif
