/* SPDX-License-Identifier: Apache-2.0 */
/* Finds mistakes in the tree of the configuration. httpd merges sections only for a request, so
 * these checks use one section and those around it. If another section might correct a mistake,
 * they do not report it. */
#include "mod_sspi_scope.h"

#include "apr_lib.h"
#include "apr_strings.h"
#include "http_log.h"

APLOG_USE_MODULE(sspi);

struct check {
    apr_pool_t *p;
    server_rec *s;
    struct sspi_acceptor *acceptor;
    const ap_directive_t *tree;
    bool failed; /* the server must not start */
    /* The location that is checked, the words that it may offer, and whether a Require line may
     * demand a user there. */
    const struct mod_sspi_scope *location;
    bool offered[MOD_SSPI_CHOICES][MOD_SSPI_CHOICE_WORDS];
    bool user_demanded;
    bool has_group_file;
};

/* ---- expressions ---- */

/* httpd evaluates AuthName and Require lines as expressions. Returns the value of `text`. NULL: the
 * value depends on the request. */
static const char *static_text(apr_pool_t *p, const char *text)
{
    char *copy = apr_pstrdup(p, text);
    char *to = copy;

    for (const char *from = text; *from != '\0'; from++) {
        if ((from[0] == '%' && from[1] == '{') || (from[0] == '$' && apr_isdigit(from[1]))) {
            return NULL;
        }
        if (from[0] == '\\' && from[1] != '\0') {
            from++;
        }
        *to++ = *from;
    }
    *to = '\0';
    return copy;
}

/* ---- realms ---- */

static void check_realm(struct check *check, const struct mod_sspi_scope *scope,
                        const ap_directive_t *node)
{
    const char *realm = static_text(check->p, mod_sspi_directive_first_word(check->p, node));
    struct sspi_policy digest = sspi_policy_defaults();
    const struct sspi_view packages = {"Digest", 6};
    char error[SSPI_ERROR_SIZE];

    if (realm == NULL || !mod_sspi_scope_is_sspi(check->p, scope) ||
        scope->chosen[MOD_SSPI_PACKAGES] == NULL ||
        !mod_sspi_directive_has_word(check->p, scope->chosen[MOD_SSPI_PACKAGES], "Digest")) {
        return;
    }
    if (sspi_policy_set(&digest, SSPI_OPTION_PACKAGES, &packages, 1, SSPI_SERVER_APACHE, error) &&
        sspi_policy_check_realm(&digest, mod_sspi_view(realm), SSPI_SERVER_APACHE, error)) {
        return;
    }
    ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_ERR, 0, check->s, "%s, in %s:%d", error,
                 node->filename, node->line_num);
    check->failed = true;
}

static void check_realms(void *self, const struct mod_sspi_scope *scope)
{
    struct check *check = self;

    for (const ap_directive_t *node = scope->first; node != NULL; node = node->next) {
        if (mod_sspi_directive_is_option(node, SSPI_OPTION_REALM)) {
            check_realm(check, scope, node);
        }
    }
}

/* ---- names of users ---- */

/* True if an .htaccess file may set a directive of authentication. */
static bool allows_htaccess(apr_pool_t *p, const ap_directive_t *node)
{
    return (mod_sspi_directive_is(node, "AllowOverride") &&
            (mod_sspi_directive_has_word(p, node, "All") ||
             mod_sspi_directive_has_word(p, node, "AuthConfig"))) ||
           (mod_sspi_directive_is(node, "AllowOverrideList") &&
            !mod_sspi_directive_has_word(p, node, "None"));
}

/* Marks the words of this choice that the directive lists; NULL: all words. */
static void offer(struct check *check, size_t choice, const ap_directive_t *node)
{
    const char *const *words = sspi_option_info(mod_sspi_choices[choice])->words;

    for (size_t i = 0; i < MOD_SSPI_CHOICE_WORDS && words[i] != NULL; i++) {
        check->offered[choice][i] |=
            node == NULL || mod_sspi_directive_has_word(check->p, node, words[i]);
    }
}

static void offer_default(struct check *check, size_t choice)
{
    check->offered[choice][0] = true;
    if (choice == MOD_SSPI_GROUPS) {
        check->offered[choice][SSPI_GROUPS_FILE - 1] = true;
    }
}

/* Marks the words that another scope may choose for the location. The choice of a late location
 * (<Location>, <If>) overrides the scopes that httpd merges before it. If a late location has its
 * own AuthType, an .htaccess file is not expected to choose for it. */
static void find_choice(struct check *check, const struct mod_sspi_scope *scope, size_t choice)
{
    const struct mod_sspi_scope *location = check->location;

    if (mod_sspi_scope_is_late(location) && !mod_sspi_scope_is_late(scope) &&
        mod_sspi_scope_has(location, location->chosen[choice])) {
        return;
    }
    for (const ap_directive_t *node = scope->first; node != NULL; node = node->next) {
        if (allows_htaccess(check->p, node)) {
            if (!mod_sspi_scope_is_late(location) ||
                !mod_sspi_scope_has(location, location->type)) {
                offer(check, choice, NULL);
            }
        } else if (mod_sspi_directive_is_option(node, mod_sspi_choices[choice]) &&
                   !mod_sspi_scope_is_within(location, scope)) {
            offer(check, choice, node);
        }
    }
}

