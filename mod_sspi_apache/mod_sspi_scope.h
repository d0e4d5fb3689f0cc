/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of the configuration as scopes: the part outside sections, and each section. The checks
 * at start use it. httpd merges scopes only for a request. So these functions describe a scope
 * correctly only if no section of another kind changes it. */
#ifndef MOD_SSPI_SCOPE_H
#define MOD_SSPI_SCOPE_H

#include "mod_sspi.h"

#include "util_cfgtree.h"

/* ---- directives ---- */

/* True if the directive has this name, compared without case. */
bool mod_sspi_directive_is(const ap_directive_t *node, const char *name);
bool mod_sspi_directive_is_option(const ap_directive_t *node, enum sspi_option option);

/* <RequireAll>, <RequireAny>, <RequireNone>: these sections are not scopes. */
bool mod_sspi_directive_is_require_section(const ap_directive_t *node);

/* Returns the first argument without its quotes, allocated in `p`. */
const char *mod_sspi_directive_first_word(apr_pool_t *p, const ap_directive_t *node);

/* True if one of the arguments is `wanted`, compared without case. */
bool mod_sspi_directive_has_word(apr_pool_t *p, const ap_directive_t *node, const char *wanted);

/* True if httpd reverses the answer to this Require line: `Require not`, or a line in
 * <RequireNone>. It admits a user whom such a line denies. So if the line cannot know, it must
 * grant. */
bool mod_sspi_directive_is_reversed(cmd_parms *cmd);

/* ---- scopes ---- */

/* Options that decide which names users and groups can have. The default is the first word; that of
 * GROUPS is also the fourth one. */
enum {
    MOD_SSPI_PACKAGES,
    MOD_SSPI_MECHANISMS,
    MOD_SSPI_GROUPS,
    MOD_SSPI_USER_NAME,
    MOD_SSPI_CHOICES
};
#define MOD_SSPI_CHOICE_WORDS 5

extern const enum sspi_option mod_sspi_choices[MOD_SSPI_CHOICES];

/* Each directive is that of this scope or of an outer one. NULL: no scope has it. */
struct mod_sspi_scope {
    const struct mod_sspi_scope *outer; /* NULL: this scope is outside sections */
    const ap_directive_t *section;      /* NULL: this scope is outside sections */
    const ap_directive_t *first;        /* the list of its directives */
    const ap_directive_t *type;         /* AuthType */
    const ap_directive_t *chosen[MOD_SSPI_CHOICES];
    const ap_directive_t *demand; /* an option of TLS or channel bindings */
    bool optional;                /* SSPIOptional on */
};

/* `scope` is valid only during the call. */
typedef void mod_sspi_scope_callback(void *self, const struct mod_sspi_scope *scope);

/* Calls `callback` for every scope, outer ones first. */
void mod_sspi_scope_walk(apr_pool_t *p, const ap_directive_t *tree,
                         mod_sspi_scope_callback *callback, void *self);

/* True if AuthType SSPI is in force there. */
bool mod_sspi_scope_is_sspi(apr_pool_t *p, const struct mod_sspi_scope *scope);

/* True if the directive is in the scope itself; false for NULL. */
bool mod_sspi_scope_has(const struct mod_sspi_scope *scope, const ap_directive_t *node);

/* True if `inner` is `outer`, or is within it. */
bool mod_sspi_scope_is_within(const struct mod_sspi_scope *inner,
                              const struct mod_sspi_scope *outer);

/* True if both may apply to one request, or if that is not known. */
bool mod_sspi_scope_can_meet(apr_pool_t *p, const struct mod_sspi_scope *a,
                             const struct mod_sspi_scope *b);

/* True for <Location> and <If>, which httpd merges after <Directory>, <Files> and .htaccess. */
bool mod_sspi_scope_is_late(const struct mod_sspi_scope *scope);

#endif
