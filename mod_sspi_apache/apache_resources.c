/* SPDX-License-Identifier: Apache-2.0 */
/* The acceptor and the files it holds: opened by the parent when the configuration is checked,
 * which is the last thing that -t does, and inherited by the children. */
#include "mod_sspi.h"

#include "apr_strings.h"
#include "http_core.h"
#include "http_log.h"
#include "unixd.h"
#include "util_cfgtree.h"

APLOG_USE_MODULE(sspi);

/* What the configuration as a whole asks for. */
struct survey {
    bool has_auth_type;
    bool has_realm;
    bool has_keytab;
    bool has_users;
    bool has_packages;
    bool has_negotiate;
    bool has_digest;
};

/* Opening one after the other, going on after a failure to tell all of them. */
struct opening {
    struct sspi_acceptor *acceptor;
    bool failed;
    char error[SSPI_ERROR_SIZE];
};

/* True when one of the words is `wanted`, without case. */
static bool has_word(apr_pool_t *p, const char *args, const char *wanted)
{
    while (*args != '\0') {
        if (ap_cstr_casecmp(ap_getword_conf(p, &args), wanted) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_option(const ap_directive_t *node, enum sspi_option option)
{
    return ap_cstr_casecmp(node->directive, sspi_option_info(option)->name[SSPI_SERVER_APACHE]) ==
           0;
}

/* The tree holds what applies only: <IfModule>, <IfDefine>, Include and macros are resolved. */
static void survey_tree(apr_pool_t *ptemp, const ap_directive_t *node, struct survey *survey)
{
    for (; node != NULL; node = node->next) {
        if (ap_cstr_casecmp(node->directive, "AuthType") == 0) {
            survey->has_auth_type |= has_word(ptemp, node->args, SSPI_AUTH_TYPE);
        } else if (is_option(node, SSPI_OPTION_REALM)) {
            survey->has_realm = true;
        } else if (is_option(node, SSPI_OPTION_KEYTAB)) {
            survey->has_keytab = true;
        } else if (is_option(node, SSPI_OPTION_DIGEST_USER_FILE) ||
                   is_option(node, SSPI_OPTION_DIGEST_PROVIDER)) {
            survey->has_users = true;
        } else if (is_option(node, SSPI_OPTION_PACKAGES)) {
            survey->has_packages = true;
            survey->has_negotiate |= has_word(ptemp, node->args, "Negotiate");
            survey->has_digest |= has_word(ptemp, node->args, "Digest");
        }
        survey_tree(ptemp, node->first_child, survey);
    }
}

static void open_policy(server_rec *s, struct opening *opening, const struct sspi_policy *policy,
                        bool whole, bool has_realm)
{
    char error[SSPI_ERROR_SIZE];

    if (sspi_acceptor_open(opening->acceptor, policy, whole, has_realm, error)) {
        return;
    }
    /* Several places may name one file: that is one message. */
    if (strcmp(error, opening->error) != 0) {
        ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_ERR, 0, s, "%s", error);
        apr_cpystrn(opening->error, error, sizeof(opening->error));
    }
    opening->failed = true;
}

/* What places lack that can find it nowhere, as far as that can be told without their requests:
 * scopes meet only then. */
static void open_unnamed(apr_pool_t *ptemp, server_rec *s, struct opening *opening)
{
    const struct sspi_view digest = SSPI_VIEW("Digest");
    struct survey survey = {0};
    struct sspi_policy policy = {0};
    char error[SSPI_ERROR_SIZE];

    survey_tree(ptemp, ap_conftree, &survey);
    if (!survey.has_auth_type) {
        return;
    }
    if (!survey.has_keytab && (!survey.has_packages || survey.has_negotiate)) {
        open_policy(s, opening, &policy, true, true); /* MIT's default keytab */
    }
    if (survey.has_digest && !(survey.has_realm && survey.has_users) &&
        sspi_policy_set(&policy, SSPI_OPTION_PACKAGES, &digest, 1, SSPI_SERVER_APACHE, error)) {
        open_policy(s, opening, &policy, true, survey.has_realm);
    }
}

/* The files that scopes of one host name. */
static void open_named(server_rec *host, const struct apache_site *site, struct opening *opening)
{
    for (int i = 0; i < site->dirs->nelts; i++) {
        const struct apache_dir *dir = APR_ARRAY_IDX(site->dirs, i, struct apache_dir *);

        open_policy(host, opening, &dir->policy, false, false);
    }
}

static apr_status_t free_acceptor(void *acceptor)
{
    sspi_acceptor_free(acceptor);
    return APR_SUCCESS;
}

void apache_resources_log(server_rec *s)
{
    const struct apache_site *site = ap_get_module_config(s->module_config, &sspi_module);
    const struct sspi_record *records;
    size_t n_records = sspi_acceptor_records(site->acceptor, &records);

    for (size_t i = 0; i < n_records; i++) {
        apache_log_startup(s, &records[i]);
    }
}

int apache_resources_open(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    const struct sspi_acceptor_config config = {
        .server = SSPI_SERVER_APACHE,
        .worker_uid = geteuid() == 0 ? ap_unixd_config.user_id : geteuid(),
        .worker_gid = geteuid() == 0 ? ap_unixd_config.group_id : getegid(),
    };
    struct opening opening = {0};
    struct sspi_acceptor *acceptor;

    if (ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_CONFIG_DUMP) {
        return OK; /* -S and the like only show the configuration */
    }
    acceptor = sspi_acceptor_new(&config);
    if (acceptor == NULL) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    apr_pool_cleanup_register(pconf, acceptor, free_acceptor, apr_pool_cleanup_null);
    opening.acceptor = acceptor;
    for (server_rec *host = s; host != NULL; host = host->next) {
        struct apache_site *site = ap_get_module_config(host->module_config, &sspi_module);

        /* A host without a directive of ours has the main server's site. */
        if (site->acceptor == NULL) {
            open_named(host, site, &opening);
            site->acceptor = acceptor;
        }
    }
    open_unnamed(ptemp, s, &opening);
    if (opening.failed) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    if (ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_CONFIG_TEST) {
        apache_resources_log(s); /* no post_config will come */
    }
    return OK;
}
