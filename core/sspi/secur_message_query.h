/* SPDX-License-Identifier: Apache-2.0 */
/* What QueryContextAttributes tells about the messages of a context. */
#ifndef SECUR_MESSAGE_QUERY_H
#define SECUR_MESSAGE_QUERY_H

#include "bytes.h"
#include "sspi.h"

/* True for SECPKG_ATTR_SIZES, STREAM_SIZES, SESSION_KEY and KEY_INFO. */
bool secur_message_answers(ULONG attribute);

/* As QueryContextAttributes (parameters, statuses, threads) for those; `wide`: in the W form. */
SECURITY_STATUS secur_message_query(PCtxtHandle handle, ULONG attribute, void *buffer,
                                    bool wide) MUST_USE;

#endif
