/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_accept.h"

#include <inttypes.h>
#include <string.h>

#include "digest_challenge.h"
#include "digest_verify.h"
#include "escape.h"
#include "report.h"
#include "store_state.h"
#include "store_users.h"

/* For client text in a report. */
#define SHOWN_SIZE 81

#define RUN_CLEANUP __attribute__((cleanup(hash_run_close)))

static SECURITY_STATUS no_memory(struct sspi_report *report)
{
    report_write(report, SSPI_REASON_INTERNAL, "out of memory");
    return SEC_E_INSUFFICIENT_MEMORY;
}

static SECURITY_STATUS library_failed(struct sspi_report *report)
{
    report_write(report, SSPI_REASON_INTERNAL, "OpenSSL could not compute a digest");
    return SEC_E_INTERNAL_ERROR;
}

static SECURITY_STATUS make_nonce(const struct digest_credential *credential,
                                  struct sspi_view realm, char ret_nonce[DIGEST_NONCE_LEN + 1],
                                  struct sspi_report *report)
{
    const struct sspi_clock *clock = credential->clock;
    uint8_t random[DIGEST_NONCE_RANDOM_SIZE];
    RUN_CLEANUP struct hash_run run = {0};

    if (!clock->random(clock->self, random, sizeof(random))) {
        report_write(report, SSPI_REASON_INTERNAL, "no randomness for a nonce");
        return SEC_E_INTERNAL_ERROR;
    }
    if (!hash_run_open(&run, &credential->hashes))
        return no_memory(report);
    if (!digest_nonce_make(&run, store_state_nonce_key(credential->state),
                           store_state_time_ms(credential->state, clock), random, realm, ret_nonce))
        return library_failed(report);
    return SEC_E_OK;
}

SECURITY_STATUS digest_accept_challenge(const struct digest_credential *credential,
                                        const struct sspi_accept_input *in, struct sspi_view realm,
                                        bool stale, struct sspi_accept_output *out)
{
    enum sspi_digest_algorithm offered[SSPI_DIGEST_ALGORITHMS_LIMIT];
    char nonce[DIGEST_NONCE_LEN + 1];
    size_t n = digest_credential_offered(credential, realm, offered);

    if (n == 0) {
        report_write(out->report, SSPI_REASON_CONFIGURATION,
                     "no algorithm to offer: this machine's OpenSSL does not allow those of the "
                     "user file");
        return SEC_E_NO_CREDENTIALS;
    }
    SECURITY_STATUS status = make_nonce(credential, realm, nonce, out->report);
    if (status != SEC_E_OK)
        return status;
    for (size_t i = 0; i < n && i < in->n_tokens && i < SSPI_CHALLENGES_LIMIT; i++) {
        digest_challenge_append(&out->tokens[i], realm, bytes_view(nonce), offered[i], stale);
        if (out->tokens[i].failed)
            return no_memory(out->report);
        out->n_tokens = i + 1;
    }
    return SEC_I_CONTINUE_NEEDED;
}

/* What follows "http://host" in an absolute URI ("/" when nothing does); absent for another form.
 */
static struct sspi_view path_of(struct sspi_view uri)
{
    const struct sspi_view schemes[] = {SSPI_VIEW("http://"), SSPI_VIEW("https://")};

    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t len = schemes[i].len;
        if (uri.len <= len || !bytes_equal_nocase((struct sspi_view){uri.data, len}, schemes[i]))
            continue;
        const char *path = memchr(uri.data + len, '/', uri.len - len);
        return path == NULL ? SSPI_VIEW("/")
                            : (struct sspi_view){path, uri.len - (size_t)(path - uri.data)};
    }
    return (struct sspi_view){NULL, 0};
}

/* RFC 7616 3.4.6: uri must name what the request line names. Byte for byte, or the same path and
 * query where one of the two is in absolute form (clients of a forward proxy send a path for an
 * absolute target); nothing is normalised, because a server could normalise otherwise. */
