/* SPDX-License-Identifier: Apache-2.0 */
#include "directory_lookup.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "directory_sssd.h"
#include "directory_winbind.h"

#define NAME_SIZE 1024

/* How much later than the child its parent stops waiting. */
#define GRACE_MS 500u

/* One answer for each name, and that for the own domain. */
static size_t n_answers_of(const struct directory_question *question)
{
    return question->n_names + (question->own_domain ? 1 : 0);
}

/* ---- one name ---- */

/* A directory that answers has precedence over one that does not, because a machine usually has
 * only one of them. */
static void unite(struct directory_answer *answer, const struct directory_answer *other)
{
    char text[DIRECTORY_TEXT_SIZE];
    if (other->status > answer->status) {
        *answer = *other;
    } else if (other->status == answer->status) {
        snprintf(text, sizeof(text), "%.90s, and %.90s", answer->text, other->text);
        memcpy(answer->text, text, sizeof(text));
    }
}

static void look_up_group(const char *name, struct directory_answer *ret_answer)
{
    char domain[NAME_SIZE];
    struct directory_answer other;
    const char *backslash = strchr(name, '\\');
    size_t len = backslash == NULL ? sizeof(domain) : (size_t)(backslash - name);
    if (len >= sizeof(domain)) {
        *ret_answer = (struct directory_answer){.status = DIRECTORY_NOT_FOUND,
                                                .text = "the name has no domain"};
        return;
    }
    memcpy(domain, name, len);
    domain[len] = '\0';
    directory_winbind_group(domain, backslash + 1, ret_answer);
    if (ret_answer->status == DIRECTORY_FOUND)
        return;
    directory_sssd_group(domain, backslash + 1, &other);
    unite(ret_answer, &other);
}

static void look_up(const struct directory_question *question, size_t i,
                    struct directory_answer *ret_answer)
{
    memset(ret_answer, 0, sizeof(*ret_answer)); /* its padding goes through a pipe, too */
    if (i < question->n_names)
        look_up_group(question->names[i], ret_answer);
    else
        directory_winbind_own_domain(ret_answer);
}

static void time_out(struct directory_answer *ret_answer)
{
    *ret_answer = (struct directory_answer){.status = DIRECTORY_UNREACHABLE,
                                            .text = "the directory did not answer in time"};
}

void directory_lookup(const struct directory_question *question, uint64_t limit_ms,
                      struct directory_answer *ret_answers)
{
    uint64_t begin_ms = clock_machine_steady_ms();
    for (size_t i = 0; i < n_answers_of(question); i++) {
        if (clock_machine_steady_ms() - begin_ms < limit_ms)
            look_up(question, i, &ret_answers[i]);
        else
            time_out(&ret_answers[i]);
    }
}

/* ---- in a child ---- */

static void leave(int number)
{
    (void)number;
    _exit(0);
}

/* The alarm ends the child, and no other signal does: the handlers are those of the parent. */
static void set_alarm(uint64_t limit_ms)
{
    const struct sigaction action = {.sa_handler = leave};
    const struct itimerval timer = {.it_value = {.tv_sec = (time_t)(limit_ms / 1000),
                                                 .tv_usec = (suseconds_t)(limit_ms % 1000 * 1000)}};
    sigset_t all;
    sigfillset(&all);
    sigdelset(&all, SIGALRM);
    sigaction(SIGALRM, &action, NULL);
    sigprocmask(SIG_SETMASK, &all, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
}

_Noreturn static void run_child(int to, const struct directory_question *question,
                                uint64_t limit_ms)
{
    set_alarm(limit_ms);
    for (size_t i = 0; i < n_answers_of(question); i++) {
        struct directory_answer answer;
        look_up(question, i, &answer);
        /* At most PIPE_BUF octets, so that the parent reads a whole answer or none. */
        if (write(to, &answer, sizeof(answer)) != (ssize_t)sizeof(answer))
            break;
    }
    _exit(0);
}

/* Waits until the pipe can be read. False: not before the deadline. */
static bool wait_for(int from, uint64_t deadline_ms)
{
    struct pollfd wanted = {.fd = from, .events = POLLIN};
    int n_ready;
    do {
        uint64_t now = clock_machine_steady_ms();
        if (now >= deadline_ms)
            return false;
        n_ready = poll(&wanted, 1, (int)(deadline_ms - now));
    } while (n_ready < 0 && errno == EINTR);
    return n_ready > 0;
}

/* Returns the number of complete answers. */
static size_t read_answers(int from, uint64_t deadline_ms, struct directory_answer *ret_answers,
                           size_t n_answers)
{
    size_t len = 0;
    const size_t size = n_answers * sizeof(*ret_answers);
    while (len < size && wait_for(from, deadline_ms)) {
        ssize_t n = read(from, (char *)ret_answers + len, size - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    return len / sizeof(*ret_answers);
}

/* The child ends at its own deadline. The status is not needed: a handler of SIGCHLD may have taken
 * it (ECHILD). */
static void wait_child(pid_t child)
{
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        continue;
}

/* Returns the number of complete answers. */
static size_t ask_child(const struct directory_question *question, uint64_t limit_ms,
                        struct directory_answer *ret_answers)
{
    int ends[2];
    if (pipe(ends) != 0)
        return 0;
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        run_child(ends[1], question, limit_ms);
    }
    close(ends[1]);
    size_t n = child < 0 ? 0
                         : read_answers(ends[0], clock_machine_steady_ms() + limit_ms + GRACE_MS,
                                        ret_answers, n_answers_of(question));
    close(ends[0]);
    if (child > 0)
        wait_child(child);
    return n;
}

void directory_lookup_in_child(const struct directory_question *question, uint64_t limit_ms,
                               struct directory_answer *ret_answers)
{
    size_t n_answers = n_answers_of(question);
    size_t n = n_answers == 0 ? 0 : ask_child(question, limit_ms, ret_answers);
    for (; n < n_answers; n++)
        time_out(&ret_answers[n]);
}
