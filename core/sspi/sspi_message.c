/* SPDX-License-Identifier: Apache-2.0 */
/* MakeSignature, VerifySignature, EncryptMessage, DecryptMessage, and what an application asks
 * before it calls them. */
#include "sspi_message.h"

#include <stdlib.h>
#include <string.h>

#include "sspi_context.h"
#include "sspi_message_layout.h"
#include "sspi_query.h"
#include "sspi_request.h"
#include "utf8.h"

#define COPY_CLEANUP __attribute__((cleanup(sspi_message_layout_free)))

/* ---- one call on one context ---- */

/* An established context that this thread has to itself until end(). */
struct call {
    struct sspi_context *context;
    const struct sspi_package_messages *messages; /* NULL where the mechanism has none */
    void *data;                                   /* the mechanism's context */
    ULONG attributes;                             /* ASC_RET_* */
    size_t send_limit;                            /* octets of a message */
    size_t receive_limit;                         /* octets of a sealed one */
    bool encrypted_alone;
};

/* What a layer agreed on may change meanwhile: read under the lock. */
static void set_limits(struct call *call, const struct sspi_wrapping *wrapping)
{
    call->send_limit = SSPI_MESSAGE_LIMIT;
    call->receive_limit = SIZE_MAX;
    if (wrapping == NULL)
        return;
    if (wrapping->send_limit < call->send_limit)
        call->send_limit = wrapping->send_limit;
    call->receive_limit = wrapping->receive_limit;
    call->encrypted_alone = wrapping->encrypted_alone;
}

static SECURITY_STATUS begin(PCtxtHandle handle, struct call *ret_call)
{
    struct sspi_object *object;

    /* Shared: a thread that reads and one that writes may meet in one context, as on Windows. What
     * they must not do at a time, the lock keeps apart. */
    SECURITY_STATUS status =
        sspi_handle_begin(handle, SSPI_HANDLE_CONTEXT, SSPI_HANDLE_SHARED, &object);
    if (status != SEC_E_OK)
        return status;
    struct sspi_context *context = (struct sspi_context *)object;
    const struct sspi_package *package = context->credential->package;
    const struct sspi_context_info *info = NULL;
    if (context->state == SSPI_CONTEXT_ESTABLISHED)
        info = package->info(context->data);
    if (info == NULL) {
        sspi_handle_end(object, SSPI_HANDLE_SHARED);
        return SEC_E_INVALID_HANDLE;
    }
    *ret_call = (struct call){.context = context,
                              .messages = info->mechanism->messages,
                              .data = context->data,
                              .attributes = sspi_query_attributes(context)};
    if (package->mechanism_context != NULL)
        ret_call->data = package->mechanism_context(context->data);
    (void)pthread_mutex_lock(&context->message_lock); /* cannot fail on one of the default kind */
    set_limits(ret_call, context->wrapping);
    return SEC_E_OK;
}

static void end(struct call *call)
{
    (void)pthread_mutex_unlock(&call->context->message_lock);
    sspi_handle_end(&call->context->object, SSPI_HANDLE_SHARED);
}

/* ---- messages ---- */

/* Integrity alone is what signatures and unencrypted messages need. */
static bool can(const struct call *call, ULONG attributes)
{
    return (call->attributes & attributes) != 0;
}

/* Octets that go over the wire, but for what is covered by the checksum alone. */
static bool is_within(const struct sspi_message_layout *layout, size_t limit)
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

/* Where SECBUFFER_TOKEN would stay empty it may be missing. */
static bool needs_token(const struct call *call)
{
    return call->messages == NULL || !call->messages->trails;
}

/* A package that says neither yes nor no has said nothing. */
static SECURITY_STATUS settled(SECURITY_STATUS status)
{
    return status > 0 ? SEC_E_INTERNAL_ERROR : status;
}

/* Digest pages: both parameters must be zero; the nonce count is the sequence number. */
static SECURITY_STATUS check_http(ULONG qop, ULONG sequence_number)
{
    if (qop != 0)
        return SEC_E_QOP_NOT_SUPPORTED;
    return sequence_number != 0 ? SEC_E_INVALID_PARAMETER : SEC_E_OK;
}

