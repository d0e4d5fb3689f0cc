/* SPDX-License-Identifier: Apache-2.0 */
/* The part of DER (X.690) that Kerberos and SPNEGO tokens need. A reader is nothing but a view that
 * each call shortens by what it took; nothing recurses, so no input can deepen the stack. Strict:
 * one-octet tags, definite and shortest lengths. Pure. */
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
/* Constructed tags of a number below 31. */
#define DER_APPLICATION(number) ((uint8_t)(0x60 | (number)))
#define DER_CONTEXT(number)     ((uint8_t)(0xA0 | (number)))

/* True when `from` goes on with this tag. An empty view goes on with none. */
bool der_at(struct sspi_view from, uint8_t tag);

/* Takes one element with exactly this tag: `from` moves behind it, *ret_content borrows its
 * contents (never NULL data). False, and nothing is changed: another tag, a length that is not
 * DER's shortest form or indefinite, or contents that run past the end of `from`. */
bool der_take(struct sspi_view *from, uint8_t tag, struct sspi_view *ret_content) MUST_USE;

/* Takes an element `outer` that holds exactly one element `inner`: an EXPLICIT tag. */
bool der_take_explicit(struct sspi_view *from, uint8_t outer, uint8_t inner,
                       struct sspi_view *ret_content) MUST_USE;

/* The value of an INTEGER or ENUMERATED from its contents: at least one octet, shortest form, at
 * most eight octets. */
bool der_integer(struct sspi_view content, int64_t *ret_value) MUST_USE;

/* Turns everything in `to` from offset `start` on into the contents of one element. Sets to->failed
 * when memory runs out, like every bytes_append. `start` must not be past to->len. */
void der_wrap(struct bytes *to, size_t start, uint8_t tag);

/* Appends one whole element. */
void der_append(struct bytes *to, uint8_t tag, struct sspi_view content);

/* Appends an element `outer` that holds one element `inner`: an EXPLICIT tag. */
void der_append_explicit(struct bytes *to, uint8_t outer, uint8_t inner, struct sspi_view content);

#endif
