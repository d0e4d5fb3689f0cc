/* SPDX-License-Identifier: Apache-2.0 */
/* The table of right passwords, in memory that all workers share. An entry holds what the verifier
 * said about the user, and is found by a keyed hash of everything that the verification depended
 * on. The key of that hash is only in the memory of the processes. An entry is written only after a
 * password was right, so strangers cannot fill the table. */
#ifndef STORE_PASSWORDS_H
#define STORE_PASSWORDS_H

#include "bytes.h"
#include "clock.h"
#include "store_siphash.h"

#define STORE_PASSWORDS_SETS 256u
#define STORE_PASSWORDS_WAYS 4u

#define STORE_PASSWORDS_TAG_LEN 32u

/* The most octets about one user, such as SIDs of groups. A user with more is not remembered. */
#define STORE_PASSWORDS_FACTS_LIMIT 8000u

/* The table of one process: the memory is shared, the key is a copy. */
struct store_passwords {
    struct store_passwords_set *sets;
    uint8_t key[STORE_SIPHASH_KEY_SIZE];
};

/* As for store_tries.h. */
size_t store_passwords_size(void);
bool store_passwords_init(struct store_passwords *ret_passwords, void *memory,
                          const struct clock *clock) MUST_USE;

/* Remembers a password that was right at `now_ms`. `now_ms` is of a clock that is never set back.
 * Without room for the facts nothing is remembered. */
void store_passwords_add(struct store_passwords *passwords,
                         const uint8_t tag[STORE_PASSWORDS_TAG_LEN], struct sspi_view facts,
                         uint64_t now_ms);

/* Appends the facts of a password that was right less than `lifetime_ms` ago. False: there is none,
 * or no memory. */
bool store_passwords_find(struct store_passwords *passwords,
                          const uint8_t tag[STORE_PASSWORDS_TAG_LEN], uint64_t now_ms,
                          uint64_t lifetime_ms, struct bytes *ret_facts) MUST_USE;

#endif
