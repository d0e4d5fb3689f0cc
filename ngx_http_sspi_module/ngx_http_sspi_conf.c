/* SPDX-License-Identifier: Apache-2.0 */
#include "ngx_http_sspi_module.h"


static ngx_int_t ngx_http_sspi_add_directive(ngx_conf_t *cf,
    ngx_http_sspi_loc_conf_t *slcf, enum sspi_option option);
static ngx_uint_t ngx_http_sspi_is_for_logout(enum sspi_option option);
static char *ngx_http_sspi_set_policy(ngx_conf_t *cf,
    struct sspi_policy *policy, enum sspi_option option);
static ngx_int_t ngx_http_sspi_full_name(ngx_conf_t *cf, ngx_str_t *name,
    const char *prefix);
static char *ngx_http_sspi_set_realm(ngx_conf_t *cf,
    ngx_http_sspi_loc_conf_t *slcf);
static struct sspi_view *ngx_http_sspi_read_words(ngx_conf_t *cf,
    const struct sspi_words *lines, size_t *n_words);


void *
ngx_http_sspi_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_sspi_main_conf_t  *smcf;

    smcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_sspi_main_conf_t));
    if (smcf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&smcf->protected, cf->pool, 4,
                       sizeof(ngx_http_sspi_loc_conf_t *))
        != NGX_OK)
    {
        return NULL;
    }

    if (ngx_array_init(&smcf->directives, cf->pool, 4,
                       sizeof(ngx_http_sspi_directive_t))
        != NGX_OK)
    {
        return NULL;
    }

    if (ngx_array_init(&smcf->ccache_names, cf->pool, 1, sizeof(ngx_str_t))
        != NGX_OK)
    {
        return NULL;
    }

    return smcf;
}


void *
ngx_http_sspi_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_sspi_loc_conf_t  *slcf;

    slcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_sspi_loc_conf_t));
    if (slcf == NULL) {
        return NULL;
    }

    slcf->policy = sspi_policy_defaults();

    return slcf;
}


char *
ngx_http_sspi_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_sspi_loc_conf_t *prev = parent;
    ngx_http_sspi_loc_conf_t *conf = child;

    ngx_http_sspi_loc_conf_t    *scope, **slcfp;
    ngx_http_sspi_main_conf_t   *smcf;

    conf->outer = prev;

    if (!sspi_policy_is_set(&conf->policy, SSPI_OPTION_MODE)) {
        conf->mode = prev->mode;
    }

    if (!sspi_policy_is_set(&conf->policy, SSPI_OPTION_PACKAGES)) {
        conf->packages = prev->packages;
    }

    sspi_policy_merge(&conf->policy, &prev->policy, &conf->policy);

    if (conf->realm == NULL) {
        conf->realm = prev->realm;
    }

    if (conf->file.len == 0) {
        conf->file = prev->file;
        conf->line = prev->line;
    }

    if (conf->policy.mode == SSPI_MODE_OFF) {
        return NGX_CONF_OK;
    }

    conf->server = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);

#if (NGX_HTTP_SSL)
    conf->ssl = ngx_http_conf_get_module_srv_conf(cf, ngx_http_ssl_module);
#endif

    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_sspi_module);

    slcfp = ngx_array_push(&smcf->protected);
    if (slcfp == NULL) {
        return NGX_CONF_ERROR;
    }

    *slcfp = conf;

    for (scope = conf; scope; scope = scope->outer) {
        scope->used = 1;
    }

    return NGX_CONF_OK;
}


/* sets any directive of sspi_options.def; cmd->offset is enum sspi_option */

char *
ngx_http_sspi_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_sspi_loc_conf_t *slcf = conf;

    char                            error[SSPI_ERROR_SIZE], *rv;
    ngx_str_t                      *value;
    ngx_uint_t                      i;
    enum sspi_option                option;
    ngx_http_core_loc_conf_t       *clcf;
    const struct sspi_option_info  *info;

    option = (enum sspi_option) cmd->offset;
    info = sspi_option_info(option);
    value = cf->args->elts;

    if (!sspi_option_check_words(option, cf->args->nelts - 1, SSPI_SERVER_NGINX,
                                 error))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s", error);
        return NGX_CONF_ERROR;
    }

    if (info->kind == SSPI_KIND_BARE) {
        clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

        if (option == SSPI_OPTION_LOGOUT) {
            clcf->handler = ngx_http_sspi_logout_handler;
            slcf->logout = 1;

        } else {
            clcf->handler = ngx_http_sspi_status_handler;
        }

        return NGX_CONF_OK;
    }

    if (option != SSPI_OPTION_MODE
        && ngx_http_sspi_add_directive(cf, slcf, option) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (info->kind == SSPI_KIND_TEXT) {
        return ngx_http_sspi_set_realm(cf, slcf);
    }

    if (info->kind != SSPI_KIND_LINES
        && (slcf->policy.set & ((uint64_t) 1 << option)))
    {
        return "is duplicate";
    }

    if (info->kind == SSPI_KIND_FILE || info->kind == SSPI_KIND_FILES) {

        for (i = 1; i < cf->args->nelts; i++) {

            if (ngx_http_sspi_full_name(cf, &value[i], info->prefix)
                != NGX_OK)
            {
                return NGX_CONF_ERROR;
            }
        }
    }

    if (option == SSPI_OPTION_MODE) {
        slcf->file = cf->conf_file->file.name;
        slcf->line = cf->conf_file->line;
    }

    rv = ngx_http_sspi_is_choice(cf, option)
         ? ngx_http_sspi_set_choice(cf, slcf, option)
         : ngx_http_sspi_set_policy(cf, &slcf->policy, option);

    if (rv == NGX_CONF_OK && option == SSPI_OPTION_DELEGATION_VARIABLE
        && ngx_http_sspi_add_ccache_variable(cf, &value[1]) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return rv;
}


static ngx_int_t
ngx_http_sspi_add_directive(ngx_conf_t *cf, ngx_http_sspi_loc_conf_t *slcf,
    enum sspi_option option)
{
    ngx_http_sspi_directive_t  *directive;
    ngx_http_sspi_main_conf_t  *smcf;

    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_sspi_module);

    directive = ngx_array_push(&smcf->directives);
    if (directive == NULL) {
        return NGX_ERROR;
    }

    directive->conf = slcf;
    directive->option = option;
    directive->file = cf->conf_file->file.name;
    directive->line = cf->conf_file->line;

    return NGX_OK;
}


