/* SPDX-License-Identifier: Apache-2.0 */
#include "binding_channel.h"

#include <assert.h>
#include <string.h>

#include <openssl/x509.h>

#define EXPORTER_PREFIX "tls-exporter:"
#define EXPORTER_LABEL  "EXPORTER-Channel-Binding"
#define EXPORTER_LEN    32

#define UNIQUE_PREFIX "tls-unique:"

bool binding_from_certificate(X509 *certificate, struct binding *ret_binding)
{
    /* X509_get_signature_nid() is not enough: RSASSA-PSS has its hash in a parameter. */
    int digest_nid = NID_undef;
    if (X509_get_signature_info(certificate, &digest_nid, NULL, NULL, NULL) != 1 ||
        digest_nid == NID_undef)
        return false;
    /* RFC 5929 4.1: if the hash is MD5 or SHA-1, SHA-256 is used instead. */
    if (digest_nid == NID_md5 || digest_nid == NID_sha1)
        digest_nid = NID_sha256;
    const EVP_MD *digest = EVP_get_digestbynid(digest_nid);
    if (digest == NULL)
        return false;
    struct binding made;
    unsigned hash_len = 0;
    size_t prefix_len = sizeof(BINDING_PREFIX) - 1;
    memcpy(made.data, BINDING_PREFIX, prefix_len);
    if (X509_digest(certificate, digest, made.data + prefix_len, &hash_len) != 1)
        return false;
    made.len = prefix_len + hash_len;
    *ret_binding = made;
    return true;
}

static bool has_extended_master_secret(SSL *ssl)
{
    return SSL_get_extms_support(ssl) == 1;
}

bool binding_from_exporter(SSL *ssl, struct binding *ret_binding)
{
    static_assert(sizeof(EXPORTER_PREFIX) - 1 + EXPORTER_LEN <= BINDING_MAX_SIZE, "there is room");
    const size_t prefix_len = sizeof(EXPORTER_PREFIX) - 1;
    struct binding made = {.len = prefix_len + EXPORTER_LEN};
    if (SSL_version(ssl) < TLS1_3_VERSION && !has_extended_master_secret(ssl))
        return false;
    memcpy(made.data, EXPORTER_PREFIX, prefix_len);
    /* RFC 9266 section 2: the context is present and empty. Before TLS 1.3, that differs from an
     * absent context. */
    if (SSL_export_keying_material(ssl, made.data + prefix_len, EXPORTER_LEN, EXPORTER_LABEL,
                                   sizeof(EXPORTER_LABEL) - 1, (const unsigned char *)"", 0,
                                   1) != 1)
        return false;
    *ret_binding = made;
    return true;
}

bool binding_from_finished(SSL *ssl, struct binding *ret_binding)
{
    static_assert(sizeof(UNIQUE_PREFIX) - 1 + EVP_MAX_MD_SIZE <= BINDING_MAX_SIZE, "there is room");
    const size_t prefix_len = sizeof(UNIQUE_PREFIX) - 1;
    struct binding made;
    if (SSL_version(ssl) != TLS1_2_VERSION || !has_extended_master_secret(ssl))
        return false;
    memcpy(made.data, UNIQUE_PREFIX, prefix_len);
    uint8_t *finished = made.data + prefix_len;
    /* When a session is resumed, the server sends its Finished message first. */
    size_t len = SSL_session_reused(ssl) ? SSL_get_finished(ssl, finished, EVP_MAX_MD_SIZE)
                                         : SSL_get_peer_finished(ssl, finished, EVP_MAX_MD_SIZE);
    if (len == 0 || len > EVP_MAX_MD_SIZE)
        return false;
    made.len = prefix_len + len;
    *ret_binding = made;
    return true;
}
