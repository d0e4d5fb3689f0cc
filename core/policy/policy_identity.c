/* SPDX-License-Identifier: Apache-2.0 */
#include "policy_identity.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "policy.h"

#define DIGEST_PREFIX "digest:"

static bool copy_text(char **text)
{
    if (*text == NULL)
        return true;
    *text = strdup(*text);
    return *text != NULL;
}

static bool copy_groups(struct policy_identity *identity)
{
    if (identity->groups == NULL)
        return true;
    char *copy = malloc(identity->groups_len);
    if (copy != NULL)
        memcpy(copy, identity->groups, identity->groups_len);
    identity->groups = copy;
    return copy != NULL;
}

bool policy_identity_copy(const struct policy_identity *identity, struct policy_identity *ret_copy)
{
    struct policy_identity copy = *identity;
    copy.is_borrowed = false;
    bool name = copy_text(&copy.name);
    bool realm = copy_text(&copy.realm);
    bool target = copy_text(&copy.target);
    bool sam_name = copy_text(&copy.sam_name);
    bool upn = copy_text(&copy.upn);
    bool groups = copy_groups(&copy);
    bool done = name && realm && target && sam_name && upn && groups;
    if (!done)
        policy_identity_clear(&copy);
    *ret_copy = copy;
    return done;
}

static void free_owned(struct policy_identity *identity)
{
    free(identity->name);
    free(identity->realm);
    free(identity->target);
    free(identity->sam_name);
    free(identity->upn);
    free(identity->groups);
}

void policy_identity_clear(struct policy_identity *identity)
{
    if (!identity->is_borrowed)
        free_owned(identity);
    *identity = (struct policy_identity){0};
}

bool policy_identity_is(const struct policy_identity *identity, struct sspi_view name)
{
    struct sspi_view own = bytes_view(identity->name);
    if (identity->mech == SSPI_MECH_NTLM)
        return bytes_equal_nocase(own, name);
    if (identity->scheme != SSPI_SCHEME_DIGEST)
        return bytes_equal(own, name);
    const size_t prefix_len = sizeof(DIGEST_PREFIX) - 1;
    return name.len == own.len + prefix_len && memcmp(name.data, DIGEST_PREFIX, prefix_len) == 0 &&
           memcmp(name.data + prefix_len, own.data, own.len) == 0;
}

bool policy_identity_is_ambiguous(const struct policy_identity *identity,
                                  const struct sspi_policy *policy)
{
    return identity->scheme == SSPI_SCHEME_DIGEST && !policy_offers_digest_only(policy) &&
           strpbrk(identity->name, "@\\") != NULL;
}
