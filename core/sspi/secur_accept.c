/* SPDX-License-Identifier: Apache-2.0 */
#include "secur_accept.h"

#include "error_info.h"
#include "secur_buffers.h"
#include "secur_context.h"
#include "secur_credentials.h"
#include "secur_query.h"

/* Copies the tokens of an answer to the caller, and sets the state of the context. `answer` is the
 * package's status. SEC_E_BUFFER_TOO_SMALL after a success does not change the state: the caller
 * repeats the call with larger buffers. */
static SECURITY_STATUS deliver(struct secur_context *context, SECURITY_STATUS answer,
                               struct package_output *produced, struct secur_buffers_output *output)
{
    SECURITY_STATUS delivered = secur_buffers_deliver(output, produced);

    if (answer < 0 || delivered == SEC_E_OK)
        delivered = answer;
    else if (delivered == SEC_E_BUFFER_TOO_SMALL)
        return delivered;
    package_context_settle(&context->base, delivered);
    return delivered;
}

/* The package has already made its answer, which did not fit the buffers of an earlier call. Copies
 * it into the buffers of this call, which must have the same input. */
static SECURITY_STATUS deliver_pending(struct secur_context *context,
                                       const struct package_input *in,
                                       struct secur_buffers_output *output,
                                       struct sspi_error_info *error_info)
{
    struct secur_pending *pending = &context->pending;

    if (!secur_pending_is_for(pending, in))
        return error_info_refuse(error_info, SEC_E_INVALID_TOKEN, SSPI_REASON_INTERNAL,
                                 "the answer to the last call waits for a larger buffer: repeat "
                                 "that call with the same input");
    SECURITY_STATUS status = deliver(context, pending->status, &pending->answer, output);
    if (status != SEC_E_BUFFER_TOO_SMALL)
        secur_pending_clear(pending);
    return status;
}

static SECURITY_STATUS step(struct secur_context *context, const struct package_input *in,
                            struct secur_buffers_output *output, struct sspi_error_info *error_info)
{
    struct package_output produced = {.error_info = error_info};

    if (context->pending.is_pending)
        return deliver_pending(context, in, output, error_info);
    SECURITY_STATUS answer = package_context_run(&context->base, in, &produced);
    SECURITY_STATUS status = deliver(context, answer, &produced, output);
    if (status == SEC_E_BUFFER_TOO_SMALL && answer >= 0 &&
        !secur_pending_keep(&context->pending, in, answer, &produced)) {
        status = SEC_E_INSUFFICIENT_MEMORY;
        package_context_settle(&context->base, status);
    }
    package_output_clear(&produced);
    return status;
}

/* The output parameters other than the tokens. */
struct results {
    CtxtHandle *context;
    ULONG attributes;
    TimeStamp *expiry;
    enum package_bound bound;
};

/* Returns the value of SECBUFFER_CHANNEL_BINDINGS_RESULT. If the server compared no binding, it is
 * what the client said about its channel. */
static enum package_bound bound_of(const struct package_info *info)
{
    if (info->bound != PACKAGE_BOUND_UNCHECKED)
        return info->bound;
    switch (info->channel.client) {
    case PACKAGE_CLIENT_BINDING_ABSENT:
        return PACKAGE_BOUND_ABSENT;
    case PACKAGE_CLIENT_BINDING_NO_TLS:
        return PACKAGE_BOUND_NO_TLS;
    case PACKAGE_CLIENT_BINDING_PRESENT:
        return PACKAGE_BOUND_PROXY;
    case PACKAGE_CLIENT_BINDING_UNKNOWN:
        break;
    }
    return PACKAGE_BOUND_UNCHECKED;
}

/* Sets attributes, expiry and binding on SEC_E_OK only. Digest page: "ptsTimeStamp must be NULL
 * until the last call". The pages also tell callers not to read the attributes before it. */
static void set_results(const struct secur_context *context, SECURITY_STATUS status,
                        struct results *results)
{
    const struct package_info *info = package_context_info(&context->base);

    if (status != SEC_E_OK || info == NULL)
        return;
    results->attributes = secur_context_attributes(context);
    results->bound = bound_of(info);
    if (results->expiry != NULL)
        *results->expiry = secur_query_timestamp(info->expiry_ms);
}

/* The first step of a context. The handle is made before the package runs. Otherwise a login could
 * succeed and then fail, because no handle is left. */
