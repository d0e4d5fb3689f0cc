/* SPDX-License-Identifier: Apache-2.0 */
/* An answer that did not fit the caller's buffers. The caller repeats the call with larger ones.
 * The package must not get that call, because a ticket or a nonce count is accepted only once. */
#ifndef SECUR_PENDING_H
#define SECUR_PENDING_H

#include "package_context.h"

/* Zero-initialise it. */
struct secur_pending {
    bool is_pending;
    SECURITY_STATUS status; /* the package's status */
    struct package_output answer;
    struct bytes
        call; /* all of that call's input: only a call with the same input gets the answer */
};

/* Moves the tokens of `produced` here. False: no memory, and nothing is kept. */
bool secur_pending_keep(struct secur_pending *pending, const struct package_input *in,
                        SECURITY_STATUS status, struct package_output *produced) MUST_USE;

/* True when `in` is the input of the kept call. ASC_REQ_ALLOCATE_MEMORY and the output's form may
 * differ. Without memory it is false. */
bool secur_pending_is_for(const struct secur_pending *pending,
                          const struct package_input *in) MUST_USE;

/* Wipes and frees; leaves a zero-initialised one. */
void secur_pending_clear(struct secur_pending *pending);

#endif
