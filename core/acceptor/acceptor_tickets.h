/* SPDX-License-Identifier: Apache-2.0 */
/* The tickets that a process got from the KDC in the names of users, by constrained delegation. It
 * remembers them for their life, so that a page of 60 images asks the KDC once. It remembers a
 * refusal of the KDC for a short time.
 *
 * The key of an entry names the server's credential, the user, how the user came, and the targets.
 * So an entry never serves another user. The caller makes the key unambiguous. */
#ifndef ACCEPTOR_TICKETS_H
#define ACCEPTOR_TICKETS_H

#include "bytes.h"
#include "sspi.h"

/* The most entries of a process. The one that was not used for the longest time makes room. */
#define ACCEPTOR_TICKETS_LIMIT 4096
/* Tickets that end within this time are not used any more. */
#define ACCEPTOR_TICKETS_MARGIN_MS  30000
#define ACCEPTOR_TICKETS_REFUSED_MS 30000

struct acceptor_tickets;

/* NULL: no memory. */
struct acceptor_tickets *acceptor_tickets_new(void) MUST_USE;
void acceptor_tickets_free(struct acceptor_tickets *tickets);

/* One entry: tickets, or a refusal. It does not change. */
struct acceptor_ticket;

/* See ref.h. */
struct acceptor_ticket *acceptor_ticket_ref(struct acceptor_ticket *ticket);
void acceptor_ticket_unref(struct acceptor_ticket *ticket);

/* Returns the name of the credential cache in this process' memory. NULL: the KDC refused, and
 * acceptor_ticket_refusal() says why. Both live as long as the entry. */
const char *acceptor_ticket_ccache(const struct acceptor_ticket *ticket);
const struct sspi_error_info *acceptor_ticket_refusal(const struct acceptor_ticket *ticket);

/* Returns a reference to the entry that counts now. NULL: there is none. Times are of the wall
 * clock. Any thread. */
struct acceptor_ticket *acceptor_tickets_find(struct acceptor_tickets *tickets,
                                              struct sspi_view key, uint64_t now_ms);

/* As acceptor_tickets_find(), but waits while another thread asks the KDC for the same entry. NULL:
 * the caller must ask, and then call acceptor_tickets_end() with the same key. Blocks. */
struct acceptor_ticket *acceptor_tickets_begin(struct acceptor_tickets *tickets,
                                               struct sspi_view key, uint64_t now_ms);

/* Adds an entry. `ccache` is taken over; it ends at `end_ms`. NULL: the KDC refused for the reason
 * of `refusal`, or `refusal` is NULL too: nothing is remembered. Returns a reference. NULL: nothing
 * is remembered, or there is no memory. */
struct acceptor_ticket *acceptor_tickets_end(struct acceptor_tickets *tickets, struct sspi_view key,
                                             char *ccache, uint64_t end_ms,
                                             const struct sspi_error_info *refusal);

#endif
