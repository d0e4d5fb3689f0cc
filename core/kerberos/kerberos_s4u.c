/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_s4u.h"

#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5/krb5.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "error_info.h"
#include "escape.h"
#include "kerberos_delegation.h"
#include "kerberos_gss.h"
#include "kerberos_kdc.h"
#include "kerberos_keys.h"
#include "kerberos_name.h"

#define KEYTAB_NAME_SIZE 64

/* The longest name of a target. */
#define TARGET_LIMIT 1024

/* What both functions need. */
struct s4u {
    struct kerberos_service_credential *service;
    struct sspi_error_info *error_info;
    struct kerberos_service_ticket *ticket;
    krb5_context context;
    krb5_principal user;
    krb5_principal self; /* the service, as a client and as the server of evidence */
};

static void s4u_clear(struct s4u *s4u)
{
    krb5_free_principal(s4u->context, s4u->user);
    krb5_free_principal(s4u->context, s4u->self);
    if (s4u->context != NULL)
        krb5_free_context(s4u->context);
    kerberos_service_ticket_unref(s4u->ticket);
}

#define S4U_CLEANUP __attribute__((cleanup(s4u_clear)))

/* SEC_E_OK: the code is an answer of the KDC, which the caller explains. */
static SECURITY_STATUS kdc_status(struct s4u *s4u, krb5_error_code code)
{
    kerberos_service_credential_refused(s4u->service, s4u->ticket, code);
    return kerberos_kdc_status(s4u->context, code, s4u->error_info);
}

static SECURITY_STATUS refuse_name(struct s4u *s4u, const char *name, const char *what)
{
    char shown[ESCAPE_NAME_SIZE];
    return error_info_refuse(s4u->error_info, SEC_E_INVALID_PARAMETER, SSPI_REASON_NO_DELEGATION,
                             "no delegation for %s: %s",
                             escape_text(shown, sizeof(shown), bytes_view(name)), what);
}

static SECURITY_STATUS begin(struct s4u *s4u, const char *user)
{
    SECURITY_STATUS status =
        kerberos_service_credential_acquire(s4u->service, &s4u->ticket, s4u->error_info);
    if (status != SEC_E_OK)
        return status;
    if (krb5_init_context(&s4u->context) != 0 ||
        krb5_parse_name(s4u->context, s4u->ticket->principal, &s4u->self) != 0)
        return error_info_no_memory(s4u->error_info);
    if (krb5_parse_name_flags(s4u->context, user, KRB5_PRINCIPAL_PARSE_REQUIRE_REALM, &s4u->user) !=
        0)
        return refuse_name(s4u, user, "the name is not that of a principal with its realm");
    return SEC_E_OK;
}

/* The KDC's ticket is not the one that the service asked for. */
static SECURITY_STATUS refuse_other(struct s4u *s4u, krb5_const_principal client,
                                    krb5_const_principal server)
{
    char *names[2] = {NULL, NULL};
    char shown[2][ESCAPE_NAME_SIZE];
    if (krb5_unparse_name(s4u->context, client, &names[0]) != 0 ||
        krb5_unparse_name(s4u->context, server, &names[1]) != 0) {
        krb5_free_unparsed_name(s4u->context, names[0]);
        return error_info_no_memory(s4u->error_info);
    }
    for (size_t i = 0; i < 2; i++) {
        escape_text(shown[i], sizeof(shown[i]), bytes_view(names[i]));
        krb5_free_unparsed_name(s4u->context, names[i]);
    }
    return error_info_refuse(s4u->error_info, SEC_E_WRONG_PRINCIPAL, SSPI_REASON_NO_DELEGATION,
                             "the KDC's ticket is that of %s for %s, which the service did not ask "
                             "for: spell the names as the KDC does",
                             shown[0], shown[1]);
}

/* ---- S4U2Self ---- */

/* Names of other sources than Kerberos have no instance. */
static SECURITY_STATUS check_user(struct s4u *s4u, const char *user)
{
    if (kerberos_name_has_escape(user) || !kerberos_name_is_clean(bytes_view(user)) ||
        s4u->user->length != 1 || s4u->user->data[0].length == 0)
        return refuse_name(s4u, user,
                           "a user's principal has one part, without / or @ or a "
                           "backslash in it");
    return SEC_E_OK;
}

