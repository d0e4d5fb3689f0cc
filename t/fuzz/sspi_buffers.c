/* SPDX-License-Identifier: Apache-2.0 */
/* Drives secur_buffers_read, secur_buffers_open and secur_buffers_deliver with descriptors that the
 * input describes. The input has the version and the number of buffers. For each buffer it has
 * the type, whether there is memory, and the octets. These may be a SEC_CHANNEL_BINDINGS with any
 * lengths and offsets. The value of cbBuffer is always right, because the library cannot find out
 * that memory is shorter.
 *  - The views lie inside the caller's buffers; a binding's parts lie behind its header.
 *  - The limits on the token, the realm and the number of buffers, bindings and parameters hold.
 *  - All of the package's tokens are delivered, whole and in order, or no token is. After a failure
 *    no allocated memory is left.
 *  - A refusal has a printable reason. */
#include "secur_buffers.h"

#include "fuzz.h"

#define N_BUFFERS 40

struct caller {
    SecBuffer buffers[N_BUFFERS];
    void *memory[N_BUFFERS];
    SecBufferDesc desc;
    size_t n; /* number of `buffers` that are set */
};

static const ULONG types[] = {SECBUFFER_EMPTY,
                              SECBUFFER_TOKEN,
                              SECBUFFER_PKG_PARAMS,
                              SECBUFFER_CHANNEL_BINDINGS,
                              SECBUFFER_SSPI_ERROR_INFO,
                              SECBUFFER_DATA,
                              SECBUFFER_TOKEN | SECBUFFER_READONLY,
                              SECBUFFER_CHANNEL_BINDINGS | SECBUFFER_READONLY};

/* One buffer: type, flags, length, octets. */
static void add_buffer(struct caller *caller, struct sspi_view *from)
{
    SecBuffer *buffer = &caller->buffers[caller->n];
    uint8_t type = fuzz_octet(from);
    uint8_t flags = fuzz_octet(from);
    size_t len = fuzz_number(from, 2);
    /* Over every limit, although the input is small. */
    size_t extra = (flags & 2) != 0 ? PACKAGE_TOKEN_LIMIT : 0;
    struct sspi_view octets = fuzz_take(from, len);
    buffer->BufferType = type < 0xF0 ? types[type % 8] : (ULONG)fuzz_number(from, 4);
    buffer->cbBuffer = (ULONG)(octets.len + extra);
    caller->memory[caller->n] = NULL;
    if ((flags & 1) == 0 && buffer->cbBuffer > 0) {
        char *memory = calloc(1, buffer->cbBuffer);
        FUZZ_REQUIRE(memory != NULL);
        memcpy(memory, octets.data, octets.len);
        caller->memory[caller->n] = memory;
    }
    buffer->pvBuffer = caller->memory[caller->n];
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
    for (size_t i = 0; i < caller->n; i++)
        free(caller->memory[i]);
}

/* An empty buffer may point anywhere. */
static void check_view(const struct caller *caller, struct sspi_view view, size_t offset)
{
    bool inside = view.len == 0;
    for (size_t i = 0; !inside && i < caller->n; i++) {
        size_t len = caller->buffers[i].cbBuffer;
        if (caller->memory[i] != NULL && len >= offset)
            inside = fuzz_inside(
                view, (struct sspi_view){(char *)caller->memory[i] + offset, len - offset});
    }
    FUZZ_REQUIRE(inside);
}

static void check_input(const struct caller *caller, const struct package_input *in)
{
    FUZZ_REQUIRE(caller->n <= SECUR_BUFFERS_LIMIT && in->token.len <= PACKAGE_TOKEN_LIMIT);
    check_view(caller, in->token, 0);
    check_view(caller, in->method, 0);
    check_view(caller, in->uri, 0);
    FUZZ_REQUIRE(in->entity_hash.len <= HASH_MAX);
    FUZZ_REQUIRE(in->http || (in->method.data == NULL && in->realm.data == NULL));
    FUZZ_REQUIRE(in->realm.len <= SECUR_REALM_LIMIT);
    for (size_t i = 0; i < in->realm.len; i++)
        FUZZ_REQUIRE(in->realm.data[i] > 0);
    FUZZ_REQUIRE(in->n_bindings <= PACKAGE_BINDINGS_LIMIT);
    for (size_t i = 0; i < in->n_bindings; i++) {
        check_view(caller, in->bindings[i].initiator, sizeof(SEC_CHANNEL_BINDINGS));
        check_view(caller, in->bindings[i].acceptor, sizeof(SEC_CHANNEL_BINDINGS));
        check_view(caller, in->bindings[i].application, sizeof(SEC_CHANNEL_BINDINGS));
    }
}

