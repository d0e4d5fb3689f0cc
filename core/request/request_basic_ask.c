/* SPDX-License-Identifier: Apache-2.0 */
#include "request_basic_ask.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "error_info.h"
#include "kerberos_password.h"
#include "ntlm_winbind.h"
#include "policy.h"
#include "request_basic_facts.h"
#include "request_wait.h"
#include "session_host.h"

/* How long a request waits before it looks again whether another one has verified its password. */
#define FIRST_WAIT_MS 10u
#define LAST_WAIT_MS  100u

/* One verification. It owns all it needs, because it may outlive its request. */
struct job {
    struct sspi_job job;
    struct acceptor_passwords *passwords;
    struct acceptor_password_tag tag;
    struct request_basic_who who;
    struct bytes user, password;
    const struct acceptor_source *source;
    bool remembers;                        /* a right password */
    bool is_begun;                         /* the try is counted, and has not ended */
    struct sspi_winbind *winbind;          /* NULL: the KDC is asked */
    struct package_credential *credential; /* of Kerberos */
    struct kerberos_service_credential *service;
    struct sspi_view *realms;
    size_t n_realms;
    char host[SESSION_HOST_LIMIT];
    size_t host_len;
    SECURITY_STATUS status;
    struct sspi_error_info error_info;
    struct policy_identity identity; /* SEC_E_OK; without its source */
    const char *logon_problem;
};

/* ---- in the thread of the job ---- */

static uint64_t password_number(const struct acceptor_password_tag *tag)
{
    return bytes_read_u64(tag->octets);
}

static void end_try(struct job *job, bool wrong)
{
    const struct store_tries_call call =
        request_basic_who_call(&job->who, clock_machine_steady_ms());
    if (job->is_begun)
        store_tries_end(&job->passwords->tries, &call, password_number(&job->tag), wrong);
    job->is_begun = false;
}

static SECURITY_STATUS take_info(struct job *job, const struct package_info *info)
{
    const struct policy_identity identity =
        request_exchange_borrow_identity(info, SSPI_SCHEME_BASIC);
    job->logon_problem = info->logon_problem;
    return policy_identity_copy(&identity, &job->identity) ? SEC_E_OK
                                                           : error_info_no_memory(&job->error_info);
}

static SECURITY_STATUS take_context(struct job *job, struct package_context *context)
{
    SECURITY_STATUS status = package_context_read_logon(context);
    const struct package_info *info = package_context_info(context);
    if (status == SEC_E_OK && info != NULL)
        return take_info(job, info);
    return error_info_refuse(&job->error_info, SEC_E_INTERNAL_ERROR, SSPI_REASON_INTERNAL,
                             "an established context could not be read");
}

static SECURITY_STATUS ask_winbind(struct job *job, const struct package_password *in)
{
    struct package_info info = {0};
    SECURITY_STATUS status =
        ntlm_winbind_verify_password(job->winbind, in, &info, &job->error_info);
    if (status == SEC_E_OK)
        status = take_info(job, &info);
    package_info_clear(&info);
    return status;
}

static SECURITY_STATUS ask_kdc(struct job *job, const struct package_password *in)
{
    const struct kerberos_password_config config = {.credential = job->credential,
                                                    .realms = job->realms,
                                                    .n_realms = job->n_realms,
                                                    .host = {job->host, job->host_len},
                                                    .service = job->service};
    struct package_context context = {0};
    SECURITY_STATUS status = kerberos_password_verify(&config, in, &context, &job->error_info);
    if (status == SEC_E_OK)
        status = take_context(job, &context);
    package_context_clear(&context);
    return status;
}

static void remember(const struct job *job)
{
    BYTES_CLEANUP struct bytes facts = {0};
    request_basic_facts_write(&job->identity, &facts);
    if (!facts.failed)
        store_passwords_add(&job->passwords->right, job->tag.octets, bytes_as_view(&facts),
                            clock_machine_steady_ms());
}

static void run(struct sspi_job *base)
{
    struct job *job = (struct job *)base;
    const struct package_password in = {bytes_as_view(&job->user), bytes_as_view(&job->password)};
    job->status = job->winbind != NULL ? ask_winbind(job, &in) : ask_kdc(job, &in);
    base->is_unanswered = job->status == SEC_E_NO_AUTHENTICATING_AUTHORITY;
    if (job->status == SEC_E_OK && job->remembers)
        remember(job);
    /* Last: the requests that wait for this one find what is remembered. */
    end_try(job, job->status == SEC_E_LOGON_DENIED);
    bytes_free(&job->password);
}

