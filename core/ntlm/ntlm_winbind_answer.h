/* SPDX-License-Identifier: Apache-2.0 */
/* Copies the names, the groups and the key of a user from libwbclient's answer. Pure. */
#ifndef NTLM_WINBIND_ANSWER_H
#define NTLM_WINBIND_ANSWER_H

#include "ntlm_keys.h"
#include "package.h"
#include "sid_list.h"
#include "store_users_parse.h" /* STORE_USERS_NAME_LIMIT */

/* The most SIDs of one user. A user with more is refused, because an application may deny access by
 * a SID that was left out. Windows itself accepts 1015 groups. */
#define NTLM_WINBIND_SIDS_LIMIT 1024

/* The verified user. End it with ntlm_winbind_answer_clear(). A zero-initialised value is fine. */
struct ntlm_winbind_answer {
    char user[STORE_USERS_NAME_LIMIT + 1]; /* as the domain spells it */
    char domain[STORE_USERS_NAME_LIMIT + 1];
    uint8_t base_key[NTLM_KEY_LEN]; /* SessionBaseKey, only of a response */
    struct sid user_sid;
    struct bytes groups; /* a sid_list of the primary group and the groups, without user_sid */
};

struct wbcAuthUserInfo;
struct wbcDomainSid;

/* Copies a SID. NULL, or the problem, a fixed text. */
const char *ntlm_winbind_answer_sid(const struct wbcDomainSid *from, struct sid *ret_sid) MUST_USE;

/* Copies the answer. `has_key`: it is the answer to a response, which gives a session key. False:
 * no memory, or no user with a password logged in. *ret_problem, a fixed text, says why. Clear
 * *ret_answer only after true. */
bool ntlm_winbind_answer_copy(const struct wbcAuthUserInfo *info, bool has_key,
                              struct ntlm_winbind_answer *ret_answer,
                              const char **ret_problem) MUST_USE;

/* Sets name and realm of *info, and moves the SIDs there. False: no memory; the caller clears
 * *info. */
bool ntlm_winbind_answer_take(struct ntlm_winbind_answer *answer,
                              struct package_info *info) MUST_USE;

/* Wipes and frees. */
void ntlm_winbind_answer_clear(struct ntlm_winbind_answer *answer);

#endif
