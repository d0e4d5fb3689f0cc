/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of an NTLM context, in Windows' layout. SECBUFFER_TOKEN is the signature of MS-NLMP
 * 2.2.2.9.2. SECBUFFER_DATA is the signed message, and nothing follows it. Sent messages use the
 * keys of the server, received ones those of the client. */
#include "ntlm_protect.h"

#include <string.h>

#include "ntlm_context.h"

/* Windows' names and numbers (KERB_CHECKSUM_HMAC_MD5, CALG_RC4). */
#define SIGNATURE_NUMBER  0xFFFFFF76u
#define ENCRYPTION_NUMBER 0x00006801u
#define KEY_BITS          128

static SECURITY_STATUS status_of(enum ntlm_sign_status status)
{
    switch (status) {
    case NTLM_SIGN_RIGHT:
        return SEC_E_OK;
    case NTLM_SIGN_WRONG:
        return SEC_E_MESSAGE_ALTERED;
    case NTLM_SIGN_UNSEQUENCED:
        return SEC_E_OUT_OF_SEQUENCE;
    case NTLM_SIGN_FAILED:
    default:
        return SEC_E_INTERNAL_ERROR;
    }
}

static SECURITY_STATUS make(struct ntlm_context *ntlm, bool encrypt,
                            struct package_message *message)
{
    uint8_t signature[NTLM_SIGN_LEN];
    message->token.len = sizeof(signature);
    message->padding.len = 0;
    if (message->token.room < sizeof(signature))
        return SEC_E_BUFFER_TOO_SMALL;
    if (!ntlm_sign_seal(&ntlm->sign, &ntlm->sign.server, message->parts, message->n_parts, encrypt,
                        signature))
        return SEC_E_INTERNAL_ERROR;
    memcpy(message->token.data, signature, sizeof(signature));
    return SEC_E_OK;
}

static SECURITY_STATUS sign(void *context, struct package_message *message)
{
    return make(context, false, message);
}

static SECURITY_STATUS seal(void *context, bool encrypt, struct package_message *message)
{
    return make(context, encrypt, message);
}

static SECURITY_STATUS verify(void *context, const struct package_message *message)
{
    struct ntlm_context *ntlm = context;
    struct sspi_view signature = {message->token.data, message->token.len};
    return status_of(ntlm_sign_unseal(&ntlm->sign, &ntlm->sign.client, message->parts,
                                      message->n_parts, false, signature));
}

/* A message does not say whether it is encrypted, so both forms are tried if both are possible. A
 * wrong number gives UNSEQUENCED in either form. A message is altered if only its number is wrong.
 */
static SECURITY_STATUS open_message(struct ntlm_context *ntlm,
                                    const struct package_message_part *parts, size_t n_parts,
                                    struct sspi_view signature, bool *ret_encrypted)
{
    static const struct {
        ULONG attribute;
        bool encrypted;
    } forms[] = {{ASC_RET_CONFIDENTIALITY, true}, {ASC_RET_INTEGRITY, false}};
    SECURITY_STATUS status = SEC_E_OUT_OF_SEQUENCE;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if ((ntlm->info.attributes & forms[i].attribute) == 0)
            continue;
        SECURITY_STATUS one = status_of(ntlm_sign_unseal(&ntlm->sign, &ntlm->sign.client, parts,
                                                         n_parts, forms[i].encrypted, signature));
        *ret_encrypted = forms[i].encrypted;
        if (one != SEC_E_OUT_OF_SEQUENCE)
            status = one;
        if (one == SEC_E_OK || one == SEC_E_INTERNAL_ERROR)
            break;
    }
    return status;
}

static SECURITY_STATUS unseal(void *context, const struct package_message *message,
                              struct sspi_view *ret_plain, bool *ret_encrypted)
{
    struct ntlm_context *ntlm = context;
    if (message->whole_len < NTLM_SIGN_LEN)
        return SEC_E_INCOMPLETE_MESSAGE;
    const struct package_message_part data = {message->whole + NTLM_SIGN_LEN,
                                              message->whole_len - NTLM_SIGN_LEN, true};
    struct sspi_view signature = {message->whole, NTLM_SIGN_LEN};
    const struct package_message_part *parts = &data;
    size_t n_parts = 1;
    if (message->n_parts > 0) {
        if (message->token.len != NTLM_SIGN_LEN || message->padding.len != 0)
            return SEC_E_MESSAGE_ALTERED;
        parts = message->parts;
        n_parts = message->n_parts;
    }
    SECURITY_STATUS status = open_message(ntlm, parts, n_parts, signature, ret_encrypted);
    if (status == SEC_E_OK)
        *ret_plain = (struct sspi_view){data.data, data.len};
    return status;
}

/* As on Windows: no block size, and no streams. */
static SECURITY_STATUS sizes(void *context, SecPkgContext_Sizes *ret_sizes)
{
    const struct ntlm_context *ntlm = context;
    ULONG attributes = ntlm->info.attributes;
    *ret_sizes = (SecPkgContext_Sizes){.cbMaxToken = ntlm_package.about.cbMaxToken};
    if ((attributes & ASC_RET_INTEGRITY) != 0)
        ret_sizes->cbMaxSignature = NTLM_SIGN_LEN;
    if ((attributes & (ASC_RET_INTEGRITY | ASC_RET_CONFIDENTIALITY)) != 0)
        ret_sizes->cbSecurityTrailer = NTLM_SIGN_LEN;
    return SEC_E_OK;
}

/* ExportedSessionKey (MS-NLMP 3.1.5.1.2). */
static SECURITY_STATUS session_key(void *context, struct bytes *ret_key)
{
    const struct ntlm_context *ntlm = context;
    bytes_append(ret_key, ntlm->exported_key, sizeof(ntlm->exported_key));
    return ret_key->failed ? SEC_E_INSUFFICIENT_MEMORY : SEC_E_OK;
}

static SECURITY_STATUS key_info(void *context, struct package_key_info *ret_info)
{
    const struct ntlm_context *ntlm = context;
    if (!ntlm->can_sign)
        return SEC_E_UNSUPPORTED_FUNCTION; /* without extended security and 128 bits, messages have
                                              no keys */
    *ret_info = (struct package_key_info){.signature = "HMAC-MD5",
                                          .encryption = "RSADSI RC4",
                                          .key_bits = KEY_BITS,
                                          .signature_number = SIGNATURE_NUMBER,
                                          .encryption_number = ENCRYPTION_NUMBER};
    return SEC_E_OK;
}

const struct package_messages ntlm_protect_calls = {
    .sizes = sizes,
    .sign = sign,
    .verify = verify,
    .seal = seal,
    .unseal = unseal,
    .session_key = session_key,
    .key_info = key_info,
};
