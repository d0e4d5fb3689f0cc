/* SPDX-License-Identifier: Apache-2.0 */
/* The message functions of established contexts in SASL's form. The protection follows the message,
 * so it goes into SECBUFFER_PADDING. SECBUFFER_TOKEN is only for signatures (Digest pages). */
#ifndef DIGEST_PROTECT_H
#define DIGEST_PROTECT_H

#include "package.h"

extern const struct package_messages digest_protect_messages;

#endif
