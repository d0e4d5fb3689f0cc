/* SPDX-License-Identifier: Apache-2.0 */
#include "acceptor_ccache_name.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "hex.h"

#define REQUEST_PREFIX "sspi-r-"
#define SESSION_PREFIX "sspi-s-"
#define PREFIX_LEN     (sizeof(REQUEST_PREFIX) - 1)

/* Digits of a number, and of a hash or random octets. */
#define NUMBER_DIGITS 16
#define OCTETS        16
#define OCTETS_DIGITS (2 * OCTETS)

/* ---- the creator ---- */

/* Reads a small file. Returns its length; 0: it cannot be read. */
static size_t read_file(const char *path, char *ret_text, size_t size)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = file == -1 ? -1 : read(file, ret_text, size - 1);
    if (file != -1)
        (void)close(file);
    ret_text[len > 0 ? len : 0] = '\0';
    return len > 0 ? (size_t)len : 0;
}

static void read_boot(char ret_boot[OCTETS_DIGITS + 1])
{
    char text[64];
    size_t n = 0;
    read_file("/proc/sys/kernel/random/boot_id", text, sizeof(text));
    for (const char *at = text; *at != '\0' && n < OCTETS_DIGITS; at++)
        if (strchr("0123456789abcdef", *at) != NULL)
            ret_boot[n++] = *at;
    memset(ret_boot + n, '0', OCTETS_DIGITS - n);
    ret_boot[OCTETS_DIGITS] = '\0';
}

/* Returns field 22 of /proc/PID/stat (proc(5)). The second field is the name of the program, which
 * may have blanks and parentheses. 0: not known. */
static uint64_t read_start(uint64_t pid)
{
    char path[64], text[1024];
    snprintf(path, sizeof(path), "/proc/%" PRIu64 "/stat", pid);
    if (read_file(path, text, sizeof(text)) == 0)
        return 0;
    const char *at = strrchr(text, ')');
    for (int field = 2; at != NULL && field < 22; field++) {
        at = strchr(at, ' ');
        if (at != NULL)
            at++;
    }
    return at == NULL ? 0 : strtoull(at, NULL, 10);
}

void acceptor_ccache_creator_self(struct acceptor_ccache_creator *ret_self)
{
    struct stat ns;
    read_boot(ret_self->boot);
    ret_self->ns = stat("/proc/self/ns/pid", &ns) == 0 ? (uint64_t)ns.st_ino : 0;
    ret_self->pid = (uint64_t)getpid();
    ret_self->start = read_start(ret_self->pid);
}

static bool has_boot(const struct acceptor_ccache_creator *creator)
{
    return strspn(creator->boot, "0") != OCTETS_DIGITS;
}

/* False only if the process has certainly ended. */
static bool is_alive(const struct acceptor_ccache_creator *creator,
                     const struct acceptor_ccache_creator *self)
{
    if (!has_boot(creator) || !has_boot(self))
        return true;
    if (strcmp(creator->boot, self->boot) != 0)
        return false;
    if (creator->ns != self->ns || creator->pid == 0 || creator->pid > INT32_MAX)
        return true;
    if (kill((pid_t)creator->pid, 0) != 0 && errno == ESRCH)
        return false;
    /* Another process may have got the number. */
    uint64_t start = read_start(creator->pid);
    return start == 0 || creator->start == 0 || start == creator->start;
}

/* ---- writing ---- */

bool acceptor_ccache_name_of_request(const struct acceptor_ccache_creator *creator, uint64_t end_ms,
                                     char ret_name[ACCEPTOR_CCACHE_NAME_SIZE])
{
    const struct clock *clock = clock_machine();
    uint8_t random[OCTETS];
    char digits[OCTETS_DIGITS];
    if (!clock->random(clock->self, random, sizeof(random)))
        return false;
    bytes_write_hex(random, sizeof(random), digits);
    snprintf(ret_name, ACCEPTOR_CCACHE_NAME_SIZE,
             REQUEST_PREFIX "%016" PRIx64 "-%s-%016" PRIx64 "-%016" PRIx64 "-%016" PRIx64 "-%.*s",
             end_ms / 1000, creator->boot, creator->ns, creator->pid, creator->start, OCTETS_DIGITS,
             digits);
    return true;
}

