/* SPDX-License-Identifier: Apache-2.0 */
#include "ntlm_winbind_answer.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wbclient.h> /* needs the three standard headers above, and does not include them */

#include "error_info.h"
#include "utf8.h"

/* The most SIDs of an answer. The primary group is there twice, and others may be. */
#define ANSWER_SIDS_LIMIT (2 * NTLM_WINBIND_SIDS_LIMIT)

/* A backslash separates the two names wherever they are shown. */
static bool copy_name(const char *name, char to[STORE_USERS_NAME_LIMIT + 1])
{
    struct sspi_view view = bytes_view(name);
    if (view.len == 0 || view.len > STORE_USERS_NAME_LIMIT ||
        memchr(view.data, '\\', view.len) != NULL || !utf8_is_name(view))
        return false;
    memcpy(to, name, view.len + 1);
    return true;
}

const char *ntlm_winbind_answer_sid(const struct wbcDomainSid *sid, struct sid *ret_sid)
{
    _Static_assert(WBC_MAXSUBAUTHS == SID_SUB_LIMIT, "both have room for each SID");
    if (sid->num_auths > WBC_MAXSUBAUTHS)
        return "one of its SIDs is too long";
    if (sid->sid_rev_num != 1 || sid->num_auths == 0)
        return "one of its SIDs is malformed";
    *ret_sid = (struct sid){.n_sub = sid->num_auths};
    memcpy(ret_sid->authority, sid->id_auth, sizeof(ret_sid->authority));
    memcpy(ret_sid->sub, sid->sub_auths, sid->num_auths * sizeof(ret_sid->sub[0]));
    return NULL;
}

/* NULL, or the problem. */
static const char *copy_sid(const struct wbcSidWithAttr *from, struct sid *ret_sid)
{
    /* MS-DTYP 2.4.2: such a group can only deny rights, and no caller here checks for that. */
    if ((from->attributes & WBC_SID_ATTR_GROUP_USEFOR_DENY_ONLY) != 0)
        return "the user is in a group that can only deny rights";
    return ntlm_winbind_answer_sid(&from->sid, ret_sid);
}

/* The first SID is the user's. `sids` has room for all of them. */
static const char *collect_sids(const struct wbcAuthUserInfo *info, struct sid *sids,
                                struct ntlm_winbind_answer *answer)
{
    size_t n = 0;
    const char *problem = copy_sid(&info->sids[0], &answer->user_sid);
    for (size_t i = 1; problem == NULL && i < info->num_sids; i++) {
        problem = copy_sid(&info->sids[i], &sids[n]);
        if (problem == NULL && sid_compare(&sids[n], &answer->user_sid) != 0)
            n++;
    }
    if (problem != NULL)
        return problem;
    if (!sid_list_make(sids, n, &answer->groups))
        return answer->groups.failed ? OUT_OF_MEMORY : "the user is in too many groups";
    return sid_list_count(bytes_as_view(&answer->groups)) < NTLM_WINBIND_SIDS_LIMIT
               ? NULL
               : "the user is in too many groups";
}

/* NULL, or the problem. */
static const char *copy_sids(const struct wbcAuthUserInfo *info, struct ntlm_winbind_answer *answer)
{
    if (info->num_sids == 0 || info->sids == NULL)
        return "it does not name the user's SIDs";
    if (info->num_sids > ANSWER_SIDS_LIMIT)
        return "the user is in too many groups";
    struct sid *sids = malloc(info->num_sids * sizeof(*sids));
    const char *problem = sids == NULL ? OUT_OF_MEMORY : collect_sids(info, sids, answer);
    free(sids);
    return problem;
}

/* NULL, or the problem. With a key of zeros, an attacker could compute every MIC. */
static const char *copy_key(const struct wbcAuthUserInfo *info, struct ntlm_winbind_answer *answer)
{
    static const uint8_t no_key[NTLM_KEY_LEN];
    _Static_assert(sizeof(info->user_session_key) == NTLM_KEY_LEN, "the key has its length");
    memcpy(answer->base_key, info->user_session_key, NTLM_KEY_LEN);
    return bytes_equal_secret((struct sspi_view){(const char *)answer->base_key, NTLM_KEY_LEN},
                              (struct sspi_view){(const char *)no_key, NTLM_KEY_LEN})
               ? "it has no session key"
               : NULL;
}

static const char *copy(const struct wbcAuthUserInfo *info, bool has_key,
                        struct ntlm_winbind_answer *answer)
{
    /* A domain controller may accept unknown users as its guest, with any password. */
    if ((info->user_flags & WBC_AUTH_USER_INFO_GUEST) != 0)
        return "it accepted the user as a guest";
    if (!copy_name(info->account_name, answer->user) ||
        !copy_name(info->domain_name, answer->domain))
        return "the user or the domain has no usable name";
    const char *problem = has_key ? copy_key(info, answer) : NULL;
    return problem != NULL ? problem : copy_sids(info, answer);
}

bool ntlm_winbind_answer_copy(const struct wbcAuthUserInfo *info, bool has_key,
                              struct ntlm_winbind_answer *ret_answer, const char **ret_problem)
{
    struct ntlm_winbind_answer answer = {0};
    *ret_problem = copy(info, has_key, &answer);
    if (*ret_problem != NULL) {
        ntlm_winbind_answer_clear(&answer);
        return false;
    }
    *ret_answer = answer;
    bytes_wipe(&answer, sizeof(answer));
    return true;
}

bool ntlm_winbind_answer_take(struct ntlm_winbind_answer *answer, struct package_info *info)
{
    BYTES_CLEANUP struct bytes name = {0};
    bytes_append_text(&name, answer->domain);
    bytes_append_char(&name, '\\');
    bytes_append_text(&name, answer->user);
    info->name = bytes_steal(&name, NULL);
    info->realm = strdup(answer->domain);
    info->user_sid = answer->user_sid;
    info->groups = answer->groups;
    answer->groups = (struct bytes){0};
    return info->name != NULL && info->realm != NULL;
}

void ntlm_winbind_answer_clear(struct ntlm_winbind_answer *answer)
{
    bytes_free(&answer->groups);
    bytes_wipe(answer, sizeof(*answer));
}
