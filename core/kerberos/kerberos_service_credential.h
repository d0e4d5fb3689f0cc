/* SPDX-License-Identifier: Apache-2.0 */
/* The server's own ticket-granting ticket, which it gets with a key of its keytab. It needs one to
 * act as a client of the KDC: for delegation, and for FAST armor. */
#ifndef KERBEROS_SERVICE_CREDENTIAL_H
#define KERBEROS_SERVICE_CREDENTIAL_H

#include <krb5/krb5.h>

#include "kerberos_keytab.h"
#include "ref.h"
#include "sspi.h"

struct kerberos_service_credential;

/* Makes a credential without a ticket. `client` is the principal of the keytab that asks the KDC;
 * without a realm it is of the default realm. NULL: the credential tries the machine's account,
 * then the accepted services (patterns of service_name.h). NULL on failure: `error` says why, for
 * example that the keytab has no key for `client`. No network. */
struct kerberos_service_credential *
kerberos_service_credential_new(struct sspi_keytab *keytab, const char *client,
                                const struct sspi_view *services, size_t n_services, char *error,
                                size_t error_size) MUST_USE;

/* See ref.h. */
struct kerberos_service_credential *
kerberos_service_credential_ref(struct kerberos_service_credential *service);
void kerberos_service_credential_unref(struct kerberos_service_credential *service);

/* One ticket-granting ticket. It does not change. */
struct kerberos_service_ticket {
    struct ref ref;
    char *ccache;    /* "MEMORY:...", in this process; freed with the ticket */
    char *principal; /* the service's own name as a client, with its realm */
    uint64_t asked_ms;
    uint64_t refresh_ms;
    uint64_t end_ms;
};

/* See ref.h. */
struct kerberos_service_ticket *kerberos_service_ticket_ref(struct kerberos_service_ticket *ticket);
void kerberos_service_ticket_unref(struct kerberos_service_ticket *ticket);

/* Returns a ticket that is valid now, and whose owner the caller becomes. It asks the KDC if there
 * is no ticket, or if three quarters of its life have passed. Only one thread asks; the others use
 * the old ticket, or wait for the new one. A failure is remembered: for a minute if the KDC refuses
 * every principal, for ten seconds if it does not answer. So a job may block, and it may take
 * libkrb5's own time limits. Any thread may call this.
 *
 * SEC_E_LOGON_DENIED, NO_DELEGATION: the KDC takes no principal of the keytab as a client. Others:
 * kerberos_kdc_status(). */
SECURITY_STATUS kerberos_service_credential_acquire(struct kerberos_service_credential *service,
                                                    struct kerberos_service_ticket **ret_ticket,
                                                    struct sspi_error_info *error_info) MUST_USE;

/* The KDC refused `code` with this ticket. If that may mean that it does not accept the ticket any
 * more, because its own key changed, the next call of acquire asks for another one. A ticket of the
 * last minute stays: then the cause is another one, and requests must not ask the KDC each time. */
void kerberos_service_credential_refused(struct kerberos_service_credential *service,
                                         const struct kerberos_service_ticket *ticket,
                                         krb5_error_code code);

/* The time of a ticket, in milliseconds since 1970. MIT's type is signed, but counts until 2106. */
static inline uint64_t kerberos_service_time_ms(krb5_timestamp time)
{
    return (uint64_t)(uint32_t)time * 1000;
}

/* The keytab, for as long as the credential. */
struct sspi_keytab *
kerberos_service_credential_keytab(const struct kerberos_service_credential *service);

#endif
