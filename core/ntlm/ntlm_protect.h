/* SPDX-License-Identifier: Apache-2.0 */
/* The message functions of an NTLM context (MS-NLMP 3.4). */
#ifndef NTLM_PROTECT_H
#define NTLM_PROTECT_H

#include "package.h"

extern const struct package_messages ntlm_protect_calls;

#endif
