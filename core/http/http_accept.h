/* SPDX-License-Identifier: Apache-2.0 */
/* One AcceptSecurityContext call with a token of Negotiate or NTLM: at once, or as a job where it
 * may wait for a domain controller. */
#ifndef HTTP_ACCEPT_H
#define HTTP_ACCEPT_H

#include "http_bindings.h"
#include "http_gate.h"
#include "http_job.h"

/* What goes in is set by the caller, who ends the whole with http_accept_end(). */
struct http_accept {
    struct sspi_view token;
    struct http_bindings bindings;
    CtxtHandle context; /* in: the unfinished one, or an invalid handle; out: what became of it */
    uint64_t began_ms;  /* of the exchange's first leg */
    SECURITY_STATUS status;
    struct sspi_error_info error_info;
    struct bytes answer; /* what the client is to get, in base64; empty: nothing */
};

/* Calls. `credential` is NULL for a leg that follows. */
void http_accept_run(struct http_accept *accept, CredHandle *credential);

/* Ends the context if there is one, and frees. */
void http_accept_end(struct http_accept *accept);

/* The same as a job, which has copies of all it needs and is inside the gate until it has run. */
struct http_accept_job {
    struct sspi_job job;
    struct http_accept accept;
    struct bytes token;
    struct http_gate *gate;
    struct http_gate_pass pass;
    bool inside;
};

/* Takes over `accept`, which has a context, and leaves an empty one. NULL: no memory. */
struct http_accept_job *http_accept_job_new(struct http_accept *accept,
                                            struct http_gate *gate) MUST_USE;

#endif
