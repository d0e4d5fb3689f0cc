/* SPDX-License-Identifier: Apache-2.0 */
/* The part of DER (X.690) that Kerberos and SPNEGO tokens need. A reader is a view, which each call
 * shortens by the element that it takes. No function recurses, so the input cannot make the stack
 * deeper. Strict: tags of one octet, and lengths that are definite and in the shortest form.
 * Pure. */
#ifndef BASE_DER_H
#define BASE_DER_H

#include "bytes.h"

#define DER_INTEGER        0x02
#define DER_BIT_STRING     0x03
#define DER_OCTET_STRING   0x04
#define DER_OID            0x06
#define DER_ENUMERATED     0x0A
#define DER_GENERAL_STRING 0x1B
#define DER_SEQUENCE       0x30
/* Constructed tags with a number below 31. */
#define DER_APPLICATION(number) ((uint8_t)(0x60 | (number)))
#define DER_CONTEXT(number)     ((uint8_t)(0xA0 | (number)))

/* True if `from` begins with this tag; false for an empty view. */
bool der_at(struct sspi_view from, uint8_t tag);

/* Takes one element with exactly this tag. `from` then begins behind the element, and *ret_content
 * borrows its contents (its data is never NULL). False, without a change: the tag differs, the
 * length is indefinite or not in the shortest form, or the contents are longer than `from`. */
bool der_take(struct sspi_view *from, uint8_t tag, struct sspi_view *ret_content) MUST_USE;

/* Takes an element `outer` whose contents are exactly one element `inner`: an EXPLICIT tag. */
bool der_take_explicit(struct sspi_view *from, uint8_t outer, uint8_t inner,
                       struct sspi_view *ret_content) MUST_USE;

/* Reads the value of an INTEGER or ENUMERATED from its contents. False: they have no octet or more
 * than eight, or are not in the shortest form. */
bool der_integer(struct sspi_view content, int64_t *ret_value) MUST_USE;

/* Makes the octets of `to` from offset `start` to its end the contents of one element. Sets
 * to->failed if `start` is greater than to->len or memory runs out. */
void der_wrap(struct bytes *to, size_t start, uint8_t tag);

/* Appends one whole element. */
void der_append(struct bytes *to, uint8_t tag, struct sspi_view content);

/* Appends an element `outer` that holds one element `inner`: an EXPLICIT tag. */
void der_append_explicit(struct bytes *to, uint8_t outer, uint8_t inner, struct sspi_view content);

#endif
