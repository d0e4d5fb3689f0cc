/* SPDX-License-Identifier: Apache-2.0 */
#include "secur_message.h"

#include <stdlib.h>
#include <string.h>

#include "secur_context.h"
#include "secur_message_layout.h"
#include "secur_request.h"
#include "utf8.h"

#define COPY_CLEANUP __attribute__((cleanup(secur_message_layout_clear_copy)))

/* ---- one call on one established context ---- */

/* A context whose message_lock this thread has until end_call(). */
struct message_call {
    struct secur_context *context;
    const struct package_messages *messages; /* NULL: the mechanism has no message functions */
    void *data;                              /* the mechanism's context */
    ULONG attributes;                        /* ASC_RET_* */
    size_t send_limit;                       /* the most octets of a message, before it is sealed */
    size_t receive_limit;                    /* the most octets of a sealed message */
    bool only_encrypted;                     /* messages that are only signed are refused */
};

/* The caller holds the lock, because another thread may set an option of the layer. */
static void set_limits(struct message_call *call, const struct package_layer *layer)
{
    call->send_limit = PACKAGE_MESSAGE_LIMIT;
    call->receive_limit = SIZE_MAX;
    if (layer == NULL)
        return;
    if (layer->send_limit < call->send_limit)
        call->send_limit = layer->send_limit;
    call->receive_limit = layer->receive_limit;
    call->only_encrypted = layer->only_encrypted;
}

/* SEC_E_INVALID_HANDLE: there is no such context, it is not established, or another thread is in
 * AcceptSecurityContext with it. */
static SECURITY_STATUS begin_call(PCtxtHandle handle, struct message_call *ret_call)
{
    struct secur_object *object;

    /* Shared, because one thread may read from a context while another thread writes to it, as on
     * Windows. The lock below lets only one of them use the package at a time. */
    SECURITY_STATUS status =
        secur_handle_begin(handle, SECUR_HANDLE_CONTEXT, SECUR_HANDLE_SHARED, &object);
    if (status != SEC_E_OK)
        return status;
    struct secur_context *context = (struct secur_context *)object;
    const struct package *package = context->base.credential->package;
    const struct package_info *info = NULL;
    if (context->base.state == PACKAGE_CONTEXT_ESTABLISHED)
        info = package->info(context->base.data);
    if (info == NULL) {
        secur_handle_end(object, SECUR_HANDLE_SHARED);
        return SEC_E_INVALID_HANDLE;
    }
    *ret_call = (struct message_call){.context = context,
                                      .messages = info->mechanism->messages,
                                      .data = context->base.data,
                                      .attributes = secur_context_attributes(context)};
    if (package->mechanism_context != NULL)
        ret_call->data = package->mechanism_context(context->base.data);
    (void)pthread_mutex_lock(
        &context->message_lock); /* cannot fail on a mutex of the default kind */
    set_limits(ret_call, context->base.layer);
    return SEC_E_OK;
}

static void end_call(struct message_call *call)
{
    (void)pthread_mutex_unlock(&call->context->message_lock);
    secur_handle_end(&call->context->object, SECUR_HANDLE_SHARED);
}

/* True if the context has at least one of these ASC_RET_*. */
static bool has_any(const struct message_call *call, ULONG attributes)
{
    return (call->attributes & attributes) != 0;
}

/* ---- attributes of messages ---- */

bool secur_message_has_attribute(ULONG attribute)
{
    return attribute == SECPKG_ATTR_SIZES || attribute == SECPKG_ATTR_STREAM_SIZES ||
           attribute == SECPKG_ATTR_SESSION_KEY || attribute == SECPKG_ATTR_KEY_INFO;
}

