/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_age.h"

#include "clock.h"
#include "kerberos_keys.h"
#include "report.h"
#include "store_state.h"

/* Whether what was made before the memory may still come. MIT takes nothing that is older than the
 * clock skew by the wall clock. The memory's own clock ends the check after twice the skew, for a
 * wall clock that was set back by hours would otherwise keep all clients out for as long. */
static bool may_be_older(const struct kerberos_credential *credential, uint64_t now_ms)
{
    const struct sspi_clock *clock = clock_machine();
    const struct sspi_state *state = kerberos_credential_state(credential);
    const struct sspi_keytab *keytab = kerberos_credential_keytab(credential);
    uint64_t skew_ms = (uint64_t)kerberos_keys_clockskew_s(keytab) * 1000;
    uint64_t created_ms = store_state_created_ms(state);
    return now_ms <= created_ms + skew_ms &&
           store_state_time_ms(state, clock) <= created_ms + 2 * skew_ms;
}

static SECURITY_STATUS read_made(struct kerberos_credential *credential, struct sspi_view message,
                                 uint64_t now_ms, uint64_t *ret_made_ms, struct sspi_report *report)
{
    struct kerberos_acceptor *acceptor = NULL;
    SECURITY_STATUS status =
        kerberos_credential_lend(credential, KERBEROS_REPLAY_CACHE_NONE, now_ms, &acceptor, report);
    if (status != SEC_E_OK)
        return status;
    bool read = kerberos_credential_made_at(acceptor, message, ret_made_ms);
    kerberos_credential_return(credential, acceptor);
    if (read)
        return SEC_E_OK;
    return report_refuse(report, SEC_E_INTERNAL_ERROR, SSPI_REASON_INTERNAL,
                         "the time of the ticket's authenticator cannot be read");
}

SECURITY_STATUS kerberos_age_check(struct kerberos_credential *credential, struct sspi_view message,
                                   uint64_t now_ms, struct sspi_report *report)
{
    const struct sspi_state *state = kerberos_credential_state(credential);
    uint64_t made_ms = 0;
    if (state == NULL || !may_be_older(credential, now_ms))
        return SEC_E_OK;
    SECURITY_STATUS status = read_made(credential, message, now_ms, &made_ms, report);
    if (status != SEC_E_OK)
        return status;
    uint64_t created_ms = store_state_created_ms(state);
    if (made_ms > created_ms)
        return SEC_E_OK;
    return report_refuse(report, SEC_E_LOGON_DENIED, SSPI_REASON_OLD_AUTHENTICATOR,
                         "the client made its authenticator %llu s before the memory of replays "
                         "began: it may have been used before, or the client's clock is slow",
                         (unsigned long long)((created_ms - made_ms) / 1000));
}

static uint64_t made_ms(const krb5_authenticator *authenticator)
{
    /* libkrb5, too, reads its 32 bits without a sign, so that they last beyond 2038. */
    uint64_t seconds = (uint32_t)authenticator->ctime;
    krb5_int32 micro = authenticator->cusec;
    bool in_range = micro >= 0 && micro < 1000000; /* RFC 4120 5.2.4: Microseconds */
    return seconds * 1000 + (in_range ? (uint64_t)micro / 1000 : 0);
}

bool kerberos_age_read(krb5_context context, krb5_keytab keys, struct sspi_view message,
                       uint64_t *ret_made_ms)
{
    krb5_auth_context auth = NULL;
    krb5_authenticator *authenticator = NULL;
    if (krb5_auth_con_init(context, &auth) != 0)
        return false;
    union {
        const char *in;
        char *out;
    } data = {.in = message.data}; /* libkrb5 only reads it */
    const krb5_data ap_req = {.length = (unsigned)message.len, .data = data.out};
    /* Without KRB5_AUTH_CONTEXT_DO_TIME there is no replay cache. */
    bool read = krb5_auth_con_setflags(context, auth, 0) == 0 &&
                krb5_rd_req(context, &auth, &ap_req, NULL, keys, NULL, NULL) == 0 &&
                krb5_auth_con_getauthenticator(context, auth, &authenticator) == 0;
    if (read)
        *ret_made_ms = made_ms(authenticator);
    krb5_free_authenticator(context, authenticator);
    krb5_auth_con_free(context, auth);
    return read;
}
