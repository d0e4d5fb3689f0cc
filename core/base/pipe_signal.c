/* SPDX-License-Identifier: Apache-2.0 */
#include "pipe_signal.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

void pipe_signal_block(struct pipe_signal *blocked)
{
    sigset_t only_pipe, pending;
    sigemptyset(&only_pipe);
    sigaddset(&only_pipe, SIGPIPE);
    blocked->was_pending = sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &only_pipe, &blocked->before);
}

void pipe_signal_unblock(const struct pipe_signal *blocked)
{
    const struct timespec at_once = {0};
    sigset_t only_pipe;
    sigemptyset(&only_pipe);
    sigaddset(&only_pipe, SIGPIPE);
    while (!blocked->was_pending && sigtimedwait(&only_pipe, NULL, &at_once) < 0 && errno == EINTR)
        continue;
    pthread_sigmask(SIG_SETMASK, &blocked->before, NULL);
}
