/* SPDX-License-Identifier: Apache-2.0 */
/* The module record: its directives, and its hooks in the order in which httpd runs them. */
#include "mod_sspi.h"

#include "http_core.h"
#include "http_protocol.h"
#include "http_request.h"

/* ---- directives ---- */

/* Where httpd allows the directives of a scope. OR_AUTHCFG does not include the part outside
 * sections, so RSRC_CONF is added. */
#define WHERE_HTACCESS (OR_AUTHCFG | RSRC_CONF)
#define WHERE_SECTION  (ACCESS_CONF | RSRC_CONF)
#define WHERE_SERVER   RSRC_CONF
#define WHERE_HOST     0

/* A row without a name for httpd, or with the name of httpd's own directive, is not a command of
 * this module. Its index in the table is also that of the next row, which overwrites it. */
#define HAS_COMMAND(name, scope) (sizeof(name) > 1 && SSPI_SCOPE_##scope != SSPI_SCOPE_HOST)

enum {
#define SSPI_OPTION(id, apache, nginx, min, max, kind, scope, help)                                \
    INDEX_##id, INDEX_LAST_##id = INDEX_##id - (HAS_COMMAND(apache, scope) ? 0 : 1),
#include "sspi_options.def"
    N_COMMANDS
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
static const command_rec commands[] = {
#define SSPI_OPTION(id, apache, nginx, min, max, kind, scope, help)                                \
    [INDEX_##id] = AP_INIT_RAW_ARGS(apache, mod_sspi_set_option,                                   \
                                    (void *)(intptr_t)SSPI_OPTION_##id, WHERE_##scope, help),
#include "sspi_options.def"
    [N_COMMANDS] = AP_INIT_RAW_ARGS("Require", mod_sspi_authz_count, NULL, OR_AUTHCFG,
                                    "the directive of mod_authz_core"),
    AP_INIT_TAKE1("AuthName", mod_sspi_set_auth_name, NULL, OR_AUTHCFG,
                  "the directive of mod_authn_core"),
    AP_INIT_TAKE1("AuthType", mod_sspi_set_auth_type, NULL, OR_AUTHCFG,
                  "the directive of mod_authn_core"),
    {.name = NULL},
};
#pragma GCC diagnostic pop

/* ---- hooks ---- */

static void register_hooks(apr_pool_t *p)
{
    static const char *const before_ssl[] = {"mod_ssl.c", NULL};

    /* Last: other modules register their providers. */
    ap_hook_pre_config(mod_sspi_exempt_replace_provider, NULL, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_check_config(mod_sspi_resources_open, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(mod_sspi_state_open, NULL, NULL, APR_HOOK_MIDDLE);
    mod_sspi_tls_register_hooks();

    ap_hook_force_authn(mod_sspi_force_authn, NULL, NULL, APR_HOOK_MIDDLE);
    /* Before mod_ssl, which decodes each password of Basic into memory that nothing overwrites. */
    ap_hook_check_authn(mod_sspi_check_authn, NULL, before_ssl, APR_HOOK_FIRST,
                        AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_note_auth_failure(mod_sspi_note_auth_failure, NULL, NULL, APR_HOOK_MIDDLE);
    mod_sspi_authz_register(p);

    /* First: later hooks of this phase are not called after one that knows the type. */
    ap_hook_type_checker(mod_sspi_note_authorized, NULL, NULL, APR_HOOK_REALLY_FIRST);
    /* First: rewrite rules and RequestHeader of the same phase may use the variables. */
    ap_hook_fixups(mod_sspi_fixup_open, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_fixups(mod_sspi_fixup_environment, NULL, NULL, APR_HOOK_FIRST);
    /* Last: after mod_dir found an index file. */
    ap_hook_fixups(mod_sspi_fixup_user, NULL, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_handler(mod_sspi_exempt_refuse_part, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_handler(mod_sspi_logout_handler, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(mod_sspi_status_handler, NULL, NULL, APR_HOOK_MIDDLE);
    mod_sspi_answer_register_hooks();
    mod_sspi_caches_register_hooks();
    mod_sspi_body_register_filter();
    mod_sspi_proxy_register_hooks();
}

module AP_MODULE_DECLARE_DATA __attribute__((visibility("default"))) sspi_module = {
    STANDARD20_MODULE_STUFF,
    mod_sspi_dir_config_create,
    mod_sspi_dir_config_merge,
    mod_sspi_server_config_create,
    NULL, /* server configs are not merged: each one lists only the scopes of its own host */
    commands,
    register_hooks,
    AP_MODULE_FLAG_NONE,
};
