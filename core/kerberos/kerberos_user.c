/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_user.h"

#include <string.h>

#include "error_info.h"
#include "escape.h"
#include "utf8.h"

/* NULL: no realm is equal. */
static const struct sspi_view *find_realm(struct sspi_view realm, const struct sspi_view *realms,
                                          size_t n_realms,
                                          bool (*equal)(struct sspi_view, struct sspi_view))
{
    for (size_t i = 0; i < n_realms; i++) {
        if (equal(realm, realms[i]))
            return &realms[i];
    }
    return NULL;
}

static bool allow_realm(struct sspi_view typed, const struct sspi_view *realms, size_t n_realms,
                        struct sspi_view *ret_realm)
{
    const struct sspi_view *found = find_realm(typed, realms, n_realms, bytes_equal);
    if (found == NULL)
        found = find_realm(typed, realms, n_realms, bytes_equal_nocase);
    if (found != NULL)
        *ret_realm = *found;
    return found != NULL;
}

/* `name` holds no @. */
static bool is_user(struct sspi_view name)
{
    return name.len > 0 && name.len <= KERBEROS_USER_LIMIT &&
           memchr(name.data, '/', name.len) == NULL && memchr(name.data, '\\', name.len) == NULL &&
           name.data[name.len - 1] != '$';
}

SECURITY_STATUS kerberos_user_read(struct sspi_view typed, const struct sspi_view *realms,
                                   size_t n_realms, struct kerberos_user *ret_user,
                                   struct sspi_error_info *error_info)
{
    char shown[ESCAPE_NAME_SIZE];
    const char *at = typed.len > 0 ? memchr(typed.data, '@', typed.len) : NULL;
    struct kerberos_user user = {.name = typed, .realm = realms[0]};
    escape_text(shown, sizeof(shown), typed);
    if (!utf8_is_name(typed))
        return error_info_refuse(
            error_info, SEC_E_LOGON_DENIED, SSPI_REASON_BAD_NAME,
            "the user's name is %s, which holds a control character or is not UTF-8", shown);
    if (at != NULL) {
        user.name.len = (size_t)(at - typed.data);
        struct sspi_view realm = {at + 1, typed.len - user.name.len - 1};
        if (!allow_realm(realm, realms, n_realms, &user.realm))
            return error_info_refuse(error_info, SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_REALM,
                                     "the realm of user %s is not one of SSPIBasicRealm", shown);
    }
    if (!is_user(user.name))
        return error_info_refuse(
            error_info, SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD,
            "%s is not the name of a user: it is empty, longer than %d octets, holds a slash or a "
            "backslash, or ends with $",
            shown, KERBEROS_USER_LIMIT);
    *ret_user = user;
    return SEC_E_OK;
}
