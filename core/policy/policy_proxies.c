/* SPDX-License-Identifier: Apache-2.0 */
#include "policy_proxies.h"

#include <arpa/inet.h>
#include <string.h>

/* Addresses are compared in the form of IPv6; addresses of IPv4 are mapped (RFC 4291 2.5.5.2). */
#define ADDRESS_LEN  16
#define MAPPED_BITS  96
#define ADDRESS_BITS 128

struct network {
    uint8_t address[ADDRESS_LEN];
    unsigned n_bits;
};

static bool read_address(struct sspi_view text, struct network *ret_network)
{
    static const uint8_t mapped[ADDRESS_LEN] = {[10] = 0xFF, [11] = 0xFF};
    char copy[INET6_ADDRSTRLEN];
    if (text.len >= sizeof(copy) || memchr(text.data, '\0', text.len) != NULL)
        return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    memcpy(ret_network->address, mapped, ADDRESS_LEN);
    ret_network->n_bits = ADDRESS_BITS;
    return inet_pton(AF_INET, copy, ret_network->address + ADDRESS_LEN - 4) == 1 ||
           inet_pton(AF_INET6, copy, ret_network->address) == 1;
}

/* The number of bits behind the slash. */
static bool read_bits(struct sspi_view text, unsigned *ret_bits)
{
    unsigned bits = 0;
    if (text.len == 0 || text.len > 3)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        bits = bits * 10 + (unsigned)(text.data[i] - '0');
    }
    *ret_bits = bits;
    return true;
}

static bool read_network(struct sspi_view text, struct network *ret_network)
{
    const char *slash = text.len == 0 ? NULL : memchr(text.data, '/', text.len);
    if (text.len == 0 || slash == NULL)
        return text.len > 0 && read_address(text, ret_network);
    struct sspi_view address = {text.data, (size_t)(slash - text.data)};
    struct sspi_view behind = {slash + 1, text.len - address.len - 1};
    unsigned bits, offset;
    if (address.len == 0 || !read_address(address, ret_network) || !read_bits(behind, &bits))
        return false;
    offset = memchr(address.data, ':', address.len) == NULL ? MAPPED_BITS : 0;
    if (bits > ADDRESS_BITS - offset)
        return false;
    ret_network->n_bits = offset + bits;
    return true;
}

static bool is_in_network(const struct network *address, const struct network *network)
{
    size_t n_octets = network->n_bits / 8;
    unsigned n_rest = network->n_bits % 8;
    if (memcmp(address->address, network->address, n_octets) != 0)
        return false;
    return n_rest == 0 ||
           (address->address[n_octets] ^ network->address[n_octets]) >> (8 - n_rest) == 0;
}

bool policy_proxies_is_network(struct sspi_view text)
{
    struct network network;
    return read_network(text, &network);
}

bool policy_proxies_between(const struct sspi_request *request, const struct sspi_policy *policy)
{
    const struct sspi_view *words = policy->proxies.words;
    size_t n_words = policy->proxies.n;
    struct network peer, network;
    /* A peer without an address uses a Unix socket: it is a proxy on this machine. */
    if (request->forwarded || request->peer.len == 0)
        return true;
    if (n_words == 0)
        return false;
    if (!read_address(request->peer, &peer))
        return true;
    for (size_t i = 0; i < n_words; i++)
        if (read_network(words[i], &network) && is_in_network(&peer, &network))
            return true;
    return false;
}

bool sspi_http_is_proxy_header(struct sspi_view name)
{
    static const struct sspi_view prefix = {"X-Forwarded-", 12};
    return bytes_equal_nocase(name, SSPI_VIEW("Via")) ||
           bytes_equal_nocase(name, SSPI_VIEW("Forwarded")) ||
           bytes_equal_nocase(name, SSPI_VIEW("X-Real-IP")) ||
           (name.len > prefix.len &&
            bytes_equal_nocase((struct sspi_view){name.data, prefix.len}, prefix));
}
