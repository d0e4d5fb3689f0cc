/* SPDX-License-Identifier: Apache-2.0 */
#include "acceptor.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "binding_session.h"
#include "clock.h"
#include "hash.h"
#include "acceptor_basic.h"
#include "acceptor_config_check.h"
#include "acceptor_delegation.h"
#include "policy.h"
#include "policy_require.h"
#include "kerberos_keytab.h"
#include "kerberos_name.h"
#include "ntlm_winbind.h"
#include "service_name.h"
#include "store_keys.h"
#include "store_state.h"
#include "store_users.h"

/* ---- limiters ---- */

/* Any number of lookups of accounts may run, because most of them read a file of this machine. */
static bool make_limiters(struct sspi_acceptor *acceptor)
{
    bool made = true;
    for (enum acceptor_wait wait = 0; wait < ACCEPTOR_N_WAITS; wait++) {
        acceptor->limiters[wait] = acceptor_limiter_new(
            wait, wait == ACCEPTOR_WAIT_NSS ? 0 : acceptor->config.max_waiting_jobs);
        made = made && acceptor->limiters[wait] != NULL;
    }
    return made;
}

static void free_limiters(struct sspi_acceptor *acceptor)
{
    for (enum acceptor_wait wait = 0; wait < ACCEPTOR_N_WAITS; wait++)
        acceptor_limiter_unref(acceptor->limiters[wait]);
}

static bool has_waiting_jobs(const struct sspi_acceptor *acceptor)
{
    for (enum acceptor_wait wait = 0; wait < ACCEPTOR_N_WAITS; wait++)
        if (acceptor_limiter_is_used(acceptor->limiters[wait]))
            return true;
    return false;
}

struct acceptor_limiter *acceptor_limiter_of(const struct sspi_acceptor *acceptor,
                                             enum acceptor_wait wait)
{
    return acceptor->limiters[wait];
}

/* ---- making and freeing ---- */

struct sspi_acceptor *sspi_acceptor_new(const struct sspi_acceptor_config *config)
{
    struct sspi_acceptor *acceptor = calloc(1, sizeof(*acceptor));
    if (acceptor == NULL)
        return NULL;
    const struct clock *clock = clock_machine();
    acceptor->config = *config;
    acceptor->tls = binding_table_new();
    acceptor->directory = acceptor_directory_new();
    acceptor->ccaches = acceptor_ccaches_new();
    acceptor->tickets = acceptor_tickets_new();
    acceptor->passwords = acceptor_passwords_new();
    bool limiters = make_limiters(acceptor);
    bool locks = acceptor_credentials_init(&acceptor->credentials) &&
                 acceptor_log_addresses_init(&acceptor->logged_proxies);
    bool hashes = hash_suite_init(&acceptor->hashes);
    bool keyed = clock->random(clock->self, acceptor->mark_key, sizeof(acceptor->mark_key));
    if (acceptor->tls != NULL && limiters && acceptor->directory != NULL &&
        acceptor->ccaches != NULL && acceptor->tickets != NULL && acceptor->passwords != NULL &&
        locks && hashes && keyed)
        return acceptor;
    hash_suite_clear(&acceptor->hashes);
    binding_table_free(acceptor->tls);
    free_limiters(acceptor);
    acceptor_passwords_unref(acceptor->passwords);
    acceptor_directory_unref(acceptor->directory);
    acceptor_ccaches_unref(acceptor->ccaches);
    acceptor_tickets_free(acceptor->tickets);
    free(acceptor);
    return NULL;
}

void sspi_acceptor_free(struct sspi_acceptor *acceptor)
{
    if (acceptor == NULL || has_waiting_jobs(acceptor))
        return;
    /* Credentials use the sources, so they are closed first. */
    acceptor_credentials_clear(&acceptor->credentials);
    acceptor_service_free(acceptor->services);
    while (acceptor->sources != NULL) {
        struct acceptor_source *first = acceptor->sources;
        acceptor->sources = first->next;
        acceptor_source_free(first);
    }
    binding_table_free(acceptor->tls);
    free_limiters(acceptor);
    acceptor_passwords_unref(acceptor->passwords);
    acceptor_directory_unref(acceptor->directory);
    acceptor_ccaches_unref(acceptor->ccaches);
    acceptor_tickets_free(acceptor->tickets);
    acceptor_log_addresses_clear(&acceptor->logged_proxies);
    acceptor_sessions_free(acceptor->sessions);
    hash_suite_clear(&acceptor->hashes);
    ntlm_nt_hash_clear(&acceptor->nt_hash);
    store_keys_unref(acceptor->state_keys);
    store_state_free(acceptor->state);
    free(acceptor->default_realm);
    acceptor_entries_clear(&acceptor->entries);
    bytes_wipe(acceptor->mark_key, sizeof(acceptor->mark_key));
    free(acceptor);
}

