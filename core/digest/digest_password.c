/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_password.h"

#include <string.h>

#include "digest_verify.h"
#include "escape.h"
#include "nfc.h"
#include "error_info.h"
#include "store_users.h"

/* The name as decoded, the name with its backslashes, and the name in NFC. */
#define SPELLINGS_LIMIT 3

struct spellings {
    struct sspi_view name[SPELLINGS_LIMIT];
    size_t n;
};

static void add_spelling(struct spellings *to, struct sspi_view name)
{
    for (size_t i = 0; i < to->n; i++)
        if (bytes_equal(to->name[i], name))
            return;
    to->name[to->n++] = name;
}

/* Lists the spellings. Their number depends only on the header, not on the users. False: no memory.
 */
static bool spell(const struct digest_response *response, struct bytes *storage,
                  struct spellings *ret_spellings)
{
    *ret_spellings = (struct spellings){0};
    add_spelling(ret_spellings, response->username);
    /* MS-DPSP: a client may send a single backslash between the quotes (DOMAIN\user) and hash that,
     * so the literal form is tried too. */
    add_spelling(ret_spellings, response->raw_username);
    if (nfc_is_plain(response->username))
        return true;
    /* RFC 7616 4: names are in NFC, as sspi-passwd writes them. Not every client converts them. */
    if (!nfc_append(storage, response->username))
        return false;
    add_spelling(ret_spellings, bytes_as_view(storage));
    return true;
}

/* Returns how many hashes a user can have. In SASL there are two: RFC 2831 2.1.2.1 wants the hash
 * of ISO-8859-1 if name and password fit it, but some clients always hash UTF-8. The number depends
 * only on the form and the credential. */
static size_t n_hashes(const struct digest_credential *credential,
                       const struct digest_response *response)
{
    return response->sasl && !credential->caller_hashes ? 2 : 1;
}

/* Finds one of the hashes, in the user file or from the caller. False: there is no such hash, and
 * `ret_hash` is a dummy. */
static bool find_hash(const struct digest_credential *credential, const struct package_input *in,
                      struct sspi_view user, struct sspi_view realm,
                      enum sspi_digest_algorithm algorithm, size_t which,
                      uint8_t ret_hash[HASH_MAX])
{
    if (which == 1)
        return store_users_sasl_hash(credential->users, user, realm, ret_hash);
    if (!credential->caller_hashes)
        return store_users_hash(credential->users, user, realm, hash_base(algorithm), ret_hash);
    bool known = in->hash_a1.len == hash_len(algorithm);
    memset(ret_hash, 0x5a, HASH_MAX);
    if (known)
        memcpy(ret_hash, in->hash_a1.data, in->hash_a1.len);
    return known;
}

/* `known` says whether hash_a1 belongs to a user. A dummy hash never logs a client in, even if the
 * client knows it. */
static enum digest_verify_status try_hash(struct hash_run *run, const struct package_input *in,
                                          const struct digest_response *response,
                                          const uint8_t *entity_hash, bool known,
                                          const uint8_t hash_a1[HASH_MAX])
{
    enum digest_verify_status status =
        digest_verify_response(run, response, in->method, entity_hash, hash_a1);

    return status == DIGEST_VERIFY_RIGHT && !known ? DIGEST_VERIFY_WRONG : status;
}

static enum digest_verify_status try_userhash(const struct digest_credential *credential,
                                              struct hash_run *run, const struct package_input *in,
                                              struct sspi_view realm,
                                              const struct digest_response *response,
                                              const uint8_t *entity_hash,
                                              struct digest_login *login)
{
    bool known =
        store_users_hash_of_userhash(credential->users, response->username, realm,
                                     hash_base(response->algorithm), &login->names, login->hash_a1);

    if (login->names.failed)
        return DIGEST_VERIFY_FAILED;
    login->user = bytes_as_view(&login->names);
    return try_hash(run, in, response, entity_hash, known, login->hash_a1);
}

/* Tries all spellings and hashes, also after a right one, so that the time does not reveal which
 * one was right. */
static enum digest_verify_status try_names(const struct digest_credential *credential,
                                           struct hash_run *run, const struct package_input *in,
                                           struct sspi_view realm,
                                           const struct digest_response *response,
                                           const uint8_t *entity_hash, struct digest_login *login)
{
    enum digest_verify_status status = DIGEST_VERIFY_WRONG;
    size_t n = n_hashes(credential, response);
    uint8_t hash_a1[HASH_MAX];
    struct spellings spellings;

    if (!spell(response, &login->names, &spellings))
        return DIGEST_VERIFY_FAILED;
    for (size_t i = 0; i < n * spellings.n && status != DIGEST_VERIFY_FAILED; i++) {
        struct sspi_view name = spellings.name[i / n];
        bool known = find_hash(credential, in, name, realm, response->algorithm, i % n, hash_a1);
        enum digest_verify_status one = try_hash(run, in, response, entity_hash, known, hash_a1);
        if (one == DIGEST_VERIFY_FAILED) {
            status = one;
        } else if (one == DIGEST_VERIFY_RIGHT && status == DIGEST_VERIFY_WRONG) {
            status = one;
            login->user = name;
            memcpy(login->hash_a1, hash_a1, sizeof(hash_a1));
        }
    }
    bytes_wipe(hash_a1, sizeof(hash_a1));
    return status;
}

SECURITY_STATUS digest_password_check(const struct digest_credential *credential,
                                      struct hash_run *run, const struct package_input *in,
                                      struct sspi_view realm,
                                      const struct digest_response *response,
                                      const uint8_t *entity_hash, struct digest_login *ret_login,
                                      struct sspi_error_info *error_info)
{
    char shown[ESCAPE_VALUE_SIZE], shown_realm[ESCAPE_VALUE_SIZE];
    enum digest_verify_status status =
        response->userhash
            ? try_userhash(credential, run, in, realm, response, entity_hash, ret_login)
            : try_names(credential, run, in, realm, response, entity_hash, ret_login);

    switch (status) {
    case DIGEST_VERIFY_RIGHT:
        return SEC_E_OK;
    case DIGEST_VERIFY_WRONG:
        error_info_set(error_info, SSPI_REASON_WRONG_PASSWORD,
                       "unknown user or wrong password%s: user \"%s\", realm \"%s\"",
                       response->integrity && !response->sasl
                           ? ", or the body is not the one that was hashed"
                           : "",
                       escape_text(shown, sizeof(shown), response->username),
                       escape_text(shown_realm, sizeof(shown_realm), realm));
        return SEC_E_LOGON_DENIED;
    case DIGEST_VERIFY_FAILED:
    default:
        return error_info_library_failed(error_info, "a digest");
    }
}

void digest_login_clear(struct digest_login *login)
{
    bytes_free(&login->names);
    bytes_wipe(login, sizeof(*login));
}
