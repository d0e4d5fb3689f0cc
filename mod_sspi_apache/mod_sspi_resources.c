/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the acceptor, and opens the files that it needs. The parent does this when it checks the
 * configuration, which is the last step of httpd -t. The children inherit the acceptor. */
#include "mod_sspi_scope.h"

#include "apr_strings.h"
#include "http_core.h"
#include "http_log.h"
#include "unixd.h"

APLOG_USE_MODULE(sspi);

/* Directives and words that are somewhere in the configuration. */
enum {
    FOUND_AUTH_TYPE = 1 << 0,
    FOUND_REALM = 1 << 1,
    FOUND_KEYTAB = 1 << 2,
    FOUND_DIGEST_USERS = 1 << 3,
    FOUND_NTLM_USERS = 1 << 4,
    FOUND_PACKAGES = 1 << 5,
    FOUND_NEGOTIATE = 1 << 6,
    FOUND_NTLM = 1 << 7,
    FOUND_DIGEST = 1 << 8,
    FOUND_MECHANISMS = 1 << 9,
    FOUND_KERBEROS_MECHANISM = 1 << 10,
    FOUND_NTLM_MECHANISM = 1 << 11,
    FOUND_BASIC = 1 << 12,
    FOUND_BASIC_KDC = 1 << 13,
    FOUND_BASIC_WINBIND = 1 << 14
};

/* The directive of each bit, and its word. NULL: any word. */
static const struct {
    unsigned found;
    enum sspi_option option;
    const char *word;
} searches[] = {
    {FOUND_REALM, SSPI_OPTION_REALM, NULL},
    {FOUND_KEYTAB, SSPI_OPTION_KEYTAB, NULL},
    {FOUND_DIGEST_USERS, SSPI_OPTION_DIGEST_USER_FILE, NULL},
    {FOUND_DIGEST_USERS, SSPI_OPTION_DIGEST_PROVIDER, NULL},
    {FOUND_NTLM_USERS, SSPI_OPTION_NTLM_USER_FILE, NULL},
    {FOUND_PACKAGES, SSPI_OPTION_PACKAGES, NULL},
    {FOUND_NEGOTIATE, SSPI_OPTION_PACKAGES, "Negotiate"},
    {FOUND_NTLM, SSPI_OPTION_PACKAGES, "NTLM"},
    {FOUND_DIGEST, SSPI_OPTION_PACKAGES, "Digest"},
    {FOUND_MECHANISMS, SSPI_OPTION_MECHANISMS, NULL},
    {FOUND_KERBEROS_MECHANISM, SSPI_OPTION_MECHANISMS, "kerberos"},
    {FOUND_NTLM_MECHANISM, SSPI_OPTION_MECHANISMS, "ntlm"},
    {FOUND_BASIC, SSPI_OPTION_PACKAGES, "Basic"},
    {FOUND_BASIC_KDC, SSPI_OPTION_BASIC_VERIFY, "kdc"},
    {FOUND_BASIC_WINBIND, SSPI_OPTION_BASIC_VERIFY, "winbind"},
};

#define KEYTAB_BIT (UINT64_C(1) << SSPI_OPTION_KEYTAB)

/* Opens one file after another. It continues after a failure, so that all failures are reported. */
struct opening {
    struct sspi_acceptor *acceptor;
    server_rec *hosts;
    bool failed;
    char error[SSPI_ERROR_SIZE];
};

static unsigned survey_directive(apr_pool_t *ptemp, const ap_directive_t *node)
{
    unsigned found = 0;

    /* AuthType is httpd's own directive, so sspi_options.def has no row for it. */
    if (mod_sspi_directive_is(node, "AuthType")) {
        return mod_sspi_directive_has_word(ptemp, node, SSPI_AUTH_TYPE) ? FOUND_AUTH_TYPE : 0;
    }
    for (size_t i = 0; i < sizeof(searches) / sizeof(searches[0]); i++) {
        if (mod_sspi_directive_is_option(node, searches[i].option) &&
            (searches[i].word == NULL ||
             mod_sspi_directive_has_word(ptemp, node, searches[i].word))) {
            found |= searches[i].found;
        }
    }
    return found;
}

