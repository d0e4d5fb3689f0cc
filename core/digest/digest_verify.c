/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_verify.h"

#include <string.h>

/* RFC 2831 2.1.2.1 has zeros in the place of the hash of a body. */
static const uint8_t no_entity[HASH_MAX];

/* RFC 7616 3.4.2: H(A1). In the -sess forms A1 is H(username:realm:password) ":" nonce ":" cnonce,
 * with that H in hexadecimal (3.1.3). In RFC 2831 2.1.2.1 it is in octets, and authzid follows. */
bool digest_verify_session(struct hash_run *run, const struct digest_response *from,
                           const uint8_t hash_a1[HASH_MAX], uint8_t ret_hash[HASH_MAX])
{
    size_t len = hash_len(from->algorithm);

    if (hash_base(from->algorithm) == from->algorithm) {
        memcpy(ret_hash, hash_a1, len);
        return true;
    }
    hash_begin(run, from->algorithm);
    if (from->sasl)
        hash_update(run, hash_a1, len);
    else
        hash_update_hex(run, hash_a1, len);
    hash_update(run, ":", 1);
    hash_update_view(run, from->nonce);
    hash_update(run, ":", 1);
    hash_update_view(run, from->cnonce);
    if (from->sasl && from->authzid.data != NULL) {
        hash_update(run, ":", 1);
        hash_update_view(run, from->authzid);
    }
    return hash_end(run, ret_hash);
}

/* RFC 7616 3.4.3: H(A2). A2 is Method ":" request-uri. auth-int appends ":" H(entity-body). For
 * rspauth (3.5) the method is empty. */
static bool request_hash(struct hash_run *run, const struct digest_response *from,
                         struct sspi_view method, const uint8_t *entity_hash,
                         uint8_t ret_hash[HASH_MAX])
{
    hash_begin(run, from->algorithm);
    hash_update_view(run, method);
    hash_update(run, ":", 1);
    hash_update_view(run, from->uri);
    if (entity_hash != NULL) {
        hash_update(run, ":", 1);
        hash_update_hex(run, entity_hash, hash_len(from->algorithm));
    }
    return hash_end(run, ret_hash);
}

static bool compute(struct hash_run *run, const struct digest_response *from,
                    struct sspi_view method, struct sspi_view qop, const uint8_t *entity_hash,
                    const uint8_t hash_a1[HASH_MAX], uint8_t ret_digest[HASH_MAX])
{
    size_t len = hash_len(from->algorithm);
    uint8_t session[HASH_MAX], hash_a2[HASH_MAX];

    if (!request_hash(run, from, method, entity_hash, hash_a2) ||
        !digest_verify_session(run, from, hash_a1, session))
        return false;
    /* RFC 7616 3.4.1: H(H(A1) ":" unq(nonce) ":" nc ":" unq(cnonce) ":" unq(qop) ":" H(A2)) */
    hash_begin(run, from->algorithm);
    hash_update_hex(run, session, len);
    bytes_wipe(session, sizeof(session));
    const struct sspi_view parts[] = {from->nonce, from->nc, from->cnonce, qop};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        hash_update(run, ":", 1);
        hash_update_view(run, parts[i]);
    }
    hash_update(run, ":", 1);
    hash_update_hex(run, hash_a2, len);
    return hash_end(run, ret_digest);
}

bool digest_verify_compute(struct hash_run *run, const struct digest_response *from,
                           struct sspi_view method, const uint8_t *entity_hash,
                           const uint8_t hash_a1[HASH_MAX], uint8_t ret_response[HASH_MAX])
{
    if (from->sasl) {
        method = SSPI_VIEW("AUTHENTICATE");
        entity_hash = no_entity;
    }
    return compute(run, from, method, from->qop, from->integrity ? entity_hash : NULL, hash_a1,
                   ret_response);
}

enum digest_verify_status digest_verify_response(struct hash_run *run,
                                                 const struct digest_response *from,
                                                 struct sspi_view method,
                                                 const uint8_t *entity_hash,
                                                 const uint8_t hash_a1[HASH_MAX])
{
    uint8_t wanted[HASH_MAX];

    if (!digest_verify_compute(run, from, method, entity_hash, hash_a1, wanted))
        return DIGEST_VERIFY_FAILED;
    size_t len = hash_len(from->algorithm);
    bool right = bytes_equal_secret((struct sspi_view){(const char *)wanted, len},
                                    (struct sspi_view){(const char *)from->response, len});
    bytes_wipe(wanted, sizeof(wanted));
    return right ? DIGEST_VERIFY_RIGHT : DIGEST_VERIFY_WRONG;
}

bool digest_verify_rspauth(struct hash_run *run, const struct digest_response *from,
                           const uint8_t *entity_hash, const uint8_t hash_a1[HASH_MAX],
                           uint8_t ret_rspauth[HASH_MAX])
{
    struct sspi_view qop = entity_hash == NULL ? SSPI_VIEW("auth") : SSPI_VIEW("auth-int");

    if (from->sasl) {
        qop = from->qop;
        entity_hash = from->integrity ? no_entity : NULL;
    }
    return compute(run, from, SSPI_VIEW(""), qop, entity_hash, hash_a1, ret_rspauth);
}
