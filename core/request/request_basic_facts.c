/* SPDX-License-Identifier: Apache-2.0 */
/* The form is that of a session, with which it shares all facts. */
#include "request_basic_facts.h"

#include "session_content.h"

static struct sspi_view groups_of(const struct policy_identity *identity)
{
    return identity->groups == NULL ? SSPI_VIEW("")
                                    : (struct sspi_view){identity->groups, identity->groups_len};
}

void request_basic_facts_write(const struct policy_identity *identity, struct bytes *to)
{
    const struct session_content content = {
        .expiry_ms = identity->expiry_ms,
        .scheme = identity->scheme,
        .mech = identity->mech,
        .name = bytes_view(identity->name),
        .realm = bytes_view(identity->realm),
        .target = bytes_view(identity->target),
        .audience = SSPI_VIEW(""),
        .sam_name = bytes_view(identity->sam_name),
        .upn = bytes_view(identity->upn),
        .user_sid = identity->user_sid,
        .groups = groups_of(identity),
        .target_proven = identity->target_proven,
        .is_foreign = identity->is_foreign,
    };
    session_content_encode(&content, to);
}

/* A NUL stands behind each text of a decoded content. */
static char *text_of(struct sspi_view text)
{
    return (char *)(uintptr_t)text.data;
}

bool request_basic_facts_read(struct sspi_view facts, struct policy_identity *ret_identity)
{
    struct session_content content;
    if (!session_content_decode(facts, &content))
        return false;
    const struct policy_identity identity = {
        .scheme = content.scheme,
        .mech = content.mech,
        .name = text_of(content.name),
        .realm = text_of(content.realm),
        .target = text_of(content.target),
        .target_proven = content.target_proven,
        .mechanism = content.mech == SSPI_MECH_KERBEROS ? kerberos_package.about.Name
                                                        : ntlm_package.about.Name,
        .expiry_ms = content.expiry_ms,
        .user_sid = content.user_sid,
        .groups = content.groups.len > 0 ? text_of(content.groups) : NULL,
        .groups_len = content.groups.len,
        .sam_name = text_of(content.sam_name),
        .upn = text_of(content.upn),
        .is_foreign = content.is_foreign,
        .is_borrowed = true,
    };
    return policy_identity_copy(&identity, ret_identity);
}
