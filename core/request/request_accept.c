/* SPDX-License-Identifier: Apache-2.0 */
#include "request_accept.h"

#include <stdlib.h>

#include "base64.h"
#include "clock.h"
#include "secur_accept.h"

void request_accept_run(struct request_accept *accept, CredHandle *credential)
{
    SecBuffer in = {(ULONG)accept->token.len, SECBUFFER_TOKEN,
                    (void *)(uintptr_t)accept->token.data};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &in};
    SecBuffer out[] = {
        {0, SECBUFFER_TOKEN, NULL},
        {sizeof(accept->error_info), SECBUFFER_SSPI_ERROR_INFO, &accept->error_info}};
    SecBufferDesc output = {SECBUFFER_VERSION, 2, out};
    const struct secur_accept_call call = {
        .phCredential = credential,
        .phContext = SecIsValidHandle(&accept->context) ? &accept->context : NULL,
        .pInput = &input,
        .fContextReq = ASC_REQ_ALLOCATE_MEMORY | ASC_REQ_CONNECTION,
        .phNewContext = &accept->context,
        .pOutput = &output,
        .rules = request_bindings_rules(&accept->bindings),
    };
    accept->status = secur_accept(&call, NULL);
    if (out[0].pvBuffer == NULL)
        return;
    /* A refused client learns nothing: its error token is not sent. */
    if (accept->status == SEC_E_OK || accept->status == SEC_I_CONTINUE_NEEDED)
        base64_encode(&accept->answer, (struct sspi_view){out[0].pvBuffer, out[0].cbBuffer});
    FreeContextBuffer(out[0].pvBuffer);
}

void request_accept_end(struct request_accept *accept)
{
    if (SecIsValidHandle(&accept->context))
        DeleteSecurityContext(&accept->context);
    bytes_free(&accept->answer);
}

static uint64_t steady_ms(void)
{
    const struct clock *clock = clock_machine();
    return clock->steady_ms(clock->self);
}

static void leave(struct request_accept_job *waiting, bool answered)
{
    if (waiting->has_slot)
        acceptor_limiter_release(waiting->limiter, &waiting->slot, answered, steady_ms());
    waiting->has_slot = false;
}

static void run(struct sspi_job *job)
{
    struct request_accept_job *waiting = (struct request_accept_job *)job;
    request_accept_run(&waiting->accept, NULL);
    leave(waiting, waiting->accept.error_info.reason != SSPI_REASON_UNREACHABLE);
}

static void destroy(struct sspi_job *job)
{
    struct request_accept_job *waiting = (struct request_accept_job *)job;
    leave(waiting, true); /* it never ran, so it did not ask */
    request_accept_end(&waiting->accept);
    bytes_free(&waiting->token);
    acceptor_limiter_unref(waiting->limiter);
    free(waiting);
}

struct request_accept_job *request_accept_job_new(struct request_accept *accept,
                                                  struct acceptor_limiter *limiter)
{
    struct request_accept_job *waiting = calloc(1, sizeof(*waiting));
    if (waiting == NULL)
        return NULL;
    bytes_append_view(&waiting->token, accept->token);
    if (waiting->token.failed) {
        free(waiting);
        return NULL;
    }
    acceptor_job_init(&waiting->job, run, destroy);
    waiting->limiter = acceptor_limiter_ref(limiter);
    waiting->accept = *accept;
    waiting->accept.token = bytes_as_view(&waiting->token);
    request_bindings_drop_services(&waiting->accept.bindings);
    SecInvalidateHandle(&accept->context);
    accept->answer = (struct bytes){0};
    return waiting;
}
