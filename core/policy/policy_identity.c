/* SPDX-License-Identifier: Apache-2.0 */
#include "policy_identity.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "policy.h"
#include "policy_require.h"

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

/* A KDC chooses the names of its users. So may the KDC of another realm. */
static bool reads_as_digest(struct sspi_view text)
{
    const struct sspi_view prefix = SSPI_VIEW(POLICY_DIGEST_PREFIX);
    return text.len >= prefix.len &&
           bytes_equal_nocase((struct sspi_view){text.data, prefix.len}, prefix);
}

/* True if a line of Digest verified the user. */
static bool is_digest(uint8_t scheme, uint8_t mech)
{
    return mech == SSPI_MECH_NONE && (scheme == SSPI_SCHEME_DIGEST || scheme == SSPI_SCHEME_BASIC);
}

const char *policy_identity_prefix(uint8_t scheme, uint8_t mech)
{
    return is_digest(scheme, mech) ? POLICY_DIGEST_PREFIX : "";
}

/* Returns the full form of `text`, the name or the realm of the identity. */
static struct policy_full_name full_form(const struct policy_identity *identity, const char *text)
{
    const char *prefix = policy_identity_prefix(identity->scheme, identity->mech);
    struct sspi_view name = bytes_view(text);
    if (*prefix == '\0' && reads_as_digest(name))
        name = (struct sspi_view){NULL, 0};
    return (struct policy_full_name){
        .prefix = bytes_view(prefix),
        .name = name,
        .ignores_case = identity->mech == SSPI_MECH_NTLM,
    };
}

struct policy_full_name policy_identity_full_name(const struct policy_identity *identity)
{
    return full_form(identity, identity->name);
}

static bool is_word(const struct policy_full_name *own, struct sspi_view word)
{
    size_t prefix_len = own->prefix.len;
    if (own->name.data == NULL)
        return false;
    if (own->ignores_case)
        return bytes_equal_nocase(own->name, word);
    return word.len == prefix_len + own->name.len &&
           bytes_equal((struct sspi_view){word.data, prefix_len}, own->prefix) &&
           bytes_equal((struct sspi_view){word.data + prefix_len, own->name.len}, own->name);
}

bool policy_identity_is(const struct policy_identity *identity, struct sspi_view name)
{
    const struct policy_full_name own = policy_identity_full_name(identity);
    return is_word(&own, name);
}

bool policy_identity_realm_is(const struct policy_identity *identity, struct sspi_view realm)
{
    const struct policy_full_name own = full_form(identity, identity->realm);
    return own.name.len > 0 && is_word(&own, realm);
}

/* Kerberos writes a backslash only as an escape. NTLM has one, behind the domain. */
static bool has_foreign_separator(const struct policy_identity *identity)
{
    const char *separators = identity->mech == SSPI_MECH_NTLM ? "@/" : "\\";
    return identity->mech != SSPI_MECH_NONE && strpbrk(identity->name, separators) != NULL;
}

struct sspi_view policy_identity_write_name(const struct policy_identity *identity,
                                            struct bytes *buffer)
{
    const struct sspi_view absent = {NULL, 0};
    const struct policy_full_name own = policy_identity_full_name(identity);
    if (has_foreign_separator(identity))
        return absent;
    if (own.prefix.len == 0)
        return own.name;
    bytes_append_view(buffer, own.prefix);
    bytes_append_view(buffer, own.name);
    return buffer->failed ? absent : bytes_as_view(buffer);
}

bool policy_identity_is_ambiguous(const struct policy_identity *identity,
                                  const struct sspi_policy *policy)
{
    return is_digest(identity->scheme, identity->mech) && !policy_has_only_digest_users(policy) &&
           strpbrk(identity->name, "@\\") != NULL;
}
