/* SPDX-License-Identifier: Apache-2.0 */
/* Out of what libwbclient says of a user: his names, his groups, his key. Pure. */
#ifndef NTLM_WINBIND_ANSWER_H
#define NTLM_WINBIND_ANSWER_H

#include <stdbool.h>
#include <stdint.h>
#include <wbclient.h> /* does not include what it needs */

#include "ntlm_winbind.h"

/* Copies what is needed. False: no memory, or it is not the answer to a response that a user with a
 * password made; *ret_problem, a fixed text, says why. End *ret_answer only when it is true. */
bool ntlm_winbind_answer_copy(const struct wbcAuthUserInfo *info,
                              struct ntlm_winbind_answer *ret_answer,
                              const char **ret_problem) MUST_USE;

#endif
