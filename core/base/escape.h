/* SPDX-License-Identifier: Apache-2.0 */
/* Text from a client made fit for a log line: printable ASCII, so that nobody can forge a line or
 * send terminal control sequences. Pure. */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include "sspi_view.h"

/* Writes `what` into `out` with a NUL: octets outside printable ASCII, quotes (" and ') and
 * backslashes become \xHH. At most out_size - 1 characters (out_size > 0); when that cuts, the last
 * three of them are "...". The absent view writes nothing. Returns `out`, for use as an argument of
 * printf. */
const char *escape_text(char *out, size_t out_size, struct sspi_view what);

#endif
