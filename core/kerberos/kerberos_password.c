/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_password.h"

#include <krb5/krb5.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "error_info.h"
#include "escape.h"
#include "fold.h"
#include "kerberos_credential.h"
#include "kerberos_initiate.h"
#include "kerberos_kdc.h"
#include "kerberos_keys.h"
#include "kerberos_name.h"
#include "kerberos_user.h"

/* One verification. */
struct kerberos_login {
    const struct kerberos_password_config *config;
    struct kerberos_credential *credential;
    struct sspi_error_info *error_info;
    krb5_context krb5;
    char shown[ESCAPE_NAME_SIZE]; /* the typed name, for error texts */
    krb5_principal client;        /* as the user typed it */
    krb5_ccache ccache;           /* MEMORY; no other cache of this process has its name */
    char *ccache_name;
    struct kerberos_service_ticket *armor; /* NULL: none */
    krb5_get_init_creds_opt *options;
    unsigned n_requests; /* to a KDC */
    krb5_creds tgt;
    char *client_name; /* as the KDC writes it */
    char *services[KERBEROS_PASSWORD_SERVICES_LIMIT];
    size_t n_services;
    const char *service; /* one of `services`, for which there is a ticket */
};

static void login_clear(struct kerberos_login *login)
{
    for (size_t i = 0; i < login->n_services; i++)
        free(login->services[i]);
    kerberos_service_ticket_unref(login->armor);
    if (login->krb5 == NULL)
        return;
    krb5_free_unparsed_name(login->krb5, login->client_name);
    krb5_get_init_creds_opt_free(login->krb5, login->options);
    krb5_free_cred_contents(login->krb5, &login->tgt);
    krb5_free_string(login->krb5, login->ccache_name);
    if (login->ccache != NULL)
        (void)krb5_cc_destroy(login->krb5, login->ccache);
    krb5_free_principal(login->krb5, login->client);
    krb5_free_context(login->krb5);
}

/* Explains a code of libkrb5 that no answer of a KDC causes. */
static SECURITY_STATUS library_status(struct kerberos_login *login, krb5_error_code code)
{
    SECURITY_STATUS status = kerberos_kdc_status(login->krb5, code, login->error_info);
    if (status != SEC_E_OK)
        return status;
    return error_info_refuse(login->error_info, SEC_E_INTERNAL_ERROR, SSPI_REASON_INTERNAL,
                             "libkrb5 failed");
}

/* ---- the user ---- */

static SECURITY_STATUS set_client(struct kerberos_login *login, struct sspi_view typed,
                                  const struct sspi_view *realms, size_t n_realms)
{
    struct kerberos_user user;
    SECURITY_STATUS status = kerberos_user_read(typed, realms, n_realms, &user, login->error_info);
    if (status != SEC_E_OK)
        return status;
    krb5_error_code code =
        krb5_build_principal_ext(login->krb5, &login->client, (unsigned)user.realm.len,
                                 user.realm.data, (unsigned)user.name.len, user.name.data, 0);
    if (code != 0)
        return library_status(login, code);
    login->client->type = KRB5_NT_PRINCIPAL;
    return SEC_E_OK;
}

static SECURITY_STATUS read_user(struct kerberos_login *login, struct sspi_view typed)
{
    const struct kerberos_password_config *config = login->config;
    char *realm;
    escape_text(login->shown, sizeof(login->shown), typed);
    if (config->n_realms > 0)
        return set_client(login, typed, config->realms, config->n_realms);
    if (krb5_get_default_realm(login->krb5, &realm) != 0)
        return error_info_refuse(login->error_info, SEC_E_INTERNAL_ERROR, SSPI_REASON_CONFIGURATION,
                                 "krb5.conf has no default_realm: set it, or SSPIBasicRealm");
    struct sspi_view only = bytes_view(realm);
    SECURITY_STATUS status = set_client(login, typed, &only, 1);
    krb5_free_default_realm(login->krb5, realm);
    return status;
}

/* ---- initial credentials ---- */

