/* SPDX-License-Identifier: Apache-2.0 */
/* Before a step decides: the files and the names of groups that may have changed. A job reads a
 * changed file, or looks the names up. */
#ifndef REQUEST_RELOAD_H
#define REQUEST_RELOAD_H

#include "request_exchange.h"

/* True if the step ends with SSPI_NEED_JOB: a file that `policy` uses has changed, or the names of
 * groups are due. Only one thread gets each job. Meanwhile other requests use the contents and the
 * SIDs that are known. Does not block: a file costs one stat a second (store_source.h). */
bool request_reload_begin(struct sspi_exchange *exchange,
                          const struct sspi_policy *policy) MUST_USE;

/* Logs what lookups of groups have changed, and the result of the reload that an earlier step
 * returned. The server may have released that job before it was done. Then its thread finishes it,
 * or a later check finds the change again. Until then the old contents are used. */
void request_reload_end(struct sspi_exchange *exchange);

#endif
