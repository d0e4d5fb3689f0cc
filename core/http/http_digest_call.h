/* SPDX-License-Identifier: Apache-2.0 */
/* AcceptSecurityContext as Digest takes it: the buffers of the Digest page, filled from an exchange
 * and a policy. */
#ifndef HTTP_DIGEST_CALL_H
#define HTTP_DIGEST_CALL_H

#include "http_bindings.h"
#include "http_exchange.h"

/* What one call takes and gives. Zero-initialise it, set the first two, end it. */
struct http_digest_call {
    struct sspi_view directives;
    struct http_bindings bindings;
    CtxtHandle context; /* valid when the call left one */
    struct bytes tokens[PACKAGE_CHALLENGES_LIMIT];
    size_t n_tokens;
    struct bytes target; /* the request's target URI */
    struct sspi_error_info error_info;
    struct http_resource *resource; /* NULL: the server looks users up */
    SECURITY_STATUS status;
};

/* Gets a credential and calls, handing in the hashes of body and user that are there by now. False:
 * our own fault, told in a record. */
bool http_digest_call(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                      struct http_digest_call *call) MUST_USE;

void http_digest_call_end(struct http_digest_call *call);

#endif
