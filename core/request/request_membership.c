/* SPDX-License-Identifier: Apache-2.0 */
#include "request_membership.h"

#include "policy_require.h"
#include "policy_sids.h"
#include "request_groups.h"
#include "utf8.h"

/* Returns what the word names. The name of a group of the directory becomes its SID, if that is
 * known. */
static enum policy_group resolve(const struct sspi_exchange *exchange, struct sspi_view word,
                                 struct sid *ret_sid)
{
    enum policy_group group = policy_require_group(word, ret_sid);
    if (group == POLICY_GROUP_DOMAIN &&
        acceptor_directory_find(exchange->acceptor->directory, word, ret_sid))
        group = POLICY_GROUP_SID;
    return group;
}

enum policy_met request_membership_has(const struct sspi_exchange *exchange,
                                       const struct sspi_policy *policy, struct sspi_view word)
{
    struct sid sid = {0};
    switch (resolve(exchange, word, &sid)) {
    case POLICY_GROUP_SID:
        return policy_sids_has(policy, &exchange->identity, &sid);
    case POLICY_GROUP_PLAIN:
        return request_groups_has(exchange, policy, word) ? POLICY_MET : POLICY_MISSED;
    case POLICY_GROUP_DOMAIN: /* without a known SID */
    case POLICY_GROUP_INVALID:
        break;
    }
    return POLICY_MISSED;
}

/* Users of Digest and of a file of NTLM users have no account in the directory. */
static bool has_no_sids(const struct policy_identity *identity)
{
    return identity->mech == SSPI_MECH_NONE ||
           (identity->mech == SSPI_MECH_NTLM && identity->source != NULL &&
            identity->source->users != NULL);
}

bool request_membership_is_ruled_out(const struct sspi_exchange *exchange,
                                     const struct sspi_policy *policy, struct sspi_view word)
{
    struct sid sid = {0};
    switch (resolve(exchange, word, &sid)) {
    case POLICY_GROUP_SID:
        return has_no_sids(&exchange->identity) ||
               policy_sids_are_complete(policy, &exchange->identity);
    case POLICY_GROUP_DOMAIN: /* without a known SID */
        return has_no_sids(&exchange->identity);
    case POLICY_GROUP_PLAIN:
        return request_groups_are_known(exchange, policy);
    case POLICY_GROUP_INVALID:
        break;
    }
    return false;
}

/* While the own domain is not known, a foreign realm could claim it. */
static bool is_own(void *directory, const struct sid *sid)
{
    return !acceptor_directory_knows_own_domain(directory) ||
           acceptor_directory_is_own(directory, sid);
}

bool request_membership_shows(const struct sspi_exchange *exchange,
                              const struct sspi_policy *policy, const struct sid *sid)
{
    return policy_sids_shows(policy, &exchange->identity, sid, is_own,
                             exchange->acceptor->directory);
}

/* ---- the variables ---- */

static void separate(struct bytes *to)
{
    if (to->len > 0)
        bytes_append_char(to, ',');
}

/* Appends the name of a group with its escapes. */
static void append_name(void *to_, struct sspi_view name)
{
    struct bytes *to = to_;
    if (name.len == 0 || !utf8_is_name(name))
        return;
    separate(to);
    for (size_t i = 0; i < name.len && !to->failed; i++) {
        if (name.data[i] == ',' || name.data[i] == '\\')
            bytes_append_char(to, '\\');
        bytes_append_char(to, name.data[i]);
    }
}

static void append_sid(const struct sid *sid, struct bytes *to)
{
    char text[SID_TEXT_SIZE];
    size_t len = sid_write(sid, text);
    separate(to);
    bytes_append(to, text, len);
}

static void append_group(const struct sspi_exchange *exchange, const struct sid *sid, bool names,
                         struct bytes *name, struct bytes *to)
{
    name->len = 0;
    if (names && acceptor_directory_name(exchange->acceptor->directory, sid, name))
        append_name(to, bytes_as_view(name));
    else
        append_sid(sid, to);
}

void request_membership_append(const struct sspi_exchange *exchange,
                               const struct sspi_policy *policy, bool names, struct bytes *to)
{
    struct bytes name BYTES_CLEANUP = {0};
    struct sid_list_at at = policy_sids_begin(policy, &exchange->identity);
    if (names)
        request_groups_visit(exchange, policy, append_name, to);
    while (!to->failed && sid_list_next(&at))
        if (request_membership_shows(exchange, policy, &at.sid))
            append_group(exchange, &at.sid, names, &name, to);
    if (name.failed)
        to->failed = true;
}
