/* SPDX-License-Identifier: Apache-2.0 */
/* MakeSignature, VerifySignature, EncryptMessage, DecryptMessage. */
#include "secur_message_call.h"
#include "secur_message_layout.h"
#include "secur_request.h"

#define COPY_CLEANUP __attribute__((cleanup(secur_message_layout_free)))

/* Octets that go over the wire, but for what is covered by the checksum alone. */
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

/* Where SECBUFFER_TOKEN would stay empty it may be missing. */
static bool needs_token(const struct secur_message_call *call)
{
    return call->messages == NULL || !call->messages->has_trailer;
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

static SECURITY_STATUS sign(const struct secur_message_call *call,
                            const struct secur_message_layout *layout)
{
    if (call->messages == NULL || call->messages->sign == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    if (!secur_message_call_can(call, ASC_RET_INTEGRITY))
        return SEC_E_QOP_NOT_SUPPORTED;
    if (layout->data_len > call->send_limit)
        return SEC_E_INVALID_TOKEN;
    struct package_message message = secur_message_layout_message(layout);
    message.padding = (struct package_message_room){0};
    SECURITY_STATUS status = settled(call->messages->sign(call->data, &message));
    if (status == SEC_E_OK || status == SEC_E_BUFFER_TOO_SMALL)
        secur_message_layout_set(layout, &message);
    return status;
}

SECURITY_STATUS SEC_ENTRY MakeSignature(PCtxtHandle phContext, ULONG fQOP, PSecBufferDesc pMessage,
                                        ULONG MessageSeqNo)
{
    struct secur_message_layout layout;
    struct secur_message_call call;

    SECURITY_STATUS status = secur_message_call_begin(phContext, &call);
    if (status != SEC_E_OK)
        return status;
    if (secur_request_is_one(call.context, pMessage)) {
        status = check_http(fQOP, MessageSeqNo);
        if (status == SEC_E_OK)
            status = secur_request_sign(call.context, pMessage);
        secur_message_call_end(&call);
        return status;
    }
    status = secur_message_layout_read(pMessage, SECUR_MESSAGE_SIGN, true, &layout);
    if (status == SEC_E_OK && fQOP != 0)
        status = SEC_E_QOP_NOT_SUPPORTED;
    if (status == SEC_E_OK)
        status = sign(&call, &layout);
    secur_message_call_end(&call);
    return status;
}

static SECURITY_STATUS verify(const struct secur_message_call *call,
                              const struct secur_message_layout *layout)
{
    if (call->messages == NULL || call->messages->verify == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    if (!secur_message_call_can(call, ASC_RET_INTEGRITY))
        return SEC_E_QOP_NOT_SUPPORTED;
    if (!is_within(layout, call->receive_limit))
        return SEC_E_INVALID_TOKEN;
    struct package_message message = secur_message_layout_message(layout);
    return settled(call->messages->verify(call->data, &message));
}

SECURITY_STATUS SEC_ENTRY VerifySignature(PCtxtHandle phContext, PSecBufferDesc pMessage,
                                          ULONG MessageSeqNo, PULONG pfQOP)
{
    struct secur_message_layout layout;
    struct secur_message_call call;

    SECURITY_STATUS status = secur_message_call_begin(phContext, &call);
    if (status != SEC_E_OK)
        return status;
    if (secur_request_is_one(call.context, pMessage)) {
        status = check_http(0, MessageSeqNo);
        if (status == SEC_E_OK)
            status = secur_request_verify(call.context, pMessage);
    } else {
        status = secur_message_layout_read(pMessage, SECUR_MESSAGE_VERIFY, true, &layout);
        if (status == SEC_E_OK)
            status = verify(&call, &layout);
    }
    secur_message_call_end(&call);
    if (status == SEC_E_OK && pfQOP != NULL)
        *pfQOP = 0;
    return status;
}

/* Whether fQOP means encryption, and whether the context has what it means. */
static SECURITY_STATUS read_qop(const struct secur_message_call *call, ULONG qop, bool *ret_encrypt)
{
    bool encrypts = secur_message_call_can(call, ASC_RET_CONFIDENTIALITY);

    *ret_encrypt = qop == 0 && (encrypts || !call->messages->negotiates_qop);
    if (qop != 0 && qop != SECQOP_WRAP_NO_ENCRYPT)
        return SEC_E_QOP_NOT_SUPPORTED;
    if (encrypts && !*ret_encrypt && (call->messages->negotiates_qop || call->only_encrypted))
        return SEC_E_QOP_NOT_SUPPORTED;
    return secur_message_call_can(call, *ret_encrypt ? ASC_RET_CONFIDENTIALITY : ASC_RET_INTEGRITY)
               ? SEC_E_OK
               : SEC_E_QOP_NOT_SUPPORTED;
}

static SECURITY_STATUS seal(const struct secur_message_call *call, ULONG qop,
                            const struct secur_message_layout *layout)
{
    bool encrypt;

    if (call->messages == NULL || call->messages->seal == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    SECURITY_STATUS st = read_qop(call, qop, &encrypt);
    if (st != SEC_E_OK)
        return st;
    if (layout->data_len > call->send_limit)
        return SEC_E_INVALID_TOKEN;
    struct package_message message = secur_message_layout_message(layout);
    SECURITY_STATUS status = settled(call->messages->seal(call->data, encrypt, &message));
    if (status == SEC_E_OK || status == SEC_E_BUFFER_TOO_SMALL)
        secur_message_layout_set(layout, &message);
    return status;
}

SECURITY_STATUS SEC_ENTRY EncryptMessage(PCtxtHandle phContext, ULONG fQOP, PSecBufferDesc pMessage,
                                         ULONG MessageSeqNo)
{
    struct secur_message_layout layout;
    struct secur_message_call call;

    (void)MessageSeqNo;
    SECURITY_STATUS status = secur_message_call_begin(phContext, &call);
    if (status != SEC_E_OK)
        return status;
    status = secur_message_layout_read(pMessage, SECUR_MESSAGE_SEAL, needs_token(&call), &layout);
    if (status == SEC_E_OK)
        status = seal(&call, fQOP, &layout);
    secur_message_call_end(&call);
    return status;
}

/* Works on a copy, so that a message that is refused leaves the caller what it gave. */
static SECURITY_STATUS unseal(const struct secur_message_call *call,
                              struct secur_message_layout *layout, bool *ret_encrypted)
{
    COPY_CLEANUP struct package_message copy = {0};
    struct sspi_view plain = {NULL, 0};

    if (call->messages == NULL || call->messages->unseal == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    if (!secur_message_call_can(call, ASC_RET_CONFIDENTIALITY | ASC_RET_INTEGRITY))
        return SEC_E_QOP_NOT_SUPPORTED;
    if (!is_within(layout, call->receive_limit))
        return SEC_E_INVALID_TOKEN;
    SECURITY_STATUS status = secur_message_layout_copy(layout, &copy);
    if (status != SEC_E_OK)
        return status;
    status = settled(call->messages->unseal(call->data, &copy, &plain, ret_encrypted));
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
    struct secur_message_call call;
    bool encrypted = false;

    (void)MessageSeqNo;
    SECURITY_STATUS status = secur_message_call_begin(phContext, &call);
    if (status != SEC_E_OK)
        return status;
    status = secur_message_layout_read(pMessage, SECUR_MESSAGE_UNSEAL, needs_token(&call), &layout);
    if (status == SEC_E_OK)
        status = unseal(&call, &layout, &encrypted);
    secur_message_call_end(&call);
    if (status == SEC_E_OK && pfQOP != NULL)
        *pfQOP = encrypted ? 0 : SECQOP_WRAP_NO_ENCRYPT;
    return status;
}
