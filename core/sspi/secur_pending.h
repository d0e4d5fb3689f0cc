/* SPDX-License-Identifier: Apache-2.0 */
/* An answer that did not fit the caller's buffers. The caller repeats the call with larger ones.
 * The package must not get that call, because a ticket or a nonce count is accepted only once. */
#ifndef SECUR_PENDING_H
#define SECUR_PENDING_H

#include "package_context.h"

/* A member of each context. The context zero-initialises it. */
struct secur_pending {
    bool is_pending;
    SECURITY_STATUS status; /* the package's status */
    struct package_output answer;
    /* All input of the call that made the answer. Only a call with the same input gets the answer.
     */
    struct bytes call;
};

/* Moves the tokens of `produced` to `pending`, with the package's `status` and the input of the
 * call. False: no memory, and `pending` and `produced` have not changed. */
bool secur_pending_keep(struct secur_pending *pending, const struct package_input *in,
                        SECURITY_STATUS status, struct package_output *produced) MUST_USE;

/* True if `in` equals the input of the kept call. ASC_REQ_ALLOCATE_MEMORY and the output buffers
 * may differ. False also if there is no memory for the comparison. */
bool secur_pending_is_for(const struct secur_pending *pending,
                          const struct package_input *in) MUST_USE;

/* Wipes, frees and zeroes it. */
void secur_pending_clear(struct secur_pending *pending);

#endif