static SECURITY_STATUS refuse_self(struct s4u *s4u, const char *user, krb5_error_code code)
{
    char text[KERBEROS_KDC_TEXT_SIZE];
    char shown[ESCAPE_NAME_SIZE];
    SECURITY_STATUS status = kdc_status(s4u, code);
    if (status != SEC_E_OK)
        return status;
    escape_text(shown, sizeof(shown), bytes_view(user));
    if (code == KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN || code == KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN)
        return error_info_refuse(
            s4u->error_info, SEC_E_DELEGATION_POLICY, SSPI_REASON_NO_DELEGATION,
            "the KDC does not know the user %s: check SSPIDelegationRealm", shown);
    return error_info_refuse(s4u->error_info, SEC_E_DELEGATION_POLICY, SSPI_REASON_NO_DELEGATION,
                             "the KDC gives %s no ticket of %s for itself: %s",
                             s4u->ticket->principal, shown,
                             kerberos_kdc_text(s4u->context, code, text, sizeof(text)));
}

/* GSSAPI's objects of one call. */
struct impersonation {
    gss_cred_id_t self;
    gss_name_t user;
    gss_cred_id_t result;
};

static void impersonation_clear(struct impersonation *impersonation)
{
    OM_uint32 minor;
    gss_release_cred(&minor, &impersonation->self);
    gss_release_name(&minor, &impersonation->user);
    gss_release_cred(&minor, &impersonation->result);
}

#define IMPERSONATION_CLEANUP __attribute__((cleanup(impersonation_clear)))

/* libkrb5's own function for S4U2Self is not in its headers; GSSAPI's is. 0: success. */
static krb5_error_code impersonate(const struct s4u *s4u, const char *user,
                                   struct impersonation *impersonation)
{
    gss_key_value_element_desc element = {"ccache", s4u->ticket->ccache};
    gss_key_value_set_desc store = {1, &element};
    gss_OID_set_desc mechanisms = {1, (gss_OID)gss_mech_krb5};
    gss_buffer_desc name = kerberos_gss_buffer(bytes_view(user));
    OM_uint32 minor = 0;
    OM_uint32 major =
        gss_acquire_cred_from(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &mechanisms, GSS_C_INITIATE,
                              &store, &impersonation->self, NULL, NULL);
    if (major == GSS_S_COMPLETE)
        major = gss_import_name(&minor, &name, (gss_OID)GSS_KRB5_NT_PRINCIPAL_NAME,
                                &impersonation->user);
    if (major == GSS_S_COMPLETE)
        major = gss_acquire_cred_impersonate_name(&minor, impersonation->self, impersonation->user,
                                                  GSS_C_INDEFINITE, &mechanisms, GSS_C_INITIATE,
                                                  &impersonation->result, NULL, NULL);
    if (major == GSS_S_COMPLETE)
        return 0;
    return minor != 0 ? (krb5_error_code)minor : EINVAL;
}

/* Finds the evidence ticket among the tickets of the impersonation. */
static krb5_error_code find_evidence(const struct s4u *s4u, const char *cache_name,
                                     krb5_creds *ret_creds)
{
    krb5_ccache cache;
    krb5_creds wanted = {.client = s4u->user, .server = s4u->self};
    krb5_error_code code = krb5_cc_resolve(s4u->context, cache_name, &cache);
    if (code != 0)
        return code;
    code = krb5_cc_retrieve_cred(s4u->context, cache, 0, &wanted, ret_creds);
    krb5_cc_close(s4u->context, cache);
    return code;
}

static SECURITY_STATUS take_evidence(struct s4u *s4u, const char *user, const char *cache_name,
                                     struct bytes *ret_evidence, uint64_t *ret_end_ms)
{
    krb5_creds creds = {0};
    krb5_error_code code = find_evidence(s4u, cache_name, &creds);
    if (code == KRB5_CC_NOTFOUND)
        return error_info_refuse(s4u->error_info, SEC_E_WRONG_PRINCIPAL, SSPI_REASON_NO_DELEGATION,
                                 "the KDC's ticket is not that of the user of this login: spell "
                                 "the user's name as the KDC does");
    if (code != 0)
        return refuse_self(s4u, user, code);
    bytes_append(ret_evidence, creds.ticket.data, creds.ticket.length);
    *ret_end_ms = kerberos_service_time_ms(creds.times.endtime);
    krb5_free_cred_contents(s4u->context, &creds);
    return ret_evidence->failed ? error_info_no_memory(s4u->error_info) : SEC_E_OK;
}

static SECURITY_STATUS get_self(struct s4u *s4u, const char *user, struct bytes *ret_evidence,
                                uint64_t *ret_end_ms)
{
    IMPERSONATION_CLEANUP struct impersonation impersonation = {0};
    char *cache_name = NULL;
    krb5_error_code code = impersonate(s4u, user, &impersonation);
    if (code != 0)
        return refuse_self(s4u, user, code);
    if (!kerberos_delegation_store(impersonation.result, &cache_name))
        return error_info_no_memory(s4u->error_info);
    SECURITY_STATUS status = take_evidence(s4u, user, cache_name, ret_evidence, ret_end_ms);
    kerberos_delegation_free(cache_name);
    return status;
}