static SECURITY_STATUS run_first(struct secur_context *context, const struct package_input *in,
                                 struct secur_buffers_output *output, struct results *results,
                                 struct sspi_error_info *error_info)
{
    CtxtHandle handle;

    secur_handle_ref(&context->object); /* the table's */
    SECURITY_STATUS status = secur_handle_add(&context->object, &handle);
    if (status != SEC_E_OK) {
        secur_handle_unref(&context->object);
        return status;
    }
    status = step(context, in, output, error_info);
    if (status < 0 && !context->pending.is_pending) {
        SECURITY_STATUS removed = secur_handle_remove(&handle, SECUR_HANDLE_CONTEXT);
        return removed == SEC_E_OK ? status : SEC_E_INTERNAL_ERROR;
    }
    *results->context = handle;
    set_results(context, status, results);
    return status;
}

/* The input and output of one call. */
struct reading {
    const struct secur_accept_call *call;
    package_layer_new *new_layer;
    const struct package_input *in;
    struct secur_buffers_output *output;
    struct results *results;
    struct sspi_error_info *error_info;
};

static SECURITY_STATUS accept_first(const struct reading *r)
{
    struct secur_object *credential;

    SECURITY_STATUS status = secur_handle_begin(r->call->phCredential, SECUR_HANDLE_CREDENTIAL,
                                                SECUR_HANDLE_SHARED, &credential);
    if (status != SEC_E_OK)
        return status;
    struct secur_context *context =
        secur_context_new(((struct secur_credential *)credential)->credential, r->new_layer);
    if (context == NULL) {
        status = SEC_E_INSUFFICIENT_MEMORY;
    } else {
        status = run_first(context, r->in, r->output, r->results, r->error_info);
        secur_handle_unref(&context->object);
    }
    secur_handle_end(credential, SECUR_HANDLE_SHARED);
    return status;
}

/* On a later call, phCredential is NULL, or the credential that the context was made with. */
static SECURITY_STATUS check_credential(PCredHandle handle, const struct secur_context *context)
{
    struct secur_object *credential;

    if (handle == NULL)
        return SEC_E_OK;
    SECURITY_STATUS status =
        secur_handle_begin(handle, SECUR_HANDLE_CREDENTIAL, SECUR_HANDLE_SHARED, &credential);
    if (status != SEC_E_OK)
        return status;
    bool same = ((struct secur_credential *)credential)->credential == context->base.credential;
    secur_handle_end(credential, SECUR_HANDLE_SHARED);
    return same ? SEC_E_OK : SEC_E_WRONG_CREDENTIAL_HANDLE;
}

/* A context with a layer takes only steps with it, so that no call bypasses the layer. */
static SECURITY_STATUS check_context(const struct reading *r, const struct secur_context *context)
{
    if ((context->base.layer != NULL) != (r->new_layer != NULL))
        return SEC_E_INVALID_HANDLE;
    return check_credential(r->call->phCredential, context);
}

static SECURITY_STATUS accept_next(const struct reading *r)
{
    struct secur_object *object;
    const CtxtHandle value = *r->call->phContext; /* phNewContext may be phContext */

    SECURITY_STATUS status =
        secur_handle_begin(&value, SECUR_HANDLE_CONTEXT, SECUR_HANDLE_EXCLUSIVE, &object);
    if (status != SEC_E_OK)
        return status;
    struct secur_context *context = (struct secur_context *)object;
    *r->results->context = value;
    status = check_context(r, context);
    if (status == SEC_E_OK) {
        status = step(context, r->in, r->output, r->error_info);
        set_results(context, status, r->results);
    }
    secur_handle_end(object, SECUR_HANDLE_EXCLUSIVE);
    return status;
}

static SECURITY_STATUS read_and_step(const struct secur_accept_call *call,
                                     package_layer_new *new_layer,
                                     struct secur_buffers_output *output, struct results *results,
                                     struct sspi_error_info *error_info)
{
    struct secur_buffers_input input = {0};
    const struct reading reading = {call, new_layer, &input.in, output, results, error_info};

    if (call->phNewContext == NULL) /* page: "should never be NULL" */
        return SEC_E_INVALID_HANDLE;
    if (new_layer != NULL && output->n_tokens == 0)
        return error_info_refuse(error_info, SEC_E_INVALID_TOKEN, SSPI_REASON_INTERNAL,
                                 "pOutput has no SECBUFFER_TOKEN");
    SECURITY_STATUS status = secur_buffers_read(call->pInput, SECUR_BUFFERS_ACCEPT,
                                                call->fContextReq, &input, error_info);
    if (status == SEC_E_OK) {
        input.in.n_tokens = output->n_tokens;
        input.in.reads_client_binding = output->binding_result != NULL;
        status = call->phContext == NULL ? accept_first(&reading) : accept_next(&reading);
    }
    secur_buffers_input_clear(&input);
    return status;
}

