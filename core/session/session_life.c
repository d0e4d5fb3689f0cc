/* SPDX-License-Identifier: Apache-2.0 */
#include "session_life.h"

/* Milliseconds since `then`; 0 if that is in the future. */
static uint64_t age(uint64_t then_ms, uint64_t now_ms)
{
    return now_ms > then_ms ? now_ms - then_ms : 0;
}

static bool is_future(uint64_t then_ms, uint64_t now_ms)
{
    return then_ms > now_ms && then_ms - now_ms > SESSION_LIFE_SKEW_MS;
}

/* True if a new cookie would end later than this one. The absolute end does not move. */
static bool gains(const struct session_content *content, uint64_t lifetime_ms, uint64_t maximum_ms)
{
    uint64_t end_ms = session_life_end(maximum_ms / 1000, content->end_ms, content->login_ms);
    return content->issued_ms < end_ms && end_ms - content->issued_ms > lifetime_ms;
}

enum session_life session_life_of(const struct session_content *content, uint64_t lifetime_s,
                                  uint64_t maximum_s, uint64_t now_ms)
{
    uint64_t lifetime_ms = lifetime_s * 1000, maximum_ms = maximum_s * 1000;
    uint64_t idle_ms = age(content->issued_ms, now_ms);
    if (is_future(content->issued_ms, now_ms) || is_future(content->login_ms, now_ms))
        return SESSION_LIFE_FUTURE;
    if (content->end_ms <= now_ms)
        return SESSION_LIFE_END;
    if (age(content->login_ms, now_ms) >= maximum_ms)
        return SESSION_LIFE_MAXIMUM;
    if (idle_ms >= lifetime_ms)
        return SESSION_LIFE_IDLE;
    return idle_ms >= lifetime_ms / 2 && gains(content, lifetime_ms, maximum_ms)
               ? SESSION_LIFE_RENEWED
               : SESSION_LIFE_GOOD;
}

uint64_t session_life_end(uint64_t maximum_s, uint64_t expiry_ms, uint64_t now_ms)
{
    uint64_t longest_ms =
        maximum_s * 1000 > UINT64_MAX - now_ms ? UINT64_MAX : now_ms + maximum_s * 1000;
    return longest_ms < expiry_ms ? longest_ms : expiry_ms;
}
