/* SPDX-License-Identifier: Apache-2.0 */
/* H(entity-body) of an auth-int request, computed while the server reads the body. */
#ifndef REQUEST_ENTITY_H
#define REQUEST_ENTITY_H

#include "hash.h"
#include "sspi_http.h"

struct request_entity {
    enum {
        REQUEST_ENTITY_UNWANTED,
        REQUEST_ENTITY_RUNNING,
        REQUEST_ENTITY_OVER_LIMIT,
        REQUEST_ENTITY_DONE,
        REQUEST_ENTITY_FAILED /* libcrypto, or memory */
    } state;
    struct hash_suite suite;
    struct hash_run run;
    enum sspi_digest_algorithm algorithm;
    uint64_t limit;
    uint64_t len;
    uint8_t hash[HASH_MAX]; /* DONE: hash_len(algorithm) octets */
};

/* Begins a body of at most `limit` octets. */
void request_entity_begin(struct request_entity *entity, enum sspi_digest_algorithm algorithm,
                          uint64_t limit);

/* Hashes the next piece. False: over the limit. Does nothing unless RUNNING. */
bool request_entity_update(struct request_entity *entity, const void *data, size_t len);

/* The body is complete: RUNNING becomes DONE or FAILED. */
void request_entity_end(struct request_entity *entity);

/* Frees; a zero-initialised one is fine. */
void request_entity_clear(struct request_entity *entity);

#endif
