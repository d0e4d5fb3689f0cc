/* SPDX-License-Identifier: Apache-2.0 */
#include "request_basic.h"

#include "error_info.h"
#include "escape.h"
#include "clock.h"
#include "policy.h"
#include "request_basic_ask.h"
#include "request_basic_file.h"
#include "request_basic_header.h"
#include "request_basic_tries.h"

bool request_basic_is_exposed(const struct sspi_exchange *exchange,
                              const struct sspi_policy *policy, uint8_t scheme)
{
    return scheme == SSPI_SCHEME_BASIC && !exchange->request.tls && policy->basic_require_tls &&
           policy->schemes.offers[SSPI_SCHEME_BASIC];
}

/* A password proves no channel, so it is not even read where that is demanded. */
static enum sspi_reason refuse_unbound(struct sspi_exchange *exchange)
{
    struct sspi_error_info error_info;
    return request_exchange_refuse(
        exchange,
        error_info_refuse(&error_info, SEC_E_BAD_BINDINGS, SSPI_REASON_MISSING_BINDING,
                          "the client used Basic, which proves no channel, but this location "
                          "demands a channel binding"),
        &error_info);
}

/* Unknown users and wrong passwords have the same line and the same answer. */
static enum sspi_reason refuse_password(struct sspi_exchange *exchange,
                                        const struct package_password *in)
{
    struct sspi_error_info error_info;
    char shown[ESCAPE_NAME_SIZE];
    return request_exchange_refuse(exchange,
                                   error_info_refuse(&error_info, SEC_E_LOGON_DENIED,
                                                     SSPI_REASON_WRONG_PASSWORD,
                                                     "unknown user or wrong password: user \"%s\"",
                                                     escape_text(shown, sizeof(shown), in->user)),
                                   &error_info);
}

/* Refuses a name that could be mistaken for a name of another offered scheme. */
static enum sspi_reason check_name(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    char shown[ESCAPE_NAME_SIZE];
    if (!policy_identity_is_ambiguous(&exchange->identity, policy))
        return SSPI_REASON_GRANTED;
    return request_exchange_log(
        exchange, SSPI_REASON_AMBIGUOUS_USER, SEC_E_LOGON_DENIED,
        "Digest user \"%s\" holds @ or a backslash, which could be mistaken for another scheme's "
        "name; rename the user, or offer only schemes with users of Digest",
        escape_text(shown, sizeof(shown), bytes_view(exchange->identity.name)));
}

/* False: a file was not opened at start; a log entry says so. */
static bool find_files(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                       struct request_basic_files *ret_files)
{
    *ret_files = (struct request_basic_files){0};
    bool digest = policy_basic_has(policy, SSPI_MECH_NONE);
    bool nt = policy_basic_has(policy, SSPI_MECH_NTLM);
    if (digest)
        ret_files->digest = request_exchange_source(exchange, policy, SSPI_OPTION_DIGEST_USER_FILE);
    if (nt)
        ret_files->nt = request_exchange_source(exchange, policy, SSPI_OPTION_NTLM_USER_FILE);
    return (!digest || ret_files->digest != NULL) && (!nt || ret_files->nt != NULL);
}

static bool start_reload(struct sspi_exchange *exchange, const struct request_basic_files *files)
{
    return request_exchange_start_reload(exchange, files->digest) ||
           request_exchange_start_reload(exchange, files->nt);
}

/* The verification did not wait, so the password is counted only now that it was wrong. If the
 * limit was reached meanwhile, the client must not learn that it was. */
static enum sspi_reason refuse_counted(struct sspi_exchange *exchange,
                                       const struct package_password *in,
                                       const struct store_tries_call *call)
{
    uint64_t until_ms;
    return store_tries_add(&exchange->acceptor->passwords->tries, call, &until_ms) ==
                   STORE_TRIES_OPEN
               ? refuse_password(exchange, in)
               : request_basic_refuse_tries(exchange, in->user, call, until_ms);
}

/* The password is right. It does not count if the limit was reached while it was verified, because
 * it may be one of many guesses at the same time. */
static enum sspi_reason grant(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                              const struct package_password *in,
                              const struct store_tries_call *call)
{
    uint64_t until_ms;
    if (store_tries_check(&exchange->acceptor->passwords->tries, call, NULL, &until_ms) ==
        STORE_TRIES_OPEN)
        return check_name(exchange, policy);
    policy_identity_clear(&exchange->identity);
    return request_basic_refuse_tries(exchange, in->user, call, until_ms);
}

static enum sspi_reason verify_by_file(struct sspi_exchange *exchange,
                                       const struct sspi_policy *policy,
                                       const struct package_password *in,
                                       const struct store_tries_call *call)
{
    struct request_basic_files files;
    if (!find_files(exchange, policy, &files))
        return SSPI_REASON_CONFIGURATION;
    enum sspi_reason reason = request_basic_file_verify(exchange, &files, in);
    if (reason == SSPI_REASON_GRANTED)
        return grant(exchange, policy, in, call);
    if (reason != SSPI_REASON_WRONG_PASSWORD)
        return reason;
    return start_reload(exchange, &files) ? SSPI_REASON_NONE : refuse_counted(exchange, in, call);
}

/* Verifies a password unless the limit of wrong ones is reached. */
static enum sspi_reason verify(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                               const struct package_password *in, struct request_basic_who *who)
{
    const struct store_tries_call call = request_basic_who_call(who, clock_machine_steady_ms());
    enum sspi_basic_verify verifier;
    uint64_t until_ms;
    if (!policy_basic_verifier(policy, &verifier))
        return SSPI_REASON_CONFIGURATION;
    if (verifier != SSPI_BASIC_VERIFY_FILE)
        return request_basic_ask(exchange, policy, in, who);
    return store_tries_check(&exchange->acceptor->passwords->tries, &call, NULL, &until_ms) ==
                   STORE_TRIES_OPEN
               ? verify_by_file(exchange, policy, in, &call)
               : request_basic_refuse_tries(exchange, in->user, &call, until_ms);
}

enum sspi_reason request_basic_evaluate(struct sspi_exchange *exchange,
                                        const struct sspi_policy *policy, struct sspi_view text)
{
    REQUEST_BASIC_HEADER_CLEANUP struct request_basic_header header = {0};
    __attribute__((cleanup(request_basic_who_clear))) struct request_basic_who who = {0};
    struct sspi_error_info error_info = {0};
    if (exchange->basic.job != NULL)
        return request_basic_ask_end(exchange, policy);
    if (policy_demands_channel(policy))
        return refuse_unbound(exchange);
    exchange->basic.is_read = true;
    if (request_basic_header_read(text, &header, &error_info) != SSPI_REASON_NONE)
        return request_exchange_refuse(exchange,
                                       error_info.reason == SSPI_REASON_INTERNAL
                                           ? SEC_E_INSUFFICIENT_MEMORY
                                           : SEC_E_INVALID_TOKEN,
                                       &error_info);
    const struct package_password in = request_basic_header_password(&header);
    return request_basic_who_of(exchange, policy, in.user, &who)
               ? verify(exchange, policy, &in, &who)
               : request_exchange_out_of_memory(exchange);
}
