/* SPDX-License-Identifier: Apache-2.0 */
/* The directories of files with delegated tickets. The parent checks them at start. A sweep at
 * start, and every ten minutes in a job, removes files that are no longer needed: those of
 * processes that were killed, and those whose tickets have ended. Several servers may share a
 * directory. */
#ifndef ACCEPTOR_CCACHES_H
#define ACCEPTOR_CCACHES_H

#include "bytes.h"
#include "hash.h"
#include "sspi_http.h"

#define ACCEPTOR_CCACHES_INTERVAL_MS 600000

struct acceptor_ccaches;

/* NULL: no memory. */
struct acceptor_ccaches *acceptor_ccaches_new(void) MUST_USE;

/* See ref.h. */
struct acceptor_ccaches *acceptor_ccaches_ref(struct acceptor_ccaches *ccaches);
void acceptor_ccaches_unref(struct acceptor_ccaches *ccaches);

/* Checks a directory, adds it, and sweeps it. It must belong to `worker_uid`, and no other account
 * may enter it. Parent only. False: `why` (SSPI_ERROR_SIZE bytes) says what would be right. Blocks
 * on the file system. */
bool acceptor_ccaches_open(struct acceptor_ccaches *ccaches, struct sspi_view path,
                           uid_t worker_uid, uint64_t now_ms, char *why) MUST_USE;

/* Returns the path of a directory that was opened. It lives as long as the ccaches. NULL: it was
 * not. */
const char *acceptor_ccaches_find(const struct acceptor_ccaches *ccaches, struct sspi_view path);

/* Returns the job of a sweep, if one is due; the caller owns it. NULL: it is not due, or another
 * thread has it. `now_ms` is a time of the steady clock. */
struct sspi_job *acceptor_ccaches_check_due(struct acceptor_ccaches *ccaches, uint64_t now_ms);

/* Removes the files of a session that its user ended. Reads the directories, which lie in memory
 * (docs/delegation.md). */
void acceptor_ccaches_remove_session(const struct acceptor_ccaches *ccaches,
                                     const struct hash_suite *hashes, struct sspi_view session_id);

#endif