/* httpd has resolved <IfModule>, <IfDefine>, Include and macros in the tree. */
static unsigned survey_tree(apr_pool_t *ptemp, const ap_directive_t *node)
{
    unsigned found = 0;

    for (; node != NULL; node = node->next) {
        found |= survey_directive(ptemp, node) | survey_tree(ptemp, node->first_child);
    }
    return found;
}

/* Several scopes may name the same file: its error is written once. */
static void report(server_rec *s, struct opening *opening, const char *error)
{
    if (strcmp(error, opening->error) != 0) {
        ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_ERR, 0, s, "%s", error);
        apr_cpystrn(opening->error, error, sizeof(opening->error));
    }
    opening->failed = true;
}

static void open_policy(server_rec *s, struct opening *opening, const struct sspi_policy *policy,
                        bool complete, bool has_realm)
{
    char error[SSPI_ERROR_SIZE];

    if (!sspi_acceptor_open(opening->acceptor, policy, complete, has_realm, error)) {
        report(s, opening, error);
    }
}

/* True if a scope of any host sets a value without which sessions and bound logins do not
 * contradict each other. httpd may merge it into the section. */
static bool may_be_corrected(const struct opening *opening)
{
    for (const server_rec *host = opening->hosts; host != NULL; host = host->next) {
        const struct mod_sspi_server_config *config =
            ap_get_module_config(host->module_config, &sspi_module);

        for (int i = 0; i < config->dirs->nelts; i++) {
            const struct sspi_policy *policy =
                &APR_ARRAY_IDX(config->dirs, i, struct mod_sspi_dir_config *)->policy;

            if ((sspi_policy_is_set(policy, SSPI_OPTION_SESSION) && !policy->session) ||
                (sspi_policy_is_set(policy, SSPI_OPTION_CHANNEL_BINDING) &&
                 policy->channel_binding != SSPI_BINDING_REQUIRE)) {
                return true;
            }
        }
    }
    return false;
}

/* True if a scope of any host sets `option`. httpd may merge it into the section. */
static bool may_be_set(const struct opening *opening, enum sspi_option option)
{
    for (const server_rec *host = opening->hosts; host != NULL; host = host->next) {
        const struct mod_sspi_server_config *config =
            ap_get_module_config(host->module_config, &sspi_module);

        for (int i = 0; i < config->dirs->nelts; i++) {
            if (sspi_policy_is_set(
                    &APR_ARRAY_IDX(config->dirs, i, struct mod_sspi_dir_config *)->policy,
                    option)) {
                return true;
            }
        }
    }
    return false;
}

/* Checks the sessions and the delegation of a section and the server around it. httpd merges other
 * sections only for a request. A section with an AuthType of its own is a location. */
static void check_combinations(server_rec *host, const struct mod_sspi_dir_config *dir,
                               struct opening *opening)
{
    const struct mod_sspi_dir_config *outer =
        ap_get_module_config(host->lookup_defaults, &sspi_module);
    const char *name = host->server_hostname != NULL ? host->server_hostname : "";
    const char *realm = dir->realm != NULL ? dir->realm : outer->realm;
    struct sspi_policy policy;
    enum sspi_option missing;
    char error[SSPI_ERROR_SIZE];

    sspi_policy_merge(&policy, &outer->policy, &dir->policy);
    policy.requires_channel_bound |= dir->demands_bound;
    if (!sspi_policy_check_session(&policy, SSPI_SERVER_APACHE, error) &&
        !may_be_corrected(opening)) {
        report(host, opening, error);
    }
    if (!sspi_policy_check_delegation(&policy, SSPI_SERVER_APACHE, &missing, error) &&
        !may_be_set(opening, missing)) {
        report(host, opening, error);
    }
    if (dir->auth_type == MOD_SSPI_AUTH_SSPI) {
        sspi_acceptor_check_sessions(opening->acceptor, &policy, name,
                                     dir->path != NULL ? dir->path : "the server",
                                     mod_sspi_view(realm));
    }
}

