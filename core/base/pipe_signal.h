/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps SIGPIPE away from a library that writes to its socket with write(): if the other end closes
 * the socket meanwhile, the signal would end a process that does not handle it. */
#ifndef BASE_PIPE_SIGNAL_H
#define BASE_PIPE_SIGNAL_H

#include <signal.h>
#include <stdbool.h>

struct pipe_signal {
    sigset_t before;
    bool was_pending;
};

/* Blocks SIGPIPE in this thread. */
void pipe_signal_block(struct pipe_signal *blocked);

/* Drops a SIGPIPE that came meanwhile, and restores the signal mask of this thread. */
void pipe_signal_unblock(const struct pipe_signal *blocked);

#endif