static void destroy(struct sspi_job *base)
{
    struct job *job = (struct job *)base;
    end_try(job, false); /* it never ran */
    acceptor_passwords_unref(job->passwords);
    request_basic_who_clear(&job->who);
    bytes_free(&job->user);
    bytes_free(&job->password);
    ntlm_winbind_unref(job->winbind);
    package_credential_unref(job->credential);
    kerberos_service_credential_unref(job->service);
    free(job->realms);
    policy_identity_clear(&job->identity);
    free(job);
}

/* ---- making the job ---- */

static bool is_by_winbind(const struct sspi_policy *policy)
{
    return policy_basic_has(policy, SSPI_MECH_NTLM);
}

static enum sspi_option source_option(const struct sspi_policy *policy)
{
    return is_by_winbind(policy) ? SSPI_OPTION_NTLM_USER_FILE : SSPI_OPTION_KEYTAB;
}

static enum acceptor_wait wait_of(const struct sspi_policy *policy)
{
    return is_by_winbind(policy) ? ACCEPTOR_WAIT_WINBIND : ACCEPTOR_WAIT_KDC;
}

/* Copies the realms, because those of a .htaccess file live only as long as the request. */
static bool copy_realms(struct job *job, const struct sspi_policy *policy)
{
    job->n_realms = policy->basic_realms.n;
    return bytes_copy_views(policy->basic_realms.words, job->n_realms, &job->realms);
}

/* Gets what the verifier needs: winbind, or keys that prove the KDC. */
static SECURITY_STATUS get_verifier(struct sspi_exchange *exchange,
                                    const struct sspi_policy *policy, struct job *job,
                                    struct sspi_error_info *error_info)
{
    struct sspi_acceptor *acceptor = exchange->acceptor;
    struct acceptor_source *keytab =
        acceptor_source_find(acceptor->sources, policy, source_option(policy));
    if (keytab->winbind != NULL) {
        job->winbind = ntlm_winbind_ref(keytab->winbind);
        return SEC_E_OK;
    }
    SSPI_ACCEPTOR_DATA data = {.Version = SSPI_ACCEPTOR_DATA_VERSION,
                               .Mechanisms = SSPI_MECHANISM_KERBEROS,
                               .State = acceptor->state,
                               .Keytab = keytab->keytab,
                               .ServiceNames = policy->service_names.words,
                               .ServiceNameCount = (uint32_t)policy->service_names.n};
    struct acceptor_credential *credential;
    SECURITY_STATUS status = acceptor_credentials_acquire(&acceptor->credentials, &kerberos_package,
                                                          &data, &credential, error_info);
    if (status != SEC_E_OK)
        return status;
    struct kerberos_service_credential *service =
        acceptor_service_find(acceptor->services, keytab, policy);
    job->service = service == NULL ? NULL : kerberos_service_credential_ref(service);
    job->credential = package_credential_ref(acceptor_credentials_of_package(credential));
    acceptor_credentials_release(&acceptor->credentials, credential);
    return SEC_E_OK;
}

static bool copy_password(const struct sspi_exchange *exchange, const struct sspi_policy *policy,
                          const struct package_password *in, struct job *job)
{
    bytes_append_view(&job->user, in->user);
    bytes_append_view(&job->password, in->password);
    job->host_len = session_host_of(exchange->request.authority, job->host);
    return !job->user.failed && !job->password.failed && copy_realms(job, policy);
}

/* NULL: the request ends for *ret_reason. */
static struct job *make(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                        const struct package_password *in, const struct acceptor_password_tag *tag,
                        enum sspi_reason *ret_reason)
{
    struct sspi_error_info error_info = {0};
    struct job *job = calloc(1, sizeof(*job));
    SECURITY_STATUS status = SEC_E_INSUFFICIENT_MEMORY;
    if (job != NULL) {
        acceptor_job_init(&job->job, run, destroy);
        job->passwords = acceptor_passwords_ref(exchange->acceptor->passwords);
        job->tag = *tag;
        status = copy_password(exchange, policy, in, job)
                     ? get_verifier(exchange, policy, job, &error_info)
                     : error_info_no_memory(&error_info);
    }
    if (status == SEC_E_OK)
        return job;
    sspi_job_unref(job == NULL ? NULL : &job->job);
    *ret_reason = request_exchange_refuse(exchange, status, &error_info);
    return NULL;
}

