/* SPDX-License-Identifier: Apache-2.0 */
#include "acceptor_directory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "error_info.h"
#include "escape.h"
#include "acceptor_job.h"
#include "acceptor_log.h"
#include "directory_lookup.h"
#include "policy_require.h"
#include "ref.h"

#define NEVER UINT64_MAX

/* A word of the configuration. */
struct word {
    char *text;
    size_t len;
    bool is_name; /* DOMAIN\group, not a SID */
    /* Under the lock: */
    struct sid sid; /* n_sub 0: the name has no SID, or not yet */
    bool is_asked;  /* the name was looked up, and `status` is the last answer */
    enum directory_status status;
};

/* A SID that a word names. */
struct named {
    struct sid sid;
    size_t word;
};

/* What jobs have found since the last log entry. */
struct changes {
    size_t n;
    char text[SSPI_ERROR_SIZE]; /* about the first of them */
};

struct acceptor_directory {
    struct ref ref;
    struct word *words; /* sorted by their text */
    size_t n_words, n_names;
    bool wants_own_domain;
    atomic_uint_fast64_t due_ms; /* of the next lookup */
    atomic_bool has_changes;     /* of the two below */
    pthread_mutex_t lock;        /* guards the SIDs of the words, and what follows */
    struct named *named;         /* sorted by their SIDs, each SID once; has room for all words */
    size_t n_named;
    struct sid own_domain; /* without a relative id; n_sub 0: not known */
    bool is_claimed;       /* a thread has the job */
    struct changes resolved, unknown;
};

struct acceptor_directory *acceptor_directory_new(void)
{
    struct acceptor_directory *made = calloc(1, sizeof(*made));
    if (made == NULL || pthread_mutex_init(&made->lock, NULL) != 0) {
        free(made);
        return NULL;
    }
    ref_init(&made->ref);
    atomic_init(&made->due_ms, NEVER);
    return made;
}

static void destroy(struct acceptor_directory *directory)
{
    for (size_t i = 0; i < directory->n_words; i++)
        free(directory->words[i].text);
    free(directory->words);
    free(directory->named);
    pthread_mutex_destroy(&directory->lock);
    free(directory);
}

REF(acceptor_directory, struct acceptor_directory, ref, destroy)

/* ---- words ---- */

static int compare_text(const struct word *word, struct sspi_view text)
{
    return bytes_compare_nocase((struct sspi_view){word->text, word->len}, text);
}

