/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_challenge.h"

#include "hash.h"
#include "utf8.h"

bool digest_challenge_realm_fits(struct sspi_view realm)
{
    if (realm.len == 0 || realm.len > DIGEST_CHALLENGE_REALM_LIMIT)
        return false;
    for (size_t i = 0; i < realm.len; i++) {
        unsigned char c = (unsigned char)realm.data[i];
        if (c < 0x20 || c == 0x7F)
            return false;
    }
    return utf8_valid(realm);
}

void digest_challenge_append(struct bytes *to, struct sspi_view realm, struct sspi_view nonce,
                             enum sspi_digest_algorithm algorithm, bool stale)
{
    /* RFC 7616 3.5: realm, nonce and qop MUST be quoted, algorithm and stale MUST NOT. */
    bytes_append_text(to, "realm=\"");
    for (size_t i = 0; i < realm.len; i++) {
        if (realm.data[i] == '"' || realm.data[i] == '\\')
            bytes_append_char(to, '\\');
        bytes_append_char(to, realm.data[i]);
    }
    bytes_append_text(to, "\", nonce=\"");
    bytes_append_view(to, nonce);
    bytes_append_text(to, "\", algorithm=");
    bytes_append_text(to, hash_name(algorithm));
    /* RFC 7616 3.3: charset has this one value. */
    bytes_append_text(to, ", qop=\"auth\", charset=UTF-8");
    if (stale)
        bytes_append_text(to, ", stale=true");
}