/* Explains why the KDC gave no initial credentials. */
static SECURITY_STATUS initial_status(struct kerberos_login *login, krb5_error_code code)
{
    char text[KERBEROS_KDC_TEXT_SIZE];
    SECURITY_STATUS status = kerberos_kdc_status(login->krb5, code, login->error_info);
    if (status != SEC_E_OK)
        return status;
    switch (code) {
    case KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN:
    case KRB5KDC_ERR_PREAUTH_FAILED:
    case KRB5KRB_AP_ERR_BAD_INTEGRITY:
        return error_info_refuse(login->error_info, SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD,
                                 "the KDC does not know user %s, or the password is wrong",
                                 login->shown);
    case KRB5KDC_ERR_KEY_EXP:
        return error_info_refuse(
            login->error_info, SEC_E_LOGON_DENIED, SSPI_REASON_PASSWORD_EXPIRED,
            "the password of user %s has expired, or must be changed", login->shown);
    case KRB5KDC_ERR_CLIENT_REVOKED:
    case KRB5KDC_ERR_NAME_EXP:
    case KRB5KDC_ERR_CLIENT_NOTYET:
    case KRB5KDC_ERR_POLICY:
        return error_info_refuse(
            login->error_info, SEC_E_LOGON_DENIED, SSPI_REASON_ACCOUNT_LOCKED,
            "the account of user %s is locked, disabled, expired or limited: %s", login->shown,
            kerberos_kdc_text(login->krb5, code, text, sizeof(text)));
    case KRB5_KDCREP_MODIFIED:
        return error_info_refuse(login->error_info, SEC_E_LOGON_DENIED, SSPI_REASON_UNPROVEN_KDC,
                                 "the KDC answered for another user than %s", login->shown);
    default:
        return error_info_refuse(login->error_info, SEC_E_LOGON_DENIED, SSPI_REASON_UNSUPPORTED,
                                 "the KDC refuses user %s: %s", login->shown,
                                 kerberos_kdc_text(login->krb5, code, text, sizeof(text)));
    }
}

/* The options do not depend on krb5.conf. The KDC is asked for the canonical name, because Active
 * Directory ignores the case of names, and its own users have tickets with that name. */
static krb5_error_code make_options(struct kerberos_login *login)
{
    krb5_error_code code = krb5_get_init_creds_opt_alloc(login->krb5, &login->options);
    if (code != 0)
        return code;
    krb5_get_init_creds_opt_set_canonicalize(login->options, 1);
    krb5_get_init_creds_opt_set_forwardable(login->options, 1);
    krb5_get_init_creds_opt_set_proxiable(login->options, 0);
    krb5_get_init_creds_opt_set_renew_life(login->options, 0);
    krb5_get_init_creds_opt_set_change_password_prompt(login->options, 0);
    /* PKINIT would use a certificate of this machine (pkinit_identities of krb5.conf). It cannot
     * use this one. A context takes the option only once. Without that plug-in it has no effect. */
    code = krb5_get_init_creds_opt_set_pa(login->krb5, login->options, "X509_user_identity", "");
    if (code == 0 && login->armor != NULL)
        code = krb5_get_init_creds_opt_set_fast_ccache_name(login->krb5, login->options,
                                                            login->armor->ccache);
    if (code != 0)
        return code;
    return krb5_get_init_creds_opt_set_out_ccache(login->krb5, login->options, login->ccache);
}

/* Asks one KDC once. krb5_get_init_creds_password() would ask the primary KDC again after a wrong
 * password, and so count two wrong tries. Without a prompter no other secret is asked for. */
static krb5_error_code ask_kdc(struct kerberos_login *login, const char *password)
{
    krb5_init_creds_context exchange = NULL;
    krb5_error_code code =
        krb5_init_creds_init(login->krb5, login->client, NULL, NULL, 0, login->options, &exchange);
    if (code == 0)
        code = krb5_init_creds_set_password(login->krb5, exchange, password);
    if (code == 0)
        code = krb5_init_creds_get(login->krb5, exchange);
    if (code == 0)
        code = krb5_init_creds_get_creds(login->krb5, exchange, &login->tgt);
    krb5_init_creds_free(login->krb5, exchange);
    return code;
}

static krb5_error_code count_request(krb5_context context, void *n_requests, const krb5_data *realm,
                                     const krb5_data *message, krb5_data **new_message,
                                     krb5_data **new_reply)
{
    (*(unsigned *)n_requests)++;
    return 0;
}

/* Computes what libkrb5 computes of a password before its second request. `password` ends with a
 * NUL. */
static void derive_key(struct kerberos_login *login, struct bytes *password)
{
    krb5_keyblock key;
    krb5_data salt = {.data = login->shown, .length = (unsigned)strlen(login->shown)};
    krb5_data text = {.data = password->data, .length = (unsigned)password->len - 1};
    if (krb5_c_string_to_key(login->krb5, ENCTYPE_AES256_CTS_HMAC_SHA1_96, &text, &salt, &key) == 0)
        krb5_free_keyblock_contents(login->krb5, &key);
}

