/* SPDX-License-Identifier: Apache-2.0 */
/* The patterns of `Require sspi-user ~REGEX`. httpd compiles them when it reads the line, also that
 * of an .htaccess file. */
#include "mod_sspi.h"

#include "apr_strings.h"
#include "http_log.h"

APLOG_USE_MODULE(sspi);

/* RegexDefaultOptions must not change which users a pattern admits. */
#define FLAGS AP_REG_NO_DEFAULT

static apr_status_t free_pattern(void *pattern)
{
    ap_regfree(pattern);
    return APR_SUCCESS;
}

/* The user's name must not take a thread for long, whatever the pattern is: the engine gives up
 * after this many steps, some milliseconds. Its own default is 10,000,000. */
#define ANCHOR_BEFORE "(*LIMIT_MATCH=100000)\\A(?:"
#define ANCHOR_AFTER  ")\\z"

/* Returns NULL, or why `text` is not a pattern, with the position of the error. */
static const char *compile(apr_pool_t *p, const char *text, ap_regex_t *pattern)
{
    if (ap_regcomp(pattern, text, FLAGS) == 0) {
        return NULL;
    }
    return apr_psprintf(p,
                        "it is not a regular expression, at offset %" APR_SIZE_T_FMT " of \"%s\"",
                        pattern->re_erroffset, text);
}

const char *mod_sspi_pattern_compile(apr_pool_t *p, const char *text, ap_regex_t **ret_pattern)
{
    ap_regex_t bare;
    ap_regex_t *anchored = apr_pcalloc(p, sizeof(*anchored));
    const char *why = compile(p, text, &bare);

    /* First as it is, so that the offset is that of the administrator's own text, and "a)|(b"
     * cannot end the group of the anchors. */
    if (why != NULL) {
        return why;
    }
    ap_regfree(&bare);
    why = compile(p, apr_pstrcat(p, ANCHOR_BEFORE, text, ANCHOR_AFTER, NULL), anchored);
    if (why != NULL) {
        return apr_pstrcat(p, why,
                           ": it must work within \\A(?:...)\\z, so end \\Q with \\E, and remove "
                           "comments and (*VERB)",
                           NULL);
    }
    apr_pool_cleanup_register(p, anchored, free_pattern, apr_pool_cleanup_null);
    *ret_pattern = anchored;
    return NULL;
}

enum mod_sspi_match mod_sspi_pattern_match(request_rec *r, const ap_regex_t *pattern,
                                           struct sspi_view name)
{
    ap_regmatch_t match;
    int status = ap_regexec_len(pattern, name.data, name.len, 1, &match, 0);

    if (status == 0) {
        /* A pattern with (*ACCEPT) or \K can match less than the anchors. */
        return match.rm_so == 0 && (apr_size_t)match.rm_eo == name.len ? MOD_SSPI_MATCH_YES
                                                                       : MOD_SSPI_MATCH_NO;
    }
    if (status == AP_REG_NOMATCH) {
        return MOD_SSPI_MATCH_NO;
    }
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                  "Require sspi-user: the regular expression engine failed (%d), so a pattern "
                  "does not admit the user: simplify the patterns",
                  status);
    return MOD_SSPI_MATCH_UNSURE;
}
