/* SPDX-License-Identifier: Apache-2.0 */
#include "http_entity.h"

#include <string.h>

#include "http_exchange.h"

void http_entity_begin(struct http_entity *entity, enum sspi_digest_algorithm algorithm,
                       uint64_t limit)
{
    http_entity_free(entity);
    entity->algorithm = algorithm;
    entity->limit = limit;
    entity->state = HTTP_ENTITY_FAILED;
    if (!hash_suite_open(&entity->suite) || !hash_run_open(&entity->run, &entity->suite))
        return;
    hash_begin(&entity->run, algorithm);
    entity->state = HTTP_ENTITY_RUNNING;
}

bool http_entity_update(struct http_entity *entity, const void *data, size_t len)
{
    if (entity->state == HTTP_ENTITY_OVER_LIMIT)
        return false;
    if (entity->state != HTTP_ENTITY_RUNNING)
        return true;
    if (len > entity->limit - entity->len) {
        entity->state = HTTP_ENTITY_OVER_LIMIT;
        return false;
    }
    entity->len += len;
    hash_update(&entity->run, data, len);
    return true;
}

void http_entity_end(struct http_entity *entity)
{
    uint8_t digest[HASH_MAX];
    if (entity->state != HTTP_ENTITY_RUNNING)
        return;
    entity->state = HTTP_ENTITY_FAILED;
    if (!hash_end(&entity->run, digest))
        return;
    struct bytes hex BYTES_CLEANUP = {0};
    bytes_append_hex(&hex, digest, hash_len(entity->algorithm));
    if (hex.failed)
        return;
    memcpy(entity->hex, hex.data, hex.len);
    entity->hex_len = hex.len;
    entity->state = HTTP_ENTITY_DONE;
}

void http_entity_free(struct http_entity *entity)
{
    hash_run_close(&entity->run);
    hash_suite_close(&entity->suite);
    *entity = (struct http_entity){0};
}

void sspi_http_entity_end(struct sspi_exchange *exchange)
{
    http_entity_end(&exchange->entity);
}

bool sspi_http_entity_update(struct sspi_exchange *exchange, const void *data, size_t len)
{
    return http_entity_update(&exchange->entity, data, len);
}
