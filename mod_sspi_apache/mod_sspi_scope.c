/* SPDX-License-Identifier: Apache-2.0 */
#include "mod_sspi_scope.h"

#include "apr_strings.h"

const enum sspi_option mod_sspi_choices[MOD_SSPI_CHOICES] = {
    [MOD_SSPI_PACKAGES] = SSPI_OPTION_PACKAGES,
    [MOD_SSPI_MECHANISMS] = SSPI_OPTION_MECHANISMS,
    [MOD_SSPI_GROUPS] = SSPI_OPTION_GROUPS,
    [MOD_SSPI_USER_NAME] = SSPI_OPTION_USER_NAME,
};

/* ---- directives ---- */

bool mod_sspi_directive_is(const ap_directive_t *node, const char *name)
{
    return ap_cstr_casecmp(node->directive, name) == 0;
}

bool mod_sspi_directive_is_option(const ap_directive_t *node, enum sspi_option option)
{
    return mod_sspi_directive_is(node, sspi_option_info(option)->name[SSPI_SERVER_APACHE]);
}

bool mod_sspi_directive_is_require_section(const ap_directive_t *node)
{
    return ap_cstr_casecmpn(node->directive, "<Require", 8) == 0;
}

const char *mod_sspi_directive_first_word(apr_pool_t *p, const ap_directive_t *node)
{
    const char *args = node->args;

    return ap_getword_conf(p, &args);
}

bool mod_sspi_directive_has_word(apr_pool_t *p, const ap_directive_t *node, const char *wanted)
{
    const char *args = node->args;

    while (*args != '\0') {
        if (ap_cstr_casecmp(ap_getword_conf(p, &args), wanted) == 0) {
            return true;
        }
    }
    return false;
}

bool mod_sspi_directive_is_reversed(cmd_parms *cmd)
{
    const char *args = cmd->directive->args;
    bool reversed = ap_cstr_casecmp(ap_getword_conf(cmd->temp_pool, &args), "not") == 0;

    for (const ap_directive_t *at = cmd->directive->parent; at != NULL; at = at->parent) {
        reversed ^= mod_sspi_directive_is(at, "<RequireNone");
    }
    return reversed;
}

/* ---- scopes ---- */

/* True for an option and a value by which an administrator demands TLS or a channel binding. */
static bool is_demand(apr_pool_t *p, const ap_directive_t *node)
{
    if (mod_sspi_directive_is_option(node, SSPI_OPTION_REQUIRE_TLS)) {
        return mod_sspi_directive_has_word(p, node, "on");
    }
    if (mod_sspi_directive_is_option(node, SSPI_OPTION_CHANNEL_BINDING)) {
        return !mod_sspi_directive_has_word(p, node, "none");
    }
    return mod_sspi_directive_is_option(node, SSPI_OPTION_CHANNEL_BINDING_TYPE) ||
           mod_sspi_directive_is_option(node, SSPI_OPTION_CHANNEL_BINDING_CERTIFICATE) ||
           mod_sspi_directive_is_option(node, SSPI_OPTION_EXTENDED_PROTECTION);
}

static void read_directive(apr_pool_t *p, const ap_directive_t *node, struct mod_sspi_scope *scope)
{
    if (mod_sspi_directive_is(node, "AuthType")) {
        scope->type = node;
    } else if (mod_sspi_directive_is_option(node, SSPI_OPTION_OPTIONAL)) {
        scope->optional = mod_sspi_directive_has_word(p, node, "on");
    } else if (is_demand(p, node)) {
        scope->demand = node;
    } else if (scope->demand != NULL && mod_sspi_directive_is(node, scope->demand->directive)) {
        scope->demand = NULL; /* this scope cancels the demand of an outer one */
    }
    for (size_t i = 0; i < MOD_SSPI_CHOICES; i++) {
        if (mod_sspi_directive_is_option(node, mod_sspi_choices[i])) {
            scope->chosen[i] = node;
        }
    }
}

struct walk {
    apr_pool_t *p;
    mod_sspi_scope_callback *callback;
    void *self;
};

