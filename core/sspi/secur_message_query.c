/* SPDX-License-Identifier: Apache-2.0 */
#include "secur_message_query.h"

#include <stdlib.h>
#include <string.h>

#include "secur_message_call.h"
#include "utf8.h"

bool secur_message_answers(ULONG attribute)
{
    return attribute == SECPKG_ATTR_SIZES || attribute == SECPKG_ATTR_STREAM_SIZES ||
           attribute == SECPKG_ATTR_SESSION_KEY || attribute == SECPKG_ATTR_KEY_INFO;
}

static SECURITY_STATUS query_sizes(const struct secur_message_call *call,
                                   SecPkgContext_Sizes *sizes)
{
    if (call->messages->sizes == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    SECURITY_STATUS status = call->messages->sizes(call->data, sizes);
    /* The package knows nothing of a layer that is not used. */
    if (call->context->base.layer != NULL && !secur_message_call_can(call, ASC_RET_INTEGRITY)) {
        sizes->cbMaxSignature = 0;
        sizes->cbSecurityTrailer = 0;
    }
    return status;
}

static SECURITY_STATUS query_stream_sizes(const struct secur_message_call *call,
                                          SecPkgContext_StreamSizes *sizes)
{
    if (call->messages->stream_sizes == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    SECURITY_STATUS status = call->messages->stream_sizes(call->data, sizes);
    if (status == SEC_E_OK && sizes->cbMaximumMessage > call->send_limit)
        sizes->cbMaximumMessage = (ULONG)call->send_limit;
    return status;
}

static SECURITY_STATUS query_session_key(const struct secur_message_call *call,
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

static SECURITY_STATUS query_key_info(const struct secur_message_call *call, void *buffer,
                                      bool wide)
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
    struct secur_message_call call;

    SECURITY_STATUS status = secur_message_call_begin(handle, &call);
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
    secur_message_call_end(&call);
    return status;
}