/* ---- the tag ---- */

static void append_text(struct bytes *to, struct sspi_view text)
{
    const uint64_t len = text.len;
    bytes_append(to, &len, sizeof(len));
    bytes_append_view(to, text);
}

/* Computes the tag of the password: it depends on who verifies it, with which keytab, and on the
 * realms that a name can mean. */
static bool make_tag(const struct sspi_exchange *exchange, const struct sspi_policy *policy,
                     const struct acceptor_source *source, const struct package_password *in,
                     struct acceptor_password_tag *ret_tag)
{
    BYTES_CLEANUP struct bytes what = {0};
    bytes_append_char(&what, (char)source->option);
    append_text(&what, bytes_view(source->name == NULL ? "" : source->name));
    for (size_t i = 0; i < policy->basic_realms.n; i++)
        append_text(&what, policy->basic_realms.words[i]);
    bytes_append_char(&what, '\0');
    append_text(&what, in->user);
    return !what.failed &&
           acceptor_passwords_tag(exchange->acceptor->passwords, &exchange->acceptor->hashes,
                                  bytes_as_view(&what), in->password, ret_tag);
}

/* ---- the request ---- */

static enum sspi_reason grant(struct sspi_exchange *exchange, const struct acceptor_source *source)
{
    exchange->identity.source = source;
    if (exchange->identity.mech == SSPI_MECH_KERBEROS &&
        request_exchange_is_of_foreign_service(exchange, source))
        exchange->identity.is_foreign = true;
    return SSPI_REASON_GRANTED;
}

/* True if the password was right a short time ago: the exchange has the identity. */
static bool find_remembered(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                            const struct acceptor_password_tag *tag)
{
    BYTES_CLEANUP struct bytes facts = {0};
    const struct clock *clock = clock_machine();
    return store_passwords_find(&exchange->acceptor->passwords->right, tag->octets,
                                clock_machine_steady_ms(), policy->basic_cache_s * 1000, &facts) &&
           request_basic_facts_read(bytes_as_view(&facts), &exchange->identity) &&
           exchange->identity.expiry_ms > clock->now_ms(clock->self);
}

/* Another request verifies the same password, so this one looks again after a while. The job of
 * that request may have been left behind, and the KDC or winbind may be silent. */
static enum sspi_reason wait_for_other(struct sspi_exchange *exchange, enum acceptor_wait wait)
{
    struct request_basic *basic = &exchange->basic;
    uint64_t now_ms = clock_machine_steady_ms();
    enum sspi_reason reason = request_wait_for_other(exchange, wait);
    if (reason != SSPI_REASON_NONE)
        return reason;
    if (basic->wait_ms == 0)
        basic->began_ms = now_ms;
    if (now_ms - basic->began_ms > SSPI_JOB_DEADLINE_MS)
        return request_exchange_log(
            exchange, SSPI_REASON_BUSY, SEC_E_NO_AUTHENTICATING_AUTHORITY,
            "another request verifies the same password, and got no answer within %d seconds",
            SSPI_JOB_DEADLINE_MS / 1000);
    basic->wait_ms = basic->wait_ms == 0 ? FIRST_WAIT_MS : 2 * basic->wait_ms;
    if (basic->wait_ms > LAST_WAIT_MS)
        basic->wait_ms = LAST_WAIT_MS;
    exchange->need = SSPI_NEED_WAIT;
    return SSPI_REASON_NONE;
}

/* The try is counted. Makes the job, which takes over `who` and the try, and hands it out. */
static enum sspi_reason begin(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                              const struct acceptor_source *source,
                              const struct package_password *in,
                              const struct acceptor_password_tag *tag,
                              struct request_basic_who *who)
{
    enum sspi_reason reason = SSPI_REASON_INTERNAL;
    struct job *job = make(exchange, policy, in, tag, &reason);
    if (job == NULL) {
        const struct store_tries_call call = request_basic_who_call(who, clock_machine_steady_ms());
        store_tries_end(&exchange->acceptor->passwords->tries, &call, password_number(tag), false);
        return reason;
    }
    job->source = source;
    job->remembers = policy->basic_cache_s > 0;
    job->who = *who;
    *who = (struct request_basic_who){0};
    job->is_begun = true;
    reason = request_wait_begin(exchange, &job->job, wait_of(policy));
    if (reason != SSPI_REASON_NONE) {
        sspi_job_unref(&job->job);
        return reason;
    }
    exchange->basic.job = &job->job;
    exchange->need = SSPI_NEED_JOB;
    return SSPI_REASON_NONE;
}

