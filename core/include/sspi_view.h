/* SPDX-License-Identifier: Apache-2.0 */
/* A borrowed run of bytes: how text crosses every border inside the project and between the core
 * and a server. Not NUL-terminated; whoever hands out a view says how long its bytes live. */
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
