/* SPDX-License-Identifier: Apache-2.0 */
/* The table of sessions that ended before their time: a client logged out, but still has the
 * cookie.
 *
 * A revocation is kept until the end of its session, and then until its place is needed. A set that
 * is full removes the revocation with the nearest end. A removed revocation never revives its
 * session: the set has a floor, the newest login time of the removed revocations, and a session
 * with a login at or before the floor counts as revoked, until the last end of the removed
 * revocations has passed. So another session of the same set may end early, but no session that
 * ended comes back. This also holds if the wall clock is set back after a revocation was removed.
 *
 * Almost every request with a session reads the table, so reading takes no lock. A process writes
 * under a lock, and marks the set with an odd sequence while it writes:
 *  - Everything that is written under an odd sequence is stored with release and loaded with
 *    acquire. A reader that read any of it sees another sequence afterwards. It waits for the lock
 *    of the writer, and reads again.
 *  - A process that takes the lock from a holder that seems dead changes the sequence of every set
 *    of that lock. A holder that continues late does not begin to write, and tries again.
 *  - A set that it was writing is given up, because the holder may continue to write at any time.
 *    All sessions of this set count as revoked.
 *
 * The memory may be lost (docs/shared-state.md). The revocations are then forgotten. Without a key
 * file, the key of the sessions is lost with them. */
#ifndef STORE_REVOCATIONS_H
#define STORE_REVOCATIONS_H

#include "bytes.h"
#include "sspi_acceptor.h"

/* Octets of a session's id, which are random. */
#define STORE_REVOCATION_ID_SIZE 16

/* Revokes a session. `login_ms` is the time of its login, `end_ms` its absolute end, by the wall
 * clock in milliseconds; all cookies of one session have the same. False: other processes kept the
 * lock too long, and the session is not revoked. Thread- and process-safe. Waits for a short lock;
 * if a process died with the lock, once half a second. */
bool store_revocations_add(struct sspi_state *state, const uint8_t id[STORE_REVOCATION_ID_SIZE],
                           uint64_t login_ms, uint64_t end_ms) MUST_USE;

/* True if the session was revoked, or if that is not known any more. Takes a lock only if another
 * process is writing to this set now. Thread- and process-safe. */
bool store_revocations_has(struct sspi_state *state, const uint8_t id[STORE_REVOCATION_ID_SIZE],
                           uint64_t login_ms, uint64_t now_ms) MUST_USE;

#endif
