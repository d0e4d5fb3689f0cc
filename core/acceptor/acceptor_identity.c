/* SPDX-License-Identifier: Apache-2.0 */
#include "acceptor_identity.h"

#include <stdlib.h>
#include <string.h>

static bool copy_text(char **text)
{
    if (*text == NULL)
        return true;
    *text = strdup(*text);
    return *text != NULL;
}

bool acceptor_identity_copy(const struct acceptor_identity *identity,
                            struct acceptor_identity *ret_copy)
{
    struct acceptor_identity copy = *identity;
    bool name = copy_text(&copy.name);
    bool realm = copy_text(&copy.realm);
    bool target = copy_text(&copy.target);
    if (!name || !realm || !target)
        acceptor_identity_free(&copy);
    *ret_copy = copy;
    return name && realm && target;
}

void acceptor_identity_free(struct acceptor_identity *identity)
{
    free(identity->name);
    free(identity->realm);
    free(identity->target);
    *identity = (struct acceptor_identity){0};
}
