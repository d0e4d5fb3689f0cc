/* SPDX-License-Identifier: Apache-2.0 */
#include "store_users_userhash.h"

bool store_users_userhash(struct hash_run *run, enum sspi_digest_algorithm algorithm,
                          struct sspi_view user, struct sspi_view realm,
                          uint8_t ret_userhash[HASH_MAX])
{
    hash_begin(run, algorithm);
    hash_update_view(run, user);
    hash_update(run, ":", 1);
    hash_update_view(run, realm);
    return hash_end(run, ret_userhash);
}
