/* SPDX-License-Identifier: Apache-2.0 */
/* MakeSignature, VerifySignature, EncryptMessage and DecryptMessage (sspi.h), and the attributes of
 * a context that are about messages. */
#ifndef SECUR_MESSAGE_H
#define SECUR_MESSAGE_H

#include "bytes.h"
#include "sspi.h"

/* True for SECPKG_ATTR_SIZES, STREAM_SIZES, SESSION_KEY and KEY_INFO. */
bool secur_message_has_attribute(ULONG attribute);

/* QueryContextAttributes for these attributes, with its statuses. `wide`: the W form. */
SECURITY_STATUS secur_message_query(PCtxtHandle handle, ULONG attribute, void *buffer,
                                    bool wide) MUST_USE;

#endif
