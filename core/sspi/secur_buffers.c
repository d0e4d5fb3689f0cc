/* SPDX-License-Identifier: Apache-2.0 */
#include "secur_buffers.h"

#include <stdlib.h>
#include <string.h>

#include "error_info.h"
#include "hex.h"
#include "utf8.h"

/* The most SECBUFFER_PKG_PARAMS in one input. The Digest page gives each of them a number. */
#define PARAMS_LIMIT 4

/* Octets of SECBUFFER_SSPI_HASH_A1, which is an MD5 hash. */
#define HASH_A1_LEN 16

static SECURITY_STATUS refuse(struct sspi_error_info *error_info, SECURITY_STATUS status,
                              const char *text)
{
    error_info_set(error_info, SSPI_REASON_INTERNAL, "%s", text);
    return status;
}

static SECURITY_STATUS check_desc(const SecBufferDesc *desc, struct sspi_error_info *error_info)
{
    if (desc == NULL)
        return SEC_E_OK;
    if (desc->ulVersion != SECBUFFER_VERSION)
        return refuse(error_info, SEC_E_INVALID_TOKEN, "SecBufferDesc.ulVersion is not 0");
    if (desc->cBuffers > SECUR_BUFFERS_LIMIT)
        return refuse(error_info, SEC_E_INVALID_TOKEN, "SecBufferDesc has over 32 buffers");
    if (desc->cBuffers > 0 && desc->pBuffers == NULL)
        return refuse(error_info, SEC_E_INVALID_TOKEN, "SecBufferDesc.pBuffers is NULL");
    return SEC_E_OK;
}

/* ---- input ---- */

static SECURITY_STATUS read_token(const SecBuffer *buffer, struct sspi_view *ret_token,
                                  struct sspi_error_info *error_info)
{
    *ret_token =
        (struct sspi_view){buffer->cbBuffer == 0 ? "" : buffer->pvBuffer, buffer->cbBuffer};
    return package_context_check_size(*ret_token, "the token", error_info);
}

/* Digest page, buffer 4: "Unicode string that must be representable in US ASCII". */
static SECURITY_STATUS read_realm(const SecBuffer *buffer, struct secur_buffers_input *input,
                                  struct sspi_error_info *error_info)
{
    struct sspi_view octets = {buffer->pvBuffer, buffer->cbBuffer};

    if (octets.len > 2 * SECUR_REALM_LIMIT)
        return refuse(error_info, SEC_E_INVALID_TOKEN, "the realm is over 1024 characters");
    if (!utf8_ascii_from_utf16le(&input->realm, octets)) {
        if (input->realm.failed)
            return error_info_no_memory(error_info);
        return refuse(error_info, SEC_E_INVALID_TOKEN, "the realm is not US-ASCII in UTF-16LE");
    }
    input->in.realm = bytes_as_view(&input->realm);
    return SEC_E_OK;
}

/* Digest page, buffer 3: HEntity, in hexadecimal. Only the package knows whether it needs the hash.
 * So text that is no hash becomes an empty view, which the package refuses. */
static void read_entity_hash(struct sspi_view hex, struct secur_buffers_input *input)
{
    size_t len = hex.len / 2;

    input->in.entity_hash = (struct sspi_view){"", 0};
    if (len <= sizeof(input->entity_hash) && hex_decode(hex, input->entity_hash, len))
        input->in.entity_hash = (struct sspi_view){(const char *)input->entity_hash, len};
}

/* All parameters have one type. Their number, counted from 0, says what they are (Digest page). */
static SECURITY_STATUS read_param(const SecBuffer *buffer, size_t number,
                                  struct secur_buffers_input *input,
                                  struct sspi_error_info *error_info)
{
    struct sspi_view text = {buffer->pvBuffer, buffer->cbBuffer};

