/* SPDX-License-Identifier: Apache-2.0 */
/* Verifies one token with MIT's library. Finds the channel binding with which MIT accepts it, and
 * so what the client said about its channel. */
#ifndef KERBEROS_VERIFY_H
#define KERBEROS_VERIFY_H

#include <gssapi/gssapi_ext.h>

#include "binding_check.h"
#include "kerberos_ap_req.h"
#include "kerberos_credential.h"

/* The results of one call of gss_accept_sec_context(). */
struct kerberos_gss_result {
    gss_ctx_id_t gss;
    gss_name_t client;
    gss_cred_id_t delegated; /* GSS_C_NO_CREDENTIAL: the client delegated nothing, or the caller did
                                not ask for it */
    gss_buffer_desc token;
    OM_uint32 flags;
    OM_uint32 lifetime_s;
    OM_uint32 major;
    OM_uint32 minor;
};

/* MIT compared no binding. */
#define KERBEROS_VERIFY_NO_BINDING SIZE_MAX

/* The state of one accept call. */
struct kerberos_exchange {
    struct kerberos_credential *credential;
    const struct package_input *in;
    struct binding_rules rules; /* the input's, with the credential's services */
    struct sspi_error_info *error_info;
    uint64_t now_ms;
    struct kerberos_ap_req ap_req;
    struct kerberos_gss_result result;
    /* The bindings that MIT compares with: the candidates of the rules, or a placeholder.
     * n_bindings 0: MIT does not compare. */
    const struct package_channel_binding *bindings;
    size_t n_bindings;
    size_t binding; /* index of the binding of the last call, or KERBEROS_VERIFY_NO_BINDING */
    struct kerberos_authenticator authenticator; /* read when it is first needed */
    bool has_authenticator;
    bool has_signed_pac; /* set by kerberos_verify_pac() */
    struct package_client_channel channel;
    char *service; /* the service whose key decrypted the ticket, malloc'ed; NULL: not known yet */
    enum package_bound bound;
};

/* Gives exchange->in->token to MIT. exchange->ap_req must have been read. SEC_E_OK: the client and
 * its ticket are right, and exchange->result and exchange->channel are set. This neither records
 * the token nor decides about the channel. On another status the token is refused, and
 * exchange->error_info says why. */
SECURITY_STATUS kerberos_verify_client(struct kerberos_exchange *exchange) MUST_USE;

/* Reads exchange->authenticator, unless it was read before. MIT must have accepted the token, or
 * refused it only for its binding. */
SECURITY_STATUS
kerberos_verify_read_authenticator(struct kerberos_exchange *exchange) MUST_USE;

/* Finds out whether the ticket has a PAC that its KDC signed for this service. MIT must have
 * accepted the token. */
SECURITY_STATUS kerberos_verify_pac(struct kerberos_exchange *exchange) MUST_USE;

/* Gives the token to MIT again, with MIT's own replay cache, which records it. SEC_E_LOGON_DENIED:
 * the cache had recorded it before. */
SECURITY_STATUS kerberos_verify_record(struct kerberos_exchange *exchange) MUST_USE;

/* Frees what the functions above allocated. */
void kerberos_exchange_clear(struct kerberos_exchange *exchange);

#endif
