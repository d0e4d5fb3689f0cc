/* SPDX-License-Identifier: Apache-2.0 */
/* The values of directives, and the configurations of servers and directories that hold them. */
#include "mod_sspi.h"

#include "apr_strings.h"
#include "http_core.h"
#include "http_request.h"

void *mod_sspi_dir_config_create(apr_pool_t *p, char *path)
{
    struct mod_sspi_dir_config *dir = apr_pcalloc(p, sizeof(*dir));

    dir->policy = sspi_policy_defaults();
    dir->path = path;
    return dir;
}

/* httpd may merge two inner sections before it merges them with the outer ones. So `auth_none` does
 * not replace `auth_type`: both are kept. */
static void merge_auth_type(struct mod_sspi_dir_config *merged,
                            const struct mod_sspi_dir_config *outer,
                            const struct mod_sspi_dir_config *inner)
{
    bool stated = inner->auth_type != MOD_SSPI_AUTH_UNSET;

    merged->auth_type = stated ? inner->auth_type : outer->auth_type;
    merged->auth_none = inner->auth_none || (!stated && outer->auth_none);
}

/* True if the scope has no directive that its requests need. */
static bool is_unset(const struct mod_sspi_dir_config *dir)
{
    return dir->policy.set == 0 && dir->auth_type == MOD_SSPI_AUTH_UNSET && !dir->auth_none &&
           dir->realm == NULL;
}

void *mod_sspi_dir_config_merge(apr_pool_t *p, void *outer_, void *inner_)
{
    struct mod_sspi_dir_config *outer = outer_;
    struct mod_sspi_dir_config *inner = inner_;
    struct mod_sspi_dir_config *merged;

    /* httpd merges for every request. Most scopes with Require lines have no option of this module,
     * and neither have most servers around the scopes with options. */
    if (is_unset(inner)) {
        return outer;
    }
    if (is_unset(outer)) {
        return inner;
    }
    merged = apr_pcalloc(p, sizeof(*merged));
    sspi_policy_merge(&merged->policy, &outer->policy, &inner->policy);
    merge_auth_type(merged, outer, inner);
    merged->path = inner->path;
    merged->realm = inner->realm != NULL ? inner->realm : outer->realm;
    return merged;
}

void *mod_sspi_server_config_create(apr_pool_t *p, server_rec *s)
{
    struct mod_sspi_server_config *config = apr_pcalloc(p, sizeof(*config));

    config->dirs = apr_array_make(p, 4, sizeof(struct mod_sspi_dir_config *));
    return config;
}

/* Splits the arguments of a directive. The words are in `p`, so they live as long as its scope. */
static apr_array_header_t *split_words(apr_pool_t *p, const char *args)
{
    apr_array_header_t *words = apr_array_make(p, 4, sizeof(struct sspi_view));

    while (*args != '\0') {
        const char *word = ap_getword_conf(p, &args);

        APR_ARRAY_PUSH(words, struct sspi_view) = mod_sspi_view(word);
    }
    return words;
}

/* Makes the file name absolute. A prefix of the option stays before it. */
static const char *set_file_name(cmd_parms *cmd, const char *prefix, struct sspi_view *word)
{
    size_t prefix_len = strlen(prefix);
    const char *path;

    if (strncmp(word->data, prefix, prefix_len) != 0) {
        prefix = "";
        prefix_len = 0;
    }
    path = ap_server_root_relative(cmd->pool, word->data + prefix_len);
    if (path == NULL) {
        return apr_psprintf(
            cmd->pool,
            "%s: \"%s\" is not a valid file name: write a path, absolute or relative to "
            "ServerRoot",
            cmd->cmd->name, word->data);
    }
    path = apr_pstrcat(cmd->pool, prefix, path, NULL);
    *word = mod_sspi_view(path);
    return NULL;
}

/* Lists scopes that name a file, or that determine what a file must contain, or which sessions
 * there are, for the checks at start. Scopes of .htaccess files are not listed: httpd reads them
 * for each request, in many threads, and frees them with it. */
static void add_to_server(cmd_parms *cmd, struct mod_sspi_dir_config *dir)
{
    struct mod_sspi_server_config *config =
        ap_get_module_config(cmd->server->module_config, &sspi_module);

    if (ap_check_cmd_context(cmd, NOT_IN_HTACCESS) != NULL) {
        return;
    }
    APR_ARRAY_PUSH(config->dirs, struct mod_sspi_dir_config *) = dir;
}