/*
 * A directive protects nothing if sspi is off in its block and in all inner
 * blocks.  In the http block, a directive may be a default for servers that
 * are added later.  So only directives that demand something of clients are
 * refused there.
 */

ngx_int_t
ngx_http_sspi_check_directives(ngx_conf_t *cf,
    ngx_http_sspi_main_conf_t *smcf)
{
    ngx_uint_t                  i;
    ngx_http_sspi_directive_t  *directives;

    directives = smcf->directives.elts;

    for (i = 0; i < smcf->directives.nelts; i++) {

        if (directives[i].conf->used) {
            continue;
        }

        if (directives[i].conf->logout
            && ngx_http_sspi_is_for_logout(directives[i].option))
        {
            continue;
        }

        if (directives[i].conf->outer == NULL
            && !sspi_policy_demands(&directives[i].conf->policy,
                                    directives[i].option))
        {
            continue;
        }

        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"%s\" protects nothing, because \"sspi\" is off in "
                      "this block and in all its inner blocks: "
                      "add \"sspi on\", or remove the directive in %V:%ui",
                      sspi_option_info(directives[i].option)
                          ->name[SSPI_SERVER_NGINX],
                      &directives[i].file, directives[i].line);

        return NGX_ERROR;
    }

    return NGX_OK;
}


/* a location that logs users out needs no "sspi on" for these */

static ngx_uint_t
ngx_http_sspi_is_for_logout(enum sspi_option option)
{
    return option == SSPI_OPTION_SESSION
           || option == SSPI_OPTION_SESSION_COOKIE
           || option == SSPI_OPTION_SESSION_REQUIRE_TLS;
}


static char *
ngx_http_sspi_set_policy(ngx_conf_t *cf, struct sspi_policy *policy,
    enum sspi_option option)
{
    char                             error[SSPI_ERROR_SIZE];
    size_t                           n_words;
    struct sspi_view                *words;
    struct sspi_words                lines;

    /* the lines of the same directive so far in this block */

    ngx_memzero(&lines, sizeof(struct sspi_words));

    if (option == SSPI_OPTION_REQUIRE) {
        lines = policy->require;
    }

    words = ngx_http_sspi_read_words(cf, &lines, &n_words);
    if (words == NULL) {
        return NGX_CONF_ERROR;
    }

    if (sspi_option_info(option)->kind == SSPI_KIND_LINES) {

        /* an absent view ends each line */

        words[n_words].data = NULL;
        words[n_words++].len = 0;
    }

    if (!sspi_policy_set(policy, option, words, n_words, SSPI_SERVER_NGINX,
                         error))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s", error);
        return NGX_CONF_ERROR;
    }

    if (option == SSPI_OPTION_REQUIRE) {
        return ngx_http_sspi_compile_patterns(cf, policy, lines.n,
                                              lines.compiled);
    }

    return NGX_CONF_OK;
}


/* makes a file name absolute; a prefix of the option stays before it */

static ngx_int_t
ngx_http_sspi_full_name(ngx_conf_t *cf, ngx_str_t *name, const char *prefix)
{
    u_char     *p;
    size_t      len;
    ngx_str_t   path;

    len = ngx_strlen(prefix);

    if (len == 0 || name->len <= len
        || ngx_strncmp(name->data, prefix, len) != 0)
    {
        return ngx_conf_full_name(cf->cycle, name, 1);
    }

    path.data = name->data + len;
    path.len = name->len - len;

    if (ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    p = ngx_pnalloc(cf->pool, len + path.len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    name->len = len + path.len;
    name->data = p;

    p = ngx_cpymem(p, prefix, len);
    p = ngx_cpymem(p, path.data, path.len);
    *p = '\0';

    return NGX_OK;
}


static char *
ngx_http_sspi_set_realm(ngx_conf_t *cf, ngx_http_sspi_loc_conf_t *slcf)
{
    ngx_str_t                         *value;
    ngx_http_compile_complex_value_t   ccv;

    if (slcf->realm) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len == 0) {
        return "must not be empty";
    }

    slcf->realm = ngx_palloc(cf->pool, sizeof(ngx_http_complex_value_t));
    if (slcf->realm == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = &value[1];
    ccv.complex_value = slcf->realm;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/*
 * Returns the words of the earlier lines, then those of this directive.  The
 * array has room for one more view.  The words themselves are in cf->pool.
 */

static struct sspi_view *
ngx_http_sspi_read_words(ngx_conf_t *cf, const struct sspi_words *lines,
    size_t *n_words)
{
    size_t             i;
    ngx_str_t         *value;
    struct sspi_view  *words;

    words = ngx_palloc(cf->pool,
                       (lines->n + cf->args->nelts) * sizeof(struct sspi_view));
    if (words == NULL) {
        return NULL;
    }

    for (i = 0; i < lines->n; i++) {
        words[i] = lines->words[i];
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {
        words[lines->n + i - 1].data = (const char *) value[i].data;
        words[lines->n + i - 1].len = value[i].len;
    }

    *n_words = lines->n + cf->args->nelts - 1;

    return words;
}
