/* SPDX-License-Identifier: Apache-2.0 */
/* One step of a context with a token of Negotiate or NTLM. It runs at once, or as a job if it may
 * wait for a domain controller. */
#ifndef REQUEST_ACCEPT_H
#define REQUEST_ACCEPT_H

#include "request_bindings.h"
#include "acceptor_job.h"
#include "package_context.h"

/* The caller sets the input, and ends it with request_accept_clear(). */
struct request_accept {
    struct sspi_view token;
    struct request_bindings bindings;
    struct package_context context; /* the caller makes it */
    bool wants_forwarded;           /* the client's forwarded ticket, for delegation */
    bool wants_evidence;            /* the client's ticket, for delegation */
    uint64_t began_ms;              /* when the exchange's first leg came */
    SECURITY_STATUS status;
    struct sspi_error_info error_info;
    struct bytes answer; /* the token for the client in base64; empty: none */
};

/* Takes the step, and sets status, error_info and answer. */
void request_accept_run(struct request_accept *accept);

/* Deletes the context if there is one, and frees the answer. */
void request_accept_clear(struct request_accept *accept);

/* The same as a job. It owns copies of all it needs. */
struct request_accept_job {
    struct sspi_job job; /* first: the exchange holds a pointer to it */
    struct request_accept accept;
    struct bytes token;
};

/* Makes a job that takes over `accept`, which has a context, and leaves an empty one there. NULL:
 * no memory. */
struct request_accept_job *request_accept_job_new(struct request_accept *accept) MUST_USE;

#endif
