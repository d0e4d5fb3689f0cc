/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_verify.h"

bool digest_verify_compute(struct hash_run *run, const struct digest_response *from,
                           struct sspi_view method, const uint8_t hash_a1[HASH_MAX],
                           uint8_t ret_response[HASH_MAX])
{
    size_t len = hash_len(from->algorithm);
    uint8_t hash_a2[HASH_MAX];

    /* RFC 7616 3.4.3: A2 = Method ":" request-uri */
    hash_begin(run, from->algorithm);
    hash_update_view(run, method);
    hash_update(run, ":", 1);
    hash_update_view(run, from->uri);
    if (!hash_end(run, hash_a2))
        return false;

    /* RFC 7616 3.4.1: H(H(A1) ":" unq(nonce) ":" nc ":" unq(cnonce) ":" unq(qop) ":" H(A2)) */
    hash_begin(run, from->algorithm);
    hash_update_hex(run, hash_a1, len);
    const struct sspi_view parts[] = {from->nonce, from->nc, from->cnonce, from->qop};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        hash_update(run, ":", 1);
        hash_update_view(run, parts[i]);
    }
    hash_update(run, ":", 1);
    hash_update_hex(run, hash_a2, len);
    return hash_end(run, ret_response);
}

enum digest_verify_status digest_verify_response(struct hash_run *run,
                                                 const struct digest_response *from,
                                                 struct sspi_view method,
                                                 const uint8_t hash_a1[HASH_MAX])
{
    uint8_t wanted[HASH_MAX];

    if (!digest_verify_compute(run, from, method, hash_a1, wanted))
        return DIGEST_VERIFY_FAILED;
    size_t len = hash_len(from->algorithm);
    bool right = bytes_equal_secret((struct sspi_view){(const char *)wanted, len},
                                    (struct sspi_view){(const char *)from->response, len});
    bytes_wipe(wanted, sizeof(wanted));
    return right ? DIGEST_VERIFY_RIGHT : DIGEST_VERIFY_WRONG;
}
