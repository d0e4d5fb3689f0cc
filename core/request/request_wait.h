/* SPDX-License-Identifier: Apache-2.0 */
/* A job of an exchange that waits for another machine: whether it may begin, and whether the
 * machine answered in time. A request that gets no answer ends with 503, and one log line names
 * the source. */
#ifndef REQUEST_WAIT_H
#define REQUEST_WAIT_H

#include "acceptor_job.h"
#include "request_exchange.h"

/* Acquires a slot for the new `job`, which the step then returns (SSPI_NEED_JOB). NONE: it has one.
 * Otherwise the caller releases the job, and the request ends for the reason: the limit of waiting
 * jobs is reached, or a short time ago the source did not answer. `wait`: WINBIND or KDC. */
enum sspi_reason request_wait_begin(struct sspi_exchange *exchange, struct sspi_job *job,
                                    enum acceptor_wait wait) MUST_USE;

/* For a request that has no job, but waits for the result of another one's. NONE: it may wait.
 * Otherwise the source is silent, and the request ends for the reason. */
enum sspi_reason request_wait_for_other(struct sspi_exchange *exchange,
                                        enum acceptor_wait wait) MUST_USE;

/* Called by the step after it. NONE: the job is done, so the caller may read its result. Otherwise
 * the server had no thread for it or left it behind at its deadline, so the caller releases the
 * job, and the request ends for the reason. */
enum sspi_reason request_wait_end(struct sspi_exchange *exchange, const struct sspi_job *job,
                                  enum acceptor_wait wait) MUST_USE;

#endif
