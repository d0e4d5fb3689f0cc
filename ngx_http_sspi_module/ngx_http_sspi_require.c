/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The patterns of "sspi_require user ~REGEX".
 */
#include "ngx_http_sspi_module.h"


/*
 * The user's name must not stall the worker, whatever the pattern is: the
 * engine gives up after this many steps, some milliseconds.  Its own default
 * is 10,000,000.
 */
#define NGX_HTTP_SSPI_ANCHOR_BEFORE  "(*LIMIT_MATCH=100000)\\A(?:"
#define NGX_HTTP_SSPI_ANCHOR_AFTER   ")\\z"


static ngx_uint_t ngx_http_sspi_is_pattern(const struct sspi_view *word);
static void *ngx_http_sspi_compile(ngx_conf_t *cf,
    const struct sspi_view *word);
#if (NGX_PCRE)
static ngx_regex_t *ngx_http_sspi_compile_part(ngx_conf_t *cf,
    const struct sspi_view *word, ngx_str_t *pattern, const char *hint);
#endif


/*
 * Compiles the patterns of the newest line of policy->require, whose first
 * n_earlier words are those of earlier lines.  "compiled" has their patterns.
 */

char *
ngx_http_sspi_compile_patterns(ngx_conf_t *cf, struct sspi_policy *policy,
    size_t n_earlier, void *const *compiled)
{
    size_t                   i;
    void                   **all;
    const struct sspi_view  *words;

    words = policy->require.words;

    policy->require.compiled = NULL;

    all = ngx_pcalloc(cf->pool, policy->require.n * sizeof(void *));
    if (all == NULL) {
        return NGX_CONF_ERROR;
    }

    if (compiled) {
        ngx_memcpy(all, compiled, n_earlier * sizeof(void *));
        policy->require.compiled = all;
    }

    if (words[n_earlier].len != 4
        || ngx_strncmp(words[n_earlier].data, "user", 4) != 0)
    {
        return NGX_CONF_OK;
    }

    for (i = n_earlier + 1; i < policy->require.n; i++) {

        if (!ngx_http_sspi_is_pattern(&words[i])) {
            continue;
        }

        all[i] = ngx_http_sspi_compile(cf, &words[i]);
        if (all[i] == NULL) {
            return NGX_CONF_ERROR;
        }

        policy->require.compiled = all;
    }

    return NGX_CONF_OK;
}


static ngx_uint_t
ngx_http_sspi_is_pattern(const struct sspi_view *word)
{
    return word->len > 1 && word->data[0] == '~';
}


#if (NGX_PCRE)

/*
 * The pattern is first compiled as it is, so that the position of an error is
 * that of the administrator's text, and "a)|(b" cannot end the group below.
 */

static void *
ngx_http_sspi_compile(ngx_conf_t *cf, const struct sspi_view *word)
{
    u_char     *p;
    ngx_str_t   bare, anchored;

    bare.data = (u_char *) word->data + 1;
    bare.len = word->len - 1;

    if (ngx_http_sspi_compile_part(cf, word, &bare, "") == NULL) {
        return NULL;
    }

    anchored.len = sizeof(NGX_HTTP_SSPI_ANCHOR_BEFORE
                          NGX_HTTP_SSPI_ANCHOR_AFTER) - 1 + bare.len;

    p = ngx_pnalloc(cf->pool, anchored.len + 1);
    if (p == NULL) {
        return NULL;
    }

    anchored.data = p;

    p = ngx_cpymem(p, NGX_HTTP_SSPI_ANCHOR_BEFORE,
                   sizeof(NGX_HTTP_SSPI_ANCHOR_BEFORE) - 1);
    p = ngx_cpymem(p, bare.data, bare.len);
    (void) ngx_cpymem(p, NGX_HTTP_SSPI_ANCHOR_AFTER,
                      sizeof(NGX_HTTP_SSPI_ANCHOR_AFTER));

    return ngx_http_sspi_compile_part(cf, word, &anchored,
                                      ": it must work within \\A(?:...)\\z, so "
                                      "end \\Q with \\E, and remove comments "
                                      "and (*VERB)");
}


static ngx_regex_t *
ngx_http_sspi_compile_part(ngx_conf_t *cf, const struct sspi_view *word,
    ngx_str_t *pattern, const char *hint)
{
    u_char               errstr[NGX_MAX_CONF_ERRSTR];
    ngx_str_t            shown;
    ngx_regex_compile_t  rc;

    ngx_memzero(&rc, sizeof(ngx_regex_compile_t));

    rc.pattern = *pattern;
    rc.pool = cf->pool;
    rc.err.len = NGX_MAX_CONF_ERRSTR;
    rc.err.data = errstr;

    if (ngx_regex_compile(&rc) == NGX_OK) {
        return rc.regex;
    }

    shown.data = (u_char *) word->data;
    shown.len = word->len;

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "sspi_require: \"%V\" is not a valid pattern: %V%s",
                       &shown, &rc.err, hint);

    return NULL;
}


bool
ngx_http_sspi_matches(void *compiled, struct sspi_view text)
{
    int        captures[3];
    ngx_int_t  n;
    ngx_str_t  name;

    name.data = (u_char *) text.data;
    name.len = text.len;

    n = ngx_regex_exec(compiled, &name, captures, 3);

    if (n >= 0) {

        /* a pattern with (*ACCEPT) or \K can match less than the anchors */

        return captures[0] == 0 && (size_t) captures[1] == text.len;
    }

    if (n != NGX_REGEX_NO_MATCHED) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "sspi_require: " ngx_regex_exec_n " failed with %i, so a "
                      "pattern does not match the user: simplify the patterns",
                      n);
    }

    return false;
}

#else

static void *
ngx_http_sspi_compile(ngx_conf_t *cf, const struct sspi_view *word)
{
    ngx_str_t  shown;

    shown.data = (u_char *) word->data;
    shown.len = word->len;

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "sspi_require: \"%V\" is a pattern, but this nginx was "
                       "built without PCRE: write full names",
                       &shown);

    return NULL;
}


bool
ngx_http_sspi_matches(void *compiled, struct sspi_view text)
{
    return false;
}

#endif
