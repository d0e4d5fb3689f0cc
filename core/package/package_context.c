/* SPDX-License-Identifier: Apache-2.0 */
#include "package_context.h"

#include "error_info.h"

void package_context_init(struct package_context *context, struct package_credential *credential)
{
    *context = (struct package_context){.credential = package_credential_ref(credential)};
}

void package_context_clear(struct package_context *context)
{
    if (context->data != NULL)
        context->credential->package->destroy(context->data);
    if (context->layer != NULL)
        context->layer->destroy(context->layer);
    package_credential_unref(context->credential);
    *context = (struct package_context){0};
}

/* Returns the facts that the package reports. They are valid only if the package returned SEC_E_OK.
 */
static const struct package_info *claimed_info(const struct package_context *context)
{
    if (context->data == NULL)
        return NULL;
    return context->credential->package->info(context->data);
}

/* Checks that the package returned a status that it may return, and the facts that belong to
 * SEC_E_OK. Any other answer is a fault of the package, and the client is refused. */
static SECURITY_STATUS check_answer(const struct package_context *context, SECURITY_STATUS status)
{
    const struct package_info *info = claimed_info(context);

    switch (status) {
    case SEC_E_OK:
        if (info == NULL || info->name == NULL || info->mechanism == NULL)
            return SEC_E_INTERNAL_ERROR;
        return SEC_E_OK;
    case SEC_I_CONTINUE_NEEDED:
    case SEC_I_COMPLETE_NEEDED:
        return status;
    default:
        return status < 0 ? status : SEC_E_INTERNAL_ERROR;
    }
}

/* The package and the layer are not called for a context that has ended. They could change an
 * established context, which the caller already trusts. */
static SECURITY_STATUS check_state(const struct package_context *context,
                                   struct sspi_error_info *error_info)
{
    switch (context->state) {
    case PACKAGE_CONTEXT_PARTIAL:
        return SEC_E_OK;
    case PACKAGE_CONTEXT_ESTABLISHED:
        /* Digest page: "called after the specified context was established". */
        return error_info_refuse(error_info, STATUS_LOGON_FAILURE, SSPI_REASON_MALFORMED,
                                 "the context is established already");
    case PACKAGE_CONTEXT_FAILED:
    default:
        return SEC_E_INVALID_HANDLE;
    }
}

static SECURITY_STATUS step(struct package_context *context, const struct package_input *in,
                            struct package_output *out)
{
    const struct package_inner inner = {context->credential->package, context->credential->data,
                                        &context->data};

    if (context->layer != NULL)
        return context->layer->accept(context->layer, &inner, in, out);
    return inner.package->accept(inner.credential, inner.context, in, out);
}

SECURITY_STATUS package_context_run(struct package_context *context, const struct package_input *in,
                                    struct package_output *out)
{
    SECURITY_STATUS status = check_state(context, out->error_info);

    if (status != SEC_E_OK)
        return status;
    context->requirements = in->requirements;
    SECURITY_STATUS answer = step(context, in, out);
    status = check_answer(context, answer);
    /* The package made its tokens for the status that it returned, so they are not sent with
     * another one. */
    if (status != answer)
        out->n_tokens = 0;
    return status;
}

void package_context_settle(struct package_context *context, SECURITY_STATUS status)
{
    if (status == SEC_E_OK || status == SEC_I_COMPLETE_NEEDED)
        context->client_done = true;
    if (status == SEC_E_OK)
        context->state = PACKAGE_CONTEXT_ESTABLISHED;
    else if (status < 0 && status != SEC_E_INCOMPLETE_MESSAGE &&
             context->state != PACKAGE_CONTEXT_ESTABLISHED)
        context->state = PACKAGE_CONTEXT_FAILED;
}

static SECURITY_STATUS check_sizes(const struct package_input *in,
                                   struct sspi_error_info *error_info)
{
    SECURITY_STATUS status = package_context_check_size(in->token, "the token", error_info);

    if (status == SEC_E_OK)
        status = package_context_check_size(in->method, "a parameter", error_info);
    if (status == SEC_E_OK)
        status = package_context_check_size(in->uri, "a parameter", error_info);
    return status;
}

static SECURITY_STATUS run_and_settle(struct package_context *context,
                                      const struct package_input *in, struct package_output *out)
{
    SECURITY_STATUS status = package_context_run(context, in, out);
    SECURITY_STATUS checked =
        out->n_tokens > in->n_tokens ? SEC_E_INTERNAL_ERROR : package_output_check(out);

    if (checked != SEC_E_OK)
        out->n_tokens = 0;
    if (status >= 0 && checked != SEC_E_OK)
        status = checked;
    package_context_settle(context, status);
    return status;
}

SECURITY_STATUS package_context_accept(struct package_context *context,
                                       const struct package_input *in, struct package_output *out)
{
    *out->error_info = (struct sspi_error_info){.reason = SSPI_REASON_NONE};
    SECURITY_STATUS status = check_sizes(in, out->error_info);
    if (status == SEC_E_OK)
        status = run_and_settle(context, in, out);
    package_output_complete_error(status, out->error_info);
    return status;
}

SECURITY_STATUS package_context_complete(struct package_context *context, struct package_input *in,
                                         struct package_output *out)
{
    const struct package *package = context->credential->package;

    if (package->complete == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    if (context->state == PACKAGE_CONTEXT_FAILED || context->data == NULL)
        return SEC_E_INVALID_HANDLE;
    in->requirements = context->requirements; /* the flags of the last step */
    SECURITY_STATUS status = package->complete(context->data, in, out);
    /* The client is verified or not: the package must not ask for a further call. */
    if (status > 0)
        status = SEC_E_INTERNAL_ERROR;
    status = check_answer(context, status);
    out->n_tokens = 0; /* CompleteAuthToken has no output */
    package_context_settle(context, status);
    return status;
}

const struct package_info *package_context_info(const struct package_context *context)
{
    return context->state == PACKAGE_CONTEXT_ESTABLISHED ? claimed_info(context) : NULL;
}

/* Returns the context of the package that authenticated the client. */
static void *mechanism_data(struct package_context *context)
{
    const struct package *package = context->credential->package;
    return package->mechanism_context != NULL ? package->mechanism_context(context->data)
                                              : context->data;
}

SECURITY_STATUS package_context_read_logon(struct package_context *context)
{
    const struct package_info *info = package_context_info(context);
    if (info == NULL)
        return SEC_E_INVALID_HANDLE;
    return info->mechanism->read_logon == NULL
               ? SEC_E_OK
               : info->mechanism->read_logon(mechanism_data(context));
}

void package_context_take_delegated(struct package_context *context,
                                    struct package_delegated *ret_delegated)
{
    const struct package_info *info = package_context_info(context);
    *ret_delegated = (struct package_delegated){0};
    if (info != NULL && info->mechanism->take_delegated != NULL)
        info->mechanism->take_delegated(mechanism_data(context), ret_delegated);
}

bool package_context_may_wait(const struct package_context *context)
{
    if (context->state != PACKAGE_CONTEXT_PARTIAL || context->data == NULL)
        return false;
    const struct package *package = context->credential->package;
    return package->may_wait != NULL && package->may_wait(context->data);
}

SECURITY_STATUS package_context_check_size(struct sspi_view text, const char *what,
                                           struct sspi_error_info *error_info)
{
    if (text.len <= PACKAGE_TOKEN_LIMIT)
        return SEC_E_OK;
    return error_info_refuse(error_info, SEC_E_INVALID_TOKEN, SSPI_REASON_TOO_LARGE,
                             "%s is over %d bytes", what, PACKAGE_TOKEN_LIMIT);
}