static bool uri_names(struct sspi_view uri, struct sspi_view target)
{
    struct sspi_view path = path_of(uri), target_path = path_of(target);

    return bytes_equal(uri, target) || (path.data != NULL && bytes_equal(path, target)) ||
           (target_path.data != NULL && bytes_equal(uri, target_path));
}

/* What is wrong whoever the user is. */
static SECURITY_STATUS check_request(const struct digest_credential *credential,
                                     const struct sspi_accept_input *in, struct sspi_view realm,
                                     const struct digest_response *response,
                                     struct sspi_report *report)
{
    enum sspi_digest_algorithm offered[SSPI_DIGEST_ALGORITHMS_LIMIT];
    char shown[SHOWN_SIZE], wanted[SHOWN_SIZE];

    if (in->method.len == 0) {
        report_write(report, SSPI_REASON_CONFIGURATION, "the caller passed no request method");
        return SEC_E_INVALID_TOKEN;
    }
    if (!bytes_equal(response->realm, realm) && !bytes_equal(response->raw_realm, realm)) {
        report_write(report, SSPI_REASON_WRONG_REALM, "realm is \"%s\", not \"%s\"",
                     escape_text(shown, sizeof(shown), response->realm),
                     escape_text(wanted, sizeof(wanted), realm));
        return SEC_E_LOGON_DENIED;
    }
    if (in->uri.len > 0 && !uri_names(response->uri, in->uri)) {
        report_write(report, SSPI_REASON_WRONG_URI, "uri is \"%s\", the request's is \"%s\"",
                     escape_text(shown, sizeof(shown), response->uri),
                     escape_text(wanted, sizeof(wanted), in->uri));
        return SEC_E_INVALID_TOKEN;
    }
    size_t n = digest_credential_offered(credential, realm, offered);
    for (size_t i = 0; i < n; i++)
        if (offered[i] == response->algorithm)
            return SEC_E_OK;
    report_write(report, SSPI_REASON_MECHANISM, "algorithm %s was not offered",
                 hash_name(response->algorithm));
    return SEC_E_LOGON_DENIED;
}

/* One spelling of the user. An unknown one costs the same: its hash is a dummy. */
static enum digest_verify_status try_user(struct digest_credential *credential,
                                          struct hash_run *run,
                                          const struct digest_response *response,
                                          struct sspi_view method, struct sspi_view user,
                                          struct sspi_view realm)
{
    uint8_t hash_a1[STORE_USERS_HASH_MAX];
    bool known = store_users_hash(credential->users, user, realm, response->algorithm, hash_a1);
    enum digest_verify_status status = digest_verify_response(run, response, method, hash_a1);

    bytes_wipe(hash_a1, sizeof(hash_a1));
    if (status == DIGEST_VERIFY_RIGHT && !known)
        return DIGEST_VERIFY_WRONG;
    return status;
}

static SECURITY_STATUS check_password(struct digest_credential *credential, struct hash_run *run,
                                      const struct sspi_accept_input *in, struct sspi_view realm,
                                      const struct digest_response *response,
                                      struct sspi_view *ret_user, struct sspi_report *report)
{
    /* MS-DPSP: a client may put a single backslash between the quotes (DOMAIN\user) and hash that,
     * so that the literal form is tried as well. */
    const struct sspi_view spellings[] = {response->username, response->raw_username};
    size_t n = bytes_equal(spellings[0], spellings[1]) ? 1 : 2;
    char shown[SHOWN_SIZE], shown_realm[SHOWN_SIZE];
    bool right = false;

    for (size_t i = 0; i < n; i++) {
        switch (try_user(credential, run, response, in->method, spellings[i], realm)) {
        case DIGEST_VERIFY_RIGHT:
            if (!right)
                *ret_user = spellings[i];
            right = true;
            break;
        case DIGEST_VERIFY_WRONG:
            break;
        case DIGEST_VERIFY_FAILED:
        default:
            return library_failed(report);
        }
    }
    if (!right) {
        report_write(report, SSPI_REASON_WRONG_PASSWORD,
                     "unknown user or wrong password: user \"%s\", realm \"%s\"",
                     escape_text(shown, sizeof(shown), response->username),
                     escape_text(shown_realm, sizeof(shown_realm), realm));
        return SEC_E_LOGON_DENIED;
    }
    return SEC_E_OK;
}

