/* SPDX-License-Identifier: Apache-2.0 */
/* MIT's judgement of one token: with which channel binding MIT accepts it, and what the client
 * therefore said about its channel. */
#ifndef KERBEROS_ATTEMPT_H
#define KERBEROS_ATTEMPT_H

#include <gssapi/gssapi_ext.h>

#include "binding_check.h"
#include "kerberos_ap_req.h"
#include "kerberos_credential.h"

/* One gss_accept_sec_context() and what it gave. */
struct kerberos_attempt {
    gss_ctx_id_t gss;
    gss_name_t client;
    gss_cred_id_t delegated; /* GSS_C_NO_CREDENTIAL: none, or not asked for */
    gss_buffer_desc token;
    OM_uint32 flags;
    OM_uint32 lifetime_s;
    OM_uint32 major;
    OM_uint32 minor;
};

/* The attempt was made without any binding. */
#define KERBEROS_ATTEMPT_NO_BINDING SIZE_MAX

/* Everything one accept call works with. */
struct kerberos_exchange {
    struct kerberos_credential *credential;
    const struct sspi_accept_input *in;
    struct binding_rules rules; /* the input's, with the credential's services */
    struct sspi_report *report;
    uint64_t now_ms;
    struct kerberos_ap_req ap_req;
    struct kerberos_attempt attempt;
    /* What MIT compares with: the candidates of the rules, or a probe. None: nothing. */
    const struct sspi_channel_binding *bindings;
    size_t n_bindings;
    size_t binding; /* the one of the last attempt, or KERBEROS_ATTEMPT_NO_BINDING */
    struct kerberos_authenticator authenticator; /* as soon as something needs it */
    bool has_authenticator;
    struct sspi_client_channel channel;
    char *service; /* whose key decrypted the ticket, malloc'ed; NULL: MIT has to be asked */
    enum sspi_bound bound;
};

/* Lets MIT judge exchange->in->token, whose AP-REQ was read. SEC_E_OK: the client and its ticket
 * are right, and exchange->attempt and exchange->channel are set; nothing is recorded, and nothing
 * is decided about the channel. Otherwise refused; the report says why. */
SECURITY_STATUS kerberos_attempt_client(struct kerberos_exchange *exchange) SSPI_MUST_USE;

/* Reads exchange->authenticator, unless that was done. To be called for a token that MIT accepted
 * or refused only for its binding. */
SECURITY_STATUS
kerberos_attempt_read_authenticator(struct kerberos_exchange *exchange) SSPI_MUST_USE;

/* Judges the token again with MIT's own replay cache, which records it. SEC_E_LOGON_DENIED: it was
 * there. */
SECURITY_STATUS kerberos_attempt_record(struct kerberos_exchange *exchange) SSPI_MUST_USE;

/* Frees what both left. */
void kerberos_attempt_clear(struct kerberos_exchange *exchange);

#endif
