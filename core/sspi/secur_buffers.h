/* SPDX-License-Identifier: Apache-2.0 */
/* Checks Windows' buffer descriptors, converts them to a package's input, and writes a package's
 * output into them. */
#ifndef SECUR_BUFFERS_H
#define SECUR_BUFFERS_H

#include "hash.h"
#include "package_context.h"

/* The most buffers in one descriptor. A token, four parameters and all bindings need fewer. */
#define SECUR_BUFFERS_LIMIT 32

/* The most characters of a realm. */
#define SECUR_REALM_LIMIT 1024

/* Returns the type of a buffer, without the flags in BufferType. */
static inline ULONG secur_buffers_type(const SecBuffer *buffer)
{
    return buffer->BufferType & ~(ULONG)SECBUFFER_ATTRMASK;
}

/* ---- input ---- */

/* `in` borrows from the caller's buffers and from the other members, so the structure must not be
 * copied or moved. */
struct secur_buffers_input {
    struct package_input in;
    struct package_channel_binding bindings[PACKAGE_BINDINGS_LIMIT];
    struct bytes realm;
    uint8_t entity_hash[HASH_MAX];
};

enum secur_buffers_form {
    SECUR_BUFFERS_ACCEPT,   /* one token */
    SECUR_BUFFERS_COMPLETE, /* CompleteAuthToken: tokens after the first are skipped, because the
                             * input may include the output of the first call */
    SECUR_BUFFERS_REQUEST,  /* one token; VerifySignature in HTTP's form */
    SECUR_BUFFERS_ANSWER    /* MakeSignature in HTTP's form: likewise, and SECBUFFER_PADDING is
                             * allowed, because it is output */
};

/* Reads `desc`; NULL counts as an empty descriptor. `requirements` are ASC_REQ_*. On every return
 * the caller clears *ret_input.
 * SEC_E_OK: all of *ret_input is set except in.n_tokens.
 * SEC_E_INVALID_TOKEN: the descriptor or a buffer breaks the rules of AcceptSecurityContext in
 * sspi.h. error_info says which.
 * SEC_E_BAD_BINDINGS: a part of a channel binding is outside its buffer, or there are too many.
 * SEC_E_SECURITY_QOS_FAILED: two requirements exclude each other.
 * SEC_E_INSUFFICIENT_MEMORY. Pure. */
SECURITY_STATUS secur_buffers_read(const SecBufferDesc *desc, enum secur_buffers_form form,
                                   ULONG requirements, struct secur_buffers_input *ret_input,
                                   struct sspi_error_info *error_info) MUST_USE;

/* Returns the structure of the SECBUFFER_SSPI_ERROR_INFO in `desc`, for calls without output
 * buffers. NULL: there is no such buffer, or it is too small. */
struct sspi_error_info *secur_buffers_error_info(const SecBufferDesc *desc);

/* Frees the members. The input may be zero-initialised. */
void secur_buffers_input_clear(struct secur_buffers_input *input);

/* ---- output ---- */

/* The buffers of the caller's output descriptor, and their sizes before the call. Borrowed. */
struct secur_buffers_output {
    SecBuffer *tokens[SECUR_BUFFERS_LIMIT];
    size_t room[SECUR_BUFFERS_LIMIT]; /* octets that each token may have; 0 if `allocate` */
    size_t n_tokens;
    struct sspi_error_info *caller_error_info; /* NULL when there is none */
    SecBuffer *binding_result;                 /* NULL when there is none */
    bool allocate;                             /* ASC_REQ_ALLOCATE_MEMORY */
    bool allocated;                            /* a token was allocated */
};

/* Finds the buffers of tokens, error detail and binding result, and sets the length of each token
 * buffer to 0. NULL counts as an empty descriptor. SEC_E_INVALID_TOKEN: the descriptor is
 * malformed, and nothing in it was changed; or a token buffer is read-only. SEC_E_BUFFER_TOO_SMALL:
 * the buffer of the error detail or the result is too small. */
SECURITY_STATUS secur_buffers_open(SecBufferDesc *desc, ULONG requirements,
                                   struct secur_buffers_output *ret_output,
                                   struct sspi_error_info *error_info) MUST_USE;

/* Copies the package's tokens to the caller's buffers, or moves them there if `allocate`: all or
 * none. SEC_E_BUFFER_TOO_SMALL: there are too few buffers, or one is too small; cbBuffer says the
 * needed size. SEC_E_INTERNAL_ERROR: a token is longer than PACKAGE_TOKEN_LIMIT.
 * SEC_E_INSUFFICIENT_MEMORY. */
SECURITY_STATUS secur_buffers_deliver(struct secur_buffers_output *output,
                                      struct package_output *produced) MUST_USE;

/* Fills SECBUFFER_CHANNEL_BINDINGS_RESULT, if there is one: by `bound` if `status` is SEC_E_OK,
 * otherwise by the `reason` of the refusal. */
void secur_buffers_set_binding_result(const struct secur_buffers_output *output,
                                      SECURITY_STATUS status, enum package_bound bound,
                                      enum sspi_reason reason);

#endif
