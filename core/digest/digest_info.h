/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the value of Authentication-Info (RFC 7616 3.5, RFC 7615): it authenticates the server and
 * can carry the next nonce. Pure. */
#ifndef DIGEST_INFO_H
#define DIGEST_INFO_H

#include "digest_verify.h"

/* Appends rspauth, cnonce, nc and qop, and nextnonce if `next_nonce` is present. `entity_hash` is
 * the hash of the answer's body in hash_len() octets, or NULL if it is not known. A request with
 * auth-int is answered with auth-int if the hash is known or the method is HEAD, whose answer has
 * no body. Otherwise rspauth has the form of qop auth. False: libcrypto failed, and the caller must
 * discard `to`. */
bool digest_info_append(struct bytes *to, struct hash_run *run, const struct digest_response *from,
                        struct sspi_view method, const uint8_t *entity_hash,
                        const uint8_t hash_a1[HASH_MAX], struct sspi_view next_nonce) MUST_USE;

#endif
