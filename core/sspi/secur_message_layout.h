/* SPDX-License-Identifier: Apache-2.0 */
/* The buffers of the message functions: found, checked, taken as a package wants them, and set to
 * what came of it. */
#ifndef SECUR_MESSAGE_LAYOUT_H
#define SECUR_MESSAGE_LAYOUT_H

#include "package.h"

enum secur_message_function {
    SECUR_MESSAGE_SIGN,
    SECUR_MESSAGE_VERIFY,
    SECUR_MESSAGE_SEAL,
    SECUR_MESSAGE_UNSEAL
};

/* Where the caller's buffers are. Borrows them. */
struct secur_message_layout {
    SecBuffer *token; /* NULL where there is none */
    SecBuffer *padding;
    SecBuffer *stream;
    SecBuffer *data[PACKAGE_MESSAGE_PARTS_LIMIT]; /* those that the call works on */
    struct package_message_part parts[PACKAGE_MESSAGE_PARTS_LIMIT];
    size_t n_data;
    size_t data_len; /* of all sealed parts */
};

/* Finds the buffers. `needs_token`: there must be a SECBUFFER_TOKEN. SEC_E_INVALID_TOKEN: a
 * descriptor that breaks the rules of this call in sspi.h. Pure; *ret_layout is complete only on
 * SEC_E_OK. */
SECURITY_STATUS secur_message_layout_read(const SecBufferDesc *desc,
                                          enum secur_message_function function, bool needs_token,
                                          struct secur_message_layout *ret_layout) MUST_USE;

/* The message for sign, verify and seal, in the caller's memory. Borrows the layout. */
struct package_message secur_message_layout_message(const struct secur_message_layout *layout);

/* The message for unseal, in memory of its own, which the layout's sealed parts point into from now
 * on. SEC_E_INSUFFICIENT_MEMORY. Free it on every status. */
SECURITY_STATUS secur_message_layout_copy(struct secur_message_layout *layout,
                                          struct package_message *ret_message) MUST_USE;

/* Wipes and frees. */
void secur_message_layout_clear_copy(struct package_message *copy);

/* Sets the lengths of token and padding, after sign and seal. */
void secur_message_layout_set(const struct secur_message_layout *layout,
                              const struct package_message *message);

/* Writes the plaintext, which lies in the copy, into the caller's buffers. SEC_E_INVALID_TOKEN: it
 * is longer than the SECBUFFER_DATA buffers. */
SECURITY_STATUS secur_message_layout_deliver(const struct secur_message_layout *layout,
                                             const struct package_message *copy,
                                             struct sspi_view plain) MUST_USE;

#endif
