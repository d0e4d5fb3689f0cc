/* SPDX-License-Identifier: Apache-2.0 */
/* The name under which Windows' sources include SSPI. */
#ifndef SSPI_SECURITY_H
#define SSPI_SECURITY_H

#include "sspi.h"

#endif