static SECURITY_STATUS stale(struct sspi_report *report, const char *why)
{
    report_write(report, SSPI_REASON_STALE_NONCE, "right password, but %s", why);
    return SEC_I_CONTINUE_NEEDED;
}

static SECURITY_STATUS use_count(struct digest_credential *credential,
                                 const struct digest_response *response,
                                 const struct digest_proof *proof, uint64_t issued_ms,
                                 struct sspi_report *report)
{
    char owner[DIGEST_PARSE_USERNAME_LIMIT * 2 + 1 + DIGEST_CHALLENGE_REALM_LIMIT];
    char shown[SHOWN_SIZE];
    size_t len = proof->user.len;

    if (len + 1 + proof->realm.len > sizeof(owner)) {
        report_write(report, SSPI_REASON_INTERNAL, "user and realm are too long");
        return SEC_E_INTERNAL_ERROR;
    }
    memcpy(owner, proof->user.data, len);
    owner[len++] = '\0'; /* in neither of the two */
    memcpy(owner + len, proof->realm.data, proof->realm.len);
    len += proof->realm.len;
    switch (store_nonce_use(credential->state, proof->nonce, (struct sspi_view){owner, len},
                            issued_ms, response->count)) {
    case STORE_COUNT_FRESH:
        return SEC_E_OK;
    case STORE_COUNT_STALE:
        return stale(report, "the nonce or its count is not known any more, or is another user's");
    case STORE_COUNT_REPLAY:
        break;
    }
    report_write(report, SSPI_REASON_REPLAY,
                 "nonce count %08" PRIx32 " of user \"%s\" was used before", response->count,
                 escape_text(shown, sizeof(shown), proof->user));
    return SEC_E_OUT_OF_SEQUENCE;
}

/* After the password, so that stale=true is told only to those who know it (RFC 7616 3.3). */
static SECURITY_STATUS check_nonce(struct digest_credential *credential, struct hash_run *run,
                                   const struct digest_response *response,
                                   const struct digest_proof *proof, struct sspi_report *report)
{
    uint64_t issued_ms;
    uint64_t now_ms = proof->at_ms;

    switch (digest_nonce_check(run, store_state_nonce_key(credential->state), now_ms,
                               response->nonce, proof->realm, &issued_ms)) {
    case DIGEST_NONCE_GOOD:
        break;
    case DIGEST_NONCE_FOREIGN:
        return stale(report, "the nonce is not ours, or is for another realm");
    case DIGEST_NONCE_FAILED:
    default:
        return library_failed(report);
    }
    if (now_ms > issued_ms && now_ms - issued_ms > credential->nonce_lifetime_ms)
        return stale(report, "the nonce is older than its lifetime");
    return use_count(credential, response, proof, issued_ms, report);
}

SECURITY_STATUS digest_accept_verify(struct digest_credential *credential,
                                     const struct sspi_accept_input *in, struct sspi_view realm,
                                     const struct digest_response *response,
                                     struct digest_proof *ret_proof, struct sspi_report *report)
{
    RUN_CLEANUP struct hash_run run = {0};
    struct digest_proof proof = {
        .realm = realm,
        .nonce = response->nonce,
        .algorithm = response->algorithm,
        .at_ms = store_state_time_ms(credential->state, credential->clock),
    };
    SECURITY_STATUS status = check_request(credential, in, realm, response, report);

    if (status != SEC_E_OK)
        return status;
    if (!hash_run_open(&run, &credential->hashes))
        return no_memory(report);
    status = check_password(credential, &run, in, realm, response, &proof.user, report);
    if (status == SEC_E_OK)
        status = check_nonce(credential, &run, response, &proof, report);
    if (status == SEC_E_OK)
        *ret_proof = proof;
    return status;
}