/* How many requests a wrong password took, by realm. Realms may share a place. */
#define REALM_PLACES   16u
#define REQUESTS_LIMIT 8u
static _Atomic unsigned wrong_requests[REALM_PLACES];

static _Atomic unsigned *wrong_requests_of(const krb5_data *realm)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < realm->length; i++)
        sum = sum * 31 + (unsigned char)realm->data[i];
    return &wrong_requests[sum % REALM_PLACES];
}

/* A KDC refuses an unknown user or a locked account by its first answer. It refuses a wrong
 * password by its second one, or by its third one with SPAKE (RFC 9588 4). The client's answer must
 * take as long for both, because it would otherwise say which users exist. So there are as many
 * requests as for the last wrong password. */
static krb5_error_code ask_as_often(struct kerberos_login *login, struct bytes *password)
{
    _Atomic unsigned *wrong = wrong_requests_of(&login->client->realm);
    krb5_set_kdc_send_hook(login->krb5, count_request, &login->n_requests);
    krb5_error_code code = ask_kdc(login, password->data);
    bool is_refusal = code >= ERROR_TABLE_BASE_krb5 && code < KRB5_ERR_RCSID;
    if (code == KRB5KDC_ERR_PREAUTH_FAILED && login->n_requests > 1)
        atomic_store(wrong, login->n_requests);
    if (!is_refusal || login->n_requests != 1)
        return code;
    derive_key(login, password);
    unsigned n_wanted = atomic_load(wrong);
    do
        (void)ask_kdc(login, password->data);
    while (login->n_requests < n_wanted && login->n_requests < REQUESTS_LIMIT);
    return code;
}

/* A KDC that does not answer now is not asked again for the user. */
static SECURITY_STATUS acquire_armor(struct kerberos_login *login)
{
    struct kerberos_service_credential *service = login->config->service;
    if (service == NULL)
        return SEC_E_OK;
    SECURITY_STATUS status =
        kerberos_service_credential_acquire(service, &login->armor, login->error_info);
    return status == SEC_E_LOGON_DENIED ? SEC_E_OK : status;
}

static SECURITY_STATUS get_initial(struct kerberos_login *login, struct sspi_view password)
{
    BYTES_CLEANUP struct bytes copy = {0};
    if (password.len == 0)
        return error_info_refuse(login->error_info, SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD,
                                 "the password of user %s is empty", login->shown);
    bytes_append_view(&copy, password);
    bytes_append_char(&copy, '\0');
    if (copy.failed)
        return error_info_no_memory(login->error_info);
    krb5_error_code code = krb5_cc_new_unique(login->krb5, "MEMORY", NULL, &login->ccache);
    if (code == 0)
        code = krb5_cc_get_full_name(login->krb5, login->ccache, &login->ccache_name);
    if (code == 0)
        code = make_options(login);
    if (code != 0)
        return library_status(login, code);
    code = ask_as_often(login, &copy);
    return code == 0 ? SEC_E_OK : initial_status(login, code);
}

/* ---- what the KDC answered ---- */

/* Kinds of pre-authentication that prove the password: PA-ENC-TIMESTAMP (RFC 4120 5.2.7.2),
 * PA-ENCRYPTED-CHALLENGE (RFC 6113 5.4.6) and PA-SPAKE (RFC 9588). */
static bool proves_password(struct sspi_view kind)
{
    return bytes_equal(kind, SSPI_VIEW("2")) || bytes_equal(kind, SSPI_VIEW("138")) ||
           bytes_equal(kind, SSPI_VIEW("151"));
}

/* With another secret of this machine, plug-ins of libkrb5 can get tickets without the password.
 * libkrb5 notes the kind of pre-authentication in the cache. Without a note
 * there was none, and the password decrypted the answer. */
static SECURITY_STATUS check_kind(struct kerberos_login *login)
{
    krb5_data kind = {0};
    if (krb5_cc_get_config(login->krb5, login->ccache, login->tgt.server, "pa_type", &kind) != 0)
        return SEC_E_OK;
    bool proven = proves_password((struct sspi_view){kind.data, kind.length});
    krb5_free_data_contents(login->krb5, &kind);
    if (proven)
        return SEC_E_OK;
    return error_info_refuse(login->error_info, SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD,
                             "the KDC verified something else than the password of user %s",
                             login->shown);
}

