/* SPDX-License-Identifier: Apache-2.0 */
/* Names of statuses, for log lines. */
#ifndef PACKAGE_STATUS_H
#define PACKAGE_STATUS_H

#include "sspi.h"

/* Returns the name of a status, such as "SEC_E_LOGON_DENIED"; "unknown status" for a number that
 * sspi.h does not name. Never NULL; static lifetime. Pure. */
const char *package_status_name(SECURITY_STATUS status);

#endif
