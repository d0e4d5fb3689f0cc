/* SPDX-License-Identifier: Apache-2.0 */
#include "binding_channel.h"

#include <assert.h>
#include <string.h>

#define EXPORTER_PREFIX "tls-exporter:"
#define EXPORTER_LABEL  "EXPORTER-Channel-Binding"
#define EXPORTER_LEN    32

#define UNIQUE_PREFIX "tls-unique:"

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
    /* RFC 9266 section 2: a zero-length context, which is not the same as none before TLS 1.3. */
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
    /* Who resumes a session has the server send its Finished message first. */
    size_t len = SSL_session_reused(ssl) ? SSL_get_finished(ssl, finished, EVP_MAX_MD_SIZE)
                                         : SSL_get_peer_finished(ssl, finished, EVP_MAX_MD_SIZE);
    if (len == 0 || len > EVP_MAX_MD_SIZE)
        return false;
    made.len = prefix_len + len;
    *ret_binding = made;
    return true;
}
