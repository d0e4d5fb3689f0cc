/* SPDX-License-Identifier: Apache-2.0 */
/* The module record and its hooks: a list of what happens when. */
#include "mod_sspi.h"

#include "http_core.h"
#include "http_protocol.h"
#include "http_request.h"

static void register_hooks(apr_pool_t *p)
{
    ap_hook_check_config(mod_sspi_resources_open, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(mod_sspi_state_open, NULL, NULL, APR_HOOK_MIDDLE);
    mod_sspi_tls_register_hooks();

    ap_hook_force_authn(mod_sspi_force_authn, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_check_authn(mod_sspi_check_authn, NULL, NULL, APR_HOOK_MIDDLE,
                        AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_note_auth_failure(mod_sspi_note_auth_failure, NULL, NULL, APR_HOOK_MIDDLE);
    mod_sspi_authz_register(p);

    /* First: rewrite rules and RequestHeader of the same phase may use the variables. */
    ap_hook_fixups(mod_sspi_fixup_open, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_fixups(mod_sspi_fixup_environment, NULL, NULL, APR_HOOK_FIRST);
    /* Last: after mod_dir found an index file. */
    ap_hook_fixups(mod_sspi_fixup_user, NULL, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_handler(mod_sspi_status_handler, NULL, NULL, APR_HOOK_MIDDLE);
    mod_sspi_answer_register_hooks();
    mod_sspi_caches_register_hooks();
    mod_sspi_body_register_filter();
}

module AP_MODULE_DECLARE_DATA __attribute__((visibility("default"))) sspi_module = {
    STANDARD20_MODULE_STUFF,
    mod_sspi_dir_config_create,
    mod_sspi_dir_config_merge,
    mod_sspi_server_config_create,
    NULL, /* a virtual host's site is not merged: it only lists what stands in that host */
    mod_sspi_commands,
    register_hooks,
    AP_MODULE_FLAG_NONE,
};
