/* SPDX-License-Identifier: Apache-2.0 */
/* Filling a struct sspi_report. Pure. */
#ifndef DIGEST_REPORT_H
#define DIGEST_REPORT_H

#include "sspi_acceptor.h"

/* Sets reason and text (cut when it is too long) and returns the reason, so that a refusal is one
 * statement. Text from a client goes through escape_text() first. */
enum sspi_reason digest_report(struct sspi_report *report, enum sspi_reason reason,
                               const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
