/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a client's text safe for a log line. The result is printable ASCII, so that a client cannot
 * forge a line or send control sequences to a terminal. Pure. */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include "sspi_view.h"

/* Sizes of an escaped text in a log line, with the NUL. Several of them fit into one line. */
#define ESCAPE_VALUE_SIZE 81  /* a value that a client sent, or one of the configuration */
#define ESCAPE_NAME_SIZE  161 /* the name of a user or a service */

/* Writes `what` into `out` with a NUL. Octets outside printable ASCII, quotes (" and ') and
 * backslashes become \xHH. The result has at most out_size - 1 characters (out_size > 0); if it is
 * cut, it ends with "...". The absent view gives an empty text. Returns `out`, for use as an
 * argument of printf. */
const char *escape_text(char *out, size_t out_size, struct sspi_view what);

/* The same for text of the configuration, which may hold quotes and backslashes: printable ASCII is
 * written as it is. */
const char *escape_configured(char *out, size_t out_size, struct sspi_view what);

#endif