static SECURITY_STATUS sign(const struct call *call, const struct sspi_message_layout *layout)
{
    if (call->messages == NULL || call->messages->sign == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    if (!can(call, ASC_RET_INTEGRITY))
        return SEC_E_QOP_NOT_SUPPORTED;
    if (layout->data_len > call->send_limit)
        return SEC_E_INVALID_TOKEN;
    struct sspi_message message = sspi_message_layout_message(layout);
    message.padding = (struct sspi_message_room){0};
    SECURITY_STATUS status = settled(call->messages->sign(call->data, &message));
    if (status == SEC_E_OK || status == SEC_E_BUFFER_TOO_SMALL)
        sspi_message_layout_set(layout, &message);
    return status;
}

SECURITY_STATUS SEC_ENTRY MakeSignature(PCtxtHandle phContext, ULONG fQOP, PSecBufferDesc pMessage,
                                        ULONG MessageSeqNo)
{
    struct sspi_message_layout layout;
    struct call call;

    SECURITY_STATUS status = begin(phContext, &call);
    if (status != SEC_E_OK)
        return status;
    if (sspi_request_is_one(call.context, pMessage)) {
        status = check_http(fQOP, MessageSeqNo);
        if (status == SEC_E_OK)
            status = sspi_request_sign(call.context, pMessage);
        end(&call);
        return status;
    }
    status = sspi_message_layout_read(pMessage, SSPI_MESSAGE_SIGN, true, &layout);
    if (status == SEC_E_OK && fQOP != 0)
        status = SEC_E_QOP_NOT_SUPPORTED;
    if (status == SEC_E_OK)
        status = sign(&call, &layout);
    end(&call);
    return status;
}

static SECURITY_STATUS verify(const struct call *call, const struct sspi_message_layout *layout)
{
    if (call->messages == NULL || call->messages->verify == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    if (!can(call, ASC_RET_INTEGRITY))
        return SEC_E_QOP_NOT_SUPPORTED;
    if (!is_within(layout, call->receive_limit))
        return SEC_E_INVALID_TOKEN;
    struct sspi_message message = sspi_message_layout_message(layout);
    return settled(call->messages->verify(call->data, &message));
}

SECURITY_STATUS SEC_ENTRY VerifySignature(PCtxtHandle phContext, PSecBufferDesc pMessage,
                                          ULONG MessageSeqNo, PULONG pfQOP)
{
    struct sspi_message_layout layout;
    struct call call;

    SECURITY_STATUS status = begin(phContext, &call);
    if (status != SEC_E_OK)
        return status;
    if (sspi_request_is_one(call.context, pMessage)) {
        status = check_http(0, MessageSeqNo);
        if (status == SEC_E_OK)
            status = sspi_request_verify(call.context, pMessage);
    } else {
        status = sspi_message_layout_read(pMessage, SSPI_MESSAGE_VERIFY, true, &layout);
        if (status == SEC_E_OK)
            status = verify(&call, &layout);
    }
    end(&call);
    if (status == SEC_E_OK && pfQOP != NULL)
        *pfQOP = 0;
    return status;
}

/* Whether fQOP means encryption, and whether the context has what it means. */
static SECURITY_STATUS read_qop(const struct call *call, ULONG qop, bool *ret_encrypt)
{
    bool encrypts = can(call, ASC_RET_CONFIDENTIALITY);

    *ret_encrypt = qop == 0 && (encrypts || !call->messages->agreed);
    if (qop != 0 && qop != SECQOP_WRAP_NO_ENCRYPT)
        return SEC_E_QOP_NOT_SUPPORTED;
    if (encrypts && !*ret_encrypt && (call->messages->agreed || call->encrypted_alone))
        return SEC_E_QOP_NOT_SUPPORTED;
    return can(call, *ret_encrypt ? ASC_RET_CONFIDENTIALITY : ASC_RET_INTEGRITY)
               ? SEC_E_OK
               : SEC_E_QOP_NOT_SUPPORTED;
}

static SECURITY_STATUS seal(const struct call *call, ULONG qop,
                            const struct sspi_message_layout *layout)
{
    bool encrypt;

    if (call->messages == NULL || call->messages->seal == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    SECURITY_STATUS st = read_qop(call, qop, &encrypt);
    if (st != SEC_E_OK)
        return st;
    if (layout->data_len > call->send_limit)
        return SEC_E_INVALID_TOKEN;
    struct sspi_message message = sspi_message_layout_message(layout);
    SECURITY_STATUS status = settled(call->messages->seal(call->data, encrypt, &message));
    if (status == SEC_E_OK || status == SEC_E_BUFFER_TOO_SMALL)
        sspi_message_layout_set(layout, &message);
    return status;
}

SECURITY_STATUS SEC_ENTRY EncryptMessage(PCtxtHandle phContext, ULONG fQOP, PSecBufferDesc pMessage,
                                         ULONG MessageSeqNo)
{
    struct sspi_message_layout layout;
    struct call call;

    (void)MessageSeqNo;
    SECURITY_STATUS status = begin(phContext, &call);
    if (status != SEC_E_OK)
        return status;
    status = sspi_message_layout_read(pMessage, SSPI_MESSAGE_SEAL, needs_token(&call), &layout);
    if (status == SEC_E_OK)
        status = seal(&call, fQOP, &layout);
    end(&call);
    return status;
}

/* Works on a copy, so that a message that is refused leaves the caller what it gave. */
static SECURITY_STATUS unseal(const struct call *call, struct sspi_message_layout *layout,
                              bool *ret_encrypted)
{
    COPY_CLEANUP struct sspi_message copy = {0};
    struct sspi_view plain = {NULL, 0};

    if (call->messages == NULL || call->messages->unseal == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    if (!can(call, ASC_RET_CONFIDENTIALITY | ASC_RET_INTEGRITY))
        return SEC_E_QOP_NOT_SUPPORTED;
    if (!is_within(layout, call->receive_limit))
        return SEC_E_INVALID_TOKEN;
    SECURITY_STATUS status = sspi_message_layout_copy(layout, &copy);
    if (status != SEC_E_OK)
        return status;
    status = settled(call->messages->unseal(call->data, &copy, &plain, ret_encrypted));
    if (status == SEC_E_OK && call->encrypted_alone && !*ret_encrypted)
        status = SEC_E_QOP_NOT_SUPPORTED;
    if (status != SEC_E_OK)
        return status;
    return sspi_message_layout_deliver(layout, &copy, plain);
}

SECURITY_STATUS SEC_ENTRY DecryptMessage(PCtxtHandle phContext, PSecBufferDesc pMessage,
                                         ULONG MessageSeqNo, PULONG pfQOP)
{
    struct sspi_message_layout layout;
    struct call call;
    bool encrypted = false;

    (void)MessageSeqNo;
    SECURITY_STATUS status = begin(phContext, &call);
    if (status != SEC_E_OK)
        return status;
    status = sspi_message_layout_read(pMessage, SSPI_MESSAGE_UNSEAL, needs_token(&call), &layout);
    if (status == SEC_E_OK)
        status = unseal(&call, &layout, &encrypted);
    end(&call);
    if (status == SEC_E_OK && pfQOP != NULL)
        *pfQOP = encrypted ? 0 : SECQOP_WRAP_NO_ENCRYPT;
    return status;
}

/* ---- attributes ---- */

bool sspi_message_answers(ULONG attribute)
{
    return attribute == SECPKG_ATTR_SIZES || attribute == SECPKG_ATTR_STREAM_SIZES ||
           attribute == SECPKG_ATTR_SESSION_KEY || attribute == SECPKG_ATTR_KEY_INFO;
}

static SECURITY_STATUS query_sizes(const struct call *call, SecPkgContext_Sizes *sizes)
{
    if (call->messages->sizes == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    return call->messages->sizes(call->data, sizes);
}

static SECURITY_STATUS query_stream_sizes(const struct call *call, SecPkgContext_StreamSizes *sizes)
{
    if (call->messages->stream_sizes == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    SECURITY_STATUS status = call->messages->stream_sizes(call->data, sizes);
    if (status == SEC_E_OK && sizes->cbMaximumMessage > call->send_limit)
        sizes->cbMaximumMessage = (ULONG)call->send_limit;
    return status;
}

static SECURITY_STATUS query_session_key(const struct call *call, SecPkgContext_SessionKey *key)
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

static SECURITY_STATUS key_info_a(const struct sspi_key_info *info, SecPkgContext_KeyInfoA *to)
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

static SECURITY_STATUS key_info_w(const struct sspi_key_info *info, SecPkgContext_KeyInfoW *to)
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

static SECURITY_STATUS query_key_info(const struct call *call, void *buffer, bool wide)
{
    struct sspi_key_info info = {0};

    if (call->messages->key_info == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    SECURITY_STATUS status = call->messages->key_info(call->data, &info);
    if (status != SEC_E_OK)
        return status;
    return wide ? key_info_w(&info, buffer) : key_info_a(&info, buffer);
}

SECURITY_STATUS sspi_message_query(PCtxtHandle handle, ULONG attribute, void *buffer, bool wide)
{
    struct call call;

    SECURITY_STATUS status = begin(handle, &call);
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
    end(&call);
    return status;
}