/* Returns the place of the first word that is not less than `text`. True if it is equal. */
static bool find_word(const struct acceptor_directory *directory, struct sspi_view text,
                      size_t *ret_at)
{
    size_t from = 0, to = directory->n_words;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (compare_text(&directory->words[middle], text) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    *ret_at = from;
    return from < directory->n_words && compare_text(&directory->words[from], text) == 0;
}

static bool make_word(struct sspi_view text, struct word *ret_word, char *error)
{
    char shown[ESCAPE_NAME_SIZE];
    struct word word = {.len = text.len};
    enum policy_group kind = policy_require_group(text, &word.sid);
    word.is_name = kind == POLICY_GROUP_DOMAIN && text.len <= ACCEPTOR_DIRECTORY_NAME_LIMIT;
    if (!word.is_name && kind != POLICY_GROUP_SID) {
        snprintf(error, SSPI_ERROR_SIZE,
                 "\"%.200s\" is not a group of a directory: write DOMAIN\\group, or its SID "
                 "(S-1-5-21-...)",
                 escape_configured(shown, sizeof(shown), text));
        return false;
    }
    word.text = strndup(text.data, text.len);
    if (word.text == NULL)
        snprintf(error, SSPI_ERROR_SIZE, OUT_OF_MEMORY);
    else
        *ret_word = word;
    return word.text != NULL;
}

/* Makes room for one more word. */
static bool grow(struct acceptor_directory *directory, char *error)
{
    size_t n = directory->n_words + 1;
    if (n > ACCEPTOR_DIRECTORY_WORDS_LIMIT) {
        snprintf(error, SSPI_ERROR_SIZE,
                 "the configuration names more than %d groups of a directory: nest them in fewer "
                 "groups there",
                 ACCEPTOR_DIRECTORY_WORDS_LIMIT);
        return false;
    }
    struct word *words = realloc(directory->words, n * sizeof(*words));
    if (words != NULL)
        directory->words = words;
    struct named *named = realloc(directory->named, n * sizeof(*named));
    if (named != NULL)
        directory->named = named;
    if (words == NULL || named == NULL)
        snprintf(error, SSPI_ERROR_SIZE, OUT_OF_MEMORY);
    return words != NULL && named != NULL;
}

/* ---- SIDs ---- */

static int compare_named(const void *left, const void *right)
{
    const struct named *a = left, *b = right;
    int order = sid_compare(&a->sid, &b->sid);
    if (order != 0)
        return order;
    return a->word < b->word ? -1 : 1;
}

/* Sorts the SIDs of all words. If several words have one SID, a name goes before a SID's text.
 * Under the lock. */
static void sort_named(struct acceptor_directory *directory)
{
    struct named *named = directory->named;
    size_t n_found = 0, n_kept = 0;
    for (size_t i = 0; i < directory->n_words; i++)
        if (directory->words[i].sid.n_sub > 0)
            named[n_found++] = (struct named){directory->words[i].sid, i};
    if (n_found > 0)
        qsort(named, n_found, sizeof(*named), compare_named);
    for (size_t i = 0; i < n_found; i++) {
        if (n_kept == 0 || sid_compare(&named[n_kept - 1].sid, &named[i].sid) != 0)
            named[n_kept++] = named[i];
        else if (!directory->words[named[n_kept - 1].word].is_name)
            named[n_kept - 1].word = named[i].word;
    }
    directory->n_named = n_kept;
}

/* Returns the place of the first named SID that is not less than `sid`. Under the lock. */
static size_t find_named(const struct acceptor_directory *directory, const struct sid *sid)
{
    size_t from = 0, to = directory->n_named;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (sid_compare(&directory->named[middle].sid, sid) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

/* NULL: no word names it. Under the lock. */
static const struct named *named_as(const struct acceptor_directory *directory,
                                    const struct sid *sid)
{
    size_t at = find_named(directory, sid);
    bool found = at < directory->n_named && sid_compare(&directory->named[at].sid, sid) == 0;
    return found ? &directory->named[at] : NULL;
}

bool acceptor_directory_add(struct acceptor_directory *directory, struct sspi_view word,
                            char *error)
{
    size_t at;
    struct word made;
    if (find_word(directory, word, &at))
        return true;
    if (!grow(directory, error) || !make_word(word, &made, error))
        return false;
    pthread_mutex_lock(&directory->lock);
    memmove(directory->words + at + 1, directory->words + at,
            (directory->n_words - at) * sizeof(*directory->words));
    directory->words[at] = made;
    directory->n_words++;
    directory->n_names += made.is_name;
    sort_named(directory);
    pthread_mutex_unlock(&directory->lock);
    return true;
}

bool acceptor_directory_has_words(const struct acceptor_directory *directory)
{
    return directory->n_words > 0;
}

bool acceptor_directory_find(struct acceptor_directory *directory, struct sspi_view word,
                             struct sid *ret_sid)
{
    size_t at;
    if (!find_word(directory, word, &at))
        return false;
    pthread_mutex_lock(&directory->lock);
    bool known = directory->words[at].sid.n_sub > 0;
    if (known)
        *ret_sid = directory->words[at].sid;
    pthread_mutex_unlock(&directory->lock);
    return known;
}

bool acceptor_directory_name(struct acceptor_directory *directory, const struct sid *sid,
                             struct bytes *to)
{
    pthread_mutex_lock(&directory->lock);
    const struct named *named = named_as(directory, sid);
    const struct word *word = named == NULL ? NULL : &directory->words[named->word];
    pthread_mutex_unlock(&directory->lock);
    /* The text of a word does not change after the start. */
    if (word == NULL || !word->is_name)
        return false;
    bytes_append(to, word->text, word->len);
    return true;
}

bool acceptor_directory_is_named(struct acceptor_directory *directory, const struct sid *sid)
{
    pthread_mutex_lock(&directory->lock);
    bool named = named_as(directory, sid) != NULL;
    pthread_mutex_unlock(&directory->lock);
    return named;
}

/* Returns the first SID of the same domain. */
static struct sid first_of_domain(const struct sid *sid)
{
    struct sid first = *sid;
    first.sub[first.n_sub - 1] = 0;
    return first;
}

/* True if `domain`, which has no relative id, is the domain of `sid`. */
static bool is_domain_of(const struct sid *domain, const struct sid *sid)
{
    struct sid first = *domain;
    if (domain->n_sub == 0 || domain->n_sub >= SID_SUB_LIMIT)
        return false;
    first.sub[first.n_sub++] = 0;
    return sid_same_domain(&first, sid);
}

bool acceptor_directory_knows_own_domain(struct acceptor_directory *directory)
{
    pthread_mutex_lock(&directory->lock);
    bool known = directory->own_domain.n_sub > 0;
    pthread_mutex_unlock(&directory->lock);
    return known;
}

bool acceptor_directory_is_own(struct acceptor_directory *directory, const struct sid *sid)
{
    static const struct sid builtin = {1, {0, 0, 0, 0, 0, 5}, {32}}; /* MS-DTYP 2.4.2.4 */
    if (sid->n_sub == 0)
        return false;
    struct sid first = first_of_domain(sid);
    pthread_mutex_lock(&directory->lock);
    size_t at = find_named(directory, &first);
    bool own = is_domain_of(&builtin, sid) || is_domain_of(&directory->own_domain, sid) ||
               (at < directory->n_named && sid_same_domain(&directory->named[at].sid, sid));
    pthread_mutex_unlock(&directory->lock);
    return own;
}

/* ---- lookups ---- */

/* One lookup of all names. */
struct lookup {
    struct directory_question question;
    const char **names;
    size_t *words; /* the place of each name among the words */
    struct directory_answer *answers;
};

static void lookup_clear(struct lookup *lookup)
{
    free(lookup->names);
    free(lookup->words);
    free(lookup->answers);
}

/* False: no memory; the caller clears it in any case. */
static bool lookup_init(struct lookup *lookup, const struct acceptor_directory *directory)
{
    size_t n = directory->n_names + 1;
    *lookup = (struct lookup){
        .names = calloc(n, sizeof(*lookup->names)),
        .words = calloc(n, sizeof(*lookup->words)),
        .answers = calloc(n, sizeof(*lookup->answers)),
    };
    if (lookup->names == NULL || lookup->words == NULL || lookup->answers == NULL)
        return false;
    size_t n_names = 0;
    for (size_t i = 0; i < directory->n_words; i++) {
        if (!directory->words[i].is_name)
            continue;
        lookup->names[n_names] = directory->words[i].text;
        lookup->words[n_names++] = i;
    }
    lookup->question =
        (struct directory_question){lookup->names, n_names, directory->wants_own_domain};
    return true;
}

/* Writes the text of a log entry about a name whose SID or answer changed. */
static enum sspi_reason describe(const struct word *word, const struct directory_answer *answer,
                                 char text[SSPI_ERROR_SIZE])
{
    char shown[ESCAPE_NAME_SIZE];
    char sid[SID_TEXT_SIZE];
    escape_configured(shown, sizeof(shown), (struct sspi_view){word->text, word->len});
    if (word->sid.n_sub > 0)
        sid_write(&word->sid, sid);
    if (answer->status == DIRECTORY_FOUND)
        snprintf(text, SSPI_ERROR_SIZE, "the group %s is %s", shown, sid);
    else if (answer->status == DIRECTORY_NOT_FOUND)
        snprintf(text, SSPI_ERROR_SIZE,
                 "the group %s was not found, so it matches no user (%s): correct the name, or "
                 "write the group's SID",
                 shown, answer->text);
    else if (word->sid.n_sub > 0)
        snprintf(text, SSPI_ERROR_SIZE,
                 "the group %s could not be looked up again, so it stays %s (%.110s)", shown, sid,
                 answer->text);
    else
        snprintf(text, SSPI_ERROR_SIZE,
                 "the group %s could not be looked up, so it matches no user (%s): start winbind "
                 "or SSSD, or write the group's SID",
                 shown, answer->text);
    return answer->status == DIRECTORY_FOUND ? SSPI_REASON_GROUP_RESOLVED
                                             : SSPI_REASON_GROUP_UNKNOWN;
}

/* Takes over the answer for one name. True if it differs from the last one. Under the lock. */
static bool take_answer(struct word *word, const struct directory_answer *answer)
{
    static const struct sid none = {0};
    bool changed =
        !word->is_asked || word->status != answer->status ||
        (answer->status == DIRECTORY_FOUND && sid_compare(&word->sid, &answer->sid) != 0);
    word->is_asked = true;
    word->status = answer->status;
    if (answer->status != DIRECTORY_UNREACHABLE)
        word->sid = answer->status == DIRECTORY_FOUND ? answer->sid : none;
    return changed;
}

/* Returns the time until the next lookup. */
static uint64_t interval_of(const struct acceptor_directory *directory, const struct lookup *lookup)
{
    for (size_t i = 0; i < lookup->question.n_names; i++)
        if (lookup->answers[i].status == DIRECTORY_UNREACHABLE)
            return ACCEPTOR_DIRECTORY_RETRY_MS;
    bool is_complete = directory->n_names == 0 && directory->own_domain.n_sub > 0;
    return is_complete ? NEVER : ACCEPTOR_DIRECTORY_INTERVAL_MS;
}

/* Takes over all answers, and reports those that differ from the last ones. */
static void take_answers(struct acceptor_directory *directory, const struct lookup *lookup,
                         uint64_t now_ms, acceptor_directory_report *report, void *self)
{
    char text[SSPI_ERROR_SIZE];
    size_t n_names = lookup->question.n_names;
    pthread_mutex_lock(&directory->lock);
    for (size_t i = 0; i < n_names; i++) {
        struct word *word = &directory->words[lookup->words[i]];
        if (take_answer(word, &lookup->answers[i])) {
            enum sspi_reason reason = describe(word, &lookup->answers[i], text);
            report(self, reason, text);
        }
    }
    if (lookup->question.own_domain && lookup->answers[n_names].status == DIRECTORY_FOUND)
        directory->own_domain = lookup->answers[n_names].sid;
    sort_named(directory);
    uint64_t interval_ms = interval_of(directory, lookup);
    atomic_store(&directory->due_ms, interval_ms == NEVER ? NEVER : now_ms + interval_ms);
    directory->is_claimed = false;
    pthread_mutex_unlock(&directory->lock);
}

void acceptor_directory_want_own_domain(struct acceptor_directory *directory)
{
    directory->wants_own_domain = true;
}

void acceptor_directory_start(struct acceptor_directory *directory, uint64_t now_ms,
                              acceptor_directory_report *report, void *self)
{
    struct lookup lookup;
    directory->wants_own_domain = directory->wants_own_domain || directory->n_words > 0;
    if (!directory->wants_own_domain)
        return;
    atomic_store(&directory->due_ms, now_ms); /* for the workers, if nothing is asked here */
    if (directory->n_words == 0)
        return;
    if (lookup_init(&lookup, directory)) {
        directory_lookup_in_child(&lookup.question, ACCEPTOR_DIRECTORY_START_MS, lookup.answers);
        take_answers(directory, &lookup, now_ms, report, self);
    }
    lookup_clear(&lookup);
}

/* ---- the job ---- */

struct refresh {
    struct sspi_job job;
    struct acceptor_directory *directory; /* its own reference */
    struct lookup lookup;
    uint64_t now_ms;
};

/* Under the lock. */
static void keep_change(void *self, enum sspi_reason reason, const char *text)
{
    struct acceptor_directory *directory = self;
    struct changes *changes =
        reason == SSPI_REASON_GROUP_RESOLVED ? &directory->resolved : &directory->unknown;
    if (changes->n++ == 0)
        snprintf(changes->text, sizeof(changes->text), "%s", text);
    atomic_store(&directory->has_changes, true);
}

static void run_refresh(struct sspi_job *job)
{
    struct refresh *refresh = (struct refresh *)job;
    uint64_t begin_ms = clock_machine_steady_ms();
    directory_lookup(&refresh->lookup.question, ACCEPTOR_DIRECTORY_JOB_MS, refresh->lookup.answers);
    uint64_t took_ms = clock_machine_steady_ms() - begin_ms;
    take_answers(refresh->directory, &refresh->lookup, refresh->now_ms + took_ms, keep_change,
                 refresh->directory);
}

static void give_up_claim(struct acceptor_directory *directory)
{
    pthread_mutex_lock(&directory->lock);
    directory->is_claimed = false;
    pthread_mutex_unlock(&directory->lock);
}

static void destroy_refresh(struct sspi_job *job)
{
    struct refresh *refresh = (struct refresh *)job;
    if (acceptor_job_state(job) == ACCEPTOR_JOB_NEW)
        give_up_claim(refresh->directory);
    lookup_clear(&refresh->lookup);
    acceptor_directory_unref(refresh->directory);
    free(refresh);
}

/* NULL: no memory; a later check tries again. */
static struct sspi_job *refresh_new(struct acceptor_directory *directory, uint64_t now_ms)
{
    struct refresh *refresh = calloc(1, sizeof(*refresh));
    if (refresh != NULL && lookup_init(&refresh->lookup, directory)) {
        acceptor_job_init(&refresh->job, run_refresh, destroy_refresh);
        refresh->directory = acceptor_directory_ref(directory);
        refresh->now_ms = now_ms;
        return &refresh->job;
    }
    if (refresh != NULL)
        lookup_clear(&refresh->lookup);
    free(refresh);
    give_up_claim(directory);
    return NULL;
}

struct sspi_job *acceptor_directory_check_due(struct acceptor_directory *directory, uint64_t now_ms)
{
    /* Almost all calls end here, without the lock. */
    if (now_ms < atomic_load(&directory->due_ms))
        return NULL;
    pthread_mutex_lock(&directory->lock);
    bool claimed = !directory->is_claimed && now_ms >= atomic_load(&directory->due_ms);
    if (claimed)
        directory->is_claimed = true;
    pthread_mutex_unlock(&directory->lock);
    return claimed ? refresh_new(directory, now_ms) : NULL;
}

/* Writes an entry about these changes, and forgets them. */
static void write_changes(struct changes *changes, enum sspi_reason reason,
                          struct sspi_log_entry *ret_entry)
{
    if (changes->n > 1)
        acceptor_log_write(ret_entry, reason, SEC_E_OK, "%s (and %zu more groups)", changes->text,
                           changes->n - 1);
    else
        acceptor_log_write(ret_entry, reason, SEC_E_OK, "%s", changes->text);
    changes->n = 0;
}

bool acceptor_directory_take_entry(struct acceptor_directory *directory,
                                   struct sspi_log_entry *ret_entry)
{
    if (!atomic_load(&directory->has_changes))
        return false;
    pthread_mutex_lock(&directory->lock);
    bool unknown = directory->unknown.n > 0;
    bool resolved = !unknown && directory->resolved.n > 0;
    if (unknown)
        write_changes(&directory->unknown, SSPI_REASON_GROUP_UNKNOWN, ret_entry);
    else if (resolved)
        write_changes(&directory->resolved, SSPI_REASON_GROUP_RESOLVED, ret_entry);
    atomic_store(&directory->has_changes, directory->unknown.n > 0 || directory->resolved.n > 0);
    pthread_mutex_unlock(&directory->lock);
    return unknown || resolved;
}
