/* SPDX-License-Identifier: Apache-2.0 */
/* Drives secur_message_layout with the descriptors of a message call that the input describes, as
 * in sspi_buffers.c. The value of cbBuffer is always right.
 *  - The memory that a package gets is the caller's. For unsealing it is a copy of token, sealed
 *    parts and padding, one after the other.
 *  - The limits on buffers, parts and octets hold.
 *  - A plaintext is delivered whole and in order, and only into memory that may be written to. */
#include "secur_message_layout.h"
#include "secur_buffers.h"

#include "fuzz.h"

#define N_BUFFERS 36

struct caller {
    SecBuffer buffers[N_BUFFERS];
    void *memory[N_BUFFERS];
    void *before[N_BUFFERS]; /* its contents before the call */
    ULONG len[N_BUFFERS];
    SecBufferDesc desc;
    size_t n;
};

static const ULONG types[] = {SECBUFFER_DATA,
                              SECBUFFER_TOKEN,
                              SECBUFFER_PADDING,
                              SECBUFFER_STREAM,
                              SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM,
                              SECBUFFER_DATA | SECBUFFER_READONLY,
                              SECBUFFER_TOKEN | SECBUFFER_READONLY,
                              SECBUFFER_EMPTY};

static void add_buffer(struct caller *caller, struct sspi_view *from)
{
    SecBuffer *buffer = &caller->buffers[caller->n];
    uint8_t type = fuzz_octet(from);
    struct sspi_view octets = fuzz_take(from, fuzz_octet(from));
    buffer->BufferType = type < 0xF0 ? types[type % 8] : (ULONG)fuzz_number(from, 4);
    buffer->cbBuffer = (ULONG)octets.len;
    buffer->pvBuffer = type % 16 == 15 || octets.len == 0 ? NULL : fuzz_copy(octets);
    caller->memory[caller->n] = buffer->pvBuffer;
    caller->before[caller->n] = buffer->pvBuffer == NULL ? NULL : fuzz_copy(octets);
    caller->len[caller->n] = buffer->cbBuffer;
    caller->n++;
}

static void make_caller(struct caller *caller, struct sspi_view *from)
{
    uint8_t shape = fuzz_octet(from);
    size_t n = fuzz_octet(from) % (N_BUFFERS + 1);
    caller->n = 0;
    while (caller->n < n && from->len > 0)
        add_buffer(caller, from);
    caller->desc = (SecBufferDesc){(shape & 1) != 0 ? shape : SECBUFFER_VERSION, (ULONG)caller->n,
                                   (shape & 2) != 0 ? NULL : caller->buffers};
}

static void free_caller(struct caller *caller)
{
    for (size_t i = 0; i < caller->n; i++) {
        free(caller->memory[i]);
        free(caller->before[i]);
    }
}

static bool in_callers(const struct caller *caller, const char *data, size_t len)
{
    for (size_t i = 0; i < caller->n; i++) {
        if (caller->memory[i] != NULL &&
            fuzz_inside((struct sspi_view){data, len},
                        (struct sspi_view){caller->memory[i], caller->len[i]}))
            return true;
    }
    return len == 0;
}

/* Signing, verifying and sealing work in place. */
static void check_message(const struct caller *caller, const struct secur_message_layout *layout)
{
    struct package_message message = secur_message_layout_message(layout);
    FUZZ_REQUIRE(message.n_parts > 0 && message.n_parts <= PACKAGE_MESSAGE_PARTS_LIMIT);
    for (size_t i = 0; i < message.n_parts; i++)
        FUZZ_REQUIRE(in_callers(caller, message.parts[i].data, message.parts[i].len));
    FUZZ_REQUIRE(in_callers(caller, message.token.data, message.token.room));
    FUZZ_REQUIRE(in_callers(caller, message.padding.data, message.padding.room));
    message.token.len = 7;
    message.padding.len = 9;
    secur_message_layout_set(layout, &message);
    FUZZ_REQUIRE(layout->token == NULL || layout->token->cbBuffer == 7);
    FUZZ_REQUIRE(layout->padding == NULL || layout->padding->cbBuffer == 9);
}