static const char *option_name(const struct sspi_acceptor *acceptor, enum sspi_option option)
{
    return sspi_option_info(option)->name[acceptor->config.server];
}

bool sspi_acceptor_check_tls(const struct sspi_acceptor *acceptor, const struct sspi_policy *policy,
                             struct ssl_ctx_st *ctx, char *error)
{
    if (policy->channel_binding != SSPI_BINDING_REQUIRE || policy_has_front_end(policy) ||
        !policy->channel_types.offers[SSPI_CHANNEL_TYPE_END_POINT] ||
        binding_table_is_complete(acceptor->tls, ctx))
        return true;
    snprintf(
        error, SSPI_ERROR_SIZE,
        "%s is require, but a certificate of this host has no channel binding (RFC 5929), because "
        "its signature has no single hash (Ed25519). Use an RSA or ECDSA certificate, or "
        "tls-exporter in %s",
        option_name(acceptor, SSPI_OPTION_CHANNEL_BINDING),
        option_name(acceptor, SSPI_OPTION_CHANNEL_BINDING_TYPE));
    return false;
}

/* ---- log entries of the start ---- */

static void warn(struct sspi_acceptor *acceptor, enum sspi_reason reason, const char *text)
{
    acceptor_entries_add(&acceptor->entries, reason, "%s", text);
}

void sspi_acceptor_check_name(struct sspi_acceptor *acceptor, const struct sspi_policy *policy,
                              const char *directive, struct sspi_view name)
{
    char text[SSPI_ERROR_SIZE];
    if (!acceptor_config_check_name(policy, directive, name, acceptor->default_realm, text))
        warn(acceptor, SSPI_REASON_NO_MATCH, text);
}

void sspi_acceptor_check_realm(struct sspi_acceptor *acceptor, const struct sspi_policy *policy,
                               const char *directive, struct sspi_view realm)
{
    char text[SSPI_ERROR_SIZE];
    if (!acceptor_config_check_realm(policy, directive, realm, text))
        warn(acceptor, SSPI_REASON_NO_MATCH, text);
}

void sspi_acceptor_check_group(struct sspi_acceptor *acceptor, const struct sspi_policy *policy,
                               const char *directive, struct sspi_view group)
{
    char text[SSPI_ERROR_SIZE];
    if (!acceptor_config_check_group(policy, acceptor->config.server, directive, group, text))
        warn(acceptor, SSPI_REASON_NO_MATCH, text);
}

bool sspi_acceptor_add_group(struct sspi_acceptor *acceptor, const char *directive,
                             struct sspi_view group, char *error)
{
    char why[SSPI_ERROR_SIZE];
    struct sid sid;
    if (policy_require_group(group, &sid) == POLICY_GROUP_PLAIN ||
        acceptor_directory_add(acceptor->directory, group, why))
        return true;
    snprintf(error, SSPI_ERROR_SIZE, "%.40s: %.450s", directive, why);
    return false;
}

void sspi_acceptor_log_unprotected(struct sspi_acceptor *acceptor, const char *directive,
                                   const char *location)
{
    char text[SSPI_ERROR_SIZE];
    snprintf(text, sizeof(text),
             "%.100s in %.250s protects nothing, because no Require line demands a user there: add "
             "Require valid-user or Require sspi-user",
             directive, location);
    warn(acceptor, SSPI_REASON_UNPROTECTED, text);
}

/* ---- groups of the directory ---- */

