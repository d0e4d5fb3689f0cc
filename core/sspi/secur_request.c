/* SPDX-License-Identifier: Apache-2.0 */
#include "secur_request.h"

#include <string.h>

#include "secur_buffers.h"

static SecBuffer *find(const SecBufferDesc *desc, ULONG type)
{
    for (size_t i = 0; i < desc->cBuffers; i++)
        if (secur_buffers_type(&desc->pBuffers[i]) == type)
            return &desc->pBuffers[i];
    return NULL;
}

bool secur_request_has_http_form(const struct secur_context *context, const SecBufferDesc *desc)
{
    const struct package *package = context->base.credential->package;

    return package->verify_request != NULL && desc != NULL && desc->pBuffers != NULL &&
           desc->cBuffers <= SECUR_BUFFERS_LIMIT && find(desc, SECBUFFER_PKG_PARAMS) != NULL;
}

static void set_caller_error(const SecBufferDesc *desc, SECURITY_STATUS status,
                             const struct sspi_error_info *error_info)
{
    struct sspi_error_info *caller_error_info = secur_buffers_error_info(desc);

    if (caller_error_info != NULL)
        *caller_error_info = *error_info;
    if (caller_error_info != NULL && status < 0)
        package_output_complete_error(status, caller_error_info);
}

SECURITY_STATUS secur_request_verify(struct secur_context *context, SecBufferDesc *desc)
{
    struct sspi_error_info error_info = {.reason = SSPI_REASON_NONE};
    struct package_output out = {.error_info = &error_info};
    struct secur_buffers_input input = {0};

    SECURITY_STATUS status =
        secur_buffers_read(desc, SECUR_BUFFERS_REQUEST, 0, &input, &error_info);
    if (status == SEC_E_OK) {
        input.in.requirements = context->base.requirements;
        status = secur_context_settle(
            context->base.credential->package->verify_request(context->base.data, &input.in, &out));
    }
    secur_buffers_input_clear(&input);
    set_caller_error(desc, status, &error_info);
    return status;
}

/* Copies the value to the SECBUFFER_PADDING (buffer 4 of the page). SEC_E_BUFFER_TOO_SMALL:
 * cbBuffer says the needed size, and the caller may repeat the call. */
static SECURITY_STATUS deliver(SecBuffer *to, const struct bytes *value)
{
    ULONG room = to->pvBuffer == NULL ? 0 : to->cbBuffer;

    to->cbBuffer = (ULONG)value->len;
    if (value->len > room)
        return SEC_E_BUFFER_TOO_SMALL;
    memcpy(to->pvBuffer, value->data, value->len);
    return SEC_E_OK;
}

SECURITY_STATUS secur_request_sign(struct secur_context *context, SecBufferDesc *desc)
{
    struct sspi_error_info error_info = {.reason = SSPI_REASON_NONE};
    struct package_output out = {.error_info = &error_info};
    struct secur_buffers_input input = {0};
    SecBuffer *padding = find(desc, SECBUFFER_PADDING);

    SECURITY_STATUS status = secur_buffers_read(desc, SECUR_BUFFERS_ANSWER, 0, &input, &error_info);
    if (status == SEC_E_OK &&
        (padding == NULL || (padding->BufferType & (ULONG)SECBUFFER_ATTRMASK) != 0))
        status = SEC_E_INVALID_TOKEN;
    if (status == SEC_E_OK) {
        input.in.requirements = context->base.requirements;
        status = secur_context_settle(
            context->base.credential->package->sign_answer(context->base.data, &input.in, &out));
    }
    if (status == SEC_E_OK && out.n_tokens != 1)
        status = SEC_E_INTERNAL_ERROR;
    if (status == SEC_E_OK)
        status = deliver(padding, &out.tokens[0]);
    package_output_clear(&out);
    secur_buffers_input_clear(&input);
    set_caller_error(desc, status, &error_info);
    return status;
}
