/* SPDX-License-Identifier: Apache-2.0 */
/* The memory of passwords of Basic that all processes of a server share: wrong tries and right
 * passwords. It is anonymous memory that the parent makes and workers inherit, and never a file.
 * Jobs have references, because they may outlive the acceptor. */
#ifndef ACCEPTOR_PASSWORDS_H
#define ACCEPTOR_PASSWORDS_H

#include "hash.h"
#include "ref.h"
#include "store_passwords.h"
#include "store_tries.h"

/* A keyed hash of a password, and of all that its verification depends on. */
struct acceptor_password_tag {
    uint8_t octets[STORE_PASSWORDS_TAG_LEN];
};

struct acceptor_passwords {
    struct ref ref;
    void *memory;
    size_t size;
    struct store_tries tries;
    struct store_passwords right;
    uint8_t key[32]; /* of the tags */
};

_Static_assert(STORE_PASSWORDS_TAG_LEN == HASH_MAX, "a tag is a whole SHA-256");

/* Makes the memory, before workers exist. Its pages take no room until they are used. NULL: no
 * memory, or randomness failed. */
struct acceptor_passwords *acceptor_passwords_new(void) MUST_USE;

/* See ref.h. */
struct acceptor_passwords *acceptor_passwords_ref(struct acceptor_passwords *passwords);
void acceptor_passwords_unref(struct acceptor_passwords *passwords);

/* Computes the tag of the two texts. The caller makes them unambiguous. False: libcrypto failed, or
 * no memory. */
bool acceptor_passwords_tag(const struct acceptor_passwords *passwords,
                            const struct hash_suite *hashes, struct sspi_view first,
                            struct sspi_view second,
                            struct acceptor_password_tag *ret_tag) MUST_USE;

#endif