static void check_copy(const struct secur_message_layout *layout,
                       const struct package_message *copy)
{
    const char *end = copy->whole + copy->token.len;
    FUZZ_REQUIRE(copy->whole != NULL);
    if (layout->stream != NULL) {
        FUZZ_REQUIRE(copy->n_parts == 0 && copy->whole_len == layout->stream->cbBuffer);
        return;
    }
    FUZZ_REQUIRE(copy->n_parts == layout->n_data && copy->token.data == copy->whole);
    for (size_t i = 0; i < copy->n_parts; i++) {
        if (!copy->parts[i].sealed)
            continue;
        FUZZ_REQUIRE(copy->parts[i].data == end);
        end += copy->parts[i].len;
    }
    FUZZ_REQUIRE(copy->padding.data == end);
    FUZZ_REQUIRE(end + copy->padding.len == copy->whole + copy->whole_len);
}

/* The copy becomes the plaintext. The caller's other memory must not change. */
static void check_delivery(const struct caller *caller, struct secur_message_layout *layout,
                           struct sspi_view *from)
{
    struct package_message copy;
    FUZZ_REQUIRE(secur_message_layout_copy(layout, &copy) == SEC_E_OK);
    check_copy(layout, &copy);
    size_t start = fuzz_octet(from) % (copy.whole_len + 1);
    size_t len = fuzz_number(from, 2) % (copy.whole_len - start + 1);
    memset(copy.whole, '!', copy.whole_len);
    struct sspi_view plain = {copy.whole + start, len};
    SECURITY_STATUS status = secur_message_layout_deliver(layout, &copy, plain);
    size_t delivered = 0;
    for (size_t i = 0; i < layout->n_data && status == SEC_E_OK; i++) {
        if (layout->parts[i].sealed) {
            FUZZ_REQUIRE(in_callers(caller, layout->data[i]->pvBuffer, layout->data[i]->cbBuffer));
            delivered += layout->data[i]->cbBuffer;
        }
    }
    FUZZ_REQUIRE(status == SEC_E_OK ? delivered == len : len > layout->data_len);
    for (size_t i = 0; i < caller->n; i++) {
        const SecBuffer *buffer = &caller->buffers[i];
        ULONG type = buffer->BufferType & ~(ULONG)SECBUFFER_ATTRMASK;
        ULONG read_only = SECBUFFER_READONLY | SECBUFFER_READONLY_WITH_CHECKSUM;
        bool written = (type == SECBUFFER_DATA || type == SECBUFFER_STREAM) &&
                       (buffer->BufferType & read_only) == 0;
        if (caller->memory[i] != NULL && (!written || status != SEC_E_OK))
            FUZZ_REQUIRE(memcmp(caller->memory[i], caller->before[i], caller->len[i]) == 0);
    }
    secur_message_layout_clear_copy(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sspi_view input = fuzz_view(data, size);
    struct caller caller;
    struct secur_message_layout layout;
    enum secur_message_function call = (enum secur_message_function)(fuzz_octet(&input) % 4);
    bool needs_token = fuzz_octet(&input) % 2 == 0;
    make_caller(&caller, &input);
    SECURITY_STATUS status = secur_message_layout_read(&caller.desc, call, needs_token, &layout);
    FUZZ_REQUIRE(status == SEC_E_OK || status == SEC_E_INVALID_TOKEN);
    if (status == SEC_E_OK) {
        FUZZ_REQUIRE(caller.n <= SECUR_BUFFERS_LIMIT);
        FUZZ_REQUIRE(!needs_token || layout.token != NULL || layout.stream != NULL);
        if (call == SECUR_MESSAGE_UNSEAL)
            check_delivery(&caller, &layout, &input);
        else
            check_message(&caller, &layout);
    }
    free_caller(&caller);
    return 0;
}
