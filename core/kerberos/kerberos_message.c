/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_message.h"

#include <gssapi/gssapi_ext.h>
#include <stdlib.h>
#include <string.h>

#include "kerberos_gss.h"

/* A header and a padding buffer, beside the parts. */
#define IOV_LIMIT (PACKAGE_MESSAGE_PARTS_LIMIT + 2)

/* RFC 4121 4.2.6.2: only the header. Messages of RFC 4757 are longer. */
#define SHORTEST_MESSAGE 16

/* MIT's iov calls make Windows' layout: without a trailer buffer, the header receives the octets
 * that belong behind the data (RFC 4121 4.2.5). */
struct iov {
    gss_iov_buffer_desc buffers[IOV_LIMIT];
    int n;
};

static gss_iov_buffer_desc *add(struct iov *iov, OM_uint32 type, char *data, size_t len)
{
    gss_iov_buffer_desc *buffer = &iov->buffers[iov->n++];
    *buffer = (gss_iov_buffer_desc){type, {len, data}};
    return buffer;
}

static void add_parts(struct iov *iov, const struct package_message *message,
                      OM_uint32 type_of_rest)
{
    for (size_t i = 0; i < message->n_parts; i++) {
        const struct package_message_part *part = &message->parts[i];
        add(iov, part->sealed ? GSS_IOV_BUFFER_TYPE_DATA : type_of_rest, part->data, part->len);
    }
}

/* MIT still protects messages after the ticket has expired; Windows does not. */
static SECURITY_STATUS check_life(const struct kerberos_context *kerberos)
{
    OM_uint32 minor, left_s;
    OM_uint32 major = gss_context_time(&minor, kerberos->gss, &left_s);
    return kerberos_gss_message_status(major, minor);
}

/* Gives a buffer its memory, after MIT has set its length. */
static bool set_memory(gss_iov_buffer_desc *buffer, struct package_message_room *room)
{
    room->len = buffer->buffer.length;
    buffer->buffer.value = room->data;
    return room->len <= room->room;
}

/* ---- signatures: gss_get_mic() over all parts ---- */

static SECURITY_STATUS sign(void *context, struct package_message *message)
{
    struct kerberos_context *kerberos = context;
    struct iov iov = {.n = 0};
    OM_uint32 minor;
    SECURITY_STATUS status = check_life(kerberos);
    if (status != SEC_E_OK)
        return status;
    gss_iov_buffer_desc *token = add(&iov, GSS_IOV_BUFFER_TYPE_MIC_TOKEN, NULL, 0);
    add_parts(&iov, message, GSS_IOV_BUFFER_TYPE_DATA);
    OM_uint32 major =
        gss_get_mic_iov_length(&minor, kerberos->gss, GSS_C_QOP_DEFAULT, iov.buffers, iov.n);
    if (major != GSS_S_COMPLETE)
        return kerberos_gss_message_status(major, minor);
    if (!set_memory(token, &message->token))
        return SEC_E_BUFFER_TOO_SMALL;
    major = gss_get_mic_iov(&minor, kerberos->gss, GSS_C_QOP_DEFAULT, iov.buffers, iov.n);
    message->token.len = token->buffer.length;
    return kerberos_gss_message_status(major, minor);
}

/* MIT's iov calls abort the process if a MIC has an unexpected header: util_cksum.c asserts about
 * octets that the peer sends. So this joins the parts and calls gss_verify_mic(), which does not
 * abort. */
static SECURITY_STATUS verify(void *context, const struct package_message *message)
{
    struct kerberos_context *kerberos = context;
    BYTES_CLEANUP struct bytes joined = {0};
    OM_uint32 minor;
    gss_buffer_desc text = {message->parts[0].len, message->parts[0].data};
    gss_buffer_desc token = {message->token.len, message->token.data};
    SECURITY_STATUS status = check_life(kerberos);
    if (status != SEC_E_OK)
        return status;
    if (token.length == 0)
        return SEC_E_MESSAGE_ALTERED;
    if (message->n_parts > 1) {
        for (size_t i = 0; i < message->n_parts; i++)
            bytes_append(&joined, message->parts[i].data, message->parts[i].len);
        if (joined.failed)
            return SEC_E_INSUFFICIENT_MEMORY;
        text = kerberos_gss_buffer(bytes_as_view(&joined));
    }
    OM_uint32 major = gss_verify_mic(&minor, kerberos->gss, &text, &token, NULL);
    return kerberos_gss_peer_status(major, minor);
}

/* ---- sealed messages: gss_wrap() ---- */

