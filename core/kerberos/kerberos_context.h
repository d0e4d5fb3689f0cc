/* SPDX-License-Identifier: Apache-2.0 */
/* One Kerberos security context. It belongs to one thread at a time. */
#ifndef KERBEROS_CONTEXT_H
#define KERBEROS_CONTEXT_H

#include <gssapi/gssapi.h>

#include "package.h"

struct kerberos_context {
    gss_ctx_id_t gss;
    bool established;
    struct package_info info;
};

/* Its messages (RFC 4121, RFC 4757), in kerberos_message.c. */
extern const struct package_messages kerberos_message_calls;

#endif
