/* SPDX-License-Identifier: Apache-2.0 */
#include "acceptor_user_mark.h"

#include <string.h>

#include "acceptor_source.h"
#include "store_users.h"

bool acceptor_user_mark_applies(const struct policy_identity *identity)
{
    return identity->mech == SSPI_MECH_NTLM && identity->source != NULL &&
           identity->source->users != NULL;
}

/* Finds the line of DOMAIN\user, as the identity writes the name. */
static bool find_line(const struct policy_identity *identity, struct store_nt_user *ret_line)
{
    const char *behind = strchr(identity->name, '\\');
    return behind != NULL && store_users_nt_find(identity->source->users, bytes_view(behind + 1),
                                                 bytes_view(identity->realm), ret_line);
}

static bool digest_line(const struct hash_suite *hashes,
                        const uint8_t key[ACCEPTOR_USER_MARK_KEY_LEN],
                        const struct store_nt_user *line, uint8_t ret_digest[HASH_MAX])
{
    const struct sspi_view hash = {(const char *)line->hash, sizeof(line->hash)};
    struct hash_run run = {0};
    bool done =
        hash_run_init(&run, hashes) &&
        hash_hmac_sha_256(&run, key, ACCEPTOR_USER_MARK_KEY_LEN, hash, SSPI_VIEW(""), ret_digest);
    hash_run_clear(&run);
    return done;
}

bool acceptor_user_mark_take(const struct hash_suite *hashes,
                             const uint8_t key[ACCEPTOR_USER_MARK_KEY_LEN],
                             const struct policy_identity *identity, uint64_t generation,
                             struct acceptor_user_mark *ret_mark)
{
    struct store_nt_user line = {0};
    struct acceptor_user_mark mark = {.generation = generation};
    bool done = find_line(identity, &line) && digest_line(hashes, key, &line, mark.digest);
    bytes_wipe(&line, sizeof(line));
    *ret_mark = mark;
    /* Read last: the contents have not changed since the verification. */
    return done && store_users_generation(identity->source->users) == generation;
}

enum acceptor_user_mark_state
acceptor_user_mark_check(const struct hash_suite *hashes,
                         const uint8_t key[ACCEPTOR_USER_MARK_KEY_LEN],
                         const struct policy_identity *identity, struct acceptor_user_mark *mark)
{
    struct store_nt_user line = {0};
    uint8_t digest[HASH_MAX] = {0};
    /* Read first: if the contents change meanwhile, the next request checks them. */
    uint64_t generation = store_users_generation(identity->source->users);
    if (generation == mark->generation)
        return ACCEPTOR_USER_MARK_RIGHT;
    bool known = find_line(identity, &line);
    bool done = known && digest_line(hashes, key, &line, digest);
    bytes_wipe(&line, sizeof(line));
    if (!known)
        return ACCEPTOR_USER_MARK_GONE;
    if (!done ||
        !bytes_equal_secret((struct sspi_view){(const char *)digest, sizeof(digest)},
                            (struct sspi_view){(const char *)mark->digest, sizeof(mark->digest)}))
        return ACCEPTOR_USER_MARK_CHANGED;
    mark->generation = generation;
    return ACCEPTOR_USER_MARK_RIGHT;
}
