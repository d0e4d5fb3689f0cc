/* SPDX-License-Identifier: Apache-2.0 */
#include "request_entity.h"

void request_entity_begin(struct request_entity *entity, enum sspi_digest_algorithm algorithm,
                          uint64_t limit)
{
    request_entity_clear(entity);
    entity->algorithm = algorithm;
    entity->limit = limit;
    entity->state = REQUEST_ENTITY_FAILED;
    if (!hash_suite_init(&entity->suite) || !hash_run_init(&entity->run, &entity->suite))
        return;
    hash_begin(&entity->run, algorithm);
    entity->state = REQUEST_ENTITY_RUNNING;
}

bool request_entity_update(struct request_entity *entity, const void *data, size_t len)
{
    if (entity->state == REQUEST_ENTITY_OVER_LIMIT)
        return false;
    if (entity->state != REQUEST_ENTITY_RUNNING)
        return true;
    if (len > entity->limit - entity->len) {
        entity->state = REQUEST_ENTITY_OVER_LIMIT;
        return false;
    }
    entity->len += len;
    hash_update(&entity->run, data, len);
    return true;
}

void request_entity_end(struct request_entity *entity)
{
    if (entity->state != REQUEST_ENTITY_RUNNING)
        return;
    entity->state =
        hash_end(&entity->run, entity->hash) ? REQUEST_ENTITY_DONE : REQUEST_ENTITY_FAILED;
}

void request_entity_clear(struct request_entity *entity)
{
    if (entity->state == REQUEST_ENTITY_UNWANTED)
        return;
    hash_run_clear(&entity->run);
    hash_suite_clear(&entity->suite);
    *entity = (struct request_entity){0};
}
