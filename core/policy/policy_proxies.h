/* SPDX-License-Identifier: Apache-2.0 */
/* Proxies in front of the server: they share connections among clients, so that nothing may be kept
 * on a connection that comes from one. */
#ifndef POLICY_PROXIES_H
#define POLICY_PROXIES_H

#include <pthread.h>

#include "bytes.h"
#include "sspi_http.h"

/* Longest address in text, with its NUL. */
#define POLICY_PROXIES_ADDRESS_SIZE 46

/* Addresses that are remembered to have been told of; of more nothing is told. */
#define POLICY_PROXIES_LOGGED_LIMIT 64

/* Who was told of already; one a process. */
struct policy_proxies_logged {
    pthread_mutex_t lock;
    char address[POLICY_PROXIES_LOGGED_LIMIT][POLICY_PROXIES_ADDRESS_SIZE];
    size_t n;
};

/* False: no lock can be had. */
bool policy_proxies_logged_init(struct policy_proxies_logged *told) MUST_USE;
void policy_proxies_logged_close(struct policy_proxies_logged *told);

/* True once for each address, and never when too many were told of. */
bool policy_proxies_should_log(struct policy_proxies_logged *told, struct sspi_view address);

/* True when `text` is an address or a network: 192.0.2.1, 192.0.2.0/24, 2001:db8::/32. Pure. */
bool policy_proxies_is_network(struct sspi_view text) MUST_USE;

/* True when a request came through a proxy: its headers say so, it is from one of those that the
 * policy names, or it has no address. Pure. */
bool policy_proxies_between(const struct sspi_request *request, const struct sspi_policy *policy);

#endif
