/* SPDX-License-Identifier: Apache-2.0 */
/* The Require lines of this module: users, groups, realms and bound channels. Full names are
 * compared, because short names of different schemes can be equal. */
#include "mod_sspi_scope.h"

#include "ap_expr.h"
#include "apr_strings.h"
#include "http_log.h"
#include "http_request.h"
#include "mod_auth.h"

APLOG_USE_MODULE(sspi);

/* AUTHZ_GRANTED: this module verified the user, and the exchange has that user. Otherwise returns
 * the status for httpd. */
static authz_status find_user(request_rec *r)
{
    const struct sspi_result *result;

    if (r->user == NULL) {
        return AUTHZ_DENIED_NO_USER;
    }
    if (!mod_sspi_dir_config_is_sspi(r)) {
        return AUTHZ_DENIED; /* a user of another AuthType */
    }
    if (!mod_sspi_request_state_of(r)->granted) {
        return AUTHZ_DENIED_NO_USER; /* another module's user: credentials are not verified yet */
    }
    /* The exchange has the user of its last step, so that step must be for this location. */
    result = mod_sspi_request_result(r);
    return result != NULL && result->has_user ? AUTHZ_GRANTED : AUTHZ_GENERAL_ERROR;
}

/* ---- lines that refuse users ---- */

/* Require lines name an alias with or without `not`, and httpd does not say which. */
static const char *check_alias(cmd_parms *cmd, const char *what)
{
    return mod_sspi_directive_is(cmd->directive, "<AuthzProviderAlias")
               ? apr_psprintf(cmd->pool,
                              "%s cannot be in <AuthzProviderAlias>, which hides whether a line "
                              "admits or refuses the users: write them into the Require lines",
                              what)
               : NULL;
}

static authz_status status_if_unsure(bool is_reversed_line)
{
    return is_reversed_line ? AUTHZ_GRANTED : AUTHZ_DENIED;
}

/* ---- sspi-user, sspi-realm ---- */

/* A line of names: httpd evaluates them as an expression, except patterns. A line of realms has no
 * patterns. */
struct name_line {
    bool is_reversed;
    const ap_expr_info_t *names;  /* NULL: the line has only patterns */
    apr_array_header_t *patterns; /* ap_regex_t * */
};

typedef bool is_named(const struct sspi_exchange *exchange, struct sspi_view name);

/* The value of an expression is never a pattern, because a client may have sent it. */
static authz_status check_names(request_rec *r, const char *provider,
                                const ap_expr_info_t *expression, is_named *is)
{
    const char *error = NULL;
    const char *words = ap_expr_str_exec(r, expression, &error);

    if (error != NULL) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "Require %s: %s", provider, error);
        return AUTHZ_GENERAL_ERROR;
    }
    while (*words != '\0') {
        const char *word = ap_getword_conf(r->pool, &words);

        if (is(mod_sspi_request_find(r)->exchange, mod_sspi_view(word))) {
            return AUTHZ_GRANTED;
        }
    }
    return AUTHZ_DENIED;
}

static authz_status check_patterns(request_rec *r, const struct name_line *line)
{
    struct sspi_view name = sspi_exchange_full_name(mod_sspi_request_find(r)->exchange);
    authz_status status = AUTHZ_DENIED;

    for (int i = 0; i < line->patterns->nelts; i++) {
        const ap_regex_t *pattern = APR_ARRAY_IDX(line->patterns, i, ap_regex_t *);

        /* Absent: the name can be read in two ways. */
        switch (name.data != NULL ? mod_sspi_pattern_match(r, pattern, name)
                                  : MOD_SSPI_MATCH_UNSURE) {
        case MOD_SSPI_MATCH_YES:
            return AUTHZ_GRANTED;
        case MOD_SSPI_MATCH_UNSURE:
            status = status_if_unsure(line->is_reversed);
            break;
        case MOD_SSPI_MATCH_NO:
            break;
        }
    }
    return status;
}

static authz_status check_user(request_rec *r, const char *line, const void *parsed)
{
    const struct name_line *names = parsed;
    authz_status status;

    if (mod_sspi_exempt_meets(r)) {
        return mod_sspi_exempt_status(names->is_reversed);
    }
    status = find_user(r);
    if (status != AUTHZ_GRANTED) {
        return status;
    }
    if (names->names != NULL) {
        status = check_names(r, "sspi-user", names->names, sspi_exchange_user_is);
        if (status != AUTHZ_DENIED) {
            return status;
        }
    }
    return check_patterns(r, names);
}

