/* SPDX-License-Identifier: Apache-2.0 */
#include "request_basic_tries.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

#include "escape.h"
#include "fold.h"
#include "policy.h"
#include "request_basic_header.h"

_Static_assert(REQUEST_BASIC_USER_LIMIT <= FOLD_LIMIT, "fold_alike() accepts every name");

#define IPV4_LEN   4
#define PREFIX_LEN 8 /* of IPv6 */

/* ---- the address ---- */

static size_t copy(char to[REQUEST_BASIC_ADDRESS_LIMIT], const void *from, size_t len)
{
    memcpy(to, from, len);
    return len;
}

/* An IPv4 address in IPv6 form is that IPv4 address. */
static size_t write_ipv6(const struct in6_addr *address, char to[REQUEST_BASIC_ADDRESS_LIMIT])
{
    if (IN6_IS_ADDR_V4MAPPED(address))
        return copy(to, address->s6_addr + sizeof(address->s6_addr) - IPV4_LEN, IPV4_LEN);
    return copy(to, address->s6_addr, PREFIX_LEN);
}

/* Returns the length. A Unix socket has no address, and all its clients count as one. */
static size_t write_address(struct sspi_view peer, char to[REQUEST_BASIC_ADDRESS_LIMIT])
{
    char text[REQUEST_BASIC_ADDRESS_LIMIT];
    struct in_addr ipv4;
    struct in6_addr ipv6;
    size_t len = peer.len < sizeof(text) ? peer.len : sizeof(text) - 1;
    if (len > 0)
        memcpy(text, peer.data, len);
    text[len] = '\0';
    if (inet_pton(AF_INET, text, &ipv4) == 1)
        return copy(to, &ipv4, sizeof(ipv4));
    return inet_pton(AF_INET6, text, &ipv6) == 1 ? write_ipv6(&ipv6, to) : copy(to, text, len);
}

/* ---- the user ---- */

/* Returns the name without domain and realm. */
static struct sspi_view bare_name(struct sspi_view name)
{
    size_t start = name.len;
    while (start > 0 && name.data[start - 1] != '\\')
        start--;
    name = (struct sspi_view){name.data + start, name.len - start};
    size_t end = name.len;
    while (end > 0 && name.data[end - 1] != '@')
        end--;
    return end > 1 ? (struct sspi_view){name.data, end - 1} : name;
}

bool request_basic_who_of(const struct sspi_exchange *exchange, const struct sspi_policy *policy,
                          struct sspi_view name, struct request_basic_who *ret_who)
{
    const struct policy_tries tries = policy_basic_tries(policy);
    BYTES_CLEANUP struct bytes alike = {0};
    *ret_who = (struct request_basic_who){.number = tries.number, .time_ms = tries.time_s * 1000};
    ret_who->address_len = write_address(exchange->request.peer, ret_who->address);
    if (!fold_alike(&alike, name))
        return false;
    bytes_append_view(&ret_who->user, bare_name(bytes_as_view(&alike)));
    return !ret_who->user.failed;
}

void request_basic_who_clear(struct request_basic_who *who)
{
    bytes_free(&who->user);
}

struct store_tries_call request_basic_who_call(const struct request_basic_who *who, uint64_t now_ms)
{
    return (struct store_tries_call){.user = bytes_as_view(&who->user),
                                     .address = {who->address, who->address_len},
                                     .number = who->number,
                                     .time_ms = who->time_ms,
                                     .now_ms = now_ms};
}

enum sspi_reason request_basic_refuse_tries(struct sspi_exchange *exchange, struct sspi_view name,
                                            const struct store_tries_call *call, uint64_t until_ms)
{
    char shown[ESCAPE_NAME_SIZE];
    uint64_t wait_ms = until_ms > call->now_ms ? until_ms - call->now_ms : 0;
    exchange->retry_after_s = (wait_ms + 999) / 1000;
    return request_exchange_log(
        exchange, SSPI_REASON_TOO_MANY_TRIES, SEC_E_LOGON_DENIED,
        "user \"%s\" got %" PRIu64
        " wrong passwords from one address: the server verifies no other one for "
        "%" PRIu64 " seconds",
        escape_text(shown, sizeof(shown), name), call->number, exchange->retry_after_s);
}