/* True if another scope of any host makes Basic work in this section, whether httpd merges that
 * scope before the section or after it. */
static bool may_have_basic(const struct opening *opening, const struct sspi_policy *outer,
                           const struct sspi_policy *inner)
{
    struct sspi_policy before, after;
    char error[SSPI_ERROR_SIZE];

    for (const server_rec *host = opening->hosts; host != NULL; host = host->next) {
        const struct mod_sspi_server_config *config =
            ap_get_module_config(host->module_config, &sspi_module);

        for (int i = 0; i < config->dirs->nelts; i++) {
            const struct sspi_policy *other =
                &APR_ARRAY_IDX(config->dirs, i, struct mod_sspi_dir_config *)->policy;

            sspi_policy_merge(&before, outer, other);
            sspi_policy_merge(&before, &before, inner);
            sspi_policy_merge(&after, outer, inner);
            sspi_policy_merge(&after, &after, other);
            if (sspi_policy_check_basic(&before, SSPI_SERVER_APACHE, error) ||
                sspi_policy_check_basic(&after, SSPI_SERVER_APACHE, error)) {
                return true;
            }
        }
    }
    return false;
}

/* Checks Basic in a section and the server around it. A section with an AuthType of its own, or
 * with packages of its own, is a location. */
static void check_basic(server_rec *host, const struct mod_sspi_dir_config *dir,
                        struct opening *opening)
{
    const struct mod_sspi_dir_config *outer =
        ap_get_module_config(host->lookup_defaults, &sspi_module);
    struct sspi_policy policy;
    char error[SSPI_ERROR_SIZE];

    if (dir->auth_type != MOD_SSPI_AUTH_SSPI &&
        !sspi_policy_is_set(&dir->policy, SSPI_OPTION_PACKAGES)) {
        return;
    }
    sspi_policy_merge(&policy, &outer->policy, &dir->policy);
    if (dir != outer && !sspi_policy_check_basic(&policy, SSPI_SERVER_APACHE, error) &&
        !may_have_basic(opening, &outer->policy, &dir->policy)) {
        report(host, opening, error);
    }
}

/* Opens a policy that sets only this package and mechanism. `mechanism` may be NULL. */
static void open_packages(server_rec *s, struct opening *opening, const char *package,
                          const char *mechanism, bool has_realm)
{
    const struct sspi_view packages = mod_sspi_view(package);
    const struct sspi_view mechanisms = mod_sspi_view(mechanism);
    struct sspi_policy policy = sspi_policy_defaults();
    char error[SSPI_ERROR_SIZE];

    if (sspi_policy_set(&policy, SSPI_OPTION_PACKAGES, &packages, 1, SSPI_SERVER_APACHE, error) &&
        (mechanism == NULL || sspi_policy_set(&policy, SSPI_OPTION_MECHANISMS, &mechanisms, 1,
                                              SSPI_SERVER_APACHE, error))) {
        open_policy(s, opening, &policy, true, has_realm);
    }
}

/* The same for Basic: who verifies its passwords may need no file that a scope names. */
static void open_basic_defaults(server_rec *s, struct opening *opening, unsigned found)
{
    if ((found & FOUND_BASIC) == 0) {
        return;
    }
    if ((found & FOUND_BASIC_KDC) != 0 && (found & FOUND_KEYTAB) == 0) {
        open_packages(s, opening, "Negotiate", "kerberos", true);
    }
    if ((found & FOUND_BASIC_WINBIND) != 0) {
        open_packages(s, opening, "NTLM", "ntlm", true);
    }
    if ((found & FOUND_REALM) == 0) {
        open_packages(s, opening, "Basic", NULL, false);
    }
}

/* A location may need a file that no scope of the configuration names: a keytab or users. Then this
 * opens the default of that file, or reports that the file is missing. It searches the whole
 * configuration, because httpd merges scopes only for a request. */
