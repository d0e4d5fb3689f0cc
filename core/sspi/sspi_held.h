/* SPDX-License-Identifier: Apache-2.0 */
/* An answer that did not fit the caller's buffers and waits for the same call with larger ones. The
 * package must not see that call: a ticket or a nonce count is good for one. */
#ifndef SSPI_HELD_H
#define SSPI_HELD_H

#include "package.h"

/* Zero-initialise it. */
struct sspi_held {
    bool waits;
    SECURITY_STATUS status; /* what the package said */
    struct package_output answer;
    struct bytes call; /* all of that call's input: only the same one gets the answer */
};

/* Moves the tokens of `produced` here. False: no memory, nothing is held. */
bool sspi_held_keep(struct sspi_held *held, const struct package_input *in, SECURITY_STATUS status,
                    struct package_output *produced) MUST_USE;

/* True when `in` is the input of the call that is held, ASC_REQ_ALLOCATE_MEMORY and the output's
 * form apart. No memory is a no. */
bool sspi_held_is_for(const struct sspi_held *held, const struct package_input *in) MUST_USE;

/* Wipes and frees; leaves a zero-initialised one. */
void sspi_held_end(struct sspi_held *held);

#endif
