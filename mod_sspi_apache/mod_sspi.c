/* SPDX-License-Identifier: Apache-2.0 */
/* The module record and its hooks: a list of what happens when. */
#include "mod_sspi.h"

#include "http_core.h"
#include "http_protocol.h"
#include "http_request.h"

static void register_hooks(apr_pool_t *p)
{
    ap_hook_check_config(apache_resources_open, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(apache_state_open, NULL, NULL, APR_HOOK_MIDDLE);
    apache_tls_register_hooks();

    ap_hook_force_authn(apache_force_authn, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_check_authn(apache_check_authn, NULL, NULL, APR_HOOK_MIDDLE, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_note_auth_failure(apache_note_auth_failure, NULL, NULL, APR_HOOK_MIDDLE);
    apache_authz_register(p);

    /* First: rewrite rules and RequestHeader of the same phase may use the variables. */
    ap_hook_fixups(apache_fixup_open, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_fixups(apache_fixup_environment, NULL, NULL, APR_HOOK_FIRST);
    /* Last: after mod_dir found an index file. */
    ap_hook_fixups(apache_fixup_user, NULL, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_handler(apache_status_handler, NULL, NULL, APR_HOOK_MIDDLE);
    apache_answer_register_hooks();
    apache_caches_register_hooks();
    apache_body_register_filter();
}

module AP_MODULE_DECLARE_DATA __attribute__((visibility("default"))) sspi_module = {
    STANDARD20_MODULE_STUFF,
    apache_dir_create,
    apache_dir_merge,
    apache_site_create,
    NULL, /* a virtual host's site is not merged: it only lists what stands in that host */
    apache_commands,
    register_hooks,
    AP_MODULE_FLAG_NONE,
};
