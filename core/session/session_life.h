/* SPDX-License-Identifier: Apache-2.0 */
/* How long a session lasts: idle life from the last cookie, and an absolute end. Pure: the caller
 * passes the time. */
#ifndef SESSION_LIFE_H
#define SESSION_LIFE_H

#include "session_content.h"

/* The clocks of hosts that share a key may differ by this much. */
#define SESSION_LIFE_SKEW_MS 300000u

enum session_life {
    SESSION_LIFE_GOOD,
    SESSION_LIFE_RENEWED, /* good, and old enough for a new cookie, which would last longer */
    SESSION_LIFE_IDLE,    /* ended: no request came for its idle life */
    SESSION_LIFE_MAXIMUM, /* ended: the login is too old for this location */
    SESSION_LIFE_END,     /* ended: its absolute end has passed, perhaps that of the ticket */
    SESSION_LIFE_FUTURE   /* it was made later than now: the clocks of the hosts differ */
};

/* `lifetime_s` and `maximum_s` are SSPISessionLifetime and SSPISessionMaximum of the location that
 * the request names. */
enum session_life session_life_of(const struct session_content *content, uint64_t lifetime_s,
                                  uint64_t maximum_s, uint64_t now_ms) MUST_USE;

/* The absolute end of a session that begins now, by a ticket that ends at `expiry_ms` (UINT64_MAX:
 * never). */
uint64_t session_life_end(uint64_t maximum_s, uint64_t expiry_ms, uint64_t now_ms) MUST_USE;

#endif
