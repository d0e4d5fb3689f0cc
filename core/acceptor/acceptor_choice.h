/* SPDX-License-Identifier: Apache-2.0 */
/* Options whose values depend on the request. sspi_http.h declares the functions. */
#ifndef ACCEPTOR_CHOICE_H
#define ACCEPTOR_CHOICE_H

#include "sspi_http.h"

/* The most words of such a value: each scheme once. */
#define ACCEPTOR_CHOICE_WORDS (SSPI_SCHEME_COUNT - 1)

#endif