static SECURITY_STATUS seal(void *context, bool encrypt, struct package_message *message)
{
    struct kerberos_context *kerberos = context;
    struct iov iov = {.n = 0};
    int encrypted = 0;
    OM_uint32 minor;
    SECURITY_STATUS status = check_life(kerberos);
    if (status != SEC_E_OK)
        return status;
    gss_iov_buffer_desc *header = add(&iov, GSS_IOV_BUFFER_TYPE_HEADER, NULL, 0);
    add_parts(&iov, message, GSS_IOV_BUFFER_TYPE_SIGN_ONLY);
    gss_iov_buffer_desc *padding = add(&iov, GSS_IOV_BUFFER_TYPE_PADDING, NULL, 0);
    OM_uint32 major = gss_wrap_iov_length(&minor, kerberos->gss, encrypt, GSS_C_QOP_DEFAULT,
                                          &encrypted, iov.buffers, iov.n);
    if (major != GSS_S_COMPLETE)
        return kerberos_gss_message_status(major, minor);
    bool fits = set_memory(header, &message->token);
    if (!set_memory(padding, &message->padding) || !fits)
        return SEC_E_BUFFER_TOO_SMALL;
    major = gss_wrap_iov(&minor, kerberos->gss, encrypt, GSS_C_QOP_DEFAULT, &encrypted, iov.buffers,
                         iov.n);
    message->token.len = header->buffer.length;
    message->padding.len = padding->buffer.length;
    if (major == GSS_S_COMPLETE && (encrypted != 0) != encrypt)
        return SEC_E_INTERNAL_ERROR; /* never send in clear what must be encrypted */
    return kerberos_gss_message_status(major, minor);
}

/* MIT allocates a block for an empty message too, but does not free it. */
static void release_plain(gss_buffer_desc *plain)
{
    OM_uint32 minor;
    if (plain->length == 0) {
        free(plain->value);
        *plain = (gss_buffer_desc)GSS_C_EMPTY_BUFFER;
        return;
    }
    bytes_wipe(plain->value, plain->length);
    gss_release_buffer(&minor, plain);
}

/* Unwraps a whole token of gss_wrap(). Its header leaves room for the plain text behind it. */
static SECURITY_STATUS unseal_whole(struct kerberos_context *kerberos,
                                    const struct package_message *message,
                                    struct sspi_view *ret_plain, int *ret_encrypted)
{
    OM_uint32 minor;
    gss_buffer_desc token = {message->whole_len, message->whole};
    gss_buffer_desc plain = GSS_C_EMPTY_BUFFER;
    OM_uint32 major = gss_unwrap(&minor, kerberos->gss, &token, &plain, ret_encrypted, NULL);
    SECURITY_STATUS status = kerberos_gss_peer_status(major, minor);
    if (status == SEC_E_OK && plain.length > message->whole_len - SHORTEST_MESSAGE)
        status = SEC_E_INTERNAL_ERROR;
    if (status == SEC_E_OK && plain.length > 0)
        memcpy(message->whole + SHORTEST_MESSAGE, plain.value, plain.length);
    *ret_plain = (struct sspi_view){message->whole + SHORTEST_MESSAGE, plain.length};
    release_plain(&plain);
    return status;
}

/* True if the header has exactly the length that seal() makes for such a message, encrypted or not.
 * No other layout is accepted. */
static bool has_our_header(struct kerberos_context *kerberos, const struct package_message *message)
{
    for (int encrypt = 0; encrypt < 2; encrypt++) {
        struct iov iov = {.n = 0};
        int encrypted;
        OM_uint32 minor;
        gss_iov_buffer_desc *header = add(&iov, GSS_IOV_BUFFER_TYPE_HEADER, NULL, 0);
        add_parts(&iov, message, GSS_IOV_BUFFER_TYPE_SIGN_ONLY);
        gss_iov_buffer_desc *padding = add(&iov, GSS_IOV_BUFFER_TYPE_PADDING, NULL, 0);
        OM_uint32 major = gss_wrap_iov_length(&minor, kerberos->gss, encrypt, GSS_C_QOP_DEFAULT,
                                              &encrypted, iov.buffers, iov.n);
        if (major == GSS_S_COMPLETE && header->buffer.length == message->token.len &&
            padding->buffer.length == message->padding.len)
            return true;
    }
    return false;
}

/* Unwraps a message with parts that only the checksum covers. */
static SECURITY_STATUS unseal_parts(struct kerberos_context *kerberos,
                                    const struct package_message *message,
                                    struct sspi_view *ret_plain, int *ret_encrypted)
{
    struct iov iov = {.n = 0};
    OM_uint32 minor;
    if (!has_our_header(kerberos, message))
        return SEC_E_MESSAGE_ALTERED;
    add(&iov, GSS_IOV_BUFFER_TYPE_HEADER, message->token.data, message->token.len);
    add_parts(&iov, message, GSS_IOV_BUFFER_TYPE_SIGN_ONLY);
    add(&iov, GSS_IOV_BUFFER_TYPE_PADDING, message->padding.data, message->padding.len);
    OM_uint32 major =
        gss_unwrap_iov(&minor, kerberos->gss, ret_encrypted, NULL, iov.buffers, iov.n);
    *ret_plain = (struct sspi_view){message->whole + message->token.len,
                                    message->whole_len - message->token.len - message->padding.len};
    return kerberos_gss_peer_status(major, minor);
}