static bool has_source(const struct sspi_acceptor *acceptor, enum sspi_option option,
                       bool only_winbind)
{
    for (const struct acceptor_source *at = acceptor->sources; at != NULL; at = at->next)
        if (at->option == option && (!only_winbind || at->winbind != NULL))
            return true;
    return false;
}

static void report_group(void *acceptor, enum sspi_reason reason, const char *text)
{
    warn(acceptor, reason, text);
}

void sspi_acceptor_look_up_groups(struct sspi_acceptor *acceptor)
{
    if (has_source(acceptor, SSPI_OPTION_NTLM_USER_FILE, true))
        acceptor_directory_want_own_domain(acceptor->directory);
    acceptor_directory_start(acceptor->directory, clock_machine_steady_ms(), report_group,
                             acceptor);
}

/* A ticket with 900 groups has 11,506 characters; tokens of up to 64 KiB are accepted. */
#define HEADER_LINE_SIZE 65536u

void sspi_acceptor_check_header_limit(struct sspi_acceptor *acceptor, uint64_t limit)
{
    bool nginx = acceptor->config.server == SSPI_SERVER_NGINX;
    char text[SSPI_ERROR_SIZE];
    if (limit >= HEADER_LINE_SIZE || !acceptor_directory_has_words(acceptor->directory) ||
        !has_source(acceptor, SSPI_OPTION_KEYTAB, false))
        return;
    snprintf(text, sizeof(text),
             "%s allows header lines of %llu octets, but the ticket of a user in many groups needs "
             "more (12 KiB for 900 groups, up to 64 KiB), and such a request gets 400: set %s",
             nginx ? "large_client_header_buffers" : "LimitRequestFieldSize",
             (unsigned long long)limit,
             nginx ? "large_client_header_buffers 8 64k" : "LimitRequestFieldSize 65536");
    warn(acceptor, SSPI_REASON_HEADER_LIMIT, text);
}

void sspi_acceptor_check_sessions(struct sspi_acceptor *acceptor, const struct sspi_policy *policy,
                                  const char *host, const char *location, struct sspi_view realm)
{
    char text[SSPI_ERROR_SIZE];
    const struct acceptor_sessions_location here = {.host = host,
                                                    .name = location,
                                                    .policy = policy,
                                                    .server = acceptor->config.server,
                                                    .realm = realm};
    if (!acceptor_sessions_check(&acceptor->sessions, &here, &acceptor->hashes, text))
        warn(acceptor, SSPI_REASON_SHARED_COOKIE, text);
}

size_t sspi_acceptor_log_entries(struct sspi_acceptor *acceptor,
                                 const struct sspi_log_entry **ret_entries)
{
    return acceptor_entries_take(&acceptor->entries, ret_entries);
}

bool sspi_acceptor_add_tls(struct sspi_acceptor *acceptor, struct ssl_ctx_st *ctx)
{
    if (!binding_table_add(acceptor->tls, ctx))
        return false;
    if (acceptor->offers_basic)
        acceptor_basic_protect_tls(ctx);
    binding_session_keep(ctx);
    if (!binding_table_is_complete(acceptor->tls, ctx))
        warn(acceptor, SSPI_REASON_NO_HASH,
             "a certificate of a TLS host has no channel binding, because its signature has no "
             "single hash (Ed25519). Clients that name its channel are refused, even if "
             "channel binding is set to allow. Use an RSA or ECDSA certificate");
    return true;
}

/* ---- opening ---- */

static const char *kind_of(enum sspi_option option)
{
    if (option == SSPI_OPTION_KEYTAB)
        return "keytab";
    if (option == SSPI_OPTION_GROUP_FILE)
        return "group file";
    if (option == SSPI_OPTION_KEY_FILE)
        return "key file";
    return option == SSPI_OPTION_CHANNEL_BINDING_CERTIFICATE ? "front ends' certificates"
                                                             : "user file";
}

/* The certificate of a front end is not secret, and it is useless without its key. A group file is
 * not secret either, but who can change it can join any group. The mode of a key file was checked
 * when the file was read. */
static void check_mode(struct sspi_acceptor *acceptor, enum sspi_option option, const char *path)
{
    char text[SSPI_ERROR_SIZE];
    if (option != SSPI_OPTION_CHANNEL_BINDING_CERTIFICATE && option != SSPI_OPTION_KEY_FILE &&
        !acceptor_config_check_mode(kind_of(option), path, option != SSPI_OPTION_GROUP_FILE, text))
        warn(acceptor, SSPI_REASON_EXPOSED, text);
}