/* True if both components are equal as Windows compares names. */
static bool same_name(const krb5_data *a, const krb5_data *b)
{
    BYTES_CLEANUP struct bytes upper_a = {0};
    BYTES_CLEANUP struct bytes upper_b = {0};
    return fold_upper(&upper_a, (struct sspi_view){a->data, a->length}) &&
           fold_upper(&upper_b, (struct sspi_view){b->data, b->length}) &&
           bytes_equal(bytes_as_view(&upper_a), bytes_as_view(&upper_b));
}

/* An alias leads to another user. Such a user logs in by the own name, so that one name is one
 * user for every check and limit. Only the case may differ. */
static bool is_same_user(const struct kerberos_login *login)
{
    krb5_const_principal asked = login->client;
    krb5_const_principal got = login->tgt.client;
    return krb5_realm_compare(login->krb5, asked, got) && got->length == 1 &&
           same_name(&asked->data[0], &got->data[0]);
}

static SECURITY_STATUS check_initial(struct kerberos_login *login)
{
    struct sspi_keytab *keytab = kerberos_credential_keytab(login->credential);
    SECURITY_STATUS status = check_kind(login);
    if (status != SEC_E_OK)
        return status;
    krb5_error_code code = krb5_unparse_name(login->krb5, login->tgt.client, &login->client_name);
    if (code != 0)
        return library_status(login, code);
    if (!is_same_user(login)) {
        char other[ESCAPE_NAME_SIZE];
        return error_info_refuse(login->error_info, SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD,
                                 "%s is another name of user %s: log in as that user", login->shown,
                                 escape_text(other, sizeof(other), bytes_view(login->client_name)));
    }
    /* libkrb5 uses the KDC's clock for its own requests (kdc_timesync), and so hides a wrong one.
     */
    return kerberos_kdc_check_clock(login->tgt.times.authtime,
                                    kerberos_keys_clockskew_s(kerberos_keytab_keys(keytab)),
                                    login->error_info);
}

/* ---- a ticket that proves the KDC ---- */

static SECURITY_STATUS choose_services(struct kerberos_login *login)
{
    struct sspi_keytab *keytab = kerberos_credential_keytab(login->credential);
    krb5_const_principal client = login->client;
    struct kerberos_keys_wish wish = {
        .host = login->config->host,
        .realm = {client->realm.data, client->realm.length},
    };
    wish.service_names = kerberos_credential_services(login->credential, &wish.n_service_names);
    login->n_services = kerberos_keys_choose(kerberos_keytab_keys(keytab), &wish, login->services,
                                             KERBEROS_PASSWORD_SERVICES_LIMIT);
    if (login->n_services > 0)
        return SEC_E_OK;
    return error_info_refuse(login->error_info, SEC_E_NO_CREDENTIALS, SSPI_REASON_CONFIGURATION,
                             "keytab %s no longer has a key for an accepted service",
                             kerberos_keytab_path(keytab));
}

static krb5_error_code ask_ticket(struct kerberos_login *login, const char *service)
{
    krb5_creds wanted = {.client = login->tgt.client};
    krb5_creds *ticket = NULL;
    krb5_error_code code = krb5_parse_name(login->krb5, service, &wanted.server);
    if (code != 0)
        return code;
    code = krb5_get_credentials(login->krb5, 0, login->ccache, &wanted, &ticket);
    krb5_free_creds(login->krb5, ticket);
    krb5_free_principal(login->krb5, wanted.server);
    return code;
}

/* Explains why the KDC gave no ticket for login->service. */
static SECURITY_STATUS ticket_status(struct kerberos_login *login, krb5_error_code code)
{
    char text[KERBEROS_KDC_TEXT_SIZE];
    SECURITY_STATUS status = kerberos_kdc_status(login->krb5, code, login->error_info);
    if (status != SEC_E_OK)
        return status;
    if (code == KRB5KDC_ERR_POLICY)
        return error_info_refuse(login->error_info, SEC_E_LOGON_DENIED, SSPI_REASON_ACCOUNT_LOCKED,
                                 "the policy of the KDC allows user %s no ticket for %s",
                                 login->shown, login->service);
    return error_info_refuse(login->error_info, SEC_E_LOGON_DENIED, SSPI_REASON_UNPROVEN_KDC,
                             "the KDC that took the password of user %s gives no ticket for %s: %s",
                             login->shown, login->service,
                             kerberos_kdc_text(login->krb5, code, text, sizeof(text)));
}