static authz_status check_realm(request_rec *r, const char *line, const void *parsed)
{
    const struct name_line *realms = parsed;
    authz_status status;

    if (mod_sspi_exempt_meets(r)) {
        return mod_sspi_exempt_status(realms->is_reversed);
    }
    status = find_user(r);
    return status == AUTHZ_GRANTED
               ? check_names(r, "sspi-realm", realms->names, sspi_exchange_realm_is)
               : status;
}

/* Returns the words of `line` without the patterns, whose text *ret_patterns (const char *) gets.
 * The words keep their quotes, because they are an expression. */
static const char *split_patterns(apr_pool_t *p, const char *line,
                                  apr_array_header_t **ret_patterns)
{
    const char *names = "";

    *ret_patterns = apr_array_make(p, 1, sizeof(const char *));
    while (*line != '\0') {
        const char *start = line;
        const char *word = ap_getword_conf(p, &line);

        if (word[0] == '~') {
            APR_ARRAY_PUSH(*ret_patterns, const char *) = word + 1;
        } else {
            names =
                apr_pstrcat(p, names, apr_pstrmemdup(p, start, (apr_size_t)(line - start)), NULL);
        }
    }
    return names;
}

static const char *parse_names(cmd_parms *cmd, const char *provider, const char *names,
                               const ap_expr_info_t **ret_names)
{
    const char *error = NULL;

    *ret_names = ap_expr_parse_cmd(cmd, names, AP_EXPR_FLAG_STRING_RESULT, &error, NULL);
    return error == NULL ? NULL : apr_psprintf(cmd->pool, "Require %s: %s", provider, error);
}

static const char *parse_patterns(cmd_parms *cmd, const apr_array_header_t *texts,
                                  apr_array_header_t *patterns)
{
    for (int i = 0; i < texts->nelts; i++) {
        const char *text = APR_ARRAY_IDX(texts, i, const char *);
        const char *why = "an empty pattern matches no name: write ~REGEX";

        if (*text != '\0') {
            why = mod_sspi_pattern_compile(cmd->pool, text, apr_array_push(patterns));
        }
        if (why != NULL) {
            return apr_psprintf(cmd->pool, "Require sspi-user: \"~%s\" is not a valid pattern: %s",
                                text, why);
        }
    }
    return NULL;
}

static const char *parse_user(cmd_parms *cmd, const char *line, const void **ret_parsed)
{
    struct name_line *parsed = apr_pcalloc(cmd->pool, sizeof(*parsed));
    apr_array_header_t *patterns;
    const char *names = split_patterns(cmd->pool, line, &patterns);
    const char *error = NULL;

    if (*line == '\0') {
        return "Require sspi-user takes one or more names: alice@REALM, or digest:alice for "
               "Digest; or ~REGEX for full names";
    }
    parsed->is_reversed = mod_sspi_directive_is_reversed(cmd);
    parsed->patterns = apr_array_make(cmd->pool, 1, sizeof(ap_regex_t *));
    *ret_parsed = parsed;
    if (patterns->nelts > 0) {
        error = check_alias(cmd, "Require sspi-user: patterns");
    }
    if (error != NULL) {
        return error;
    }
    if (*names != '\0') {
        error = parse_names(cmd, "sspi-user", names, &parsed->names);
    }
    return error != NULL ? error : parse_patterns(cmd, patterns, parsed->patterns);
}

static const char *parse_realm(cmd_parms *cmd, const char *line, const void **ret_parsed)
{
    struct name_line *parsed = apr_pcalloc(cmd->pool, sizeof(*parsed));

    if (*line == '\0') {
        return "Require sspi-realm takes one or more Kerberos realms, NTLM domains or digest:REALM";
    }
    parsed->is_reversed = mod_sspi_directive_is_reversed(cmd);
    *ret_parsed = parsed;
    return parse_names(cmd, "sspi-realm", line, &parsed->names);
}

/* ---- sspi-group ---- */

struct group_line {
    apr_array_header_t *words; /* struct sspi_view */
    bool in_htaccess;
    bool is_reversed;
};

/* A line of .htaccess has only SIDs and groups of the group file. */
static void find_policy(request_rec *r, const struct group_line *line,
                        struct sspi_policy *ret_policy)
{
    mod_sspi_dir_config_policy(r, ret_policy);
    if (line->in_htaccess) {
        ret_policy->groups.offers[SSPI_GROUPS_LOCAL] = false;
    }
}

