/* SPDX-License-Identifier: Apache-2.0 */
#include "secur_message_layout.h"

#include <stdlib.h>
#include <string.h>

#include "secur_buffers.h"

_Static_assert(PACKAGE_MESSAGE_PARTS_LIMIT >= SECUR_BUFFERS_LIMIT, "every buffer may be a part");

/* The longest padding of a message to decrypt, in octets. No block of a cipher is longer. */
#define PADDING_LIMIT 64

/* A part without octets points here, so that no pointer is NULL. */
static char empty[1];

/* False: the descriptor has a second buffer of this type. */
static bool fill(SecBuffer **place, SecBuffer *buffer)
{
    if (*place != NULL)
        return false;
    *place = buffer;
    return true;
}

static bool is_written(enum secur_message_function function)
{
    return function == SECUR_MESSAGE_SIGN || function == SECUR_MESSAGE_SEAL;
}

/* Windows' sspi.h has these comments on the two flags: READONLY is "no checksum", the other one is
 * "checksummed". */
static void add_data(struct secur_message_layout *layout, SecBuffer *buffer)
{
    if ((buffer->BufferType & SECBUFFER_READONLY) != 0)
        return;
    bool sealed = (buffer->BufferType & SECBUFFER_READONLY_WITH_CHECKSUM) == 0;
    layout->data[layout->n_data] = buffer;
    layout->parts[layout->n_data] = (struct package_message_part){
        buffer->cbBuffer == 0 ? empty : buffer->pvBuffer, buffer->cbBuffer, sealed};
    layout->n_data++;
    if (sealed)
        layout->data_len += buffer->cbBuffer;
}

static bool add(struct secur_message_layout *layout, SecBuffer *buffer,
                enum secur_message_function function)
{
    ULONG type = secur_buffers_type(buffer);
    bool read_only = (buffer->BufferType & SECBUFFER_ATTRMASK) != 0;

    if (type == SECBUFFER_EMPTY)
        return true;
    if (buffer->cbBuffer > 0 && buffer->pvBuffer == NULL)
        return false;
    switch (type) {
    case SECBUFFER_TOKEN:
        if (!is_written(function) && buffer->cbBuffer > PACKAGE_TOKEN_LIMIT)
            return false;
        return !(read_only && is_written(function)) && fill(&layout->token, buffer);
    case SECBUFFER_PADDING:
        if (function == SECUR_MESSAGE_UNSEAL && buffer->cbBuffer > PADDING_LIMIT)
            return false;
        return !(read_only && function == SECUR_MESSAGE_SEAL) && fill(&layout->padding, buffer);
    case SECBUFFER_STREAM:
        return function == SECUR_MESSAGE_UNSEAL && !read_only &&
               buffer->cbBuffer <= PACKAGE_MESSAGE_LIMIT + PACKAGE_TOKEN_LIMIT &&
               fill(&layout->stream, buffer);
    case SECBUFFER_DATA:
        add_data(layout, buffer);
        return true;
    default:
        return false;
    }
}

/* Counts all octets that a checksum covers. 32 lengths of 32 bits cannot overflow 64 bits. */
static bool is_short_enough(const struct secur_message_layout *layout)
{
    uint64_t len = 0;

    for (size_t i = 0; i < layout->n_data; i++)
        len += layout->parts[i].len;
    return len <= PACKAGE_MESSAGE_LIMIT;
}

/* True if the buffers that the function needs are there. A signature needs at least one
 * SECBUFFER_DATA, and a SECBUFFER_STREAM needs one for the plaintext. */
static bool is_whole(const struct secur_message_layout *layout, bool needs_token)
{
    if (layout->stream != NULL)
        return layout->token == NULL && layout->padding == NULL && layout->n_data == 1 &&
               layout->parts[0].sealed;
    return (layout->token != NULL || !needs_token) && layout->n_data > 0 && is_short_enough(layout);
}

SECURITY_STATUS secur_message_layout_read(const SecBufferDesc *desc,
                                          enum secur_message_function function, bool needs_token,
                                          struct secur_message_layout *ret_layout)
{
    *ret_layout = (struct secur_message_layout){0};
    if (desc == NULL || desc->ulVersion != SECBUFFER_VERSION ||
        desc->cBuffers > SECUR_BUFFERS_LIMIT || desc->pBuffers == NULL)
        return SEC_E_INVALID_TOKEN;
    for (size_t i = 0; i < desc->cBuffers; i++) {
        if (!add(ret_layout, &desc->pBuffers[i], function))
            return SEC_E_INVALID_TOKEN;
    }
    return is_whole(ret_layout, needs_token) ? SEC_E_OK : SEC_E_INVALID_TOKEN;
}

