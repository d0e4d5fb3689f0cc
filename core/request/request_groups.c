/* SPDX-License-Identifier: Apache-2.0 */
#include "request_groups.h"

#include "policy.h"
#include "request_local_groups.h"
#include "store_groups.h"

static struct store_groups_user user_of(const struct sspi_exchange *exchange)
{
    const struct policy_full_name full = policy_identity_full_name(&exchange->identity);
    return (struct store_groups_user){full.prefix, full.name, full.ignores_case};
}

/* Returns the group file that `policy` uses. NULL: none. Its file was opened at start, or the user
 * is in no group. */
static struct store_groups *file_of(const struct sspi_exchange *exchange,
                                    const struct sspi_policy *policy)
{
    if (!policy_uses_group_file(policy) || user_of(exchange).name.data == NULL)
        return NULL;
    const struct acceptor_source *source =
        acceptor_source_find(exchange->acceptor->sources, policy, SSPI_OPTION_GROUP_FILE);
    return source == NULL ? NULL : source->groups;
}

bool request_groups_has(const struct sspi_exchange *exchange, const struct sspi_policy *policy,
                        struct sspi_view name)
{
    struct store_groups *file = file_of(exchange, policy);
    const struct store_groups_user user = user_of(exchange);
    if (file != NULL && store_groups_has(file, &user, name))
        return true;
    return policy->groups.offers[SSPI_GROUPS_LOCAL] && request_local_groups_has(exchange, name);
}

bool request_groups_are_known(const struct sspi_exchange *exchange,
                              const struct sspi_policy *policy)
{
    bool has_file = policy_uses_group_file(policy);
    if (has_file && file_of(exchange, policy) == NULL)
        return false;
    return has_file || policy->groups.offers[SSPI_GROUPS_LOCAL];
}

/* The visit of local groups, without those that the file has too. */
struct local_visit {
    struct store_groups *file;
    struct store_groups_user user;
    void (*visit)(void *self, struct sspi_view name);
    void *self;
};

static void visit_local(void *self, struct sspi_view name)
{
    const struct local_visit *local = self;
    if (local->file == NULL || !store_groups_has(local->file, &local->user, name))
        local->visit(local->self, name);
}

void request_groups_visit(const struct sspi_exchange *exchange, const struct sspi_policy *policy,
                          void (*visit)(void *self, struct sspi_view name), void *self)
{
    struct local_visit local = {file_of(exchange, policy), user_of(exchange), visit, self};
    if (local.file != NULL)
        store_groups_visit(local.file, &local.user, visit, self);
    if (policy->groups.offers[SSPI_GROUPS_LOCAL])
        request_local_groups_visit(exchange, visit_local, &local);
}
