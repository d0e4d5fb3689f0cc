/* SPDX-License-Identifier: Apache-2.0 */
#include "ntlm_nt_hash.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include "ntlm_text.h"

bool ntlm_nt_hash_init(struct ntlm_nt_hash *ret_hash)
{
    struct ntlm_nt_hash hash = {0};
    if (!cipher_library_init(&hash.library))
        return false;
    /* A failure must not leave its error in the queue for another caller of OpenSSL. */
    ERR_set_mark();
    hash.md4 = EVP_MD_fetch(hash.library.context, "MD4", NULL);
    ERR_pop_to_mark();
    if (hash.md4 == NULL) {
        ntlm_nt_hash_clear(&hash);
        return false;
    }
    *ret_hash = hash;
    return true;
}

void ntlm_nt_hash_clear(struct ntlm_nt_hash *hash)
{
    EVP_MD_free(hash->md4);
    cipher_library_clear(&hash->library);
    *hash = (struct ntlm_nt_hash){0};
}

bool ntlm_nt_hash_compute(const struct ntlm_nt_hash *hash, struct sspi_view password,
                          uint8_t ret_octets[STORE_USERS_NT_HASH_LEN])
{
    BYTES_CLEANUP struct bytes units = {0};
    bool done = hash->md4 != NULL && ntlm_text_encode(&units, password);
    ERR_set_mark();
    done = done && EVP_Digest(bytes_as_view(&units).data, units.len, ret_octets, NULL, hash->md4,
                              NULL) == 1;
    ERR_pop_to_mark();
    return done;
}
