/* SPDX-License-Identifier: Apache-2.0 */
/* How many wrong passwords of Basic a client may send: who counts as one user at one address, and
 * the answer 429. */
#ifndef REQUEST_BASIC_TRIES_H
#define REQUEST_BASIC_TRIES_H

#include "package_password.h"
#include "request_exchange.h"

/* The octets of an IPv4 address, the first 64 bits of an IPv6 address (RFC 6177: a site has at
 * least so many), or the text of another address. */
#define REQUEST_BASIC_ADDRESS_LIMIT 64

/* A user at an address, and the limit of the location. It owns its texts. */
struct request_basic_who {
    struct bytes user;
    char address[REQUEST_BASIC_ADDRESS_LIMIT];
    size_t address_len;
    uint64_t number, time_ms;
};

/* Sets *ret_who, which the caller clears. All spellings of a user are one user: alice, ALICE,
 * DOMAIN\alice, alice@REALM. So are those that only some directories take for one, such as another
 * accent or a blank behind the name: each would be one more count for a guess. False: no memory. */
bool request_basic_who_of(const struct sspi_exchange *exchange, const struct sspi_policy *policy,
                          struct sspi_view name, struct request_basic_who *ret_who) MUST_USE;

void request_basic_who_clear(struct request_basic_who *who);

/* Borrows `who`. */
struct store_tries_call request_basic_who_call(const struct request_basic_who *who,
                                               uint64_t now_ms);

/* The limit is reached until `until_ms`: 429, and the answer says when to try again. */
enum sspi_reason request_basic_refuse_tries(struct sspi_exchange *exchange, struct sspi_view name,
                                            const struct store_tries_call *call, uint64_t until_ms);

#endif
