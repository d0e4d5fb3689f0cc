/* SPDX-License-Identifier: Apache-2.0 */
#include "passwd_prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "passwd_problem.h"
#include "utf8.h"

void passwd_prompt_wipe(struct passwd_secret *secret)
{
    bytes_wipe(secret, sizeof *secret);
}

enum line { LINE_READ, LINE_TOO_LONG, LINE_NONE, LINE_SIGNAL, LINE_FAILED };

/* Reads up to the line end, which is not kept. `signals` becomes readable when one came; -1: none.
 */
static enum line read_line(int from, int signals, struct passwd_secret *secret)
{
    bool too_long = false, any = false;
    secret->len = 0;
    for (;;) {
        struct pollfd ready[2] = {{.fd = from, .events = POLLIN},
                                  {.fd = signals, .events = POLLIN}};
        if (poll(ready, 2, -1) < 0 && errno != EINTR)
            return LINE_FAILED;
        if (ready[1].revents != 0)
            return LINE_SIGNAL;
        if (ready[0].revents == 0)
            continue;
        char c;
        ssize_t got = read(from, &c, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return LINE_FAILED;
        if (got == 0 && !any)
            return LINE_NONE;
        if (got == 0 || c == '\n')
            return too_long ? LINE_TOO_LONG : LINE_READ;
        any = true;
        if (secret->len == PASSWD_SECRET_LIMIT)
            too_long = true;
        else
            secret->text[secret->len++] = c;
    }
}

static bool judge(enum line line, const struct passwd_secret *secret)
{
    switch (line) {
    case LINE_READ:
        break;
    case LINE_TOO_LONG:
        passwd_problem("the password is longer than %d octets; take a shorter one",
                       PASSWD_SECRET_LIMIT);
        return false;
    case LINE_NONE:
        passwd_problem("no password: the input ended; give one line");
        return false;
    case LINE_SIGNAL:
    case LINE_FAILED:
    default:
        passwd_problem("cannot read the password: %s", strerror(errno));
        return false;
    }
    struct sspi_view text = {secret->text, secret->len};
    if (text.len == 0)
        passwd_problem("the password is empty; it needs at least one character");
    else if (!utf8_valid(text) || memchr(text.data, '\0', text.len) != NULL)
        passwd_problem("the password is not UTF-8 text; use a UTF-8 terminal or file");
    else
        return true;
    return false;
}

bool passwd_prompt_stdin(struct passwd_secret *ret_secret)
{
    enum line line = read_line(STDIN_FILENO, -1, ret_secret);
    /* A file from Windows ends its lines so. */
    if (line == LINE_READ && ret_secret->len > 0 && ret_secret->text[ret_secret->len - 1] == '\r')
        ret_secret->len--;
    return judge(line, ret_secret);
}

static void ask(int terminal, const char *before, const char *user)
{
    dprintf(terminal, "%s%s: ", before, user);
}

/* Both questions, with the echo off. */
static bool ask_twice(int terminal, int signals, const char *user, struct passwd_secret *secret)
{
    __attribute__((cleanup(passwd_prompt_wipe))) struct passwd_secret again = {.len = 0};
    ask(terminal, "New password for ", user);
    enum line line = read_line(terminal, signals, secret);
    dprintf(terminal, "\n");
    if (line == LINE_SIGNAL || !judge(line, secret))
        return false;
    ask(terminal, "The same again for ", user);
    line = read_line(terminal, signals, &again);
    dprintf(terminal, "\n");
    if (line == LINE_SIGNAL)
        return false;
    if (line != LINE_READ || again.len != secret->len ||
        memcmp(again.text, secret->text, again.len) != 0) {
        passwd_problem("the two passwords differ; nothing was changed");
        return false;
    }
    return true;
}

bool passwd_prompt_terminal(const char *user, struct passwd_secret *ret_secret)
{
    int terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios before;
    if (terminal < 0 || tcgetattr(terminal, &before) != 0) {
        passwd_problem("there is no terminal to ask for the password; use --stdin");
        if (terminal >= 0)
            close(terminal);
        return false;
    }
    /* Signals wait until the echo is back on; those that end the process also end the question. */
    sigset_t ending, waiting, old;
    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGQUIT);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGHUP);
    waiting = ending;
    sigaddset(&waiting, SIGTSTP);
    sigprocmask(SIG_BLOCK, &waiting, &old);
    int signals = signalfd(-1, &ending, SFD_CLOEXEC);

    struct termios silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    bool right = false;
    if (signals < 0 || tcsetattr(terminal, TCSAFLUSH, &silent) != 0)
        passwd_problem("cannot turn the terminal's echo off: %s", strerror(errno));
    else
        right = ask_twice(terminal, signals, user, ret_secret);
    tcsetattr(terminal, TCSAFLUSH, &before);
    if (signals >= 0)
        close(signals);
    close(terminal);
    sigprocmask(SIG_SETMASK, &old, NULL); /* here a signal that came takes effect */
    return right;
}
