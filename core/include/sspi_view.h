/* SPDX-License-Identifier: Apache-2.0 */
/* A borrowed run of bytes. Text is passed in this form between the parts of the core, and between
 * the core and a server. It is not NUL-terminated. The function that returns a view says how long
 * its bytes live. */
#ifndef SSPI_VIEW_H
#define SSPI_VIEW_H

#include <stddef.h>

/* data is NULL exactly when the thing is absent; an empty but present thing has len 0 and a
 * non-NULL data. */
struct sspi_view {
    const char *data;
    size_t len;
};

/* For string literals and character arrays that hold one. */
#define SSPI_VIEW(literal) ((struct sspi_view){"" literal, sizeof(literal) - 1})

#endif