static void find_choices(void *self, const struct mod_sspi_scope *scope)
{
    struct check *check = self;

    for (size_t i = 0;
         i < MOD_SSPI_CHOICES && mod_sspi_scope_can_meet(check->p, scope, check->location); i++) {
        find_choice(check, scope, i);
    }
}

/* The KDC, winbind or a user file may verify the passwords of Basic. So its users may be those of
 * any other scheme. */
static void offer_sources_of_basic(struct check *check)
{
    if (!check->offered[MOD_SSPI_PACKAGES][SSPI_SCHEME_BASIC - 1]) {
        return;
    }
    check->offered[MOD_SSPI_PACKAGES][SSPI_SCHEME_NEGOTIATE - 1] = true;
    check->offered[MOD_SSPI_PACKAGES][SSPI_SCHEME_DIGEST - 1] = true;
    check->offered[MOD_SSPI_MECHANISMS][SSPI_MECH_KERBEROS - 1] = true;
    check->offered[MOD_SSPI_MECHANISMS][SSPI_MECH_NTLM - 1] = true;
}

/* Marks all words that may be in force for a request of the location. */
static void find_offered(struct check *check, const struct mod_sspi_scope *location)
{
    check->location = location;
    memset(check->offered, 0, sizeof(check->offered));
    for (size_t i = 0; i < MOD_SSPI_CHOICES; i++) {
        if (location->chosen[i] != NULL) {
            offer(check, i, location->chosen[i]);
        } else {
            offer_default(check, i);
        }
    }
    mod_sspi_scope_walk(check->p, check->tree, find_choices, check);
    offer_sources_of_basic(check);
}

/* Makes a policy of the schemes, the mechanisms and the sources of groups. `views` must exist as
 * long as the policy. */
static void make_policy(const struct check *check,
                        struct sspi_view views[MOD_SSPI_CHOICES][MOD_SSPI_CHOICE_WORDS],
                        struct sspi_policy *ret_policy)
{
    char error[SSPI_ERROR_SIZE];

    *ret_policy = sspi_policy_defaults();
    for (size_t choice = 0; choice < MOD_SSPI_USER_NAME; choice++) {
        size_t n = 0;

        for (size_t i = 0; i < MOD_SSPI_CHOICE_WORDS; i++) {
            const char *word;

            if (check->offered[choice][i]) {
                word = sspi_option_info(mod_sspi_choices[choice])->words[i];
                views[choice][n++] = mod_sspi_view(word);
            }
        }
        (void)sspi_policy_set(ret_policy, mod_sspi_choices[choice], views[choice], n,
                              SSPI_SERVER_APACHE, error);
    }
}

/* Reads the provider of a Require line, and the text after it. */
static const char *provider_of(apr_pool_t *p, const ap_directive_t *node, const char **ret_rest)
{
    const char *word;

    *ret_rest = node->args;
    word = ap_getword_conf(p, ret_rest);
    return strcmp(word, "not") == 0 ? ap_getword_conf(p, ret_rest) : word;
}

/* mod_authz_user compares REMOTE_USER, which is a full name unless Digest, Basic or a shorter form
 * is offered. */
static bool compares_full(const struct check *check)
{
    const bool *forms = check->offered[MOD_SSPI_USER_NAME];

    for (size_t i = SSPI_USER_NAME_FULL + 1; i < MOD_SSPI_CHOICE_WORDS; i++) {
        if (forms[i]) {
            return false;
        }
    }
    return !check->offered[MOD_SSPI_PACKAGES][SSPI_SCHEME_DIGEST - 1];
}

static void check_words(struct check *check, const char *provider, const char *names)
{
    struct sspi_view views[MOD_SSPI_CHOICES][MOD_SSPI_CHOICE_WORDS];
    const char *directive = apr_pstrcat(check->p, "Require ", provider, NULL);
    struct sspi_policy policy;

    make_policy(check, views, &policy);
    while (*names != '\0') {
        const char *name = ap_getword_conf(check->p, &names);

        if (strcmp(provider, "sspi-realm") == 0) {
            sspi_acceptor_check_realm(check->acceptor, &policy, directive, mod_sspi_view(name));
        } else if (name[0] != '~' || strcmp(provider, "sspi-user") != 0) {
            sspi_acceptor_check_name(check->acceptor, &policy, directive, mod_sspi_view(name));
        }
    }
}

