/* SPDX-License-Identifier: Apache-2.0 */
#include "request_reload.h"

#include "clock.h"
#include "policy.h"
#include "request_login.h"

/* True if the users of NTLM must be checked for changes. A request without credentials does not ask
 * winbind for its names. But if the connection keeps a login by a user file, that file is checked.
 * A session may be one of either source, so a request with cookies checks it, too. */
static bool uses_nt_users(const struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    if (!policy_uses_mech(policy, SSPI_MECH_NTLM))
        return false;
    return request_exchange_has_credentials(exchange) ||
           (policy->session && exchange->request.cookies.len > 0) ||
           request_login_is_by(exchange, acceptor_source_find(exchange->acceptor->sources, policy,
                                                              SSPI_OPTION_NTLM_USER_FILE));
}

/* Hands out a job that the request does not wait for. False: there is none. */
static bool begin_background(struct sspi_exchange *exchange, struct sspi_job *job)
{
    if (job == NULL)
        return false;
    exchange->result.need = SSPI_NEED_JOB;
    exchange->result.job = job;
    exchange->result.in_background = true;
    return true;
}

/* True if the file of this option has changed. */
static bool begin_file(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                       enum sspi_option option, uint64_t now_ms)
{
    struct acceptor_source *source =
        acceptor_source_find(exchange->acceptor->sources, policy, option);
    if (source == NULL)
        return false;
    exchange->reload_job = acceptor_source_check_changed(source, now_ms);
    if (exchange->reload_job == NULL)
        return false;
    request_exchange_need_job(exchange, exchange->reload_job);
    return true;
}

bool request_reload_begin(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    const struct {
        bool used;
        enum sspi_option option;
    } files[] = {
        {sspi_policy_runs_kerberos(policy), SSPI_OPTION_KEYTAB},
        {uses_nt_users(exchange, policy), SSPI_OPTION_NTLM_USER_FILE},
        {policy_uses_digest_users(policy), SSPI_OPTION_DIGEST_USER_FILE},
        {policy_uses_group_file(policy), SSPI_OPTION_GROUP_FILE},
        {policy->session, SSPI_OPTION_KEY_FILE},
    };
    uint64_t now_ms = clock_machine_steady_ms();
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        if (files[i].used && begin_file(exchange, policy, files[i].option, now_ms))
            return true;
    /* The names of groups, and the files with delegated tickets. */
    return begin_background(exchange,
                            acceptor_directory_check_due(exchange->acceptor->directory, now_ms)) ||
           begin_background(exchange,
                            acceptor_ccaches_check_due(exchange->acceptor->ccaches, now_ms));
}

void request_reload_end(struct sspi_exchange *exchange)
{
    struct sspi_log_entry entry;
    while (acceptor_directory_take_entry(exchange->acceptor->directory, &entry))
        request_exchange_add_entry(exchange, &entry);
    if (exchange->reload_job == NULL)
        return;
    if (acceptor_source_log_reload(exchange->reload_job, &entry))
        request_exchange_add_entry(exchange, &entry);
    sspi_job_unref(exchange->reload_job);
    exchange->reload_job = NULL;
}
