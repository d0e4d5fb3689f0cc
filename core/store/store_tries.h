/* SPDX-License-Identifier: Apache-2.0 */
/* The table of wrong passwords, in memory that all workers share. An entry counts those of one user
 * from one address until its time ends. A right password neither resets nor lowers the count:
 * somebody else at the address may be the one who guesses.
 *
 * The table has a fixed size. A stranger may try three things:
 *  - Free the own entry. A full set drops the entry with the fewest wrong passwords first. The key
 *    of the hashes is secret, so that the stranger cannot choose other names of the same set. Each
 *    further guess needs thousands of requests.
 *  - Fill the table, so that others are refused. Entries that have reached their limit are not
 *    dropped for a new one of the same address. A new one of another address replaces one of the
 *    address that has the most entries in the set. So only the own address is refused.
 *  - Guess in parallel. A try is counted when it begins (store_tries_begin()), or its result counts
 *    only if the limit is not reached then (store_tries_add()).
 *
 * Locations may have other limits, and share the count. It ends with the longest time of the
 * locations that counted, so that none of them helps a guess at another one.
 *
 * The requests of one page come at the same time, with one password. Only the first of them asks,
 * in whatever process, and the others wait for its result. */
#ifndef STORE_TRIES_H
#define STORE_TRIES_H

#include "bytes.h"
#include "clock.h"
#include "store_siphash.h"

#define STORE_TRIES_SETS 2048u
#define STORE_TRIES_WAYS 16u

/* How many passwords of one entry are verified at the same time. */
#define STORE_TRIES_ASKED 4u

/* After this time a verification that has not ended counts as lost, because its process died. */
#define STORE_TRIES_ASKED_MS 30000u

/* The table of one process: the memory is shared, the key is a copy. */
struct store_tries {
    struct store_tries_set *sets;
    uint8_t key[STORE_SIPHASH_KEY_SIZE];
};

/* Octets of the memory. */
size_t store_tries_size(void);

/* Begins a table in zeroed memory that is aligned to 64 octets, before workers exist. The memory
 * must outlive *ret_tries. False: randomness failed. */
bool store_tries_init(struct store_tries *ret_tries, void *memory,
                      const struct clock *clock) MUST_USE;

/* The user and the address, and how many wrong passwords are verified in how much time. `now_ms` is
 * of a clock that is never set back. */
struct store_tries_call {
    struct sspi_view user, address; /* the caller has normalised both */
    uint64_t number, time_ms;
    uint64_t now_ms;
};

enum store_tries_answer {
    STORE_TRIES_OPEN,
    STORE_TRIES_LIMITED,  /* no password is verified, also not a right one */
    STORE_TRIES_ASKED_NOW /* another request verifies the same password: wait, and ask again */
};

/* Returns whether the limit is reached. LIMITED: *ret_until_ms is when it ends. `password` is one
 * that another request may verify now; NULL: none. ASKED_NOW: that request has taken the last try,
 * and gives it back if the password is right. Takes no lock if no entry of the set is in force. */
enum store_tries_answer store_tries_check(struct store_tries *tries,
                                          const struct store_tries_call *call,
                                          const uint64_t *password,
                                          uint64_t *ret_until_ms) MUST_USE;

/* Counts a password that was wrong. LIMITED: the limit was reached before, so the client must not
 * learn that this one was wrong. For a verification that does not wait. */
enum store_tries_answer store_tries_add(struct store_tries *tries,
                                        const struct store_tries_call *call,
                                        uint64_t *ret_until_ms) MUST_USE;

/* Counts a password before it is verified. `password` is a keyed hash of it. Unless the answer is
 * OPEN, nothing was counted, and the password must not be verified. */
enum store_tries_answer store_tries_begin(struct store_tries *tries,
                                          const struct store_tries_call *call, uint64_t password,
                                          uint64_t *ret_until_ms) MUST_USE;

/* The verification that store_tries_begin() counted has ended. `call` is that of its beginning.
 * `wrong`: it keeps counting. Otherwise the password was right, or nothing could verify it. */
void store_tries_end(struct store_tries *tries, const struct store_tries_call *call,
                     uint64_t password, bool wrong);

#endif