SECURITY_STATUS kerberos_s4u_self(struct kerberos_service_credential *service,
                                  const char *user_principal, struct bytes *ret_evidence,
                                  uint64_t *ret_end_ms, struct sspi_error_info *error_info)
{
    S4U_CLEANUP struct s4u s4u = {.service = service, .error_info = error_info};
    SECURITY_STATUS status = begin(&s4u, user_principal);
    if (status == SEC_E_OK)
        status = check_user(&s4u, user_principal);
    if (status != SEC_E_OK)
        return status;
    return get_self(&s4u, user_principal, ret_evidence, ret_end_ms);
}

/* ---- S4U2Proxy ---- */

/* One ticket for a target. */
struct proxy {
    krb5_principal target;
    char *target_name;
    krb5_creds *creds;
};

static void proxy_clear(const struct s4u *s4u, struct proxy *proxy)
{
    krb5_free_creds(s4u->context, proxy->creds);
    krb5_free_principal(s4u->context, proxy->target);
    krb5_free_unparsed_name(s4u->context, proxy->target_name);
}

/* A target without a realm is of the service's realm. */
static SECURITY_STATUS read_target(struct s4u *s4u, struct sspi_view target, struct proxy *proxy)
{
    char text[TARGET_LIMIT + 1];
    krb5_error_code code = KRB5_PARSE_MALFORMED;
    snprintf(text, sizeof(text), "%.*s", (int)(target.len <= TARGET_LIMIT ? target.len : 0),
             target.data);
    if (target.len > 0 && target.len == strlen(text))
        code = krb5_parse_name_flags(s4u->context, text, KRB5_PRINCIPAL_PARSE_NO_DEF_REALM,
                                     &proxy->target);
    if (code == 0 && proxy->target->realm.length == 0)
        code = krb5_set_principal_realm(s4u->context, proxy->target,
                                        kerberos_name_realm(s4u->ticket->principal));
    if (code == 0)
        code = krb5_unparse_name(s4u->context, proxy->target, &proxy->target_name);
    if (code != 0)
        return refuse_name(s4u, text, "the target is not the name of a service, as HTTP/host");
    return SEC_E_OK;
}

/* True if the evidence can be read, and says that it must not be forwarded. Read only for an error
 * text: some KDCs accept such evidence (resource-based delegation, MS-SFU 3.2.5.2.3). */
static bool is_not_forwardable(const struct s4u *s4u, struct sspi_view evidence)
{
    char keytab_name[KEYTAB_NAME_SIZE];
    struct kerberos_keys_copy copy;
    struct kerberos_keys *keys =
        kerberos_keytab_keys(kerberos_service_credential_keytab(s4u->service));
    krb5_ticket *ticket = NULL;
    char *server = NULL;
    bool found = false;
    union {
        const char *in;
        char *out;
    } data = {.in = evidence.data};
    krb5_data der = {.length = (unsigned)evidence.len, .data = data.out};
    if (krb5_decode_ticket(&der, &ticket) != 0)
        return false;
    /* Unique in this process, because the caller's stack frame lives. */
    snprintf(keytab_name, sizeof(keytab_name), "MEMORY:sspi-evidence-%p", (void *)&copy);
    if (krb5_unparse_name(s4u->context, ticket->server, &server) == 0 &&
        kerberos_keys_copy_principal(&copy, keys, keytab_name, server)) {
        found = krb5_server_decrypt_ticket_keytab(s4u->context, copy.memory, ticket) == 0 &&
                (ticket->enc_part2->flags & TKT_FLG_FORWARDABLE) == 0;
        kerberos_keys_copy_clear(&copy, keys);
    }
    krb5_free_unparsed_name(s4u->context, server);
    krb5_free_ticket(s4u->context, ticket);
    return found;
}

