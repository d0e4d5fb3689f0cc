/* SPDX-License-Identifier: Apache-2.0 */
/* One call about messages on one established context. */
#ifndef SECUR_MESSAGE_CALL_H
#define SECUR_MESSAGE_CALL_H

#include "secur_context.h"

/* A context that this thread has to itself until secur_message_call_end(). */
struct secur_message_call {
    struct secur_context *context;
    const struct package_messages *messages; /* NULL where the mechanism has none */
    void *data;                              /* the mechanism's context */
    ULONG attributes;                        /* ASC_RET_* */
    size_t send_limit;                       /* octets of a message */
    size_t receive_limit;                    /* octets of a sealed one */
    bool only_encrypted;                     /* messages that are only signed are refused */
};

/* SEC_E_INVALID_HANDLE: not a live context, not established, or another thread is inside
 * AcceptSecurityContext with it. */
SECURITY_STATUS secur_message_call_begin(PCtxtHandle handle,
                                         struct secur_message_call *ret_call) MUST_USE;
void secur_message_call_end(struct secur_message_call *call);

/* True when the context has any of these ASC_RET_*. */
bool secur_message_call_can(const struct secur_message_call *call, ULONG attributes);

#endif