/* Hashes a text of this purpose. */
static bool write_hash(const struct hash_suite *hashes, const char *purpose, struct sspi_view what,
                       char ret_digits[OCTETS_DIGITS + 1])
{
    HASH_RUN_CLEANUP struct hash_run run = {0};
    uint8_t digest[HASH_MAX];
    if (!hash_run_init(&run, hashes))
        return false;
    hash_begin(&run, SSPI_DIGEST_SHA_256);
    hash_update(&run, purpose, strlen(purpose) + 1);
    hash_update_view(&run, what);
    if (!hash_end(&run, digest))
        return false;
    bytes_write_hex(digest, OCTETS, ret_digits);
    ret_digits[OCTETS_DIGITS] = '\0';
    return true;
}

bool acceptor_ccache_name_of_session(const struct hash_suite *hashes, struct sspi_view session_id,
                                     struct sspi_view content, uint64_t end_ms,
                                     char ret_name[ACCEPTOR_CCACHE_NAME_SIZE])
{
    char session[OCTETS_DIGITS + 1], kind[OCTETS_DIGITS + 1];
    if (!write_hash(hashes, "session of a credential cache", session_id, session) ||
        !write_hash(hashes, "content of a credential cache", content, kind))
        return false;
    snprintf(ret_name, ACCEPTOR_CCACHE_NAME_SIZE, SESSION_PREFIX "%016" PRIx64 "-%s-%s",
             end_ms / 1000, session, kind);
    return true;
}

/* ---- reading ---- */

/* Takes `n` digits and the character behind them, which may be NUL. */
static bool take_digits(const char **at, size_t n, char end, char *ret_digits)
{
    if (strspn(*at, "0123456789abcdef") != n || (*at)[n] != end)
        return false;
    memcpy(ret_digits, *at, n);
    ret_digits[n] = '\0';
    *at += n + (end != '\0');
    return true;
}

static bool take_number(const char **at, uint64_t *ret_number)
{
    char digits[NUMBER_DIGITS + 1];
    if (!take_digits(at, NUMBER_DIGITS, '-', digits))
        return false;
    *ret_number = strtoull(digits, NULL, 16);
    return true;
}

/* Takes the prefix and the end. */
static bool take_begin(const char *name, const char *prefix, const char **ret_rest,
                       uint64_t *ret_end_s)
{
    if (strncmp(name, prefix, PREFIX_LEN) != 0)
        return false;
    *ret_rest = name + PREFIX_LEN;
    return take_number(ret_rest, ret_end_s);
}

static bool read_of_request(const char *name, uint64_t *ret_end_s,
                            struct acceptor_ccache_creator *ret_creator)
{
    char random[OCTETS_DIGITS + 1];
    const char *at;
    return take_begin(name, REQUEST_PREFIX, &at, ret_end_s) &&
           take_digits(&at, OCTETS_DIGITS, '-', ret_creator->boot) &&
           take_number(&at, &ret_creator->ns) && take_number(&at, &ret_creator->pid) &&
           take_number(&at, &ret_creator->start) && take_digits(&at, OCTETS_DIGITS, '\0', random);
}

static bool read_of_session(const char *name, uint64_t *ret_end_s,
                            char ret_session[OCTETS_DIGITS + 1])
{
    char content[OCTETS_DIGITS + 1];
    const char *at;
    return take_begin(name, SESSION_PREFIX, &at, ret_end_s) &&
           take_digits(&at, OCTETS_DIGITS, '-', ret_session) &&
           take_digits(&at, OCTETS_DIGITS, '\0', content);
}

bool acceptor_ccache_name_is_of_session(const struct hash_suite *hashes, const char *name,
                                        struct sspi_view session_id)
{
    char found[OCTETS_DIGITS + 1], wanted[OCTETS_DIGITS + 1];
    uint64_t end_s;
    return read_of_session(name, &end_s, found) &&
           write_hash(hashes, "session of a credential cache", session_id, wanted) &&
           strcmp(found, wanted) == 0;
}

bool acceptor_ccache_name_is_over(const char *name, const struct acceptor_ccache_creator *self,
                                  uint64_t now_ms)
{
    struct acceptor_ccache_creator creator;
    char session[OCTETS_DIGITS + 1];
    uint64_t end_s;
    if (read_of_session(name, &end_s, session))
        return end_s <= now_ms / 1000;
    return read_of_request(name, &end_s, &creator) &&
           (end_s <= now_ms / 1000 || !is_alive(&creator, self));
}