static void open_defaults(apr_pool_t *ptemp, server_rec *s, struct opening *opening)
{
    unsigned found = survey_tree(ptemp, ap_conftree);
    /* If no directive sets packages or mechanisms, the defaults are in force. */
    bool negotiate = (found & FOUND_PACKAGES) == 0 || (found & FOUND_NEGOTIATE) != 0;
    bool kerberos = (found & FOUND_MECHANISMS) == 0 || (found & FOUND_KERBEROS_MECHANISM) != 0;
    bool ntlm = (found & FOUND_NTLM_MECHANISM) != 0;

    if ((found & FOUND_AUTH_TYPE) == 0) {
        return;
    }
    if (negotiate && kerberos && (found & FOUND_KEYTAB) == 0) {
        open_packages(s, opening, "Negotiate", "kerberos", true); /* MIT's default keytab */
    }
    if ((found & FOUND_NTLM) != 0 && !ntlm) {
        open_packages(s, opening, "NTLM", NULL, true); /* reports that the mechanism is missing */
    }
    if ((negotiate || (found & FOUND_NTLM) != 0) && ntlm && (found & FOUND_NTLM_USERS) == 0) {
        open_packages(s, opening, "NTLM", "ntlm", true); /* winbind */
    }
    if ((found & FOUND_DIGEST) != 0 &&
        (found & (FOUND_REALM | FOUND_DIGEST_USERS)) != (FOUND_REALM | FOUND_DIGEST_USERS)) {
        open_packages(s, opening, "Digest", NULL, (found & FOUND_REALM) != 0);
    }
    open_basic_defaults(s, opening, found);
}

static bool sets_keytab(const struct sspi_policy *policy)
{
    return (policy->set & KEYTAB_BIT) != 0;
}

/* True if a scope of this host that is within `outer` may run Kerberos with the keytab of `outer`.
 */
static bool inner_scope_uses_keytab(const server_rec *host, const struct sspi_policy *outer)
{
    const struct mod_sspi_server_config *config =
        ap_get_module_config(host->module_config, &sspi_module);
    struct sspi_policy inner;

    for (int i = 0; i < config->dirs->nelts; i++) {
        const struct mod_sspi_dir_config *dir =
            APR_ARRAY_IDX(config->dirs, i, struct mod_sspi_dir_config *);

        sspi_policy_merge(&inner, outer, &dir->policy);
        if (!sets_keytab(&dir->policy) && sspi_policy_runs_kerberos(&inner)) {
            return true;
        }
    }
    return false;
}

/* True if Kerberos may run with the keytab that `scope` of this host names. httpd merges scopes
 * only for a request. So this merges each other scope of each host into `scope`, and asks whether
 * the result runs Kerberos. Scopes of the main server apply to other hosts, too. */
static bool uses_keytab(const server_rec *host, const struct sspi_policy *scope,
                        const struct opening *opening)
{
    const struct mod_sspi_dir_config *main_dir =
        ap_get_module_config(host->lookup_defaults, &sspi_module);
    struct sspi_policy outer;
    bool needed;

    sspi_policy_merge(&outer, &main_dir->policy, scope);
    needed = sspi_policy_runs_kerberos(&outer);
    for (const server_rec *at = opening->hosts; !needed && at != NULL; at = at->next) {
        needed = inner_scope_uses_keytab(at, &outer);
    }
    return needed;
}

/* Opens a keytab that no scope needs, and ignores errors: an .htaccess file may offer Kerberos. */
static void try_keytab(struct opening *opening, struct sspi_policy *policy)
{
    struct sspi_policy keytab = *policy;
    char error[SSPI_ERROR_SIZE];

    keytab.set &= KEYTAB_BIT;
    (void)sspi_acceptor_open(opening->acceptor, &keytab, false, false, error);
    policy->set &= ~KEYTAB_BIT;
}