static bool has_rest(const struct package_message *message)
{
    for (size_t i = 0; i < message->n_parts; i++) {
        if (!message->parts[i].sealed)
            return true;
    }
    return false;
}

static SECURITY_STATUS unseal(void *context, const struct package_message *message,
                              struct sspi_view *ret_plain, bool *ret_encrypted)
{
    struct kerberos_context *kerberos = context;
    int encrypted = 0;
    SECURITY_STATUS status = check_life(kerberos);
    if (status != SEC_E_OK)
        return status;
    if (message->whole_len < SHORTEST_MESSAGE)
        return SEC_E_INCOMPLETE_MESSAGE;
    status = has_rest(message) ? unseal_parts(kerberos, message, ret_plain, &encrypted)
                               : unseal_whole(kerberos, message, ret_plain, &encrypted);
    *ret_encrypted = encrypted != 0;
    return status;
}

/* ---- sizes ---- */

static SECURITY_STATUS signature_size(gss_ctx_id_t gss, ULONG *ret_len)
{
    struct iov iov = {.n = 0};
    OM_uint32 minor;
    gss_iov_buffer_desc *token = add(&iov, GSS_IOV_BUFFER_TYPE_MIC_TOKEN, NULL, 0);
    add(&iov, GSS_IOV_BUFFER_TYPE_DATA, NULL, 0);
    OM_uint32 major = gss_get_mic_iov_length(&minor, gss, GSS_C_QOP_DEFAULT, iov.buffers, iov.n);
    *ret_len = (ULONG)token->buffer.length;
    return kerberos_gss_message_status(major, minor);
}

static void raise(ULONG *to, size_t len)
{
    if (*to < len)
        *to = (ULONG)len;
}

/* The frame of RFC 4757 begins with its length, so the longest message has the longest header. */
static SECURITY_STATUS wrap_sizes(gss_ctx_id_t gss, bool encrypt, SecPkgContext_Sizes *sizes)
{
    struct iov iov = {.n = 0};
    int encrypted;
    OM_uint32 minor;
    gss_iov_buffer_desc *header = add(&iov, GSS_IOV_BUFFER_TYPE_HEADER, NULL, 0);
    add(&iov, GSS_IOV_BUFFER_TYPE_DATA, NULL, PACKAGE_MESSAGE_LIMIT);
    gss_iov_buffer_desc *padding = add(&iov, GSS_IOV_BUFFER_TYPE_PADDING, NULL, 0);
    OM_uint32 major = gss_wrap_iov_length(&minor, gss, encrypt, GSS_C_QOP_DEFAULT, &encrypted,
                                          iov.buffers, iov.n);
    raise(&sizes->cbSecurityTrailer, header->buffer.length);
    raise(&sizes->cbBlockSize, padding->buffer.length);
    return kerberos_gss_message_status(major, minor);
}

static SECURITY_STATUS sizes(void *context, SecPkgContext_Sizes *ret_sizes)
{
    struct kerberos_context *kerberos = context;
    ULONG attributes = kerberos->info.attributes;
    /* A block of one octet, because these ciphers accept messages of any length. */
    SecPkgContext_Sizes made = {.cbMaxToken = kerberos_package.about.cbMaxToken, .cbBlockSize = 1};
    SECURITY_STATUS status = SEC_E_OK;
    if ((attributes & ASC_RET_INTEGRITY) != 0) {
        status = signature_size(kerberos->gss, &made.cbMaxSignature);
        if (status == SEC_E_OK)
            status = wrap_sizes(kerberos->gss, false, &made);
    }
    if (status == SEC_E_OK && (attributes & ASC_RET_CONFIDENTIALITY) != 0)
        status = wrap_sizes(kerberos->gss, true, &made);
    if (status == SEC_E_OK)
        *ret_sizes = made;
    return status;
}

static SECURITY_STATUS stream_sizes(void *context, SecPkgContext_StreamSizes *ret_sizes)
{
    SecPkgContext_Sizes parts;
    SECURITY_STATUS status = sizes(context, &parts);
    if (status == SEC_E_OK)
        *ret_sizes = (SecPkgContext_StreamSizes){.cbHeader = parts.cbSecurityTrailer,
                                                 .cbTrailer = parts.cbBlockSize,
                                                 .cbMaximumMessage = PACKAGE_MESSAGE_LIMIT,
                                                 .cBuffers = 3, /* TOKEN, DATA, PADDING */
                                                 .cbBlockSize = parts.cbBlockSize};
    return status;
}