static void log_opened(struct sspi_acceptor *acceptor, const char *what, const char *path)
{
    unsigned uid = (unsigned)acceptor->config.worker_uid;
    if (acceptor_config_check_worker_may(&acceptor->config, path, S_IRUSR))
        acceptor_entries_add(
            &acceptor->entries, SSPI_REASON_OPENED,
            "%s %s read; the workers (uid %u) can read it too and pick up a change "
            "by themselves",
            what, path, uid);
    else
        acceptor_entries_add(&acceptor->entries, SSPI_REASON_OPENED,
                             "%s %s read; the workers (uid %u) cannot read it: reload the server "
                             "after a change",
                             what, path, uid);
}

/* For NTLM the server does not ask winbind at start, because winbind could delay the start without
 * limit. It asks when the first client logs in. */
static void check_pipe(struct sspi_acceptor *acceptor)
{
    const char *folder = ntlm_winbind_pipe_folder();
    if (access(folder, F_OK) != 0 ||
        acceptor_config_check_worker_may(&acceptor->config, folder, S_IXUSR))
        return;
    acceptor_entries_add(&acceptor->entries, SSPI_REASON_NO_PIPE,
                         "the workers (uid %u) may not enter %s, where winbind checks logins: add "
                         "their user to its group",
                         (unsigned)acceptor->config.worker_uid, folder);
}

/* Opens one source and keeps it. NULL: `why` (SSPI_ERROR_SIZE bytes) says why. */
static struct acceptor_source *open_source(struct sspi_acceptor *acceptor,
                                           const struct sspi_policy *policy,
                                           enum sspi_option option, char *why)
{
    struct acceptor_source *open = acceptor_source_find(acceptor->sources, policy, option);
    if (open != NULL)
        return open;
    struct acceptor_source *made = acceptor_source_open(policy, option, why);
    if (made == NULL)
        return NULL;
    made->next = acceptor->sources;
    acceptor->sources = made;
    if (made->winbind != NULL) {
        check_pipe(acceptor);
    } else {
        log_opened(acceptor, kind_of(option), acceptor_source_path(made));
        check_mode(acceptor, option, acceptor_source_path(made));
    }
    return made;
}

static bool open_keytab(struct sspi_acceptor *acceptor, const struct sspi_policy *policy,
                        char *error)
{
    char why[SSPI_ERROR_SIZE] = "";
    const struct sspi_view *services = policy->service_names.words;
    size_t n_services = policy->service_names.n;
    struct acceptor_source *source = open_source(acceptor, policy, SSPI_OPTION_KEYTAB, why);
    if (source == NULL) {
        struct bytes wanted BYTES_CLEANUP = {0};
        service_name_describe(services, n_services, &wanted);
        snprintf(error, SSPI_ERROR_SIZE, "%s: %.350s (a key of %.*s is needed)",
                 option_name(acceptor, SSPI_OPTION_KEYTAB), why,
                 (int)(wanted.len < 100 ? wanted.len : 100), bytes_as_view(&wanted).data);
        return false;
    }
    if (!kerberos_keytab_has_service(source->keytab, services, n_services, why, sizeof(why))) {
        snprintf(error, SSPI_ERROR_SIZE, "%s: %.450s", option_name(acceptor, SSPI_OPTION_KEYTAB),
                 why);
        return false;
    }
    if (!acceptor_service_add(&acceptor->services, source, policy, why)) {
        snprintf(error, SSPI_ERROR_SIZE, "%s: %.450s",
                 option_name(acceptor, SSPI_OPTION_CLIENT_PRINCIPAL), why);
        return false;
    }
    if (acceptor->default_realm == NULL)
        acceptor->default_realm = kerberos_default_realm();
    return true;
}

/* Algorithms that the administrator names are offered in any case. Logs how many users have no line
 * for one of them. */
