/* SPDX-License-Identifier: Apache-2.0 */
/* The value of Authentication-Info (RFC 7616 3.5, RFC 7615): the server's own proof, and the next
 * nonce. Pure. */
#ifndef DIGEST_INFO_H
#define DIGEST_INFO_H

#include "digest_verify.h"

/* Appends rspauth, cnonce, nc, qop, and nextnonce when `next_nonce` is not absent. Auth-int is
 * answered with auth-int where the answer's body is known: `entity_hash`, hash_len() octets, or
 * NULL, and then only that of HEAD, which has none. Elsewhere rspauth takes the form of qop auth.
 * False: libcrypto failed; what was appended is to be dropped. */
bool digest_info_append(struct bytes *to, struct hash_run *run, const struct digest_response *from,
                        struct sspi_view method, const uint8_t *entity_hash,
                        const uint8_t hash_a1[HASH_MAX], struct sspi_view next_nonce) MUST_USE;

#endif
