/* SPDX-License-Identifier: Apache-2.0 */
/* The groups of the directory that requirements name, and their SIDs. The parent adds each word of
 * the requirements at start, then looks the names up once. Later a job of a worker looks them up
 * again. Requests compare SIDs only and never wait for a name.
 *
 * Threads: the parent adds words in one thread, before workers exist. After that any number of
 * threads may read. A reader holds a lock for a binary search: it never waits for a lookup, and
 * allocates nothing. */
#ifndef ACCEPTOR_DIRECTORY_H
#define ACCEPTOR_DIRECTORY_H

#include "sid.h"
#include "sspi_http.h"

/* Most different words that an acceptor keeps. */
#define ACCEPTOR_DIRECTORY_WORDS_LIMIT 1024

/* Octets of a name DOMAIN\group: a DNS name, a backslash, and sAMAccountName (MS-ADSC 2.244: 256
 * characters). */
#define ACCEPTOR_DIRECTORY_NAME_LIMIT 512

/* How often names are looked up, and how often while a directory does not answer. */
#define ACCEPTOR_DIRECTORY_INTERVAL_MS 600000u
#define ACCEPTOR_DIRECTORY_RETRY_MS    10000u

/* The longest time of all lookups at start. */
#define ACCEPTOR_DIRECTORY_START_MS 5000u

/* A job asks for no further name after this time. */
#define ACCEPTOR_DIRECTORY_JOB_MS 10000u

struct acceptor_directory;

/* Makes a directory without words. The caller is its first owner. NULL: no memory. */
struct acceptor_directory *acceptor_directory_new(void) MUST_USE;

/* See ref.h. */
struct acceptor_directory *acceptor_directory_ref(struct acceptor_directory *directory);
void acceptor_directory_unref(struct acceptor_directory *directory);

/* Adds a word of a group requirement: a SID ("S-1-5-21-…-512") or a name DOMAIN\group. A repeated
 * word is kept once. Parent only. False: the word is neither of them, there are too many words, or
 * memory ran out; `error` (SSPI_ERROR_SIZE bytes) says what would be right. */
bool acceptor_directory_add(struct acceptor_directory *directory, struct sspi_view word,
                            char *error) MUST_USE;

/* True if a word was added. */
bool acceptor_directory_has_words(const struct acceptor_directory *directory);

/* The SID of the own domain is looked up, too. If a word was added, that is so in any case. Without
 * a word, only the job does it. Parent only, before acceptor_directory_start(). */
void acceptor_directory_want_own_domain(struct acceptor_directory *directory);

/* Called for a name that was looked up: GROUP_RESOLVED or GROUP_UNKNOWN, with the text of a log
 * entry. */
typedef void acceptor_directory_report(void *self, enum sspi_reason reason, const char *text);

/* Looks up all names, in a child process, and reports each. Without words it asks nothing. Parent
 * only, after the last word. Blocks up to ACCEPTOR_DIRECTORY_START_MS. `now_ms`: the steady clock.
 * A name without an answer has no SID, and the workers look it up soon. */
void acceptor_directory_start(struct acceptor_directory *directory, uint64_t now_ms,
                              acceptor_directory_report *report, void *self);

/* Returns a job that looks up all names again, if that is due: ACCEPTOR_DIRECTORY_INTERVAL_MS after
 * the last time, or ACCEPTOR_DIRECTORY_RETRY_MS if a directory did not answer for a name then. The
 * caller owns a reference. NULL: it is not due, or another thread has the job. A name that the
 * directory no longer knows loses its SID. If no directory answers, a name keeps its SID. The job
 * blocks up to ACCEPTOR_DIRECTORY_JOB_MS and one wait of the libraries. */
struct sspi_job *acceptor_directory_check_due(struct acceptor_directory *directory,
                                              uint64_t now_ms) MUST_USE;

/* Takes a log entry about the changes that jobs have found, at most two in a row. False: there is
 * none. Any thread. */
bool acceptor_directory_take_entry(struct acceptor_directory *directory,
                                   struct sspi_log_entry *ret_entry) MUST_USE;

/* Finds the SID of a word that was added. Names are compared without the case of ASCII letters.
 * False: the word was not added, or its name has no SID, so it matches no user. */
bool acceptor_directory_find(struct acceptor_directory *directory, struct sspi_view word,
                             struct sid *ret_sid) MUST_USE;

/* Appends the name DOMAIN\group, as the configuration spells it, of a SID. False: no name has this
 * SID; nothing is appended. */
bool acceptor_directory_name(struct acceptor_directory *directory, const struct sid *sid,
                             struct bytes *to);

/* True if a requirement names this SID, by its text or by a name. */
bool acceptor_directory_is_named(struct acceptor_directory *directory, const struct sid *sid);

/* True if the SID of the directory's own domain was found. */
bool acceptor_directory_knows_own_domain(struct acceptor_directory *directory);

/* True if the SID is in a domain of ours: the directory's own domain, the domain of a SID that a
 * requirement names, or BUILTIN (S-1-5-32), which each machine has for itself. A foreign realm must
 * not put users into such groups. */
bool acceptor_directory_is_own(struct acceptor_directory *directory, const struct sid *sid);

#endif
