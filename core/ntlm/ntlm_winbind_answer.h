/* SPDX-License-Identifier: Apache-2.0 */
/* Out of what libwbclient says of a user: his names, his groups, his key. Pure. */
#ifndef NTLM_WINBIND_ANSWER_H
#define NTLM_WINBIND_ANSWER_H

#include "ntlm_keys.h"
#include "store_users_parse.h" /* STORE_USERS_NAME_LIMIT */

/* SIDs of one user that are kept; more are a refusal, since a missing one could be a missing
 * denial. Windows itself takes 1015 groups. */
#define NTLM_WINBIND_SIDS_LIMIT 1024

/* Who it was. End it with ntlm_winbind_answer_clear(); zero-initialised is fine. */
struct ntlm_winbind_answer {
    char user[STORE_USERS_NAME_LIMIT + 1]; /* as the domain spells it */
    char domain[STORE_USERS_NAME_LIMIT + 1];
    uint8_t base_key[NTLM_KEY_LEN]; /* SessionBaseKey */
    char **sids;                    /* "S-1-5-21-…": user, primary group, groups; NULL behind */
    size_t n_sids;
};

struct wbcAuthUserInfo;

/* Copies what is needed. False: no memory, or it is not the answer to a response that a user with a
 * password made; *ret_problem, a fixed text, says why. End *ret_answer only when it is true. */
bool ntlm_winbind_answer_copy(const struct wbcAuthUserInfo *info,
                              struct ntlm_winbind_answer *ret_answer,
                              const char **ret_problem) MUST_USE;

/* Wipes and frees. */
void ntlm_winbind_answer_clear(struct ntlm_winbind_answer *answer);

#endif
