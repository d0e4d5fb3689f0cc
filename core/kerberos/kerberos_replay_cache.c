/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_replay_cache.h"

#include <stdlib.h>
#include <string.h>

#include <krb5/krb5.h>
#include <profile.h>

static bool is_none(const char *name)
{
    static const char none[] = "none:";
    return strncmp(name, none, sizeof(none) - 1) == 0;
}

/* default_rcache_name of krb5.conf; NULL: not set. Ended by profile_release_string(). */
static char *configured_name(void)
{
    krb5_context context = NULL;
    profile_t profile = NULL;
    char *name = NULL;
    if (krb5_init_context(&context) != 0)
        return NULL;
    if (krb5_get_profile(context, &profile) == 0) {
        if (profile_get_string(profile, "libdefaults", "default_rcache_name", NULL, NULL, &name) !=
            0)
            name = NULL;
        profile_release(profile);
    }
    krb5_free_context(context);
    return name;
}

bool kerberos_replay_cache_is_off(void)
{
    const char *name = getenv("KRB5RCACHENAME");
    const char *type = getenv("KRB5RCACHETYPE");
    if (name != NULL)
        return is_none(name);
    char *configured = configured_name();
    bool off = configured != NULL ? is_none(configured) : type != NULL && strcmp(type, "none") == 0;
    profile_release_string(configured);
    return off;
}
