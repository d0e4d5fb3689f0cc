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

#include "nfc.h"
#include "tool_problem.h"

void passwd_prompt_wipe(struct passwd_secret *secret)
{
    bytes_wipe(secret, sizeof *secret);
}

enum line { LINE_READ, LINE_TOO_LONG, LINE_NONE, LINE_SIGNAL, LINE_FAILED };

/* Reads up to the line break and drops it. `signals` is a signalfd, or -1. */
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

/* Converts the password to NFC, in which RFC 7616 4 requires it to be hashed. Returns the problem,
 * or NULL. */
static const char *to_nfc(struct passwd_secret *secret)
{
    BYTES_CLEANUP struct bytes nfc = {.limit = PASSWD_SECRET_LIMIT};
    if (!nfc_append(&nfc, (struct sspi_view){secret->text, secret->len}))
        return nfc.failed ? "the password is longer than 256 octets; use a shorter one"
                          : "the password is not UTF-8; use a UTF-8 terminal or file";
    struct sspi_view text = bytes_as_view(&nfc);
    memcpy(secret->text, text.data, text.len);
    secret->len = text.len;
    return NULL;
}

/* Checks the line and converts it to NFC. Returns the problem, or NULL. */
static const char *find_problem(enum line line, struct passwd_secret *secret)
{
    switch (line) {
    case LINE_READ:
        break;
    case LINE_TOO_LONG:
        return "the password is longer than 256 octets; use a shorter one";
    case LINE_NONE:
        return "no password: the input ended; write one line to standard input";
    case LINE_SIGNAL:
    case LINE_FAILED:
    default:
        return strerror(errno);
    }
    if (secret->len == 0)
        return "the password is empty; it needs at least one character";
    if (memchr(secret->text, '\0', secret->len) != NULL)
        return "the password has a NUL in it; write a line of text";
    return to_nfc(secret);
}

/* As find_problem(). False: reported. */
static bool accept_line(enum line line, struct passwd_secret *secret)
{
    const char *problem = find_problem(line, secret);
    if (problem != NULL)
        tool_problem("%s", problem);
    return problem == NULL;
}

static bool read_stdin(struct passwd_secret *ret_secret)
{
    enum line line = read_line(STDIN_FILENO, -1, ret_secret);
    /* Lines of a file from Windows end with CR and LF. */
    if (line == LINE_READ && ret_secret->len > 0 && ret_secret->text[ret_secret->len - 1] == '\r')
        ret_secret->len--;
    return accept_line(line, ret_secret);
}

/* Asks one question; the echo is off. */
static enum line ask(int terminal, int signals, const char *question, const char *user,
                     struct passwd_secret *ret_secret)
{
    dprintf(terminal, "%s%s: ", question, user);
    enum line line = read_line(terminal, signals, ret_secret);
    dprintf(terminal, "\n");
    return line;
}

static bool ask_for(enum passwd_prompt_why why, int terminal, int signals, const char *user,
                    struct passwd_secret *secret)
{
    bool is_new = why == PASSWD_PROMPT_NEW;
    enum line line =
        ask(terminal, signals, is_new ? "New password for " : "Password for ", user, secret);
    if (line == LINE_SIGNAL || !accept_line(line, secret))
        return false;
    if (!is_new)
        return true;
    PASSWD_PROMPT_CLEANUP struct passwd_secret again = {.len = 0};
    line = ask(terminal, signals, "The same again for ", user, &again);
    if (line == LINE_SIGNAL)
        return false;
    if (line != LINE_READ || to_nfc(&again) != NULL || again.len != secret->len ||
        memcmp(again.text, secret->text, again.len) != 0) {
        tool_problem("the two passwords differ; nothing was changed");
        return false;
    }
    return true;
}

static bool ask_at_terminal(enum passwd_prompt_why why, const char *user,
                            struct passwd_secret *ret_secret)
{
    int terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios before;
    if (terminal < 0 || tcgetattr(terminal, &before) != 0) {
        tool_problem("there is no terminal for the password; use --stdin");
        if (terminal >= 0)
            close(terminal);
        return false;
    }
    /* Signals are blocked until the echo is on again. Those that end the process also end the
     * question. */
    sigset_t ending, blocked, old;
    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGQUIT);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGHUP);
    blocked = ending;
    sigaddset(&blocked, SIGTSTP);
    sigprocmask(SIG_BLOCK, &blocked, &old);
    int signals = signalfd(-1, &ending, SFD_CLOEXEC);

    struct termios silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    bool right = false;
    if (signals < 0 || tcsetattr(terminal, TCSAFLUSH, &silent) != 0)
        tool_problem("cannot turn the terminal's echo off: %s", strerror(errno));
    else
        right = ask_for(why, terminal, signals, user, ret_secret);
    tcsetattr(terminal, TCSAFLUSH, &before);
    if (signals >= 0)
        close(signals);
    close(terminal);
    sigprocmask(SIG_SETMASK, &old, NULL); /* a pending signal takes effect here */
    return right;
}

bool passwd_prompt(bool from_stdin, enum passwd_prompt_why why, const char *user,
                   struct passwd_secret *ret_secret)
{
    return from_stdin ? read_stdin(ret_secret) : ask_at_terminal(why, user, ret_secret);
}
