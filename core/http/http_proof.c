/* SPDX-License-Identifier: Apache-2.0 */
#include "http_proof.h"

#include <stdlib.h>
#include <string.h>

static bool copy_text(char **text)
{
    if (*text == NULL)
        return true;
    *text = strdup(*text);
    return *text != NULL;
}

bool http_proof_copy(const struct http_proof *proof, struct http_proof *ret_copy)
{
    struct http_proof copy = *proof;
    bool name = copy_text(&copy.name);
    bool realm = copy_text(&copy.realm);
    bool target = copy_text(&copy.target);
    if (!name || !realm || !target)
        http_proof_free(&copy);
    *ret_copy = copy;
    return name && realm && target;
}

void http_proof_free(struct http_proof *proof)
{
    free(proof->name);
    free(proof->realm);
    free(proof->target);
    *proof = (struct http_proof){0};
}