/* Finds out whether a group file may be in force for the location. */
static void find_group_file(void *self, const struct mod_sspi_scope *scope)
{
    struct check *check = self;

    if (!mod_sspi_scope_can_meet(check->p, scope, check->location)) {
        return;
    }
    for (const ap_directive_t *node = scope->first; node != NULL; node = node->next) {
        check->has_group_file |= mod_sspi_directive_is_option(node, SSPI_OPTION_GROUP_FILE);
    }
}

static void check_groups(struct check *check, const char *words)
{
    static const struct sspi_view any_file = {"file", 4};
    struct sspi_view views[MOD_SSPI_CHOICES][MOD_SSPI_CHOICE_WORDS];
    struct sspi_policy policy;

    make_policy(check, views, &policy);
    check->has_group_file = false;
    mod_sspi_scope_walk(check->p, check->tree, find_group_file, check);
    if (check->has_group_file) {
        policy.group_file.words = &any_file;
        policy.group_file.n = 1;
    }
    while (*words != '\0') {
        const char *word = mod_sspi_authz_group_word(check->p, &words);

        sspi_acceptor_check_group(check->acceptor, &policy, "Require sspi-group",
                                  mod_sspi_view(word));
    }
}

static void check_line(struct check *check, const struct mod_sspi_scope *scope,
                       const ap_directive_t *node)
{
    const char *names;
    const char *provider = provider_of(check->p, node, &names);
    bool any_user = strcmp(provider, "user") == 0 && mod_sspi_scope_is_sspi(check->p, scope);

    if (strcmp(provider, "sspi-group") == 0) {
        find_offered(check, scope);
        check_groups(check, names);
        return;
    }
    names = static_text(check->p, names);
    if (names == NULL ||
        (!any_user && strcmp(provider, "sspi-user") != 0 && strcmp(provider, "sspi-realm") != 0)) {
        return;
    }
    find_offered(check, scope);
    if (!any_user || compares_full(check)) {
        check_words(check, provider, names);
    }
}

static void check_lines(struct check *check, const struct mod_sspi_scope *scope,
                        const ap_directive_t *node)
{
    for (; node != NULL; node = node->next) {
        if (mod_sspi_directive_is_require_section(node)) {
            check_lines(check, scope, node->first_child);
        } else if (mod_sspi_directive_is(node, "Require")) {
            check_line(check, scope, node);
        }
    }
}

static void check_names(void *self, const struct mod_sspi_scope *scope)
{
    struct check *check = self;

    check_lines(check, scope, scope->first);
}

/* ---- locations that do not demand a user ---- */

/* True for a Require line of a section, except `all` (granted or denied). With SSPIOptional every
 * Require line counts, because `all granted` is correct there. */
static bool demands_user(apr_pool_t *p, const ap_directive_t *node, bool optional)
{
    if (mod_sspi_directive_is(node, "Require")) {
        return optional || ap_cstr_casecmp(mod_sspi_directive_first_word(p, node), "all") != 0;
    }
    return mod_sspi_directive_is_require_section(node);
}

static void find_demand(void *self, const struct mod_sspi_scope *scope)
{
    struct check *check = self;
    const struct mod_sspi_scope *location = check->location;
    bool optional = location->optional || scope->section == location->section;

    if (check->user_demanded || !mod_sspi_scope_can_meet(check->p, scope, location)) {
        return;
    }
    for (const ap_directive_t *node = scope->first; node != NULL; node = node->next) {
        check->user_demanded |=
            demands_user(check->p, node, optional) ||
            (!mod_sspi_scope_is_late(location) && allows_htaccess(check->p, node));
    }
}

/* Reports demands at a location with AuthType SSPI if no Require line demands a user there: httpd
 * admits every client without calling a module. */
static void check_location(void *self, const struct mod_sspi_scope *scope)
{
    struct check *check = self;
    const char *location;

    if (scope->demand == NULL || !mod_sspi_scope_is_sspi(check->p, scope) ||
        !mod_sspi_scope_has(scope, scope->type)) {
        return;
    }
    check->location = scope;
    check->user_demanded = false;
    mod_sspi_scope_walk(check->p, check->tree, find_demand, check);
    if (check->user_demanded) {
        return;
    }
    location = scope->section == NULL
                   ? "the server configuration outside sections"
                   : apr_psprintf(check->p, "%s %s (%s:%d)", scope->section->directive,
                                  scope->section->args, scope->section->filename,
                                  scope->section->line_num);
    sspi_acceptor_log_unprotected(
        check->acceptor,
        apr_pstrcat(check->p, scope->demand->directive, " ", scope->demand->args, NULL), location);
}

bool mod_sspi_check(apr_pool_t *ptemp, server_rec *s, struct sspi_acceptor *acceptor,
                    const ap_directive_t *tree)
{
    struct check check = {.p = ptemp, .s = s, .acceptor = acceptor, .tree = tree};

    mod_sspi_scope_walk(ptemp, tree, check_realms, &check);
    mod_sspi_scope_walk(ptemp, tree, check_names, &check);
    mod_sspi_scope_walk(ptemp, tree, check_location, &check);
    return !check.failed;
}
