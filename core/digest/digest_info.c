/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_info.h"

#include "digest_params.h"

static bool hash_of_nothing(struct hash_run *run, enum sspi_digest_algorithm algorithm,
                            uint8_t ret_hash[HASH_MAX])
{
    hash_begin(run, algorithm);
    return hash_end(run, ret_hash);
}

bool digest_info_append(struct bytes *to, struct hash_run *run, const struct digest_response *from,
                        struct sspi_view method, const uint8_t *entity_hash,
                        const uint8_t hash_a1[HASH_MAX], struct sspi_view next_nonce)
{
    /* RFC 7616 3.5: message-qop says which protection the server applied, and SHOULD be the
     * client's. */
    bool known = entity_hash != NULL || bytes_equal(method, SSPI_VIEW("HEAD"));
    bool integrity = from->integrity && known;
    uint8_t nothing[HASH_MAX], rspauth[HASH_MAX];

    if (integrity && entity_hash == NULL) {
        if (!hash_of_nothing(run, from->algorithm, nothing))
            return false;
        entity_hash = nothing;
    }
    if (!digest_verify_rspauth(run, from, integrity ? entity_hash : NULL, hash_a1, rspauth))
        return false;
    /* RFC 7616 3.5: nextnonce, rspauth and cnonce MUST be quoted, qop and nc MUST NOT. */
    bytes_append_text(to, "rspauth=\"");
    bytes_append_hex(to, rspauth, hash_len(from->algorithm));
    digest_params_append_quoted(to, "\", cnonce", from->cnonce);
    bytes_append_text(to, ", nc=");
    bytes_append_view(to, from->nc);
    bytes_append_text(to, integrity ? ", qop=auth-int" : ", qop=auth");
    if (next_nonce.data != NULL)
        digest_params_append_quoted(to, ", nextnonce", next_nonce);
    return true;
}