/* ---- keys ---- */

/* Returns the key that seals messages: the acceptor's subkey if there is one, otherwise the
 * initiator's. */
static SECURITY_STATUS inquire_key(gss_ctx_id_t gss, gss_buffer_set_t *ret_set)
{
    OM_uint32 minor;
    *ret_set = GSS_C_NO_BUFFER_SET;
    OM_uint32 major =
        gss_inquire_sec_context_by_oid(&minor, gss, GSS_C_INQ_SSPI_SESSION_KEY, ret_set);
    if (major != GSS_S_COMPLETE)
        return kerberos_gss_message_status(major, minor);
    return *ret_set != GSS_C_NO_BUFFER_SET && (*ret_set)->count == 2 ? SEC_E_OK
                                                                     : SEC_E_INTERNAL_ERROR;
}

static void release_key(gss_buffer_set_t *set)
{
    OM_uint32 minor;
    for (size_t i = 0; *set != GSS_C_NO_BUFFER_SET && i < (*set)->count; i++)
        bytes_wipe((*set)->elements[i].value, (*set)->elements[i].length);
    gss_release_buffer_set(&minor, set);
}

static SECURITY_STATUS session_key(void *context, struct bytes *ret_key)
{
    struct kerberos_context *kerberos = context;
    gss_buffer_set_t set;
    SECURITY_STATUS status = inquire_key(kerberos->gss, &set);
    if (status == SEC_E_OK)
        bytes_append(ret_key, set->elements[0].value, set->elements[0].length);
    release_key(&set);
    if (status == SEC_E_OK && ret_key->failed)
        return SEC_E_INSUFFICIENT_MEMORY;
    return status;
}

/* These numbers are the same in Windows and in the registry of RFC 3961. */
static const struct {
    int32_t enctype;
    struct package_key_info info;
} algorithms[] = {
    {16, {"HMAC-SHA1-DES3-KD", "DES3-CBC-SHA1-KD", 168, 12, 16}},
    {17, {"HMAC-SHA1-96-AES128", "AES128-CTS-HMAC-SHA1-96", 128, 15, 17}},
    {18, {"HMAC-SHA1-96-AES256", "AES256-CTS-HMAC-SHA1-96", 256, 16, 18}},
    {19, {"HMAC-SHA256-128-AES128", "AES128-CTS-HMAC-SHA256-128", 128, 19, 19}},
    {20, {"HMAC-SHA384-192-AES256", "AES256-CTS-HMAC-SHA384-192", 256, 20, 20}},
    {23, {"HMAC-MD5", "RC4-HMAC", 128, (ULONG)-138, 23}},
    {25, {"CMAC-CAMELLIA128", "CAMELLIA128-CTS-CMAC", 128, 17, 25}},
    {26, {"CMAC-CAMELLIA256", "CAMELLIA256-CTS-CMAC", 256, 18, 26}},
};

/* MIT returns the encryption type as an OID under this one. Its last arc is the type's number. */
static const char enctype_oid[] = "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x04";

static bool read_enctype(const gss_buffer_desc *oid, int32_t *ret_enctype)
{
    const size_t prefix_len = sizeof(enctype_oid) - 1;
    const uint8_t *octets = oid->value;
    uint32_t number = 0;
    /* Two octets of seven bits can hold the number of every type. */
    if (oid->length <= prefix_len || oid->length > prefix_len + 2 ||
        memcmp(octets, enctype_oid, prefix_len) != 0)
        return false;
    for (size_t i = prefix_len; i < oid->length; i++)
        number = number << 7 | (octets[i] & 0x7F);
    *ret_enctype = (int32_t)number;
    return true;
}

static SECURITY_STATUS key_info(void *context, struct package_key_info *ret_info)
{
    struct kerberos_context *kerberos = context;
    gss_buffer_set_t set;
    int32_t enctype = 0;
    SECURITY_STATUS status = inquire_key(kerberos->gss, &set);
    if (status == SEC_E_OK && !read_enctype(&set->elements[1], &enctype))
        status = SEC_E_INTERNAL_ERROR;
    release_key(&set);
    if (status != SEC_E_OK)
        return status;
    for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
        if (algorithms[i].enctype == enctype) {
            *ret_info = algorithms[i].info;
            return SEC_E_OK;
        }
    }
    return SEC_E_UNSUPPORTED_FUNCTION;
}

const struct package_messages kerberos_message_calls = {
    .sizes = sizes,
    .stream_sizes = stream_sizes,
    .sign = sign,
    .verify = verify,
    .seal = seal,
    .unseal = unseal,
    .session_key = session_key,
    .key_info = key_info,
};