static void count_users(struct sspi_acceptor *acceptor, const struct sspi_policy *policy,
                        struct acceptor_source *source)
{
    const struct sspi_view all_realms = {NULL, 0};
    for (const uint8_t *at = policy->digest_algorithms.order; *at != 0; at++) {
        size_t n_users, n_with;
        store_users_count(source->users, all_realms, hash_base(*at), &n_users, &n_with);
        if (n_with < n_users)
            acceptor_entries_add(
                &acceptor->entries, SSPI_REASON_USERS_WITHOUT,
                "user file %s: %zu of %zu users have no line for %s, which %s offers: "
                "add lines with sspi-passwd -a",
                store_users_path(source->users), n_users - n_with, n_users, hash_name(*at),
                option_name(acceptor, SSPI_OPTION_DIGEST_ALGORITHM));
    }
}

static bool open_file(struct sspi_acceptor *acceptor, const struct sspi_policy *policy,
                      enum sspi_option option, char *error)
{
    char why[SSPI_ERROR_SIZE] = "";
    struct acceptor_source *source = open_source(acceptor, policy, option, why);
    if (source == NULL) {
        snprintf(error, SSPI_ERROR_SIZE, "%s: %.450s", option_name(acceptor, option), why);
        return false;
    }
    if (option == SSPI_OPTION_DIGEST_USER_FILE)
        count_users(acceptor, policy, source);
    return true;
}

/* True unless NTLM is listed as a scheme and may not run. */
static bool check_ntlm(const struct sspi_acceptor *acceptor, const struct sspi_policy *policy,
                       char *error)
{
    if (!policy->schemes.offers[SSPI_SCHEME_NTLM] || policy->mechanisms.offers[SSPI_MECH_NTLM])
        return true;
    snprintf(
        error, SSPI_ERROR_SIZE, "%s lists NTLM, which needs ntlm in %s: add ntlm, or remove NTLM",
        option_name(acceptor, SSPI_OPTION_PACKAGES), option_name(acceptor, SSPI_OPTION_MECHANISMS));
    return false;
}

/* Checks a complete policy that lists Digest: whether it has a realm and users. */
static bool check_digest(const struct sspi_acceptor *acceptor, const struct sspi_policy *policy,
                         bool has_realm, char *error)
{
    const char *packages = option_name(acceptor, SSPI_OPTION_PACKAGES);
    bool has_users = sspi_policy_is_set(policy, SSPI_OPTION_DIGEST_USER_FILE) ||
                     sspi_policy_is_set(policy, SSPI_OPTION_DIGEST_PROVIDER);
    if (has_realm && has_users)
        return true;
    enum sspi_option missing = has_realm ? SSPI_OPTION_DIGEST_USER_FILE : SSPI_OPTION_REALM;
    snprintf(error, SSPI_ERROR_SIZE, "%s lists Digest, which needs %s: %s", packages,
             option_name(acceptor, missing), sspi_option_info(missing)->help);
    return false;
}

/* The sources that a policy needs open. Of an incomplete policy: those that it sets itself. */
struct needs {
    bool keytab, nt_users, users, certificates, groups, keys;
};

static bool find_needs(const struct sspi_acceptor *acceptor, const struct sspi_policy *policy,
                       bool complete, bool has_realm, struct needs *ret_needs, char *error)
{
    bool digest = policy->schemes.offers[SSPI_SCHEME_DIGEST];
    /* A .htaccess file may use the group file, also if SSPIGroups does not list it here. It may
     * also turn sessions on. */
    ret_needs->groups = sspi_policy_is_set(policy, SSPI_OPTION_GROUP_FILE);
    ret_needs->keys = sspi_policy_is_set(policy, SSPI_OPTION_KEY_FILE);
    if (!complete) {
        ret_needs->keytab = sspi_policy_is_set(policy, SSPI_OPTION_KEYTAB);
        ret_needs->nt_users = sspi_policy_is_set(policy, SSPI_OPTION_NTLM_USER_FILE);
        ret_needs->users = sspi_policy_is_set(policy, SSPI_OPTION_DIGEST_USER_FILE);
        ret_needs->certificates =
            sspi_policy_is_set(policy, SSPI_OPTION_CHANNEL_BINDING_CERTIFICATE);
        return true;
    }
    if (!check_ntlm(acceptor, policy, error) ||
        (digest && !check_digest(acceptor, policy, has_realm, error)) ||
        !acceptor_basic_check(policy, acceptor->config.server, has_realm, error))
        return false;
    ret_needs->keytab = sspi_policy_runs_kerberos(policy);
    ret_needs->nt_users = policy_uses_mech(policy, SSPI_MECH_NTLM);
    /* Or the users come from an authn provider (SSPIDigestProvider). */
    ret_needs->users = policy_uses_digest_users(policy) &&
                       sspi_policy_is_set(policy, SSPI_OPTION_DIGEST_USER_FILE);
    ret_needs->certificates = sspi_policy_is_set(policy, SSPI_OPTION_CHANNEL_BINDING_CERTIFICATE);
    return true;
}

