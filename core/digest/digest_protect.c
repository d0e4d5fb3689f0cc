/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_protect.h"

#include <string.h>

#include "digest_context.h"

#define CALG_MD5  0x8003
#define CALG_HMAC 0x8009

static SECURITY_STATUS status_of(enum digest_layer_status status)
{
    switch (status) {
    case DIGEST_LAYER_RIGHT:
        return SEC_E_OK;
    case DIGEST_LAYER_SHORT:
        return SEC_E_INCOMPLETE_MESSAGE;
    case DIGEST_LAYER_WRONG:
        return SEC_E_MESSAGE_ALTERED;
    case DIGEST_LAYER_UNSEQUENCED:
        return SEC_E_OUT_OF_SEQUENCE;
    case DIGEST_LAYER_ENDED:
        return SEC_E_CONTEXT_EXPIRED;
    case DIGEST_LAYER_FAILED:
    default:
        return SEC_E_INTERNAL_ERROR;
    }
}

/* Sets the length of the message. SASL protects the whole message, so no part can be left in clear.
 */
static SECURITY_STATUS check(const struct digest_sasl *sasl, const struct package_message *message,
                             size_t *ret_len)
{
    if (!sasl->protects)
        return SEC_E_QOP_NOT_SUPPORTED;
    *ret_len = 0;
    for (size_t i = 0; i < message->n_parts; i++) {
        if (!message->parts[i].sealed)
            return SEC_E_INVALID_TOKEN;
        *ret_len += message->parts[i].len;
    }
    return SEC_E_OK;
}

static SECURITY_STATUS sign(void *context, struct package_message *message)
{
    struct digest_sasl *sasl = ((struct digest_context *)context)->sasl;
    uint8_t signature[DIGEST_LAYER_SIGNATURE_LEN];
    size_t len;
    SECURITY_STATUS status = check(sasl, message, &len);

    if (status != SEC_E_OK)
        return status;
    message->token.len = sizeof(signature);
    message->padding.len = 0;
    if (message->token.room < sizeof(signature))
        return SEC_E_BUFFER_TOO_SMALL;
    status =
        status_of(digest_layer_sign(&sasl->layer, message->parts, message->n_parts, signature));
    if (status == SEC_E_OK)
        memcpy(message->token.data, signature, sizeof(signature));
    return status;
}

static SECURITY_STATUS verify(void *context, const struct package_message *message)
{
    struct digest_sasl *sasl = ((struct digest_context *)context)->sasl;
    struct sspi_view signature = {message->token.data, message->token.len};
    size_t len;
    SECURITY_STATUS status = check(sasl, message, &len);

    return status != SEC_E_OK ? status
                              : status_of(digest_layer_verify(&sasl->layer, message->parts,
                                                              message->n_parts, signature));
}

/* The login negotiated whether messages are encrypted. sspi/ passes no other request. */
static SECURITY_STATUS seal(void *context, bool encrypts, struct package_message *message)
{
    struct digest_sasl *sasl = ((struct digest_context *)context)->sasl;
    uint8_t tail[DIGEST_LAYER_TAIL_MOST];
    size_t len;
    SECURITY_STATUS status = check(sasl, message, &len);

    if (status == SEC_E_OK && encrypts != (sasl->layer.cipher != DIGEST_CIPHER_NONE))
        status = SEC_E_QOP_NOT_SUPPORTED;
    if (status != SEC_E_OK)
        return status;
    message->token.len = 0;
    message->padding.len = digest_layer_tail_len(&sasl->layer, len);
    if (message->padding.room < message->padding.len)
        return SEC_E_BUFFER_TOO_SMALL;
    status = status_of(digest_layer_seal(&sasl->layer, message->parts, message->n_parts, tail));
    if (status == SEC_E_OK)
        memcpy(message->padding.data, tail, message->padding.len);
    return status;
}

