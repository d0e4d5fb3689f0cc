/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_replay.h"

#include "clock.h"
#include "error_info.h"
#include "kerberos_keys.h"
#include "store_replays.h"
#include "store_state.h"

/* MIT compares whole seconds, and compares before the replay check. The wall clock, which MIT uses,
 * may run slower than the steady clock, which the table uses. */
#define REPLAY_MARGIN_S 10

static uint64_t clockskew_s(const struct kerberos_exchange *exchange)
{
    struct sspi_keytab *keytab = kerberos_credential_keytab(exchange->credential);
    return kerberos_keys_clockskew_s(kerberos_keytab_keys(keytab));
}

/* True if MIT may still accept an authenticator that is older than the shared memory. MIT refuses
 * an authenticator that is older than the clock skew by the wall clock. The memory's own clock ends
 * this check after twice the skew. Otherwise, if the wall clock were set back by hours, the server
 * would refuse all clients for as long. */
static bool is_memory_young(const struct kerberos_exchange *exchange,
                            const struct sspi_state *state)
{
    /* MIT compares whole seconds and includes both ends. */
    uint64_t skew_ms = (clockskew_s(exchange) + 1) * 1000;
    uint64_t created_ms = store_state_created_ms(state);
    return exchange->now_ms <= created_ms + skew_ms &&
           store_state_time_ms(state, clock_machine()) <= created_ms + 2 * skew_ms;
}

/* New memory cannot know whether an authenticator was used before the memory began. */
static SECURITY_STATUS check_age(struct kerberos_exchange *exchange, const struct sspi_state *state)
{
    if (!is_memory_young(exchange, state))
        return SEC_E_OK;
    SECURITY_STATUS status = kerberos_verify_read_authenticator(exchange);
    if (status != SEC_E_OK)
        return status;
    uint64_t created_ms = store_state_created_ms(state);
    uint64_t made_ms = exchange->authenticator.made_ms;
    if (made_ms > created_ms)
        return SEC_E_OK;
    return error_info_refuse(
        exchange->error_info, SEC_E_LOGON_DENIED, SSPI_REASON_OLD_AUTHENTICATOR,
        "the client made its authenticator %llu s before the memory of replays "
        "began: it may have been used before, or the client's clock is slow",
        (unsigned long long)((created_ms - made_ms) / 1000));
}

/* Records the token in the shared memory. */
static SECURITY_STATUS check_table(struct kerberos_exchange *exchange, struct sspi_state *state)
{
    /* RFC 4120 3.2.3: an authenticator is valid from clockskew before its time to clockskew after
     * it. */
    uint64_t lifetime_ms = (clockskew_s(exchange) * 2 + REPLAY_MARGIN_S) * 1000;
    uint64_t now_ms = store_state_time_ms(state, clock_machine());
    switch (store_replay_check(state, exchange->ap_req.cipher, now_ms, lifetime_ms)) {
    case STORE_REPLAY_FRESH:
        return SEC_E_OK;
    case STORE_REPLAY_FULL:
        return kerberos_verify_record(exchange);
    case STORE_REPLAY_SEEN:
    default:
        return error_info_refuse(exchange->error_info, SEC_E_LOGON_DENIED, SSPI_REASON_REPLAY,
                                 "replay: this token was used before");
    }
}

SECURITY_STATUS kerberos_replay_check(struct kerberos_exchange *exchange)
{
    struct sspi_state *state = kerberos_credential_state(exchange->credential);
    /* MIT's cache outlives a process, so the age does not matter there. */
    if (state == NULL)
        return kerberos_verify_record(exchange);
    SECURITY_STATUS status = check_age(exchange, state);
    return status == SEC_E_OK ? check_table(exchange, state) : status;
}