static authz_status status_of(enum sspi_membership membership, bool is_reversed_line)
{
    switch (membership) {
    case SSPI_MEMBERSHIP_YES:
        return AUTHZ_GRANTED;
    case SSPI_MEMBERSHIP_UNKNOWN:
        /* mod_authz_core answers 401 to a user of whom it knows too little, never 403. */
        return is_reversed_line ? AUTHZ_GRANTED : AUTHZ_DENIED_NO_USER;
    case SSPI_MEMBERSHIP_UNSURE:
        return status_if_unsure(is_reversed_line);
    case SSPI_MEMBERSHIP_NO:
        break;
    }
    return AUTHZ_DENIED;
}

static authz_status check_group(request_rec *r, const char *line, const void *parsed)
{
    const struct group_line *groups = parsed;
    struct sspi_policy policy;
    authz_status status;

    if (mod_sspi_exempt_meets(r)) {
        return mod_sspi_exempt_status(groups->is_reversed);
    }
    status = find_user(r);
    if (status != AUTHZ_GRANTED) {
        return status == AUTHZ_DENIED ? status_if_unsure(groups->is_reversed) : status;
    }
    find_policy(r, groups, &policy);
    status = AUTHZ_DENIED;
    for (int i = 0; i < groups->words->nelts && status != AUTHZ_GRANTED; i++) {
        authz_status of_word =
            status_of(sspi_exchange_in_group(mod_sspi_request_find(r)->exchange, &policy,
                                             APR_ARRAY_IDX(groups->words, i, struct sspi_view)),
                      groups->is_reversed);

        if (of_word != AUTHZ_DENIED) {
            status = of_word;
        }
    }
    return status;
}

const char *mod_sspi_authz_group_word(apr_pool_t *p, const char **line)
{
    const char *word = ap_getword_conf(p, line);
    const char *backslash = strstr(word, "\\\\");

    /* In the other Require lines, which are expressions, a backslash is doubled. No group has two
     * of them, so both forms are read. */
    if (backslash == NULL) {
        return word;
    }
    return apr_pstrcat(p, apr_pstrmemdup(p, word, (apr_size_t)(backslash - word)), backslash + 1,
                       NULL);
}

/* A host may have Require lines and no other directive of this module, so the words are kept beside
 * the server configs. */
apr_array_header_t *mod_sspi_authz_groups(apr_pool_t *pconf)
{
    static const char key[] = "mod_sspi_authz_groups";
    void *groups = NULL;

    (void)apr_pool_userdata_get(&groups, key, pconf);
    if (groups == NULL) {
        groups = apr_array_make(pconf, 4, sizeof(const char *));
        (void)apr_pool_userdata_setn(groups, key, NULL, pconf);
    }
    return groups;
}

/* NULL, or why the word may not stand in this line. */
static const char *check_group_word(cmd_parms *cmd, const char *word, bool in_htaccess)
{
    char error[SSPI_ERROR_SIZE];

    if (strstr(word, "%{") != NULL) {
        return apr_psprintf(cmd->pool,
                            "Require sspi-group: \"%s\" is an expression: write the group itself, "
                            "because the names of groups are looked up at start",
                            word);
    }
    if (!sspi_policy_check_group(mod_sspi_view(word), "Require sspi-group", error)) {
        return apr_pstrdup(cmd->pool, error);
    }
    if (in_htaccess && sspi_policy_is_domain_group(mod_sspi_view(word))) {
        return apr_psprintf(cmd->pool,
                            "Require sspi-group: \"%s\" cannot be looked up for .htaccess, because "
                            "that is done at start: write the group's SID, or use <Directory>",
                            word);
    }
    return NULL;
}

/* The names of groups must be looked up at start, so they are no expressions. */
static const char *parse_group(cmd_parms *cmd, const char *line, const void **ret_parsed)
{
    struct group_line *parsed = apr_pcalloc(cmd->pool, sizeof(*parsed));
    const char *error = check_alias(cmd, "Require sspi-group: groups");

    if (error != NULL) {
        return error;
    }
    if (*line == '\0') {
        return "Require sspi-group takes one or more groups: a SID (S-1-5-21-...), DOMAIN\\name, "
               "or "
               "the name of a group of the group file or of this machine";
    }
    parsed->is_reversed = mod_sspi_directive_is_reversed(cmd);
    parsed->in_htaccess = ap_check_cmd_context(cmd, NOT_IN_HTACCESS) != NULL;
    parsed->words = apr_array_make(cmd->pool, 4, sizeof(struct sspi_view));
    while (*line != '\0') {
        const char *word = mod_sspi_authz_group_word(cmd->pool, &line);

        error = check_group_word(cmd, word, parsed->in_htaccess);
        if (error != NULL) {
            return error;
        }
        APR_ARRAY_PUSH(parsed->words, struct sspi_view) = mod_sspi_view(word);
        if (!parsed->in_htaccess) {
            APR_ARRAY_PUSH(mod_sspi_authz_groups(cmd->pool), const char *) = word;
        }
    }
    *ret_parsed = parsed;
    return NULL;
}