    if (number >= PARAMS_LIMIT)
        return refuse(error_info, SEC_E_INVALID_TOKEN, "there are over 4 SECBUFFER_PKG_PARAMS");
    if (text.len == 0)
        return SEC_E_OK;
    if (number == PARAMS_LIMIT - 1)
        return read_realm(buffer, input, error_info);
    SECURITY_STATUS status = package_context_check_size(text, "a parameter", error_info);
    if (status != SEC_E_OK)
        return status;
    if (number == 0)
        input->in.method = text;
    else if (number == 1)
        input->in.uri = text;
    else
        read_entity_hash(text, input);
    return SEC_E_OK;
}

/* Reads one part of a binding. It must be inside the buffer, after the header. The check adds no
 * two of the caller's numbers, because the sum could overflow. */
static bool read_part(const SecBuffer *buffer, ULONG offset, ULONG len, struct sspi_view *ret_part)
{
    const char *start = buffer->pvBuffer;

    if (len == 0) {
        *ret_part = (struct sspi_view){"", 0};
        return true;
    }
    if (offset < sizeof(SEC_CHANNEL_BINDINGS) || offset > buffer->cbBuffer ||
        len > buffer->cbBuffer - offset)
        return false;
    *ret_part = (struct sspi_view){start + offset, len};
    return true;
}

static SECURITY_STATUS read_binding(const SecBuffer *buffer, struct secur_buffers_input *input,
                                    struct sspi_error_info *error_info)
{
    SEC_CHANNEL_BINDINGS header;

    if (input->in.n_bindings == PACKAGE_BINDINGS_LIMIT)
        return refuse(error_info, SEC_E_BAD_BINDINGS, "there are over 16 channel binding buffers");
    if (buffer->cbBuffer < sizeof(header))
        return refuse(error_info, SEC_E_BAD_BINDINGS, "a channel binding buffer is under 32 bytes");
    memcpy(&header, buffer->pvBuffer, sizeof(header)); /* the buffer may be unaligned */

    struct package_channel_binding *binding = &input->bindings[input->in.n_bindings];
    binding->initiator_type = header.dwInitiatorAddrType;
    binding->acceptor_type = header.dwAcceptorAddrType;
    if (!read_part(buffer, header.dwInitiatorOffset, header.cbInitiatorLength,
                   &binding->initiator) ||
        !read_part(buffer, header.dwAcceptorOffset, header.cbAcceptorLength, &binding->acceptor) ||
        !read_part(buffer, header.dwApplicationDataOffset, header.cbApplicationDataLength,
                   &binding->application))
        return refuse(error_info, SEC_E_BAD_BINDINGS,
                      "a channel binding's offset or length leaves its buffer");
    input->in.n_bindings++;
    return SEC_E_OK;
}

static SECURITY_STATUS check_requirements(ULONG requirements, struct sspi_error_info *error_info)
{
    const ULONG both = ASC_REQ_PROXY_BINDINGS | ASC_REQ_ALLOW_MISSING_BINDINGS;

    if ((requirements & both) != both)
        return SEC_E_OK;
    /* The pages of Digest and Negotiate: the two are mutually exclusive. */
    return refuse(error_info, SEC_E_SECURITY_QOS_FAILED,
                  "ASC_REQ_PROXY_BINDINGS and ASC_REQ_ALLOW_MISSING_BINDINGS exclude each other");
}

/* An empty buffer says that the caller's database has no such user. */
static SECURITY_STATUS read_hash_a1(const SecBuffer *buffer, struct package_input *in,
                                    struct sspi_error_info *error_info)
{
    if (buffer->cbBuffer != 0 && buffer->cbBuffer != HASH_A1_LEN)
        return refuse(error_info, SEC_E_INVALID_TOKEN,
                      "SECBUFFER_SSPI_HASH_A1 must have 16 octets, or none for an unknown user");
    in->hash_a1 =
        (struct sspi_view){buffer->cbBuffer == 0 ? "" : buffer->pvBuffer, buffer->cbBuffer};
    return SEC_E_OK;
}

/* What was read of the descriptor so far. */
struct position {
    size_t n_tokens;
    size_t n_params;
    bool gap; /* an EMPTY buffer after the first parameter */
};

