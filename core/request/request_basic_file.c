/* SPDX-License-Identifier: Apache-2.0 */
#include "request_basic_file.h"

#include <string.h>

#include "error_info.h"
#include "ntlm_nt_hash.h"
#include "store_users.h"

/* The line that verified the password. */
struct match {
    enum sspi_digest_algorithm algorithm; /* of a line of Digest; NONE: no such line */
    bool nt;
    struct store_nt_user nt_user;
    bool failed; /* libcrypto or memory */
};

/* ---- lines of Digest ---- */

/* RFC 7616 3.4.2: H(user:realm:password). */
static bool hash_password(struct hash_run *run, const struct package_password *in,
                          struct sspi_view realm, enum sspi_digest_algorithm algorithm,
                          uint8_t ret_hash[HASH_MAX])
{
    hash_begin(run, algorithm);
    hash_update_view(run, in->user);
    hash_update(run, ":", 1);
    hash_update_view(run, realm);
    hash_update(run, ":", 1);
    hash_update_view(run, in->password);
    return hash_end(run, ret_hash);
}

/* True if the user has such a line, and the password is right. */
static bool is_right(struct hash_run *run, struct sspi_users *users, struct sspi_view realm,
                     const struct package_password *in, enum sspi_digest_algorithm algorithm,
                     bool *failed)
{
    uint8_t hash[HASH_MAX] = {0}, line[STORE_USERS_HASH_MAX];
    size_t len = hash_len(algorithm);
    bool known = store_users_hash(users, in->user, realm, algorithm, line);
    *failed = *failed || !hash_password(run, in, realm, algorithm, hash);
    bool same = bytes_equal_secret((struct sspi_view){(const char *)hash, len},
                                   (struct sspi_view){(const char *)line, len});
    bytes_wipe(hash, sizeof(hash));
    bytes_wipe(line, sizeof(line));
    /* The dummy of an unknown user never verifies a password. */
    return known && same && !*failed;
}

/* Computes the hash of each algorithm that this machine has, whatever lines the user has. */
static void match_digest(const struct sspi_exchange *exchange, struct sspi_users *users,
                         const struct package_password *in, struct match *match)
{
    static const enum sspi_digest_algorithm algorithms[] = {SSPI_DIGEST_MD5, SSPI_DIGEST_SHA_256,
                                                            SSPI_DIGEST_SHA_512_256};
    HASH_RUN_CLEANUP struct hash_run run = {0};
    const struct hash_suite *hashes = &exchange->acceptor->hashes;
    if (!hash_run_init(&run, hashes)) {
        match->failed = true;
        return;
    }
    for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
        if (hash_available(hashes, algorithms[i]) &&
            is_right(&run, users, exchange->realm, in, algorithms[i], &match->failed))
            match->algorithm = algorithms[i]; /* the strongest one comes last */
}

/* ---- NT lines ---- */

/* Divides DOMAIN\user. Without a backslash the domain is empty, which means that of the file. */
static void divide(struct sspi_view name, struct sspi_view *ret_domain, struct sspi_view *ret_user)
{
    const char *backslash = name.len == 0 ? NULL : memchr(name.data, '\\', name.len);
    *ret_domain = (struct sspi_view){name.data, 0};
    *ret_user = name;
    if (backslash == NULL)
        return;
    ret_domain->len = (size_t)(backslash - name.data);
    *ret_user = (struct sspi_view){backslash + 1, name.len - ret_domain->len - 1};
}

static void match_nt(const struct sspi_exchange *exchange, struct sspi_users *users,
                     const struct package_password *in, struct match *match)
{
    uint8_t hash[STORE_USERS_NT_HASH_LEN] = {0};
    struct sspi_view domain, user;
    divide(in->user, &domain, &user);
    bool known = store_users_nt_find(users, user, domain, &match->nt_user);
    bool done = ntlm_nt_hash_compute(&exchange->acceptor->nt_hash, in->password, hash);
    const struct sspi_view line = {(const char *)match->nt_user.hash, sizeof(match->nt_user.hash)};
    bool same = bytes_equal_secret((struct sspi_view){(const char *)hash, sizeof(hash)}, line);
    bytes_wipe(hash, sizeof(hash));
    match->nt = known && same && done;
    match->failed = match->failed || !done;
}

/* ---- the identity ---- */

static bool take_digest(struct sspi_exchange *exchange, const struct acceptor_source *source,
                        const struct package_password *in, const struct match *match)
{
    BYTES_CLEANUP struct bytes name = {0}, realm = {0};
    bytes_append_view(&name, in->user);
    bytes_append_char(&name, '\0');
    bytes_append_view(&realm, exchange->realm);
    bytes_append_char(&realm, '\0');
    const struct policy_identity identity = {.scheme = SSPI_SCHEME_BASIC,
                                             .mech = SSPI_MECH_NONE,
                                             .name = name.data,
                                             .realm = realm.data,
                                             .mechanism = hash_name(match->algorithm),
                                             .source = source,
                                             .expiry_ms = UINT64_MAX};
    return !name.failed && !realm.failed && policy_identity_copy(&identity, &exchange->identity);
}

static bool take_nt(struct sspi_exchange *exchange, const struct acceptor_source *source,
                    struct match *match)
{
    BYTES_CLEANUP struct bytes name = {0};
    bytes_append_text(&name, match->nt_user.domain);
    bytes_append_char(&name, '\\');
    bytes_append_text(&name, match->nt_user.user);
    bytes_append_char(&name, '\0');
    const struct policy_identity identity = {.scheme = SSPI_SCHEME_BASIC,
                                             .mech = SSPI_MECH_NTLM,
                                             .name = name.data,
                                             .realm = match->nt_user.domain,
                                             .mechanism = ntlm_package.about.Name,
                                             .source = source,
                                             .expiry_ms = UINT64_MAX};
    return !name.failed && policy_identity_copy(&identity, &exchange->identity);
}

static enum sspi_reason finish(struct sspi_exchange *exchange,
                               const struct request_basic_files *files,
                               const struct package_password *in, struct match *match)
{
    struct sspi_error_info error_info;
    if (match->failed)
        return request_exchange_refuse(
            exchange, error_info_library_failed(&error_info, "the hashes of a password"),
            &error_info);
    if (match->algorithm == SSPI_DIGEST_NONE && !match->nt)
        return SSPI_REASON_WRONG_PASSWORD;
    bool taken = match->algorithm != SSPI_DIGEST_NONE
                     ? take_digest(exchange, files->digest, in, match)
                     : take_nt(exchange, files->nt, match);
    return taken ? SSPI_REASON_GRANTED : request_exchange_out_of_memory(exchange);
}

enum sspi_reason request_basic_file_verify(struct sspi_exchange *exchange,
                                           const struct request_basic_files *files,
                                           const struct package_password *in)
{
    struct match match = {.algorithm = SSPI_DIGEST_NONE};
    uint64_t digest_generation = 0, nt_generation = 0;
    if (files->digest != NULL) {
        digest_generation = store_users_generation(files->digest->users);
        match_digest(exchange, files->digest->users, in, &match);
    }
    if (files->nt != NULL) {
        nt_generation = store_users_generation(files->nt->users);
        match_nt(exchange, files->nt->users, in, &match);
    }
    enum sspi_reason reason = finish(exchange, files, in, &match);
    exchange->users_generation =
        match.algorithm != SSPI_DIGEST_NONE ? digest_generation : nt_generation;
    bytes_wipe(&match, sizeof(match));
    return reason;
}
