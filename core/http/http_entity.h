/* SPDX-License-Identifier: Apache-2.0 */
/* H(entity-body) of an auth-int request, computed while the body streams by. */
#ifndef HTTP_ENTITY_H
#define HTTP_ENTITY_H

#include "hash.h"
#include "sspi_http.h"

struct http_entity {
    enum {
        HTTP_ENTITY_UNWANTED,
        HTTP_ENTITY_RUNNING,
        HTTP_ENTITY_OVER_LIMIT,
        HTTP_ENTITY_DONE,
        HTTP_ENTITY_FAILED /* libcrypto, or memory */
    } state;
    struct hash_suite suite;
    struct hash_run run;
    enum sspi_digest_algorithm algorithm;
    uint64_t limit;
    uint64_t len;
    char hex[2 * HASH_MAX]; /* DONE */
    size_t hex_len;
};

/* Begins a body of at most `limit` octets. */
void http_entity_begin(struct http_entity *entity, enum sspi_digest_algorithm algorithm,
                       uint64_t limit);

/* The next piece; false over the limit. Does nothing unless RUNNING. */
bool http_entity_update(struct http_entity *entity, const void *data, size_t len);

/* The body is complete: a RUNNING one is DONE or FAILED after it. */
void http_entity_end(struct http_entity *entity);

/* Frees; a zero-initialised one is fine. */
void http_entity_free(struct http_entity *entity);

#endif
