/* SPDX-License-Identifier: Apache-2.0 */
#include "acceptor_user_mark.h"

#include <string.h>

#include "acceptor_source.h"
#include "store_users.h"

bool acceptor_user_mark_applies(const struct policy_identity *identity)
{
    return identity->source != NULL && identity->source->users != NULL;
}

/* Finds the line of DOMAIN\user, as the identity writes the name. */
static size_t find_nt(const struct policy_identity *identity,
                      uint8_t ret_hash[STORE_USERS_HASH_MAX])
{
    struct store_nt_user line = {0};
    const char *behind = strchr(identity->name, '\\');
    bool known =
        behind != NULL && store_users_nt_find(identity->source->users, bytes_view(behind + 1),
                                              bytes_view(identity->realm), &line);
    if (known)
        memcpy(ret_hash, line.hash, sizeof(line.hash));
    bytes_wipe(&line, sizeof(line));
    return known ? sizeof(line.hash) : 0;
}

static size_t find_digest(const struct policy_identity *identity,
                          uint8_t ret_hash[STORE_USERS_HASH_MAX])
{
    enum sspi_digest_algorithm algorithm =
        hash_base(hash_from_name(bytes_view(identity->mechanism)));
    bool known = store_users_hash(identity->source->users, bytes_view(identity->name),
                                  bytes_view(identity->realm), algorithm, ret_hash);
    return known ? hash_len(algorithm) : 0;
}

size_t acceptor_user_mark_find(const struct policy_identity *identity,
                               uint8_t ret_hash[STORE_USERS_HASH_MAX])
{
    return identity->mech == SSPI_MECH_NONE ? find_digest(identity, ret_hash)
                                            : find_nt(identity, ret_hash);
}

static bool digest_hash(const struct hash_suite *hashes,
                        const uint8_t key[ACCEPTOR_USER_MARK_KEY_LEN], struct sspi_view hash,
                        uint8_t ret_digest[HASH_MAX])
{
    struct hash_run run = {0};
    bool done =
        hash_run_init(&run, hashes) &&
        hash_hmac_sha_256(&run, key, ACCEPTOR_USER_MARK_KEY_LEN, hash, SSPI_VIEW(""), ret_digest);
    hash_run_clear(&run);
    return done;
}

/* False: there is no line (*ret_known), or libcrypto failed. */
static bool digest_line(const struct hash_suite *hashes,
                        const uint8_t key[ACCEPTOR_USER_MARK_KEY_LEN],
                        const struct policy_identity *identity, bool *ret_known,
                        uint8_t ret_digest[HASH_MAX])
{
    uint8_t hash[STORE_USERS_HASH_MAX];
    size_t len = acceptor_user_mark_find(identity, hash);
    *ret_known = len > 0;
    bool done = len > 0 &&
                digest_hash(hashes, key, (struct sspi_view){(const char *)hash, len}, ret_digest);
    bytes_wipe(hash, sizeof(hash));
    return done;
}

bool acceptor_user_mark_take(const struct hash_suite *hashes,
                             const uint8_t key[ACCEPTOR_USER_MARK_KEY_LEN],
                             const struct policy_identity *identity, uint64_t generation,
                             struct acceptor_user_mark *ret_mark)
{
    bool known;
    struct acceptor_user_mark mark = {.generation = generation};
    bool done = digest_line(hashes, key, identity, &known, mark.digest);
    *ret_mark = mark;
    /* Read last: the contents have not changed since the verification. */
    return done && store_users_generation(identity->source->users) == generation;
}

enum acceptor_user_mark_state
acceptor_user_mark_check(const struct hash_suite *hashes,
                         const uint8_t key[ACCEPTOR_USER_MARK_KEY_LEN],
                         const struct policy_identity *identity, struct acceptor_user_mark *mark)
{
    uint8_t digest[HASH_MAX] = {0};
    bool known;
    /* Read first: if the contents change meanwhile, the next request checks them. */
    uint64_t generation = store_users_generation(identity->source->users);
    if (generation == mark->generation)
        return ACCEPTOR_USER_MARK_RIGHT;
    bool done = digest_line(hashes, key, identity, &known, digest);
    if (!known)
        return ACCEPTOR_USER_MARK_GONE;
    if (!done ||
        !bytes_equal_secret((struct sspi_view){(const char *)digest, sizeof(digest)},
                            (struct sspi_view){(const char *)mark->digest, sizeof(mark->digest)}))
        return ACCEPTOR_USER_MARK_CHANGED;
    mark->generation = generation;
    return ACCEPTOR_USER_MARK_RIGHT;
}