static SECURITY_STATUS refuse_type(struct sspi_error_info *error_info)
{
    return refuse(error_info, SEC_E_INVALID_TOKEN, "this call accepts no buffer of that type");
}

static SECURITY_STATUS read_buffer(const SecBuffer *buffer, enum secur_buffers_form form,
                                   struct position *at, struct secur_buffers_input *input,
                                   struct sspi_error_info *error_info)
{
    ULONG type = secur_buffers_type(buffer);

    if (type != SECBUFFER_EMPTY && type != SECBUFFER_PADDING && buffer->cbBuffer > 0 &&
        buffer->pvBuffer == NULL)
        return refuse(error_info, SEC_E_INVALID_TOKEN, "a buffer has a length and no memory");
    switch (type) {
    case SECBUFFER_EMPTY:
        at->gap = at->n_params > 0;
        return SEC_E_OK;
    case SECBUFFER_SSPI_ERROR_INFO:
        return SEC_E_OK;
    case SECBUFFER_TOKEN:
        if (at->n_tokens++ == 0)
            return read_token(buffer, &input->in.token, error_info);
        if (form == SECUR_BUFFERS_COMPLETE)
            return SEC_E_OK;
        return refuse(error_info, SEC_E_INVALID_TOKEN, "there is more than one SECBUFFER_TOKEN");
    case SECBUFFER_PKG_PARAMS:
        /* Only parameters are counted. An EMPTY buffer in the place of a parameter would give the
         * next ones wrong numbers. */
        if (at->gap)
            return refuse(error_info, SEC_E_INVALID_TOKEN,
                          "a SECBUFFER_EMPTY stands between SECBUFFER_PKG_PARAMS");
        return read_param(buffer, at->n_params++, input, error_info);
    case SECBUFFER_CHANNEL_BINDINGS:
        return read_binding(buffer, input, error_info);
    case SECBUFFER_SSPI_HASH_A1:
        return read_hash_a1(buffer, &input->in, error_info);
    case SECBUFFER_PADDING:
        if (form == SECUR_BUFFERS_ANSWER)
            return SEC_E_OK;
        return refuse_type(error_info);
    default:
        return refuse_type(error_info);
    }
}

/* True if the call means HTTP. With channel bindings, the bit of ASC_REQ_HTTP is
 * ASC_REQ_ALLOW_MISSING_BINDINGS (sspi.h, "The bit 0x10000000"). */
static bool is_http(const struct position *at, ULONG requirements, size_t n_bindings)
{
    return at->n_params > 0 || (n_bindings == 0 && (requirements & ASC_REQ_HTTP) != 0);
}

SECURITY_STATUS secur_buffers_read(const SecBufferDesc *desc, enum secur_buffers_form form,
                                   ULONG requirements, struct secur_buffers_input *ret_input,
                                   struct sspi_error_info *error_info)
{
    struct position at = {0};

    ret_input->realm = (struct bytes){0};
    ret_input->in =
        (struct package_input){.requirements = requirements, .bindings = ret_input->bindings};
    SECURITY_STATUS status = check_requirements(requirements, error_info);
    if (status != SEC_E_OK)
        return status;
    status = check_desc(desc, error_info);
    if (status != SEC_E_OK)
        return status;
    for (size_t i = 0; desc != NULL && i < desc->cBuffers; i++) {
        status = read_buffer(&desc->pBuffers[i], form, &at, ret_input, error_info);
        if (status != SEC_E_OK)
            return status;
    }
    ret_input->in.http = is_http(&at, requirements, ret_input->in.n_bindings);
    return SEC_E_OK;
}

void secur_buffers_input_clear(struct secur_buffers_input *input)
{
    bytes_free(&input->realm);
}

