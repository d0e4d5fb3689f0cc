/* SPDX-License-Identifier: Apache-2.0 */
/* Proxies in front of the server. They share connections among clients, so no login and no
 * unfinished exchange may be kept on a connection that comes from a proxy. */
#ifndef POLICY_PROXIES_H
#define POLICY_PROXIES_H

#include "bytes.h"
#include "sspi_http.h"

/* True if `text` is an address or a network: 192.0.2.1, 192.0.2.0/24, 2001:db8::/32. Pure. */
bool policy_proxies_is_network(struct sspi_view text) MUST_USE;

/* True if a request came through a proxy. Its headers say so, its peer is one of the proxies that
 * the policy names, or its peer has no address. Pure. */
bool policy_proxies_between(const struct sspi_request *request, const struct sspi_policy *policy);

#endif
