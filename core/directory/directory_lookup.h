/* SPDX-License-Identifier: Apache-2.0 */
/* Looks up the SIDs of groups, and of the own domain, by winbind and by SSSD, whichever this
 * machine has. */
#ifndef DIRECTORY_LOOKUP_H
#define DIRECTORY_LOOKUP_H

#include "directory_answer.h"

/* What to look up. Borrowed. */
struct directory_question {
    const char *const *names; /* DOMAIN\group */
    size_t n_names;
    bool own_domain; /* also the SID of the domain to which this machine belongs */
};

/* Looks up all. `ret_answers` has one answer for each name, in their order, then that for the own
 * domain if it is asked for. After `limit_ms` no further name is asked for: its answer is
 * UNREACHABLE. Blocks up to that time and one wait of the libraries, which is up to 300 s. Any
 * number of threads. */
void directory_lookup(const struct directory_question *question, uint64_t limit_ms,
                      struct directory_answer *ret_answers);

/* The same in a child process, which ends after `limit_ms`, so that this returns at most a moment
 * later. What the child has not answered by then is UNREACHABLE. The libraries are loaded only in
 * the child. Only for a process with one thread. The child ends by _exit() with the code 0, never
 * by a signal. The caller's handler of SIGCHLD may take its status. */
void directory_lookup_in_child(const struct directory_question *question, uint64_t limit_ms,
                               struct directory_answer *ret_answers);

#endif
