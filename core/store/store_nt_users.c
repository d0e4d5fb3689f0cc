/* SPDX-License-Identifier: Apache-2.0 */
#include "store_nt_users.h"

#include <string.h>

#include "store_nt_index.h"
#include "store_users_contents.h"

bool store_nt_users_find(struct sspi_users *users, struct sspi_view user, struct sspi_view domain,
                         struct store_nt_user *ret_user)
{
    struct store_users_contents *contents = store_users_contents_of(users);
    const struct store_nt_index *index = store_users_contents_nt(contents);
    *ret_user = (struct store_nt_user){0};
    memset(ret_user->hash, 0x5a, sizeof ret_user->hash);
    bool known = index != NULL && store_nt_index_find(index, user, domain, ret_user);
    store_users_contents_unref(contents);
    return known;
}

bool store_nt_users_domain(struct sspi_users *users, char ret_domain[STORE_USERS_NAME_LIMIT + 1])
{
    struct store_users_contents *contents = store_users_contents_of(users);
    const struct store_nt_index *index = store_users_contents_nt(contents);
    bool known = index != NULL && store_nt_index_domain(index, ret_domain);
    store_users_contents_unref(contents);
    return known;
}
