/* SPDX-License-Identifier: Apache-2.0 */
/* The two jobs of delegation. One gets tickets from the KDC, and remembers them. The other writes
 * tickets to a file: those that the client forwarded, or remembered ones. */
#ifndef REQUEST_DELEGATION_JOB_H
#define REQUEST_DELEGATION_JOB_H

#include "acceptor.h"
#include "acceptor_ccache.h"
#include "request_delegated.h"

/* One way of SSPIDelegation for the user of an exchange, and the file that it makes. */
struct request_delegation_way {
    uint8_t word;         /* SSPI_DELEGATION_* */
    struct bytes content; /* of the place */
    struct acceptor_ccache_place place;
    /* Of constrained delegation: */
    struct kerberos_service_credential *service; /* as long as the acceptor; NULL: none */
    struct bytes user;                           /* the principal, with a NUL */
    const struct sspi_words *targets;
    struct bytes key; /* of the remembered tickets */
};

/* Frees what the way owns. */
void request_delegation_way_clear(struct request_delegation_way *way);

/* Results, once the job is done. */
struct request_delegation_job {
    struct sspi_job job; /* first: the exchange holds a pointer to it */
    uint8_t word;
    bool asks_kdc;
    struct bytes content; /* of the way */
    struct bytes directory;
    struct acceptor_ccache *made; /* a reference; NULL: no file was made */
    enum sspi_reason reason;      /* NONE: success; otherwise `why` says why */
    char why[SSPI_ERROR_SIZE];
};

/* Makes a job that writes a file. Either `login` or `ticket` has the tickets; the job gets a
 * reference of its own. NULL: no memory. */
struct request_delegation_job *request_delegation_job_write(
    const struct sspi_acceptor *acceptor, const struct request_delegation_way *way,
    struct request_delegated *login, struct acceptor_ticket *ticket) MUST_USE;

/* Makes a job that gets the tickets of a constrained way. `login`: has the user's evidence; NULL:
 * the KDC issues it. The caller acquires a slot for the job. NULL: no memory. */
struct request_delegation_job *request_delegation_job_ask(const struct sspi_acceptor *acceptor,
                                                          const struct request_delegation_way *way,
                                                          struct request_delegated *login) MUST_USE;

#endif
