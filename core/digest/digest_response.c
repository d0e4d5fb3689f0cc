/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_response.h"

#include <stdlib.h>
#include <string.h>

#define VIEWS 14

/* Lists every view of a response, because a copy must move all of them. */
static void list_views(struct digest_response *of, struct sspi_view *ret_views[VIEWS])
{
    struct sspi_view *const views[VIEWS] = {
        &of->username,        &of->realm,       &of->raw_username,
        &of->raw_realm,       &of->nonce,       &of->uri,
        &of->cnonce,          &of->qop,         &of->nc,
        &of->opaque,          &of->hashed_dirs, &of->service_name,
        &of->channel_binding, &of->authzid};

    memcpy(ret_views, views, sizeof(views));
}

bool digest_response_copy(const struct digest_response *response, struct digest_response *ret_copy)
{
    struct digest_response copy = *response;
    struct sspi_view *views[VIEWS];
    size_t size = 1;

    list_views(&copy, views);
    for (size_t i = 0; i < VIEWS; i++)
        size += views[i]->len;
    char *storage = malloc(size);
    if (storage == NULL)
        return false;
    char *to = storage;
    for (size_t i = 0; i < VIEWS; i++) {
        if (views[i]->data == NULL)
            continue; /* an absent view stays absent */
        memcpy(to, views[i]->data, views[i]->len);
        views[i]->data = to;
        to += views[i]->len;
    }
    copy.storage = storage;
    copy.names = NULL;
    *ret_copy = copy;
    return true;
}

void digest_response_clear(struct digest_response *response)
{
    free(response->storage);
    free(response->names);
    *response = (struct digest_response){0};
}
