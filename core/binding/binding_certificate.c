/* SPDX-License-Identifier: Apache-2.0 */
#include "binding_certificate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "binding_session.h"

struct entry {
    const SSL_CTX *ctx;
    struct binding_candidates candidates;
};

/* Sorted by ctx, because each request over TLS searches it. */
struct binding_table {
    struct entry *entries;
    size_t n_entries;
};

static void add_candidate(struct binding_candidates *to, X509 *certificate)
{
    struct binding made;
    if (to->n_items == BINDING_CANDIDATES_LIMIT || !binding_from_certificate(certificate, &made)) {
        to->incomplete = true;
        return;
    }
    to->item[to->n_items++] = made;
}

static bool take_first(X509 *certificate, const char *path, struct binding_candidates *to,
                       char *error, size_t error_size)
{
    struct binding made;
    if (certificate == NULL) {
        snprintf(error, error_size, "%s holds no certificate in PEM form", path);
        return false;
    }
    if (!binding_from_certificate(certificate, &made)) {
        snprintf(error, error_size,
                 "%s: the certificate's signature algorithm (for example Ed25519) has no single "
                 "hash, so that it has no channel binding; use an RSA or ECDSA certificate",
                 path);
        return false;
    }
    if (to->n_items == BINDING_CANDIDATES_LIMIT) {
        snprintf(error, error_size, "%s is one certificate too many: at most %d are accepted", path,
                 BINDING_CANDIDATES_LIMIT);
        return false;
    }
    to->item[to->n_items++] = made;
    return true;
}

bool binding_read_certificate(const char *path, struct binding_candidates *to, char *error,
                              size_t error_size)
{
    /* A failure here must leave no error in OpenSSL's queue, because other code reads that
     * queue. */
    ERR_set_mark();
    BIO *file = BIO_new_file(path, "r");
    if (file == NULL) {
        snprintf(error, error_size, "%s: %s", path, strerror(errno));
        ERR_pop_to_mark();
        return false;
    }
    X509 *certificate = PEM_read_bio_X509(file, NULL, NULL, NULL);
    bool taken = take_first(certificate, path, to, error, error_size);
    X509_free(certificate);
    BIO_free(file);
    ERR_pop_to_mark();
    return taken;
}

struct binding_table *binding_table_new(void)
{
    return calloc(1, sizeof(struct binding_table));
}

void binding_table_free(struct binding_table *table)
{
    if (table == NULL)
        return;
    free(table->entries);
    free(table);
}

static int compare_entries(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;
    uintptr_t l = (uintptr_t)left->ctx, r = (uintptr_t)right->ctx;
    return l < r ? -1 : l > r;
}

static struct entry *find_entry(const struct binding_table *table, const SSL_CTX *ctx)
{
    if (table->n_entries == 0)
        return NULL;
    struct entry key = {.ctx = ctx};
    return bsearch(&key, table->entries, table->n_entries, sizeof(key), compare_entries);
}

bool binding_table_add(struct binding_table *table, SSL_CTX *ctx)
{
    if (find_entry(table, ctx) != NULL)
        return true;
    struct entry *grown = realloc(table->entries, (table->n_entries + 1) * sizeof(*grown));
    if (grown == NULL)
        return false;
    table->entries = grown;
    struct entry *added = &grown[table->n_entries++];
    memset(added, 0, sizeof(*added));
    added->ctx = ctx;

    X509 *current = SSL_CTX_get0_certificate(ctx);
    for (long more = SSL_CTX_set_current_cert(ctx, SSL_CERT_SET_FIRST); more == 1;
         more = SSL_CTX_set_current_cert(ctx, SSL_CERT_SET_NEXT)) {
        X509 *certificate = SSL_CTX_get0_certificate(ctx);
        if (certificate != NULL)
            add_candidate(&added->candidates, certificate);
    }
    if (current != NULL)
        SSL_CTX_select_current_cert(ctx, current);
    qsort(table->entries, table->n_entries, sizeof(*added), compare_entries);
    return true;
}

bool binding_table_is_complete(const struct binding_table *table, const SSL_CTX *ctx)
{
    const struct entry *known = find_entry(table, ctx);
    return known == NULL || !known->candidates.incomplete;
}

static bool holds(const struct binding_candidates *candidates, const struct binding *wanted)
{
    for (size_t i = 0; i < candidates->n_items; i++) {
        const struct binding *item = &candidates->item[i];
        if (item->len == wanted->len && memcmp(item->data, wanted->data, item->len) == 0)
            return true;
    }
    return false;
}

static bool has_candidates(const struct entry *known)
{
    return known != NULL && (known->candidates.n_items > 0 || known->candidates.incomplete);
}

const struct binding_candidates *binding_table_find(const struct binding_table *table, SSL *ssl,
                                                    const SSL_CTX *host,
                                                    struct binding_candidates *scratch)
{
    const SSL_CTX *own = SSL_get_SSL_CTX(ssl);
    const struct entry *known = find_entry(table, host != NULL ? host : own);
    struct binding seen;
    if (host != NULL && host != own)
        return has_candidates(known) ? &known->candidates : NULL;
    bool is_seen = binding_session_find(ssl, &seen);
    if (has_candidates(known) && (!is_seen || holds(&known->candidates, &seen)))
        return &known->candidates;
    if (!is_seen)
        return NULL;
    /* The server loaded this certificate for the handshake, so no context holds it. */
    memset(scratch, 0, sizeof(*scratch));
    scratch->item[scratch->n_items++] = seen;
    return scratch;
}