struct sspi_error_info *secur_buffers_error_info(const SecBufferDesc *desc)
{
    if (desc == NULL || desc->pBuffers == NULL || desc->cBuffers > SECUR_BUFFERS_LIMIT)
        return NULL;
    for (size_t i = 0; i < desc->cBuffers; i++) {
        const SecBuffer *buffer = &desc->pBuffers[i];
        if (secur_buffers_type(buffer) == SECBUFFER_SSPI_ERROR_INFO && buffer->pvBuffer != NULL &&
            buffer->cbBuffer >= sizeof(struct sspi_error_info))
            return buffer->pvBuffer;
    }
    return NULL;
}

/* ---- output ---- */

static SECURITY_STATUS open_error_info(const SecBuffer *buffer, struct secur_buffers_output *output,
                                       struct sspi_error_info *error_info)
{
    if (buffer->pvBuffer == NULL || buffer->cbBuffer < sizeof(struct sspi_error_info))
        return refuse(error_info, SEC_E_BUFFER_TOO_SMALL, "the error detail buffer is too small");
    output->caller_error_info = buffer->pvBuffer;
    return SEC_E_OK;
}

static SECURITY_STATUS open_result(SecBuffer *buffer, struct secur_buffers_output *output,
                                   struct sspi_error_info *error_info)
{
    if (buffer->pvBuffer == NULL || buffer->cbBuffer < sizeof(SEC_CHANNEL_BINDINGS_RESULT) ||
        (buffer->BufferType & SECBUFFER_READONLY) != 0)
        return refuse(error_info, SEC_E_BUFFER_TOO_SMALL,
                      "SECBUFFER_CHANNEL_BINDINGS_RESULT has no room for a result");
    output->binding_result = buffer;
    return SEC_E_OK;
}

static SECURITY_STATUS open_token(SecBuffer *buffer, struct secur_buffers_output *output,
                                  struct sspi_error_info *error_info)
{
    if ((buffer->BufferType & (SECBUFFER_READONLY | SECBUFFER_READONLY_WITH_CHECKSUM)) != 0)
        return refuse(error_info, SEC_E_INVALID_TOKEN, "an output token buffer is read-only");
    size_t room = output->allocate || buffer->pvBuffer == NULL ? 0 : buffer->cbBuffer;
    output->tokens[output->n_tokens] = buffer;
    output->room[output->n_tokens] = room;
    output->n_tokens++;
    buffer->cbBuffer = 0;
    if (output->allocate)
        buffer->pvBuffer = NULL;
    return SEC_E_OK;
}

SECURITY_STATUS secur_buffers_open(SecBufferDesc *desc, ULONG requirements,
                                   struct secur_buffers_output *ret_output,
                                   struct sspi_error_info *error_info)
{
    *ret_output =
        (struct secur_buffers_output){.allocate = (requirements & ASC_REQ_ALLOCATE_MEMORY) != 0};
    SECURITY_STATUS status = check_desc(desc, error_info);
    if (status != SEC_E_OK)
        return status;
    for (size_t i = 0; desc != NULL && i < desc->cBuffers; i++) {
        SecBuffer *buffer = &desc->pBuffers[i];
        SECURITY_STATUS st = SEC_E_OK;
        if (secur_buffers_type(buffer) == SECBUFFER_SSPI_ERROR_INFO)
            st = open_error_info(buffer, ret_output, error_info);
        else if (secur_buffers_type(buffer) == SECBUFFER_CHANNEL_BINDINGS_RESULT)
            st = open_result(buffer, ret_output, error_info);
        else if (secur_buffers_type(buffer) == SECBUFFER_TOKEN)
            st = open_token(buffer, ret_output, error_info);
        if (status == SEC_E_OK)
            status = st; /* continue: each token buffer must get the length 0 */
    }
    return status;
}

/* True if the caller's buffers can hold the tokens. Otherwise sets cbBuffer to the needed sizes. */
static bool fits(struct secur_buffers_output *output, const struct package_output *produced)
{
    bool fit = produced->n_tokens <= output->n_tokens;

    if (output->allocate)
        return fit;
    for (size_t i = 0; i < produced->n_tokens && i < output->n_tokens; i++)
        fit = fit && produced->tokens[i].len <= output->room[i];
    for (size_t i = 0; !fit && i < produced->n_tokens && i < output->n_tokens; i++)
        output->tokens[i]->cbBuffer = (ULONG)produced->tokens[i].len;
    return fit;
}

