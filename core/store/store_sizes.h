/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes of the shared memory, of what it holds, and of keys. */
#ifndef STORE_SIZES_H
#define STORE_SIZES_H

#include <stdint.h>

/* The least memory that has room for the tables: 64 KiB. */
#define STORE_STATE_MIN_SIZE 65536

/* The most memory: the number of a set must fit in 32 bits. */
#define STORE_STATE_MAX_SIZE ((uint64_t)1 << 40)

/* Octets of store_state_nonce_key(). */
#define STORE_STATE_KEY_SIZE 32

/* Octets of a key that seals (store_keys.h), in a key file and in the shared memory. */
#define STORE_KEY_SIZE 32

/* Characters of store_state_opaque(): base64url of 12 random octets. */
#define STORE_STATE_OPAQUE_LEN 16

#endif