static bool open_needs(struct sspi_acceptor *acceptor, const struct sspi_policy *policy,
                       const struct needs *needs, char *error)
{
    return (!needs->keytab || open_keytab(acceptor, policy, error)) &&
           (!needs->nt_users || open_file(acceptor, policy, SSPI_OPTION_NTLM_USER_FILE, error)) &&
           (!needs->users || open_file(acceptor, policy, SSPI_OPTION_DIGEST_USER_FILE, error)) &&
           (!needs->groups || open_file(acceptor, policy, SSPI_OPTION_GROUP_FILE, error)) &&
           (!needs->keys || open_file(acceptor, policy, SSPI_OPTION_KEY_FILE, error)) &&
           (!needs->certificates ||
            open_file(acceptor, policy, SSPI_OPTION_CHANNEL_BINDING_CERTIFICATE, error));
}

static bool add_groups(struct sspi_acceptor *acceptor, const struct sspi_policy *policy,
                       const struct sspi_words *line, char *error)
{
    const char *directive = option_name(acceptor, SSPI_OPTION_REQUIRE);
    for (size_t i = 1; i < line->n; i++) {
        sspi_acceptor_check_group(acceptor, policy, directive, line->words[i]);
        if (!sspi_acceptor_add_group(acceptor, directive, line->words[i], error))
            return false;
    }
    return true;
}

static void check_names(struct sspi_acceptor *acceptor, const struct sspi_policy *policy,
                        const struct sspi_words *line)
{
    const char *directive = option_name(acceptor, SSPI_OPTION_REQUIRE);
    for (size_t i = 1; i < line->n; i++) {
        if (policy_require_line_is(line, SSPI_VIEW("realm")))
            sspi_acceptor_check_realm(acceptor, policy, directive, line->words[i]);
        else if (policy_require_line_is(line, SSPI_VIEW("user")) &&
                 !policy_require_is_pattern(line->words[i]))
            sspi_acceptor_check_name(acceptor, policy, directive, line->words[i]);
    }
}

static bool check_required(struct sspi_acceptor *acceptor, const struct sspi_policy *policy,
                           char *error)
{
    struct policy_require_at at = {.all = &policy->require};
    while (policy_require_next(&at)) {
        if (!policy_require_line_is(&at.line, SSPI_VIEW("group")))
            check_names(acceptor, policy, &at.line);
        else if (!add_groups(acceptor, policy, &at.line, error))
            return false;
    }
    return true;
}

bool sspi_acceptor_open(struct sspi_acceptor *acceptor, const struct sspi_policy *policy,
                        bool complete, bool has_realm, char *error)
{
    struct needs needs;
    acceptor->offers_basic |= policy->schemes.offers[SSPI_SCHEME_BASIC];
    if (!acceptor_config_check_user_name(policy, acceptor->config.server, error) ||
        (complete && !sspi_policy_check_session(policy, acceptor->config.server, error)) ||
        !find_needs(acceptor, policy, complete, has_realm, &needs, error) ||
        !open_needs(acceptor, policy, &needs, error) ||
        !acceptor_basic_open_hash(policy, acceptor->config.server, &acceptor->nt_hash, error) ||
        !acceptor_delegation_open(acceptor->ccaches, &acceptor->config, policy, complete, error))
        return false;
    /* Until the SID of the own domain is known, no SID of a foreign user is shown. */
    if (policy_asks_directory(policy))
        acceptor_directory_want_own_domain(acceptor->directory);
    return !complete || check_required(acceptor, policy, error);
}
