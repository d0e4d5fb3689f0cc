/* SPDX-License-Identifier: Apache-2.0 */
/* One step of a Digest context, with the parameters of the Digest page taken from an exchange and a
 * policy. */
#ifndef REQUEST_DIGEST_CALL_H
#define REQUEST_DIGEST_CALL_H

#include "request_bindings.h"
#include "request_exchange.h"

/* Input and output of one call. Zero-initialise it, set the first two members, and end it with
 * request_digest_call_clear(). */
struct request_digest_call {
    struct sspi_view directives;
    struct request_bindings bindings;
    struct package_context context;
    struct package_output out;
    struct bytes target; /* the request's target URI */
    struct sspi_error_info error_info;
    struct acceptor_source *source; /* NULL: the server looks users up */
    uint64_t users_generation;      /* of the user file, read before the users were looked up */
    SECURITY_STATUS status;
};

/* Acquires a credential and takes the step, with the hashes of the body and the user that are known
 * by now. SSPI_REASON_NONE: call->status is set. Any other reason: an error of the server, which is
 * logged. */
enum sspi_reason request_digest_call(struct sspi_exchange *exchange,
                                     const struct sspi_policy *policy,
                                     struct request_digest_call *call) MUST_USE;

/* Frees the members except `directives` and `bindings`, which own nothing. */
void request_digest_call_clear(struct request_digest_call *call);

#endif
