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

static bool same_sid(const struct wbcDomainSid *a, const struct wbcDomainSid *b)
{
    return a->sid_rev_num == b->sid_rev_num && a->num_auths == b->num_auths &&
           memcmp(a->id_auth, b->id_auth, sizeof(a->id_auth)) == 0 &&
           memcmp(a->sub_auths, b->sub_auths, a->num_auths * sizeof(a->sub_auths[0])) == 0;
}

static bool was_there(const struct wbcSidWithAttr *sids, size_t i)
{
    for (size_t j = 0; j < i; j++) {
        if (same_sid(&sids[j].sid, &sids[i].sid))
            return true;
    }
    return false;
}

static bool append_sid(struct ntlm_winbind_answer *answer, const struct wbcDomainSid *sid)
{
    char text[WBC_SID_STRING_BUFLEN + 1];
    int len = wbcSidToStringBuf(sid, text, sizeof(text));
    if (len <= 0 || (size_t)len >= sizeof(text))
        return false;
    answer->sids[answer->n_sids] = strdup(text);
    return answer->sids[answer->n_sids++] != NULL;
}

/* NULL, or the problem. */
static const char *copy_sids(const struct wbcAuthUserInfo *info, struct ntlm_winbind_answer *answer)
{
    if (info->num_sids == 0 || info->sids == NULL)
        return "it does not name the user's SIDs";
    if (info->num_sids > ANSWER_SIDS_LIMIT)
        return "the user is in too many groups";
    answer->sids = calloc(NTLM_WINBIND_SIDS_LIMIT + 1, sizeof(*answer->sids));
    if (answer->sids == NULL)
        return OUT_OF_MEMORY;
    for (size_t i = 0; i < info->num_sids; i++) {
        const struct wbcSidWithAttr *group = &info->sids[i];
        if (group->sid.num_auths > WBC_MAXSUBAUTHS)
            return "one of its SIDs is too long";
        /* MS-DTYP 2.4.2: such a group can only deny rights, and no caller here checks for that. */
        if ((group->attributes & WBC_SID_ATTR_GROUP_USEFOR_DENY_ONLY) != 0)
            return "the user is in a group that can only deny rights";
        if (was_there(info->sids, i))
            continue;
        if (answer->n_sids == NTLM_WINBIND_SIDS_LIMIT)
            return "the user is in too many groups";
        if (!append_sid(answer, &group->sid))
            return OUT_OF_MEMORY;
    }
    return NULL;
}

static const char *copy(const struct wbcAuthUserInfo *info, struct ntlm_winbind_answer *answer)
{
    static const uint8_t no_key[NTLM_KEY_LEN];
    /* A domain controller may accept unknown users as its guest, with any password. */
    if ((info->user_flags & WBC_AUTH_USER_INFO_GUEST) != 0)
        return "it accepted the user as a guest";
    if (!copy_name(info->account_name, answer->user) ||
        !copy_name(info->domain_name, answer->domain))
        return "the user or the domain has no usable name";
    _Static_assert(sizeof(info->user_session_key) == NTLM_KEY_LEN, "the key has its length");
    memcpy(answer->base_key, info->user_session_key, NTLM_KEY_LEN);
    /* With a key of zeros, an attacker could compute every MIC. */
    if (bytes_equal_secret((struct sspi_view){(const char *)answer->base_key, NTLM_KEY_LEN},
                           (struct sspi_view){(const char *)no_key, NTLM_KEY_LEN}))
        return "it has no session key";
    return copy_sids(info, answer);
}

bool ntlm_winbind_answer_copy(const struct wbcAuthUserInfo *info,
                              struct ntlm_winbind_answer *ret_answer, const char **ret_problem)
{
    struct ntlm_winbind_answer answer = {0};
    *ret_problem = copy(info, &answer);
    if (*ret_problem != NULL) {
        ntlm_winbind_answer_clear(&answer);
        return false;
    }
    *ret_answer = answer;
    bytes_wipe(&answer, sizeof(answer));
    return true;
}

void ntlm_winbind_answer_clear(struct ntlm_winbind_answer *answer)
{
    for (size_t i = 0; i < answer->n_sids; i++)
        free(answer->sids[i]);
    free(answer->sids);
    bytes_wipe(answer, sizeof(*answer));
}