/* Leaves a ticket for one of the services in the cache. */
static SECURITY_STATUS get_ticket(struct kerberos_login *login)
{
    krb5_error_code code = KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN;
    for (size_t i = 0; i < login->n_services && code == KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN; i++) {
        login->service = login->services[i];
        code = ask_ticket(login, login->service);
    }
    return code == 0 ? SEC_E_OK : ticket_status(login, code);
}

/* Explains why our own acceptor refused the KDC's ticket. */
static SECURITY_STATUS accept_status(struct kerberos_login *login, SECURITY_STATUS status)
{
    struct sspi_error_info refusal = *login->error_info;
    switch (refusal.reason) {
    case SSPI_REASON_NO_KEY:
    case SSPI_REASON_BAD_KEY:
    case SSPI_REASON_MALFORMED:
        return error_info_refuse(login->error_info, SEC_E_LOGON_DENIED, SSPI_REASON_UNPROVEN_KDC,
                                 "the KDC that took the password of user %s is not proven: %s",
                                 login->shown, refusal.text);
    case SSPI_REASON_CLOCK_SKEW:
    case SSPI_REASON_TICKET_EXPIRED:
        return error_info_refuse(login->error_info, SEC_E_TIME_SKEW, SSPI_REASON_KDC_CLOCK,
                                 "the ticket of user %s is not valid now: %s", login->shown,
                                 refusal.text);
    default:
        return status;
    }
}

static SECURITY_STATUS accept_token(struct kerberos_login *login, const struct bytes *token,
                                    struct package_context *context)
{
    const struct package_input in = {.token = bytes_as_view(token), .http = true, .n_tokens = 1};
    struct package_output out = {.error_info = login->error_info};
    SECURITY_STATUS status = package_context_accept(context, &in, &out);
    package_output_clear(&out);
    return status == SEC_E_OK ? SEC_E_OK : accept_status(login, status);
}

static SECURITY_STATUS check_accepted(struct kerberos_login *login,
                                      const struct package_context *context)
{
    const struct package_info *info = package_context_info(context);
    if (info != NULL && strcmp(info->name, login->client_name) == 0)
        return SEC_E_OK;
    return error_info_refuse(login->error_info, SEC_E_LOGON_DENIED, SSPI_REASON_UNPROVEN_KDC,
                             "the KDC's ticket is of another user than %s", login->shown);
}

static SECURITY_STATUS prove_kdc(struct kerberos_login *login, struct package_context *context)
{
    BYTES_CLEANUP struct bytes token = {0};
    SECURITY_STATUS status = kerberos_initiate_token(login->ccache_name, NULL, login->service,
                                                     &token, login->error_info);
    if (status == SEC_E_OK)
        status = accept_token(login, &token, context);
    if (status == SEC_E_OK)
        status = check_accepted(login, context);
    return status;
}

static SECURITY_STATUS run(struct kerberos_login *login, const struct package_password *in,
                           struct package_context *context)
{
    if (krb5_init_context(&login->krb5) != 0)
        return error_info_refuse(login->error_info, SEC_E_INTERNAL_ERROR, SSPI_REASON_INTERNAL,
                                 "libkrb5 cannot read krb5.conf");
    SECURITY_STATUS status = read_user(login, in->user);
    if (status == SEC_E_OK)
        status = choose_services(login);
    if (status == SEC_E_OK)
        status = acquire_armor(login);
    if (status == SEC_E_OK)
        status = get_initial(login, in->password);
    if (status == SEC_E_OK)
        status = check_initial(login);
    if (status == SEC_E_OK)
        status = get_ticket(login);
    if (status == SEC_E_OK)
        status = prove_kdc(login, context);
    return status;
}

SECURITY_STATUS kerberos_password_verify(const struct kerberos_password_config *config,
                                         const struct package_password *in,
                                         struct package_context *ret_context,
                                         struct sspi_error_info *error_info)
{
    __attribute__((cleanup(login_clear))) struct kerberos_login login = {
        .config = config,
        .credential = config->credential->data,
        .error_info = error_info,
    };
    package_context_init(ret_context, config->credential);
    SECURITY_STATUS status = run(&login, in, ret_context);
    if (status != SEC_E_OK)
        package_context_clear(ret_context);
    return status;
}