static void walk_scope(const struct walk *walk, const struct mod_sspi_scope *outer,
                       const ap_directive_t *section, const ap_directive_t *first)
{
    struct mod_sspi_scope scope = {0};

    if (outer != NULL) {
        scope = *outer;
    }
    scope.outer = outer;
    scope.section = section;
    scope.first = first;
    for (const ap_directive_t *node = first; node != NULL; node = node->next) {
        read_directive(walk->p, node, &scope);
    }
    walk->callback(walk->self, &scope);
    for (const ap_directive_t *node = first; node != NULL; node = node->next) {
        if (node->first_child != NULL && !mod_sspi_directive_is_require_section(node)) {
            walk_scope(walk, &scope, node, node->first_child);
        }
    }
}

void mod_sspi_scope_walk(apr_pool_t *p, const ap_directive_t *tree,
                         mod_sspi_scope_callback *callback, void *self)
{
    const struct walk walk = {p, callback, self};

    walk_scope(&walk, NULL, NULL, tree);
}

bool mod_sspi_scope_is_sspi(apr_pool_t *p, const struct mod_sspi_scope *scope)
{
    return scope->type != NULL && mod_sspi_directive_has_word(p, scope->type, SSPI_AUTH_TYPE);
}

bool mod_sspi_scope_has(const struct mod_sspi_scope *scope, const ap_directive_t *node)
{
    for (const ap_directive_t *at = scope->first; at != NULL && node != NULL; at = at->next) {
        if (at == node) {
            return true;
        }
    }
    return false;
}

/* ---- which sections apply to the same request ---- */

static bool is_section(const ap_directive_t *section, const char *kind)
{
    return section != NULL && mod_sspi_directive_is(section, kind);
}

/* Returns the path of <Location> or <Directory>. NULL: it is a pattern. */
static const char *plain_path(apr_pool_t *p, const ap_directive_t *section)
{
    const char *path = mod_sspi_directive_first_word(p, section);
    size_t len = strlen(path);

    if (strpbrk(path, "*?[~") != NULL) {
        return NULL;
    }
    return len > 0 && path[len - 1] == '>' ? apr_pstrmemdup(p, path, len - 1) : path;
}

bool mod_sspi_scope_is_within(const struct mod_sspi_scope *inner,
                              const struct mod_sspi_scope *outer)
{
    for (; inner != NULL; inner = inner->outer) {
        if (inner->section == outer->section) {
            return true;
        }
    }
    return false;
}

static const ap_directive_t *host_of(const struct mod_sspi_scope *scope)
{
    for (; scope != NULL; scope = scope->outer) {
        if (is_section(scope->section, "<VirtualHost")) {
            return scope->section;
        }
    }
    return NULL;
}

/* True if two sections of one kind have paths that no request has in common. */
static bool are_apart(apr_pool_t *p, const ap_directive_t *a, const ap_directive_t *b,
                      const char *kind)
{
    const char *path_a, *path_b;

    if (!is_section(a, kind) || !is_section(b, kind)) {
        return false;
    }
    path_a = plain_path(p, a);
    path_b = plain_path(p, b);
    return path_a != NULL && path_b != NULL && strncmp(path_a, path_b, strlen(path_a)) != 0 &&
           strncmp(path_a, path_b, strlen(path_b)) != 0;
}

bool mod_sspi_scope_can_meet(apr_pool_t *p, const struct mod_sspi_scope *a,
                             const struct mod_sspi_scope *b)
{
    const ap_directive_t *host_a = host_of(a);
    const ap_directive_t *host_b = host_of(b);

    if (mod_sspi_scope_is_within(a, b) || mod_sspi_scope_is_within(b, a)) {
        return true;
    }
    if (host_a != NULL && host_b != NULL && host_a != host_b) {
        return false;
    }
    return !are_apart(p, a->section, b->section, "<Location") &&
           !are_apart(p, a->section, b->section, "<Directory");
}

bool mod_sspi_scope_is_late(const struct mod_sspi_scope *scope)
{
    return is_section(scope->section, "<Location") ||
           is_section(scope->section, "<LocationMatch") || is_section(scope->section, "<If");
}
