/* SPDX-License-Identifier: Apache-2.0 */
#include "acceptor_directory.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error_info.h"
#include "escape.h"
#include "ref.h"
#include "utf8.h"

/* A word of the configuration. */
struct word {
    char *text;
    size_t len;
    bool is_name;   /* DOMAIN\group, not a SID */
    struct sid sid; /* n_sub 0: the name has no SID, or not yet. Under the lock. */
};

/* A SID that a word names. */
struct named {
    struct sid sid;
    size_t word;
};

struct acceptor_directory {
    struct ref ref;
    struct word *words; /* sorted by their text */
    size_t n_words;
    pthread_mutex_t lock; /* guards the SIDs of the words, and what follows */
    struct named *named;  /* sorted by their SIDs, each SID once; has room for all words */
    size_t n_named;
    struct sid own_domain; /* without a relative id; n_sub 0: not known */
};

struct acceptor_directory *acceptor_directory_new(void)
{
    struct acceptor_directory *made = calloc(1, sizeof(*made));
    if (made == NULL || pthread_mutex_init(&made->lock, NULL) != 0) {
        free(made);
        return NULL;
    }
    ref_init(&made->ref);
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

static char lower(char octet)
{
    return octet >= 'A' && octet <= 'Z' ? (char)(octet + 'a' - 'A') : octet;
}

/* Orders words by their lengths, then by their octets in lower case (ASCII). */
static int compare_text(const struct word *word, struct sspi_view text)
{
    if (word->len != text.len)
        return word->len < text.len ? -1 : 1;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char a = (unsigned char)lower(word->text[i]);
        unsigned char b = (unsigned char)lower(text.data[i]);
        if (a != b)
            return a < b ? -1 : 1;
    }
    return 0;
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

/* True for DOMAIN\group: one backslash, with text on both sides. */
static bool is_name(struct sspi_view word)
{
    const char *backslash = word.len == 0 ? NULL : memchr(word.data, '\\', word.len);
    if (backslash == NULL || word.len > ACCEPTOR_DIRECTORY_NAME_LIMIT || !utf8_is_name(word))
        return false;
    size_t behind = word.len - (size_t)(backslash - word.data) - 1;
    return backslash > word.data && behind > 0 && memchr(backslash + 1, '\\', behind) == NULL;
}

static bool make_word(struct sspi_view text, struct word *ret_word, char *error)
{
    char shown[ESCAPE_NAME_SIZE];
    struct word word = {.len = text.len, .is_name = !sid_parse(text, &word.sid)};
    if (word.is_name && !is_name(text)) {
        snprintf(error, SSPI_ERROR_SIZE,
                 "\"%.200s\" is not a group of a directory: write DOMAIN\\group, or its SID "
                 "(S-1-5-21-...)",
                 escape_text(shown, sizeof(shown), text));
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
    sort_named(directory);
    pthread_mutex_unlock(&directory->lock);
    return true;
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