static SECURITY_STATUS query_sizes(const struct message_call *call, SecPkgContext_Sizes *sizes)
{
    if (call->messages->sizes == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    SECURITY_STATUS status = call->messages->sizes(call->data, sizes);
    /* Only the SASL layer knows that client and server agreed on messages without protection. */
    if (call->context->base.layer != NULL && !has_any(call, ASC_RET_INTEGRITY)) {
        sizes->cbMaxSignature = 0;
        sizes->cbSecurityTrailer = 0;
    }
    return status;
}

static SECURITY_STATUS query_stream_sizes(const struct message_call *call,
                                          SecPkgContext_StreamSizes *sizes)
{
    if (call->messages->stream_sizes == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    SECURITY_STATUS status = call->messages->stream_sizes(call->data, sizes);
    if (status == SEC_E_OK && sizes->cbMaximumMessage > call->send_limit)
        sizes->cbMaximumMessage = (ULONG)call->send_limit;
    return status;
}

static SECURITY_STATUS query_session_key(const struct message_call *call,
                                         SecPkgContext_SessionKey *key)
{
    BYTES_CLEANUP struct bytes octets = {0};
    size_t len;

    if (call->messages->session_key == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    SECURITY_STATUS status = call->messages->session_key(call->data, &octets);
    if (status != SEC_E_OK)
        return status;
    char *block = bytes_steal(&octets, &len);
    if (block == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    key->SessionKey = (unsigned char *)block;
    key->SessionKeyLength = (ULONG)len;
    return SEC_E_OK;
}

static SECURITY_STATUS key_info_a(const struct package_key_info *info, SecPkgContext_KeyInfoA *to)
{
    SecPkgContext_KeyInfoA made = {.sSignatureAlgorithmName = strdup(info->signature),
                                   .sEncryptAlgorithmName = strdup(info->encryption),
                                   .KeySize = info->key_bits,
                                   .SignatureAlgorithm = info->signature_number,
                                   .EncryptAlgorithm = info->encryption_number};

    if (made.sSignatureAlgorithmName == NULL || made.sEncryptAlgorithmName == NULL) {
        free(made.sSignatureAlgorithmName);
        free(made.sEncryptAlgorithmName);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    *to = made;
    return SEC_E_OK;
}

static SECURITY_STATUS key_info_w(const struct package_key_info *info, SecPkgContext_KeyInfoW *to)
{
    SecPkgContext_KeyInfoW made = {
        .sSignatureAlgorithmName = utf8_to_utf16(bytes_view(info->signature), NULL),
        .sEncryptAlgorithmName = utf8_to_utf16(bytes_view(info->encryption), NULL),
        .KeySize = info->key_bits,
        .SignatureAlgorithm = info->signature_number,
        .EncryptAlgorithm = info->encryption_number};

    if (made.sSignatureAlgorithmName == NULL || made.sEncryptAlgorithmName == NULL) {
        free(made.sSignatureAlgorithmName);
        free(made.sEncryptAlgorithmName);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    *to = made;
    return SEC_E_OK;
}

static SECURITY_STATUS query_key_info(const struct message_call *call, void *buffer, bool wide)
{
    struct package_key_info info = {0};

    if (call->messages->key_info == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    SECURITY_STATUS status = call->messages->key_info(call->data, &info);
    if (status != SEC_E_OK)
        return status;
    return wide ? key_info_w(&info, buffer) : key_info_a(&info, buffer);
}

SECURITY_STATUS secur_message_query(PCtxtHandle handle, ULONG attribute, void *buffer, bool wide)
{
    struct message_call call;

    SECURITY_STATUS status = begin_call(handle, &call);
    if (status != SEC_E_OK)
        return status;
    if (buffer == NULL)
        status = SEC_E_INVALID_PARAMETER;
    else if (call.messages == NULL)
        status = SEC_E_UNSUPPORTED_FUNCTION;
    else if (attribute == SECPKG_ATTR_SIZES)
        status = query_sizes(&call, buffer);
    else if (attribute == SECPKG_ATTR_STREAM_SIZES)
        status = query_stream_sizes(&call, buffer);
    else if (attribute == SECPKG_ATTR_SESSION_KEY)
        status = query_session_key(&call, buffer);
    else
        status = query_key_info(&call, buffer, wide);
    end_call(&call);
    return status;
}

/* ---- messages ---- */

/* True if the sealed message has at most `limit` octets. Parts that only the checksum covers are
 * not sent, so they do not count. */
static bool is_within(const struct secur_message_layout *layout, size_t limit)
{
    size_t len = layout->data_len;

    if (layout->stream != NULL)
        return layout->stream->cbBuffer <= limit;
    if (layout->token != NULL)
        len += layout->token->cbBuffer;
    if (layout->padding != NULL)
        len += layout->padding->cbBuffer;
    return len <= limit;
}

/* True if the caller must pass a SECBUFFER_TOKEN. With Digest it would stay empty. */
static bool needs_token(const struct message_call *call)
{
    return call->messages == NULL || !call->messages->has_trailer;
}

/* Digest pages: both parameters must be zero; the nonce count is the sequence number. */
static SECURITY_STATUS check_http(ULONG qop, ULONG sequence_number)
{
    if (qop != 0)
        return SEC_E_QOP_NOT_SUPPORTED;
    return sequence_number != 0 ? SEC_E_INVALID_PARAMETER : SEC_E_OK;
}

static SECURITY_STATUS sign(const struct message_call *call,
                            const struct secur_message_layout *layout)
{
    if (call->messages == NULL || call->messages->sign == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    if (!has_any(call, ASC_RET_INTEGRITY))
        return SEC_E_QOP_NOT_SUPPORTED;
    if (layout->data_len > call->send_limit)
        return SEC_E_INVALID_TOKEN;
    struct package_message message = secur_message_layout_message(layout);
    message.padding = (struct package_message_room){0};
    SECURITY_STATUS status = secur_context_settle(call->messages->sign(call->data, &message));
    if (status == SEC_E_OK || status == SEC_E_BUFFER_TOO_SMALL)
        secur_message_layout_set(layout, &message);
    return status;
}

SECURITY_STATUS SEC_ENTRY MakeSignature(PCtxtHandle phContext, ULONG fQOP, PSecBufferDesc pMessage,
                                        ULONG MessageSeqNo)
{
    struct secur_message_layout layout;
    struct message_call call;

    SECURITY_STATUS status = begin_call(phContext, &call);
    if (status != SEC_E_OK)
        return status;
    if (secur_request_has_http_form(call.context, pMessage)) {
        status = check_http(fQOP, MessageSeqNo);
        if (status == SEC_E_OK)
            status = secur_request_sign(call.context, pMessage);
        end_call(&call);
        return status;
    }
    status = secur_message_layout_read(pMessage, SECUR_MESSAGE_SIGN, true, &layout);
    if (status == SEC_E_OK && fQOP != 0)
        status = SEC_E_QOP_NOT_SUPPORTED;
    if (status == SEC_E_OK)
        status = sign(&call, &layout);
    end_call(&call);
    return status;
}

static SECURITY_STATUS verify(const struct message_call *call,
                              const struct secur_message_layout *layout)
{
    if (call->messages == NULL || call->messages->verify == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    if (!has_any(call, ASC_RET_INTEGRITY))
        return SEC_E_QOP_NOT_SUPPORTED;
    if (!is_within(layout, call->receive_limit))
        return SEC_E_INVALID_TOKEN;
    struct package_message message = secur_message_layout_message(layout);
    return secur_context_settle(call->messages->verify(call->data, &message));
}

SECURITY_STATUS SEC_ENTRY VerifySignature(PCtxtHandle phContext, PSecBufferDesc pMessage,
                                          ULONG MessageSeqNo, PULONG pfQOP)
{
    struct secur_message_layout layout;
    struct message_call call;

    SECURITY_STATUS status = begin_call(phContext, &call);
    if (status != SEC_E_OK)
        return status;
    if (secur_request_has_http_form(call.context, pMessage)) {
        status = check_http(0, MessageSeqNo);
        if (status == SEC_E_OK)
            status = secur_request_verify(call.context, pMessage);
    } else {
        status = secur_message_layout_read(pMessage, SECUR_MESSAGE_VERIFY, true, &layout);
        if (status == SEC_E_OK)
            status = verify(&call, &layout);
    }
    end_call(&call);
    if (status == SEC_E_OK && pfQOP != NULL)
        *pfQOP = 0;
    return status;
}

/* Sets *ret_encrypt: whether fQOP stands for encryption. SEC_E_QOP_NOT_SUPPORTED: the context does
 * not have, or does not allow, what fQOP stands for. */
static SECURITY_STATUS read_qop(const struct message_call *call, ULONG qop, bool *ret_encrypt)
{
    bool encrypts = has_any(call, ASC_RET_CONFIDENTIALITY);

    *ret_encrypt = qop == 0 && (encrypts || !call->messages->negotiates_qop);
    if (qop != 0 && qop != SECQOP_WRAP_NO_ENCRYPT)
        return SEC_E_QOP_NOT_SUPPORTED;
    if (encrypts && !*ret_encrypt && (call->messages->negotiates_qop || call->only_encrypted))
        return SEC_E_QOP_NOT_SUPPORTED;
    return has_any(call, *ret_encrypt ? ASC_RET_CONFIDENTIALITY : ASC_RET_INTEGRITY)
               ? SEC_E_OK
               : SEC_E_QOP_NOT_SUPPORTED;
}

static SECURITY_STATUS seal(const struct message_call *call, ULONG qop,
                            const struct secur_message_layout *layout)
{
    bool encrypt;

    if (call->messages == NULL || call->messages->seal == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    SECURITY_STATUS status = read_qop(call, qop, &encrypt);
    if (status != SEC_E_OK)
        return status;
    if (layout->data_len > call->send_limit)
        return SEC_E_INVALID_TOKEN;
    struct package_message message = secur_message_layout_message(layout);
    status = secur_context_settle(call->messages->seal(call->data, encrypt, &message));
    if (status == SEC_E_OK || status == SEC_E_BUFFER_TOO_SMALL)
        secur_message_layout_set(layout, &message);
    return status;
}

SECURITY_STATUS SEC_ENTRY EncryptMessage(PCtxtHandle phContext, ULONG fQOP, PSecBufferDesc pMessage,
                                         ULONG MessageSeqNo)
{
    struct secur_message_layout layout;
    struct message_call call;

    (void)MessageSeqNo;
    SECURITY_STATUS status = begin_call(phContext, &call);
    if (status != SEC_E_OK)
        return status;
    status = secur_message_layout_read(pMessage, SECUR_MESSAGE_SEAL, needs_token(&call), &layout);
    if (status == SEC_E_OK)
        status = seal(&call, fQOP, &layout);
    end_call(&call);
    return status;
}

/* Works on a copy, so that the caller's buffers do not change if the message is refused. */
static SECURITY_STATUS unseal(const struct message_call *call, struct secur_message_layout *layout,
                              bool *ret_encrypted)
{
    COPY_CLEANUP struct package_message copy = {0};
    struct sspi_view plain = {NULL, 0};

    if (call->messages == NULL || call->messages->unseal == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    if (!has_any(call, ASC_RET_CONFIDENTIALITY | ASC_RET_INTEGRITY))
        return SEC_E_QOP_NOT_SUPPORTED;
    if (!is_within(layout, call->receive_limit))
        return SEC_E_INVALID_TOKEN;
    SECURITY_STATUS status = secur_message_layout_copy(layout, &copy);
    if (status != SEC_E_OK)
        return status;
    status = secur_context_settle(call->messages->unseal(call->data, &copy, &plain, ret_encrypted));
    if (status == SEC_E_OK && call->only_encrypted && !*ret_encrypted)
        status = SEC_E_QOP_NOT_SUPPORTED;
    if (status != SEC_E_OK)
        return status;
    return secur_message_layout_deliver(layout, &copy, plain);
}

SECURITY_STATUS SEC_ENTRY DecryptMessage(PCtxtHandle phContext, PSecBufferDesc pMessage,
                                         ULONG MessageSeqNo, PULONG pfQOP)
{
    struct secur_message_layout layout;
    struct message_call call;
    bool encrypted = false;

    (void)MessageSeqNo;
    SECURITY_STATUS status = begin_call(phContext, &call);
    if (status != SEC_E_OK)
        return status;
    status = secur_message_layout_read(pMessage, SECUR_MESSAGE_UNSEAL, needs_token(&call), &layout);
    if (status == SEC_E_OK)
        status = unseal(&call, &layout, &encrypted);
    end_call(&call);
    if (status == SEC_E_OK && pfQOP != NULL)
        *pfQOP = encrypted ? 0 : SECQOP_WRAP_NO_ENCRYPT;
    return status;
}
