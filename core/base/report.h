/* SPDX-License-Identifier: Apache-2.0 */
/* Filling a struct sspi_report: why a call was refused, in one line for the administrator. Pure.
 * Text from a client goes through escape_text() first; what does not fit is cut off. */
#ifndef BASE_REPORT_H
#define BASE_REPORT_H

#include "sspi.h"

/* Sets reason and text; returns the reason, so that a refusal is one statement. */
enum sspi_reason report_write(struct sspi_report *report, enum sspi_reason reason,
                              const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same, returning `status`. */
SECURITY_STATUS report_refuse(struct sspi_report *report, SECURITY_STATUS status,
                              enum sspi_reason reason, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
