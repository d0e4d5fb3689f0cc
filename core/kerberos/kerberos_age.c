/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_age.h"

#include "clock.h"
#include "kerberos_keys.h"
#include "error_info.h"
#include "store_state.h"

/* MIT refuses an authenticator that is older than the clock skew by the wall clock. The memory's
 * own clock ends this check after twice the skew. Otherwise, if the wall clock were set back by
 * hours, the server would refuse all clients for as long. */
bool kerberos_age_matters(const struct kerberos_credential *credential, uint64_t now_ms)
{
    const struct clock *clock = clock_machine();
    const struct sspi_state *state = kerberos_credential_state(credential);
    if (state == NULL)
        return false;
    struct sspi_keytab *keytab = kerberos_credential_keytab(credential);
    /* MIT compares whole seconds and includes both ends. */
    uint64_t skew_ms =
        ((uint64_t)kerberos_keys_clockskew_s(kerberos_keytab_keys(keytab)) + 1) * 1000;
    uint64_t created_ms = store_state_created_ms(state);
    return now_ms <= created_ms + skew_ms &&
           store_state_time_ms(state, clock) <= created_ms + 2 * skew_ms;
}

SECURITY_STATUS kerberos_age_check(const struct kerberos_credential *credential, uint64_t made_ms,
                                   struct sspi_error_info *error_info)
{
    uint64_t created_ms = store_state_created_ms(kerberos_credential_state(credential));
    if (made_ms > created_ms)
        return SEC_E_OK;
    return error_info_refuse(
        error_info, SEC_E_LOGON_DENIED, SSPI_REASON_OLD_AUTHENTICATOR,
        "the client made its authenticator %llu s before the memory of replays "
        "began: it may have been used before, or the client's clock is slow",
        (unsigned long long)((created_ms - made_ms) / 1000));
}
