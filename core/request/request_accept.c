/* SPDX-License-Identifier: Apache-2.0 */
#include "request_accept.h"

#include <stdlib.h>

#include "base64.h"

void request_accept_run(struct request_accept *accept)
{
    const struct package_input in = {
        .token = accept->token,
        .rules = request_bindings_rules(&accept->bindings),
        .reads_client_binding = true,
        .keeps_evidence = accept->wants_evidence,
        .requirements = ASC_REQ_CONNECTION | (accept->wants_forwarded ? ASC_REQ_DELEGATE : 0),
        .n_tokens = 1};
    struct package_output out = {.error_info = &accept->error_info};
    accept->status = package_context_accept(&accept->context, &in, &out);
    /* A refused client learns nothing: its error token is not sent. */
    if (out.n_tokens > 0 && (accept->status == SEC_E_OK || accept->status == SEC_I_CONTINUE_NEEDED))
        base64_encode(&accept->answer, bytes_as_view(&out.tokens[0]));
    package_output_clear(&out);
}

void request_accept_clear(struct request_accept *accept)
{
    package_context_clear(&accept->context);
    bytes_free(&accept->answer);
}

static void run(struct sspi_job *job)
{
    struct request_accept_job *waiting = (struct request_accept_job *)job;
    request_accept_run(&waiting->accept);
    job->is_unanswered = waiting->accept.error_info.reason == SSPI_REASON_UNREACHABLE;
}

static void destroy(struct sspi_job *job)
{
    struct request_accept_job *waiting = (struct request_accept_job *)job;
    request_accept_clear(&waiting->accept);
    bytes_free(&waiting->token);
    free(waiting);
}

struct request_accept_job *request_accept_job_new(struct request_accept *accept)
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
    waiting->accept = *accept;
    waiting->accept.token = bytes_as_view(&waiting->token);
    request_bindings_drop_services(&waiting->accept.bindings);
    accept->context = (struct package_context){0};
    accept->answer = (struct bytes){0};
    return waiting;
}