const char *mod_sspi_set_option(cmd_parms *cmd, void *dir_, const char *args)
{
    struct mod_sspi_dir_config *dir = dir_;
    enum sspi_option option = (enum sspi_option)(intptr_t)cmd->info;
    const struct sspi_option_info *info = sspi_option_info(option);
    apr_array_header_t *words = split_words(cmd->pool, args);
    char error[SSPI_ERROR_SIZE];
    const char *refused;

    if (info->scope == SSPI_SCOPE_SERVER) {
        refused = ap_check_cmd_context(cmd, GLOBAL_ONLY);
        if (refused != NULL) {
            return refused;
        }
    }
    if (!sspi_option_check_words(option, (size_t)words->nelts, SSPI_SERVER_APACHE, error)) {
        return apr_pstrdup(cmd->pool, error);
    }
    if (info->kind == SSPI_KIND_FILE || info->kind == SSPI_KIND_FILES) {
        for (int i = 0; i < words->nelts; i++) {
            refused = set_file_name(cmd, info->prefix, &APR_ARRAY_IDX(words, i, struct sspi_view));
            if (refused != NULL) {
                return refused;
            }
        }
        add_to_server(cmd, dir);
    } else if (option == SSPI_OPTION_CHANNEL_BINDING || option == SSPI_OPTION_PACKAGES ||
               option == SSPI_OPTION_MECHANISMS || option == SSPI_OPTION_GROUPS ||
               option == SSPI_OPTION_SESSION || option == SSPI_OPTION_SESSION_COOKIE ||
               option == SSPI_OPTION_SESSION_AUDIENCE) {
        add_to_server(cmd, dir);
    }
    for (int i = 0; option == SSPI_OPTION_DIGEST_PROVIDER && i < words->nelts; i++) {
        refused = mod_sspi_provider_check(cmd->pool, cmd->cmd->name,
                                          APR_ARRAY_IDX(words, i, struct sspi_view).data);
        if (refused != NULL) {
            return refused;
        }
    }
    if (!sspi_policy_set(&dir->policy, option, (const struct sspi_view *)words->elts,
                         (size_t)words->nelts, SSPI_SERVER_APACHE, error)) {
        return apr_pstrdup(cmd->pool, error);
    }
    return NULL;
}

/* mod_authn_core owns AuthType and returns the type in force. If that is None, it does not return
 * the outer type. httpd calls each module that registered the directive. In one scope the last line
 * applies. */
const char *mod_sspi_set_auth_type(cmd_parms *cmd, void *dir_, const char *type)
{
    struct mod_sspi_dir_config *dir = dir_;

    if (ap_find_linked_module("mod_authn_core.c") == NULL) {
        return "AuthType needs mod_authn_core: load it";
    }
    dir->auth_none = ap_cstr_casecmp(type, "None") == 0;
    if (dir->auth_none) {
        dir->auth_type = MOD_SSPI_AUTH_UNSET;
    } else if (ap_cstr_casecmp(type, SSPI_AUTH_TYPE) == 0) {
        dir->auth_type = MOD_SSPI_AUTH_SSPI;
    } else {
        dir->auth_type = MOD_SSPI_AUTH_OTHER;
    }
    return NULL;
}

/* mod_authn_core owns AuthName. The check of sessions at start needs a realm that no request
 * changes. */
const char *mod_sspi_set_auth_name(cmd_parms *cmd, void *dir_, const char *name)
{
    struct mod_sspi_dir_config *dir = dir_;

    dir->realm = strpbrk(name, "%$\\\"") == NULL ? name : NULL;
    return NULL;
}

bool mod_sspi_dir_config_is_none(const request_rec *r)
{
    const struct mod_sspi_dir_config *dir = ap_get_module_config(r->per_dir_config, &sspi_module);

    return dir->auth_none && dir->auth_type == MOD_SSPI_AUTH_SSPI;
}

bool mod_sspi_dir_config_is_sspi(request_rec *r)
{
    const char *type = ap_auth_type(r);

    return type != NULL && ap_cstr_casecmp(type, SSPI_AUTH_TYPE) == 0;
}

void mod_sspi_dir_config_policy(const request_rec *r, struct sspi_policy *ret_policy)
{
    const struct mod_sspi_dir_config *dir = ap_get_module_config(r->per_dir_config, &sspi_module);

    *ret_policy = dir->policy;
    /* httpd has no directive for the mode: AuthType SSPI means on, SSPIOptional means optional. */
    ret_policy->set |= UINT64_C(1) << SSPI_OPTION_MODE;
    ret_policy->mode = dir->policy.optional ? SSPI_MODE_OPTIONAL : SSPI_MODE_ON;
}
