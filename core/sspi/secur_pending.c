/* SPDX-License-Identifier: Apache-2.0 */
#include "secur_pending.h"

static void append_number(struct bytes *to, uint64_t number)
{
    bytes_append(to, &number, sizeof(number));
}

/* Writes the length before the part, so that two different inputs never give the same octets. */
static void append_part(struct bytes *to, struct sspi_view part)
{
    append_number(to, part.data == NULL ? UINT64_MAX : part.len);
    bytes_append_view(to, part);
}

static void append_binding(struct bytes *to, const struct package_channel_binding *binding)
{
    append_number(to, binding->initiator_type);
    append_part(to, binding->initiator);
    append_number(to, binding->acceptor_type);
    append_part(to, binding->acceptor);
    append_part(to, binding->application);
}

static void append_call(struct bytes *to, const struct package_input *in)
{
    const struct sspi_view parts[] = {in->token,       in->method,  in->uri,
                                      in->entity_hash, in->hash_a1, in->realm};

    append_number(to, in->requirements & ~(ULONG)ASC_REQ_ALLOCATE_MEMORY);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        append_part(to, parts[i]);
    for (size_t i = 0; i < in->n_bindings; i++)
        append_binding(to, &in->bindings[i]);
}

bool secur_pending_keep(struct secur_pending *pending, const struct package_input *in,
                        SECURITY_STATUS status, struct package_output *produced)
{
    bytes_free(&pending->call);
    append_call(&pending->call, in);
    if (pending->call.failed) {
        bytes_free(&pending->call);
        return false;
    }
    pending->status = status;
    pending->answer.n_tokens = produced->n_tokens;
    for (size_t i = 0; i < PACKAGE_CHALLENGES_LIMIT; i++) {
        pending->answer.tokens[i] = produced->tokens[i];
        produced->tokens[i] = (struct bytes){0};
    }
    produced->n_tokens = 0;
    pending->is_pending = true;
    return true;
}

bool secur_pending_is_for(const struct secur_pending *pending, const struct package_input *in)
{
    BYTES_CLEANUP struct bytes call = {0};

    append_call(&call, in);
    return !call.failed && bytes_equal(bytes_as_view(&pending->call), bytes_as_view(&call));
}

void secur_pending_clear(struct secur_pending *pending)
{
    package_output_clear(&pending->answer);
    bytes_free(&pending->call);
    *pending = (struct secur_pending){0};
}
