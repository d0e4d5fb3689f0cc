/* SPDX-License-Identifier: Apache-2.0 */
/* The buffers of the message functions. Finds and checks them, converts them to a package's
 * message, and writes the result into them. */
#ifndef SECUR_MESSAGE_LAYOUT_H
#define SECUR_MESSAGE_LAYOUT_H

#include "package.h"

enum secur_message_function {
    SECUR_MESSAGE_SIGN,
    SECUR_MESSAGE_VERIFY,
    SECUR_MESSAGE_SEAL,
    SECUR_MESSAGE_UNSEAL
};

/* The caller's buffers, which are borrowed. */
struct secur_message_layout {
    SecBuffer *token; /* this and the next two: NULL if there is no such buffer */
    SecBuffer *padding;
    SecBuffer *stream;
    SecBuffer *data[PACKAGE_MESSAGE_PARTS_LIMIT]; /* all SECBUFFER_DATA except those with
                                                     SECBUFFER_READONLY */
    struct package_message_part parts[PACKAGE_MESSAGE_PARTS_LIMIT];
    size_t n_data;
    size_t data_len; /* octets of all sealed parts */
};

/* Finds the buffers. `needs_token`: there must be a SECBUFFER_TOKEN. SEC_E_INVALID_TOKEN: the
 * descriptor breaks the rules of `function` in sspi.h, and *ret_layout is not complete. Pure. */
SECURITY_STATUS secur_message_layout_read(const SecBufferDesc *desc,
                                          enum secur_message_function function, bool needs_token,
                                          struct secur_message_layout *ret_layout) MUST_USE;

/* Returns the message for sign, verify and seal. It is in the caller's memory, and borrows
 * `layout`. */
struct package_message secur_message_layout_message(const struct secur_message_layout *layout);

/* Makes the message for unseal in memory of its own. The layout's sealed parts then point into that
 * memory. SEC_E_INSUFFICIENT_MEMORY. On every status the caller ends *ret_message with
 * secur_message_layout_clear_copy(). */
SECURITY_STATUS secur_message_layout_copy(struct secur_message_layout *layout,
                                          struct package_message *ret_message) MUST_USE;

/* Wipes and frees the memory of the copy. The copy may be zero-initialised. */
void secur_message_layout_clear_copy(struct package_message *copy);

/* Writes the lengths of token and padding into the caller's buffers, after sign and seal. */
void secur_message_layout_set(const struct secur_message_layout *layout,
                              const struct package_message *message);

/* Writes the plaintext, which lies in the copy, into the caller's buffers. SEC_E_INVALID_TOKEN: it
 * is longer than the SECBUFFER_DATA buffers. */
SECURITY_STATUS secur_message_layout_deliver(const struct secur_message_layout *layout,
                                             const struct package_message *copy,
                                             struct sspi_view plain) MUST_USE;

#endif