static enum sspi_reason ask(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                            const struct acceptor_source *source, const struct package_password *in,
                            const struct acceptor_password_tag *tag, struct request_basic_who *who)
{
    uint64_t until_ms;
    const struct store_tries_call call = request_basic_who_call(who, clock_machine_steady_ms());
    switch (store_tries_begin(&exchange->acceptor->passwords->tries, &call, password_number(tag),
                              &until_ms)) {
    case STORE_TRIES_OPEN:
        return begin(exchange, policy, source, in, tag, who);
    case STORE_TRIES_ASKED_NOW:
        return wait_for_other(exchange, wait_of(policy));
    case STORE_TRIES_LIMITED:
        break;
    }
    return request_basic_refuse_tries(exchange, in->user, &call, until_ms);
}

/* NULL: it is not open, or it is a file because a .htaccess file names one; a log entry says so. */
static struct acceptor_source *find_source(struct sspi_exchange *exchange,
                                           const struct sspi_policy *policy)
{
    char error[SSPI_ERROR_SIZE];
    if (sspi_policy_check_basic(policy, exchange->acceptor->config.server, error))
        return request_exchange_source(exchange, policy, source_option(policy));
    (void)request_exchange_log(exchange, SSPI_REASON_CONFIGURATION, SEC_E_OK, "%s", error);
    return NULL;
}

/* Remembered passwords are no exception from the limit of wrong ones, because otherwise the answer
 * would say which password is right. */
static enum sspi_reason
find_or_ask(struct sspi_exchange *exchange, const struct sspi_policy *policy,
            struct acceptor_source *source, const struct package_password *in,
            const struct acceptor_password_tag *tag, struct request_basic_who *who)
{
    uint64_t until_ms;
    const struct store_tries_call call = request_basic_who_call(who, clock_machine_steady_ms());
    const uint64_t password = password_number(tag);
    switch (store_tries_check(&exchange->acceptor->passwords->tries, &call, &password, &until_ms)) {
    case STORE_TRIES_LIMITED:
        return request_basic_refuse_tries(exchange, in->user, &call, until_ms);
    case STORE_TRIES_ASKED_NOW:
        return wait_for_other(exchange, wait_of(policy));
    case STORE_TRIES_OPEN:
        break;
    }
    if (find_remembered(exchange, policy, tag))
        return grant(exchange, source);
    policy_identity_clear(&exchange->identity);
    if (request_exchange_start_reload(exchange, source))
        return SSPI_REASON_NONE;
    return ask(exchange, policy, source, in, tag, who);
}

static enum sspi_reason fail(struct sspi_exchange *exchange)
{
    struct sspi_error_info error_info;
    return request_exchange_refuse(
        exchange, error_info_library_failed(&error_info, "the hash of a password"), &error_info);
}

enum sspi_reason request_basic_ask(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                                   const struct package_password *in, struct request_basic_who *who)
{
    struct acceptor_password_tag tag;
    struct acceptor_source *source = find_source(exchange, policy);
    if (source == NULL)
        return SSPI_REASON_CONFIGURATION;
    return make_tag(exchange, policy, source, in, &tag)
               ? find_or_ask(exchange, policy, source, in, &tag, who)
               : fail(exchange);
}

enum sspi_reason request_basic_ask_end(struct sspi_exchange *exchange,
                                       const struct sspi_policy *policy)
{
    struct job *job = (struct job *)exchange->basic.job;
    exchange->basic.job = NULL;
    enum sspi_reason reason = request_wait_end(
        exchange, &job->job, job->winbind != NULL ? ACCEPTOR_WAIT_WINBIND : ACCEPTOR_WAIT_KDC);
    if (reason == SSPI_REASON_NONE && job->status != SEC_E_OK)
        reason = request_exchange_refuse(exchange, job->status, &job->error_info);
    if (reason == SSPI_REASON_NONE) {
        exchange->identity = job->identity;
        exchange->logon_problem = job->logon_problem;
        job->identity = (struct policy_identity){0};
        reason = grant(exchange, job->source);
    }
    sspi_job_unref(&job->job);
    return reason;
}
