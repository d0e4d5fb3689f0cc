/* SPDX-License-Identifier: Apache-2.0 */
/* Windows' buffer descriptors, checked and turned into what a package takes, and back. */
#ifndef SECUR_BUFFERS_H
#define SECUR_BUFFERS_H

#include "hash.h"
#include "package_context.h"

/* Buffers in one descriptor: a token, four parameters, all bindings, and room. */
#define SECUR_BUFFERS_LIMIT 32

/* SECBUFFER_PKG_PARAMS in one input, as the Digest page numbers them. */
#define SECUR_PARAMS_LIMIT 4

/* Octets of SECBUFFER_SSPI_HASH_A1, which is an MD5. */
#define SECUR_HASH_A1_LEN 16

/* Characters of a realm. */
#define SECUR_REALM_LIMIT 1024

/* ---- input ---- */

/* `in` borrows from the caller's buffers and from the other members: do not copy or move it. */
struct secur_buffers_input {
    struct package_input in;
    struct package_channel_binding bindings[PACKAGE_BINDINGS_LIMIT];
    struct bytes realm;
    uint8_t entity_hash[HASH_MAX];
};

enum secur_buffers_form {
    SECUR_BUFFERS_ACCEPT,   /* one token */
    SECUR_BUFFERS_COMPLETE, /* further tokens are skipped: the first call's output among the input
                             */
    SECUR_BUFFERS_REQUEST,  /* one token; VerifySignature in HTTP's form */
    SECUR_BUFFERS_ANSWER /* the same with a SECBUFFER_PADDING, which is output; MakeSignature's */
};

/* Reads a descriptor; NULL is an empty one. *ret_input is written on every return (free it);
 * SEC_E_OK fills all of it but `n_tokens`.
 * SEC_E_INVALID_TOKEN: a descriptor or buffer that breaks the rules of AcceptSecurityContext in
 * sspi.h (error_info says which). SEC_E_BAD_BINDINGS: a channel binding whose offsets leave its
 * buffer, or too many. SEC_E_SECURITY_QOS_FAILED: requirements that exclude each other.
 * SEC_E_INSUFFICIENT_MEMORY. Pure. */
SECURITY_STATUS secur_buffers_read(const SecBufferDesc *desc, enum secur_buffers_form form,
                                   ULONG requirements, struct secur_buffers_input *ret_input,
                                   struct sspi_error_info *error_info) MUST_USE;

/* The SECBUFFER_SSPI_ERROR_INFO in the input of calls that have no output; NULL: there is none. */
struct sspi_error_info *secur_buffers_error_info(const SecBufferDesc *desc);

/* Also for a zero-initialised one. */
void secur_buffers_input_clear(struct secur_buffers_input *input);

/* ---- output ---- */

/* The caller's output descriptor with the room that was in it. */
struct secur_buffers_output {
    SecBuffer *tokens[SECUR_BUFFERS_LIMIT];
    size_t room[SECUR_BUFFERS_LIMIT];
    size_t n_tokens;
    struct sspi_error_info *caller_error_info; /* NULL when there is none */
    SecBuffer *binding_result;                 /* likewise */
    bool allocate;                             /* ASC_REQ_ALLOCATE_MEMORY */
    bool allocated;                            /* a token was allocated */
};

/* Finds the buffers of tokens, error detail and result and marks every token buffer as holding
 * nothing. NULL is an empty descriptor. SEC_E_INVALID_TOKEN: a malformed descriptor (nothing in it
 * was touched then). SEC_E_BUFFER_TOO_SMALL: a buffer of error detail or result is too small. */
SECURITY_STATUS secur_buffers_open(SecBufferDesc *desc, ULONG requirements,
                                   struct secur_buffers_output *ret_output,
                                   struct sspi_error_info *error_info) MUST_USE;

/* Hands the package's tokens to the caller, all or none. SEC_E_BUFFER_TOO_SMALL: a buffer too few
 * or too small; cbBuffer says what was needed. SEC_E_INSUFFICIENT_MEMORY. SEC_E_INTERNAL_ERROR: a
 * token over PACKAGE_TOKEN_LIMIT. */
SECURITY_STATUS secur_buffers_deliver(struct secur_buffers_output *output,
                                      struct package_output *produced) MUST_USE;

/* Fills SECBUFFER_CHANNEL_BINDINGS_RESULT, if there is one: `bound` counts where `status` is
 * SEC_E_OK, the reason of a refusal elsewhere. */
void secur_buffers_set_binding_result(const struct secur_buffers_output *output,
                                      SECURITY_STATUS status, enum package_bound bound,
                                      enum sspi_reason reason);

#endif