static void check_read(struct sspi_view *from)
{
    struct caller caller;
    struct secur_buffers_input input;
    struct sspi_error_info error_info = {0};
    uint8_t choice = fuzz_octet(from);
    ULONG requirements = (choice & 2) != 0 ? (ULONG)fuzz_number(from, 4) : 0;
    make_caller(&caller, from);
    SECURITY_STATUS status =
        secur_buffers_read((choice & 4) != 0 ? NULL : &caller.desc,
                           (choice & 1) != 0 ? SECUR_BUFFERS_COMPLETE : SECUR_BUFFERS_ACCEPT,
                           requirements, &input, &error_info);
    if (status == SEC_E_OK && (choice & 4) == 0)
        check_input(&caller, &input.in);
    if (status != SEC_E_OK)
        fuzz_check_error_info(&error_info, error_info.reason);
    secur_buffers_input_clear(&input);
    free_caller(&caller);
}

static void produce(struct package_output *produced, struct sspi_view *from)
{
    produced->n_tokens = fuzz_octet(from) % (PACKAGE_CHALLENGES_LIMIT + 1);
    for (size_t i = 0; i < produced->n_tokens; i++) {
        uint8_t kind = fuzz_octet(from);
        struct sspi_view text = fuzz_take(from, fuzz_octet(from));
        bytes_append_view(&produced->tokens[i], text);
        produced->tokens[i].failed = kind == 0xFF;
    }
}

static void check_delivered(struct secur_buffers_output *output, struct package_output *produced)
{
    struct sspi_view wanted[PACKAGE_CHALLENGES_LIMIT];
    void *copies[PACKAGE_CHALLENGES_LIMIT];
    for (size_t i = 0; i < produced->n_tokens; i++) {
        copies[i] = fuzz_copy(bytes_as_view(&produced->tokens[i]));
        wanted[i] = (struct sspi_view){copies[i], produced->tokens[i].len};
    }
    SECURITY_STATUS status = secur_buffers_deliver(output, produced);
    FUZZ_REQUIRE(status != SEC_E_OK || produced->n_tokens <= output->n_tokens);
    for (size_t i = 0; i < output->n_tokens; i++) {
        SecBuffer *buffer = output->tokens[i];
        if (status == SEC_E_OK) {
            size_t len = i < produced->n_tokens ? wanted[i].len : 0;
            FUZZ_REQUIRE(buffer->cbBuffer == len);
            FUZZ_REQUIRE(len == 0 || memcmp(buffer->pvBuffer, wanted[i].data, len) == 0);
        }
        if (output->allocate) {
            FUZZ_REQUIRE(status == SEC_E_OK || buffer->pvBuffer == NULL);
            free(buffer->pvBuffer);
        }
    }
    for (size_t i = 0; i < produced->n_tokens; i++)
        free(copies[i]);
}

static void check_write(struct sspi_view *from)
{
    struct caller caller;
    struct secur_buffers_output output;
    struct package_output produced = {0};
    struct sspi_error_info error_info = {0};
    ULONG requirements = (fuzz_octet(from) & 1) != 0 ? ASC_REQ_ALLOCATE_MEMORY : 0;
    make_caller(&caller, from);
    SECURITY_STATUS status = secur_buffers_open(&caller.desc, requirements, &output, &error_info);
    if (status == SEC_E_OK) {
        FUZZ_REQUIRE(output.n_tokens <= SECUR_BUFFERS_LIMIT);
        if (output.caller_error_info != NULL)
            *output.caller_error_info = error_info; /* the buffer has room for the whole token */
        produce(&produced, from);
        check_delivered(&output, &produced);
        for (size_t i = 0; i < PACKAGE_CHALLENGES_LIMIT; i++)
            bytes_free(&produced.tokens[i]);
    } else {
        fuzz_check_error_info(&error_info, error_info.reason);
    }
    free_caller(&caller);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sspi_view input = fuzz_view(data, size);
    if (fuzz_octet(&input) % 2 == 0)
        check_read(&input);
    else
        check_write(&input);
    return 0;
}