/* ---- sspi-channel-bound ---- */

static authz_status check_bound(request_rec *r, const char *line, const void *parsed)
{
    const bool *is_reversed_line = parsed;
    authz_status status;

    if (mod_sspi_exempt_meets(r)) {
        return mod_sspi_exempt_status(*is_reversed_line);
    }
    status = find_user(r);
    if (status != AUTHZ_GRANTED) {
        return status;
    }
    return sspi_exchange_is_bound(mod_sspi_request_find(r)->exchange) ? AUTHZ_GRANTED
                                                                      : AUTHZ_DENIED;
}

static const char *parse_bound(cmd_parms *cmd, const char *line, const void **ret_parsed)
{
    bool *is_reversed_line = apr_palloc(cmd->pool, sizeof(*is_reversed_line));

    *is_reversed_line = mod_sspi_directive_is_reversed(cmd);
    *ret_parsed = is_reversed_line;
    return *line == '\0' ? NULL : "Require sspi-channel-bound takes no arguments: remove them";
}

/* ---- providers ---- */

static const struct {
    const char *name;
    authz_provider provider;
} providers[] = {
    {"sspi-user", {check_user, parse_user}},
    {"sspi-group", {check_group, parse_group}},
    {"sspi-realm", {check_realm, parse_realm}},
    {"sspi-channel-bound", {check_bound, parse_bound}},
};

void mod_sspi_authz_register(apr_pool_t *p)
{
    for (size_t i = 0; i < sizeof(providers) / sizeof(providers[0]); i++) {
        ap_register_auth_provider(p, AUTHZ_PROVIDER_GROUP, providers[i].name,
                                  AUTHZ_PROVIDER_VERSION, &providers[i].provider,
                                  AP_AUTH_INTERNAL_PER_CONF);
    }
}

/* ---- lines that protect nothing ---- */

static size_t count_requires(const ap_directive_t *node)
{
    size_t n = 0;

    for (; node != NULL; node = node->next) {
        n += mod_sspi_directive_is_require_section(node) || mod_sspi_directive_is(node, "Require");
    }
    return n;
}

/* True if the line is an alternative to other lines of its scope, because it is not in
 * <RequireAll>. */
static bool is_alternative(const ap_directive_t *line)
{
    for (const ap_directive_t *at = line->parent; at != NULL; at = at->parent) {
        if (mod_sspi_directive_is(at, "<RequireAll")) {
            return false;
        }
        if (!mod_sspi_directive_is_require_section(at) || count_requires(at->first_child) > 1) {
            break;
        }
    }
    return true;
}

/* mod_authz_core treats Require lines as alternatives: a request that meets any other line does not
 * need to meet `Require sspi-channel-bound`. In <RequireAll> each line must be met. httpd calls
 * every module that has a directive of this name. So this handler counts the lines while
 * mod_authz_core reads them. An error in .htaccess makes httpd answer its requests with 500. */
const char *mod_sspi_authz_count(cmd_parms *cmd, void *dir_, const char *args)
{
    struct mod_sspi_dir_config *dir = dir_;
    const char *provider = ap_getword_conf(cmd->temp_pool, &args);

    if (ap_find_linked_module("mod_authz_core.c") == NULL) {
        return "Require needs mod_authz_core: load it";
    }
    /* Lines for different methods (<Limit>, <LimitExcept>) never apply to one request. */
    dir->required_again |= dir->required & cmd->limited;
    dir->required |= cmd->limited;
    dir->demands_bound |= strcmp(provider, "sspi-channel-bound") == 0;
    if (strcmp(provider, "sspi-channel-bound") == 0 && is_alternative(cmd->directive)) {
        dir->bound_as_alternative |= cmd->limited;
    }
    if ((dir->bound_as_alternative & dir->required_again) != 0) {
        return "Require sspi-channel-bound beside another Require protects nothing, because httpd "
               "admits a request that meets only one of them: put both into <RequireAll>";
    }
    return NULL;
}