/* Opens the files that the scopes of one host name. */
static void open_configured(server_rec *host, const struct mod_sspi_server_config *config,
                            struct opening *opening)
{
    for (int i = 0; i < config->dirs->nelts; i++) {
        struct sspi_policy policy =
            APR_ARRAY_IDX(config->dirs, i, struct mod_sspi_dir_config *)->policy;

        if (sets_keytab(&policy) && !uses_keytab(host, &policy, opening)) {
            try_keytab(opening, &policy);
        }
        open_policy(host, opening, &policy, false, false);
        check_combinations(host, APR_ARRAY_IDX(config->dirs, i, struct mod_sspi_dir_config *),
                           opening);
        check_basic(host, APR_ARRAY_IDX(config->dirs, i, struct mod_sspi_dir_config *), opening);
    }
}

/* httpd reads its configuration twice at start and then unloads the module. The first time, nothing
 * is asked, except for `httpd -t`, which reads it once. */
static void look_up_groups(server_rec *s, struct sspi_acceptor *acceptor)
{
    if (ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_NORMAL &&
        ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return;
    }
    sspi_acceptor_look_up_groups(acceptor);
    for (const server_rec *host = s; host != NULL; host = host->next) {
        sspi_acceptor_check_header_limit(acceptor, (uint64_t)host->limit_req_fieldsize);
    }
}

/* The groups of Require lines: httpd does not merge those lines, so no policy has them. */
static void add_groups(apr_pool_t *pconf, server_rec *s, struct opening *opening)
{
    const apr_array_header_t *groups = mod_sspi_authz_groups(pconf);
    char error[SSPI_ERROR_SIZE];

    for (int i = 0; i < groups->nelts; i++) {
        const char *word = APR_ARRAY_IDX(groups, i, const char *);

        if (!sspi_acceptor_add_group(opening->acceptor, "Require sspi-group", mod_sspi_view(word),
                                     error)) {
            ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_ERR, 0, s, "%s", error);
            opening->failed = true;
        }
    }
}

static apr_status_t free_acceptor(void *acceptor)
{
    sspi_acceptor_free(acceptor);
    return APR_SUCCESS;
}

int mod_sspi_resources_open(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    const struct mod_sspi_dir_config *dir = ap_get_module_config(s->lookup_defaults, &sspi_module);
    const struct sspi_acceptor_config acceptor_config = {
        .server = SSPI_SERVER_APACHE,
        .worker_uid = geteuid() == 0 ? ap_unixd_config.user_id : geteuid(),
        .worker_gid = geteuid() == 0 ? ap_unixd_config.group_id : getegid(),
        .max_waiting_jobs = (unsigned)dir->policy.threads,
    };
    struct opening opening = {0};
    struct sspi_acceptor *acceptor;

    if (ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_CONFIG_DUMP) {
        return OK; /* -S and the like only show the configuration */
    }
    acceptor = sspi_acceptor_new(&acceptor_config);
    if (acceptor == NULL) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    apr_pool_cleanup_register(pconf, acceptor, free_acceptor, apr_pool_cleanup_null);
    opening.acceptor = acceptor;
    opening.hosts = s;
    for (server_rec *host = s; host != NULL; host = host->next) {
        struct mod_sspi_server_config *config =
            ap_get_module_config(host->module_config, &sspi_module);

        /* A host without a directive of this module shares the main server's configuration. */
        if (config->acceptor == NULL) {
            open_configured(host, config, &opening);
            config->acceptor = acceptor;
        }
    }
    open_defaults(ptemp, s, &opening);
    add_groups(pconf, s, &opening);
    if (!mod_sspi_check(ptemp, s, acceptor, ap_conftree)) {
        opening.failed = true;
    }
    if (!mod_sspi_state_check(s, ap_get_module_config(s->module_config, &sspi_module))) {
        opening.failed = true;
    }
    if (opening.failed) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    look_up_groups(s, acceptor);
    if (ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_CONFIG_TEST) {
        mod_sspi_log_acceptor(s); /* httpd -t does not call post_config */
    }
    return OK;
}
