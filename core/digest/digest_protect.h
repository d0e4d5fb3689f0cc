/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of established contexts in SASL's form: what protects one comes behind it, so that
 * SECBUFFER_PADDING receives it and SECBUFFER_TOKEN is for signatures alone (Digest pages). */
#ifndef DIGEST_PROTECT_H
#define DIGEST_PROTECT_H

#include "package.h"

extern const struct package_messages digest_protect_messages;

#endif