static SECURITY_STATUS refuse_proxy(struct s4u *s4u, const char *user, const struct proxy *proxy,
                                    struct sspi_view evidence, krb5_error_code code)
{
    char text[KERBEROS_KDC_TEXT_SIZE];
    char shown[ESCAPE_NAME_SIZE];
    SECURITY_STATUS status = kdc_status(s4u, code);
    if (status != SEC_E_OK)
        return status;
    escape_text(shown, sizeof(shown), bytes_view(user));
    if (code == KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN)
        return error_info_refuse(s4u->error_info, SEC_E_TARGET_UNKNOWN, SSPI_REASON_NO_DELEGATION,
                                 "the KDC does not know the target %s: correct "
                                 "SSPIDelegationTarget, or register the name in the KDC",
                                 proxy->target_name);
    if (is_not_forwardable(s4u, evidence))
        return error_info_refuse(
            s4u->error_info, SEC_E_DELEGATION_POLICY, SSPI_REASON_NO_DELEGATION,
            "the ticket of %s is not forwardable: the client asked for none (kinit -f), the "
            "account must not be delegated, or the KDC does not trust %s to log users in",
            shown, s4u->ticket->principal);
    return error_info_refuse(
        s4u->error_info, SEC_E_DELEGATION_POLICY, SSPI_REASON_NO_DELEGATION,
        "the KDC does not let %s delegate %s to %s: %s; allow the target in the service's account",
        s4u->ticket->principal, shown, proxy->target_name,
        kerberos_kdc_text(s4u->context, code, text, sizeof(text)));
}

static krb5_error_code get_proxy(const struct s4u *s4u, struct sspi_view evidence,
                                 struct proxy *proxy)
{
    krb5_ccache cache;
    union {
        const char *in;
        char *out;
    } data = {.in = evidence.data};
    /* libkrb5's headers: the client of this request is the service. */
    krb5_creds wanted = {.client = s4u->self, .server = proxy->target};
    wanted.second_ticket = (krb5_data){.length = (unsigned)evidence.len, .data = data.out};
    krb5_error_code code = krb5_cc_resolve(s4u->context, s4u->ticket->ccache, &cache);
    if (code != 0)
        return code;
    code = krb5_get_credentials(s4u->context, KRB5_GC_CONSTRAINED_DELEGATION | KRB5_GC_NO_STORE,
                                cache, &wanted, &proxy->creds);
    krb5_cc_close(s4u->context, cache);
    return code;
}

/* A new cache has no user yet. */
static krb5_error_code prepare_cache(const struct s4u *s4u, krb5_ccache cache)
{
    krb5_principal owner = NULL;
    if (krb5_cc_get_principal(s4u->context, cache, &owner) != 0)
        return krb5_cc_initialize(s4u->context, cache, s4u->user);
    bool same = krb5_principal_compare(s4u->context, owner, s4u->user);
    krb5_free_principal(s4u->context, owner);
    return same ? 0 : KRB5_PRINC_NOMATCH;
}

static SECURITY_STATUS store(struct s4u *s4u, const struct proxy *proxy, const char *ccache_name)
{
    char text[KERBEROS_KDC_TEXT_SIZE];
    krb5_ccache cache;
    krb5_error_code code = krb5_cc_resolve(s4u->context, ccache_name, &cache);
    if (code == 0) {
        code = prepare_cache(s4u, cache);
        if (code == 0)
            code = krb5_cc_store_cred(s4u->context, cache, proxy->creds);
        krb5_cc_close(s4u->context, cache);
    }
    if (code == 0)
        return SEC_E_OK;
    return error_info_refuse(s4u->error_info, SEC_E_INTERNAL_ERROR, SSPI_REASON_NO_DELEGATION,
                             "the ticket for %s cannot be stored in %s: %s", proxy->target_name,
                             ccache_name,
                             kerberos_kdc_text(s4u->context, code, text, sizeof(text)));
}

static SECURITY_STATUS delegate(struct s4u *s4u, const char *user, struct sspi_view evidence,
                                struct proxy *proxy, const char *ccache_name, uint64_t *ret_end_ms)
{
    krb5_error_code code = get_proxy(s4u, evidence, proxy);
    if (code != 0)
        return refuse_proxy(s4u, user, proxy, evidence, code);
    if (!krb5_principal_compare(s4u->context, proxy->creds->client, s4u->user) ||
        !krb5_principal_compare(s4u->context, proxy->creds->server, proxy->target))
        return refuse_other(s4u, proxy->creds->client, proxy->creds->server);
    *ret_end_ms = kerberos_service_time_ms(proxy->creds->times.endtime);
    return store(s4u, proxy, ccache_name);
}

SECURITY_STATUS kerberos_s4u_proxy(struct kerberos_service_credential *service,
                                   const char *user_principal, struct sspi_view evidence,
                                   struct sspi_view target, const char *ccache_name,
                                   uint64_t *ret_end_ms, struct sspi_error_info *error_info)
{
    S4U_CLEANUP struct s4u s4u = {.service = service, .error_info = error_info};
    struct proxy proxy = {0};
    SECURITY_STATUS status = begin(&s4u, user_principal);
    if (status == SEC_E_OK)
        status = read_target(&s4u, target, &proxy);
    if (status == SEC_E_OK)
        status = delegate(&s4u, user_principal, evidence, &proxy, ccache_name, ret_end_ms);
    proxy_clear(&s4u, &proxy);
    return status;
}