/* ---- what a package gets ---- */

static struct package_message_room room_of(const SecBuffer *buffer)
{
    if (buffer == NULL || buffer->pvBuffer == NULL)
        return (struct package_message_room){0};
    return (struct package_message_room){buffer->pvBuffer, buffer->cbBuffer, buffer->cbBuffer};
}

struct package_message secur_message_layout_message(const struct secur_message_layout *layout)
{
    return (struct package_message){.parts = layout->parts,
                                    .n_parts = layout->n_data,
                                    .token = room_of(layout->token),
                                    .padding = room_of(layout->padding)};
}

/* Copies `from` to `to` and returns the end. If `len` is 0, both may be NULL. */
static char *append(char *to, const char *from, size_t len)
{
    if (len == 0)
        return to;
    memcpy(to, from, len);
    return to + len;
}

SECURITY_STATUS secur_message_layout_copy(struct secur_message_layout *layout,
                                          struct package_message *ret_message)
{
    struct package_message_room stream = room_of(layout->stream);
    struct package_message_room token = room_of(layout->token);
    struct package_message_room padding = room_of(layout->padding);
    size_t len = layout->stream != NULL ? stream.len : token.len + layout->data_len + padding.len;

    *ret_message = (struct package_message){0};
    char *whole = malloc(len + 1); /* malloc(0) may return NULL */
    if (whole == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    ret_message->whole = whole;
    ret_message->whole_len = len;
    if (layout->stream != NULL) {
        (void)append(whole, stream.data, stream.len);
        return SEC_E_OK;
    }
    char *end = append(whole, token.data, token.len);
    for (size_t i = 0; i < layout->n_data; i++) {
        struct package_message_part *part = &layout->parts[i];
        if (!part->sealed)
            continue;
        char *at = end;
        end = append(at, part->data, part->len);
        part->data = at;
    }
    char *tail = end;
    (void)append(tail, padding.data, padding.len);
    ret_message->parts = layout->parts;
    ret_message->n_parts = layout->n_data;
    ret_message->token = (struct package_message_room){whole, token.len, token.len};
    ret_message->padding = (struct package_message_room){tail, padding.len, padding.len};
    return SEC_E_OK;
}

void secur_message_layout_clear_copy(struct package_message *copy)
{
    bytes_wipe(copy->whole, copy->whole_len);
    free(copy->whole);
    *copy = (struct package_message){0};
}

/* ---- what the caller gets ---- */

void secur_message_layout_set(const struct secur_message_layout *layout,
                              const struct package_message *message)
{
    if (layout->token != NULL)
        layout->token->cbBuffer = (ULONG)message->token.len;
    if (layout->padding != NULL)
        layout->padding->cbBuffer = (ULONG)message->padding.len;
}

SECURITY_STATUS secur_message_layout_deliver(const struct secur_message_layout *layout,
                                             const struct package_message *copy,
                                             struct sspi_view plain)
{
    if (layout->stream != NULL) {
        /* As on Windows, the plaintext replaces the stream, and SECBUFFER_DATA points to it. The
         * memory that SECBUFFER_DATA had is not used. */
        char *at = layout->stream->pvBuffer;
        if (at != NULL)
            at += plain.data - copy->whole;
        (void)append(at, plain.data, plain.len);
        layout->data[0]->pvBuffer = at;
        layout->data[0]->cbBuffer = (ULONG)plain.len;
        return SEC_E_OK;
    }
    if (plain.len > layout->data_len)
        return SEC_E_INVALID_TOKEN;
    for (size_t i = 0; i < layout->n_data; i++) {
        const struct package_message_part *part = &layout->parts[i];
        if (!part->sealed)
            continue;
        size_t len = part->len < plain.len ? part->len : plain.len;
        (void)append(layout->data[i]->pvBuffer, plain.data, len);
        layout->data[i]->cbBuffer = (ULONG)len;
        plain = (struct sspi_view){plain.data + len, plain.len - len};
    }
    return SEC_E_OK;
}