/* `whole` holds the buffers of the message one after the other, whichever buffers the caller uses.
 */
static SECURITY_STATUS unseal(void *context, const struct package_message *message,
                              struct sspi_view *ret_plain, bool *ret_encrypted)
{
    struct digest_sasl *sasl = ((struct digest_context *)context)->sasl;
    size_t len;
    SECURITY_STATUS status = check(sasl, message, &len);

    if (status != SEC_E_OK)
        return status;
    status = status_of(digest_layer_unseal(&sasl->layer, message->whole, message->whole_len, &len));
    if (status != SEC_E_OK)
        return status;
    *ret_plain = (struct sspi_view){message->whole, len};
    *ret_encrypted = sasl->layer.cipher != DIGEST_CIPHER_NONE;
    return SEC_E_OK;
}

/* EncryptMessage (Digest): the caller needs cbMaxSignature and cbBlockSize octets after a message.
 */
static SECURITY_STATUS sizes(void *context, SecPkgContext_Sizes *ret_sizes)
{
    const struct digest_sasl *sasl = ((const struct digest_context *)context)->sasl;

    *ret_sizes = (SecPkgContext_Sizes){.cbMaxToken = digest_package.about.cbMaxToken};
    if (sasl->protects) {
        ret_sizes->cbMaxSignature = DIGEST_LAYER_SIGNATURE_LEN;
        ret_sizes->cbBlockSize = (ULONG)digest_cipher_block(sasl->layer.cipher);
    }
    return SEC_E_OK;
}

static SECURITY_STATUS stream_sizes(void *context, SecPkgContext_StreamSizes *ret_sizes)
{
    SecPkgContext_Sizes of_message;
    SECURITY_STATUS status = sizes(context, &of_message);

    if (status != SEC_E_OK)
        return status;
    if (of_message.cbMaxSignature == 0)
        return SEC_E_UNSUPPORTED_FUNCTION;
    *ret_sizes = (SecPkgContext_StreamSizes){
        .cbTrailer = of_message.cbMaxSignature + of_message.cbBlockSize,
        .cbMaximumMessage = PACKAGE_MESSAGE_LIMIT,
        .cBuffers = 2, /* SECBUFFER_DATA and SECBUFFER_PADDING */
        .cbBlockSize = of_message.cbBlockSize,
    };
    return SEC_E_OK;
}

/* Returns H(A1), from which all keys are made. */
static SECURITY_STATUS session_key(void *context, struct bytes *ret_key)
{
    const struct digest_sasl *sasl = ((const struct digest_context *)context)->sasl;

    bytes_append(ret_key, sasl->session, DIGEST_LAYER_KEY_LEN);
    return ret_key->failed ? SEC_E_INSUFFICIENT_MEMORY : SEC_E_OK;
}

/* Without protected messages, this is the algorithm of the login, as in HTTP. */
static SECURITY_STATUS key_info(void *context, struct package_key_info *ret_info)
{
    const struct digest_context *c = context;
    const struct digest_sasl *sasl = c->sasl;
    struct digest_cipher_about about = digest_cipher_about(sasl->layer.cipher);

    *ret_info = (struct package_key_info){
        .key_bits = about.key_bits > 0 ? about.key_bits : 8 * DIGEST_LAYER_KEY_LEN,
        .signature_number = sasl->protects ? CALG_HMAC : CALG_MD5,
        .encryption_number = about.number,
    };
    strcpy(ret_info->signature, sasl->protects ? "HMAC-MD5" : c->info.algorithm);
    strcpy(ret_info->encryption, about.name);
    return SEC_E_OK;
}

const struct package_messages digest_protect_messages = {
    .has_trailer = true,
    .negotiates_qop = true,
    .sizes = sizes,
    .stream_sizes = stream_sizes,
    .sign = sign,
    .verify = verify,
    .seal = seal,
    .unseal = unseal,
    .session_key = session_key,
    .key_info = key_info,
};