static void take_back(struct secur_buffers_output *output, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(output->tokens[i]->pvBuffer);
        output->tokens[i]->pvBuffer = NULL;
        output->tokens[i]->cbBuffer = 0;
    }
    output->allocated = false;
}

static SECURITY_STATUS deliver_allocated(struct secur_buffers_output *output,
                                         struct package_output *produced)
{
    for (size_t i = 0; i < produced->n_tokens; i++) {
        size_t len;
        if (produced->tokens[i].len == 0)
            continue;
        char *block = bytes_steal(&produced->tokens[i], &len);
        if (block == NULL) {
            take_back(output, i);
            return SEC_E_INSUFFICIENT_MEMORY;
        }
        output->tokens[i]->pvBuffer = block;
        output->tokens[i]->cbBuffer = (ULONG)len;
        output->allocated = true;
    }
    return SEC_E_OK;
}

SECURITY_STATUS secur_buffers_deliver(struct secur_buffers_output *output,
                                      struct package_output *produced)
{
    SECURITY_STATUS status = package_output_check(produced);

    if (status != SEC_E_OK)
        return status;
    if (!fits(output, produced))
        return SEC_E_BUFFER_TOO_SMALL;
    if (output->allocate)
        return deliver_allocated(output, produced);
    for (size_t i = 0; i < produced->n_tokens; i++) {
        struct sspi_view token = bytes_as_view(&produced->tokens[i]);
        if (token.len > 0)
            memcpy(output->tokens[i]->pvBuffer, token.data, token.len);
        output->tokens[i]->cbBuffer = (ULONG)token.len;
    }
    return SEC_E_OK;
}

static ULONG result_of_success(enum package_bound bound)
{
    switch (bound) {
    case PACKAGE_BOUND_ABSENT:
        return SEC_CHANNEL_BINDINGS_RESULT_ABSENT | SEC_CHANNEL_BINDINGS_RESULT_VALID_MISSING;
    case PACKAGE_BOUND_NO_TLS:
        return SEC_CHANNEL_BINDINGS_RESULT_ABSENT | SEC_CHANNEL_BINDINGS_RESULT_CLIENT_SUPPORT;
    case PACKAGE_BOUND_PROXY:
        return SEC_CHANNEL_BINDINGS_RESULT_CLIENT_SUPPORT | SEC_CHANNEL_BINDINGS_RESULT_VALID_PROXY;
    case PACKAGE_BOUND_MATCHED:
        return SEC_CHANNEL_BINDINGS_RESULT_CLIENT_SUPPORT |
               SEC_CHANNEL_BINDINGS_RESULT_VALID_MATCHED;
    case PACKAGE_BOUND_UNCHECKED:
        break;
    }
    return 0;
}

static ULONG result_of_refusal(enum sspi_reason reason)
{
    if (reason == SSPI_REASON_BAD_BINDING)
        return SEC_CHANNEL_BINDINGS_RESULT_CLIENT_SUPPORT |
               SEC_CHANNEL_BINDINGS_RESULT_NOTVALID_MISMATCH;
    if (reason == SSPI_REASON_MISSING_BINDING)
        return SEC_CHANNEL_BINDINGS_RESULT_ABSENT | SEC_CHANNEL_BINDINGS_RESULT_NOTVALID_MISSING;
    return 0;
}

void secur_buffers_set_binding_result(const struct secur_buffers_output *output,
                                      SECURITY_STATUS status, enum package_bound bound,
                                      enum sspi_reason reason)
{
    SEC_CHANNEL_BINDINGS_RESULT result = {status == SEC_E_OK ? result_of_success(bound)
                                                             : result_of_refusal(reason)};

    if (output->binding_result == NULL)
        return;
    memcpy(output->binding_result->pvBuffer, &result, sizeof(result)); /* it may be unaligned */
    output->binding_result->cbBuffer = sizeof(result);
}
