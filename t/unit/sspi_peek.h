/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the internal state of a context by its handle. */
#ifndef SSPI_PEEK_H
#define SSPI_PEEK_H

#include "secur_context.h"

/* The facts about the client. NULL when the handle is not a live context, another thread is inside
 * a call with it, or it is not established. */
static inline const struct package_info *peek_info(const CtxtHandle *handle)
{
    struct secur_object *object;

    if (secur_handle_begin(handle, SECUR_HANDLE_CONTEXT, SECUR_HANDLE_SHARED, &object) != SEC_E_OK)
        return NULL;
    const struct package_info *info = package_context_info(&((struct secur_context *)object)->base);
    secur_handle_end(object, SECUR_HANDLE_SHARED);
    return info;
}

/* True when the next step of the context may wait for another machine. */
static inline bool peek_may_wait(const CtxtHandle *handle)
{
    struct secur_object *object;

    if (secur_handle_begin(handle, SECUR_HANDLE_CONTEXT, SECUR_HANDLE_SHARED, &object) != SEC_E_OK)
        return false;
    bool may_wait = package_context_may_wait(&((struct secur_context *)object)->base);
    secur_handle_end(object, SECUR_HANDLE_SHARED);
    return may_wait;
}

#endif
