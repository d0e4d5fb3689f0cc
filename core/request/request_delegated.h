/* SPDX-License-Identifier: Apache-2.0 */
/* What the client of a login left for delegation, and the files that a request uses. The request
 * that logged in owns what its client left, and so do its connection as long as it keeps the login,
 * and the job that makes a file of it. Any thread may read it. */
#ifndef REQUEST_DELEGATED_H
#define REQUEST_DELEGATED_H

#include "acceptor_ccache.h"
#include "acceptor_job.h"
#include "package_context.h"
#include "ref.h"

struct request_delegated {
    struct ref ref;
    struct package_delegated from;
    bool asked; /* the location of the login asked for the client's ticket (ASC_REQ_DELEGATE) */
};

/* Moves it out of an established context. SEC_E_OK: *ret_delegated is NULL if the context was not
 * asked for it. */
SECURITY_STATUS request_delegated_take(struct package_context *context,
                                       struct request_delegated **ret_delegated) MUST_USE;

/* See ref.h. */
struct request_delegated *request_delegated_ref(struct request_delegated *delegated);
void request_delegated_unref(struct request_delegated *delegated);

/* The delegated tickets of a request. */
struct request_delegation {
    struct request_delegated *login; /* a reference: what the credentials of this request left */
    struct sspi_job *job;            /* a reference; request_delegation.c knows more; NULL: none */
    /* References to the files that the request uses. A subrequest may have another one than the
     * request itself. */
    struct acceptor_ccache **files;
    size_t n_files;
    struct acceptor_ccache *found; /* that of the current step, among `files`; NULL: none */
    struct bytes failed[SSPI_DELEGATION_COUNT]; /* what could not be made; empty: nothing */
    enum sspi_reason reason;                    /* of the last failure */
    char why[SSPI_ERROR_SIZE];                  /* its text */
    bool was_tried;                             /* that way was tried */
    bool is_logged;
};

/* Releases what the request owns. */
void request_delegation_clear(struct request_delegation *delegation);

#endif
