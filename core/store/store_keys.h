/* SPDX-License-Identifier: Apache-2.0 */
/* The keys that seal what clients keep for the server (store_seal.h): those of a key file, or one
 * key of the shared memory.
 *
 * The first key of a key file (store_key_lines.h) seals, and all keys open. So an administrator
 * gives a new key to all hosts before the first one of them seals with it. */
#ifndef STORE_KEYS_H
#define STORE_KEYS_H

#include "bytes.h"
#include "clock.h"
#include "store_sizes.h"

struct store_keyring;
struct store_keys;
struct store_source;

/* Reads the key file at `path`. No account other than its owner and its group may read or write
 * the file. `clock` gives the nonces of seals and must outlive the keys. NULL: `error` says
 * "path:line: what is wrong; what would be right", without any key. Blocks on the file. */
struct store_keys *store_keys_open(const char *path, const struct clock *clock, char *error,
                                   size_t error_size) MUST_USE;

/* Makes keys of one key, which is copied, without a file. They never change. NULL: no memory, or
 * libcrypto failed. */
struct store_keys *store_keys_new(const uint8_t key[STORE_KEY_SIZE],
                                  const struct clock *clock) MUST_USE;

/* See ref.h. The last owner wipes the keys. */
struct store_keys *store_keys_ref(struct store_keys *keys);
void store_keys_unref(struct store_keys *keys);

/* The file, which is read again when it changes. If the new file is wrong, the old keys stay. */
struct store_source *store_keys_source(struct store_keys *keys);

/* For store_seal.c. The current keyring, with a reference for the caller. Takes a lock for the time
 * of a few instructions. */
struct store_keyring *store_keys_keyring(struct store_keys *keys) MUST_USE;

/* For store_seal.c. */
const struct clock *store_keys_clock(const struct store_keys *keys);

#endif
