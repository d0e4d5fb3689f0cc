/* SPDX-License-Identifier: Apache-2.0 */
/* A Kerberos security context, and its messages (RFC 4121, RFC 4757) in Windows' layout.
 * SECBUFFER_TOKEN, SECBUFFER_DATA and SECBUFFER_PADDING one behind the other are one gss_wrap()
 * token. So every GSSAPI peer accepts it. */
#ifndef KERBEROS_MESSAGE_H
#define KERBEROS_MESSAGE_H

#include <gssapi/gssapi.h>

#include "package.h"

/* Only one thread at a time may use it. */
struct kerberos_context {
    gss_ctx_id_t gss;
    gss_name_t client; /* with the ticket's PAC, until read_logon(); GSS_C_NO_NAME: it was
                           read, or is not signed */
    bool established;
    struct package_info info;
};

extern const struct package_messages kerberos_message_calls;

#endif