SECURITY_STATUS secur_accept(const struct secur_accept_call *call, package_layer_new *new_layer)
{
    struct sspi_error_info error_info = {.reason = SSPI_REASON_NONE};
    struct secur_buffers_output output;
    struct results results = {.context = call->phNewContext, .expiry = call->ptsExpiry};

    if (call->phContext == NULL && call->phNewContext != NULL)
        SecInvalidateHandle(call->phNewContext);
    SECURITY_STATUS status =
        secur_buffers_open(call->pOutput, call->fContextReq, &output, &error_info);
    if (status == SEC_E_OK)
        status = read_and_step(call, new_layer, &output, &results, &error_info);
    package_output_complete_error(status, &error_info);
    if (output.caller_error_info != NULL)
        *output.caller_error_info = error_info;
    secur_buffers_set_binding_result(&output, status, results.bound, error_info.reason);
    if (output.allocated)
        results.attributes |= ASC_RET_ALLOCATED_MEMORY;
    if (call->pfContextAttr != NULL)
        *call->pfContextAttr = results.attributes;
    return status;
}

SECURITY_STATUS SEC_ENTRY AcceptSecurityContext(PCredHandle phCredential, PCtxtHandle phContext,
                                                PSecBufferDesc pInput, ULONG fContextReq,
                                                ULONG TargetDataRep, PCtxtHandle phNewContext,
                                                PSecBufferDesc pOutput, PULONG pfContextAttr,
                                                PTimeStamp ptsExpiry)
{
    const struct secur_accept_call call = {phCredential, phContext, pInput,        fContextReq,
                                           phNewContext, pOutput,   pfContextAttr, ptsExpiry};

    (void)TargetDataRep;
    return secur_accept(&call, NULL);
}

static SECURITY_STATUS complete(PCtxtHandle handle, struct package_input *in,
                                struct sspi_error_info *error_info)
{
    struct package_output produced = {.error_info = error_info};
    struct secur_object *object;

    SECURITY_STATUS status =
        secur_handle_begin(handle, SECUR_HANDLE_CONTEXT, SECUR_HANDLE_EXCLUSIVE, &object);
    if (status != SEC_E_OK)
        return status;
    struct secur_context *context = (struct secur_context *)object;
    if (context->pending.is_pending && context->base.credential->package->complete != NULL)
        status = SEC_E_INVALID_HANDLE;
    else
        status = package_context_complete(&context->base, in, &produced);
    package_output_clear(&produced);
    secur_handle_end(object, SECUR_HANDLE_EXCLUSIVE);
    return status;
}

SECURITY_STATUS SEC_ENTRY CompleteAuthToken(PCtxtHandle phContext, PSecBufferDesc pToken)
{
    struct sspi_error_info error_info = {.reason = SSPI_REASON_NONE};
    struct secur_buffers_input input = {0};
    struct sspi_error_info *caller_error_info;

    SECURITY_STATUS status =
        secur_buffers_read(pToken, SECUR_BUFFERS_COMPLETE, 0, &input, &error_info);
    if (status == SEC_E_OK)
        status = complete(phContext, &input.in, &error_info);
    secur_buffers_input_clear(&input);
    package_output_complete_error(status, &error_info);
    caller_error_info = secur_buffers_error_info(pToken);
    if (caller_error_info != NULL)
        *caller_error_info = error_info;
    return status;
}

SECURITY_STATUS SEC_ENTRY DeleteSecurityContext(PCtxtHandle phContext)
{
    struct secur_object *object;

    /* This fails if another thread is inside a call with the context. Then no thread impersonates
     * its client yet. */
    if (secur_handle_begin(phContext, SECUR_HANDLE_CONTEXT, SECUR_HANDLE_SHARED, &object) ==
        SEC_E_OK) {
        bool ended = secur_impersonate_end(&((struct secur_context *)object)->impersonation);
        secur_handle_end(object, SECUR_HANDLE_SHARED);
        if (!ended)
            return SEC_E_INVALID_HANDLE;
    }
    return secur_handle_remove(phContext, SECUR_HANDLE_CONTEXT);
}
