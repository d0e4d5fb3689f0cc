/* SPDX-License-Identifier: Apache-2.0 */
/* Turns a policy and a connection into the rules of binding_check(): which channels and services
 * the policy accepts. */
#ifndef REQUEST_BINDINGS_H
#define REQUEST_BINDINGS_H

#include "binding_channel.h"
#include "binding_check.h"
#include "request_exchange.h"

struct request_bindings {
    struct binding_rules rules; /* read them through request_bindings_rules() */
    struct binding item[PACKAGE_BINDINGS_LIMIT];
    struct package_channel_binding view[PACKAGE_BINDINGS_LIMIT];
    size_t n_items;
};

/* Fills in what `policy` demands of this request. The names of services are borrowed from the
 * policy. False: the front ends' certificates were not opened at start; a log entry says so. */
bool request_bindings_find(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                           struct request_bindings *ret_bindings) MUST_USE;

/* The same for credentials. Otherwise than SSPI_REASON_NONE: they are refused, because `policy`
 * demands a binding and there is nothing to compare with. A log entry says why. */
enum sspi_reason request_bindings_collect(struct sspi_exchange *exchange,
                                          const struct sspi_policy *policy,
                                          struct request_bindings *ret_bindings) MUST_USE;

/* Returns the rules. It points them to the candidates in `bindings`, which may have been moved. */
const struct binding_rules *request_bindings_rules(struct request_bindings *bindings);

/* Drops the names of services, which are the policy's, for a job that may outlive the policy. The
 * service names that NTLM and Digest clients send are then not checked. */
void request_bindings_drop_services(struct request_bindings *bindings);

/* Checks the channel and the service of the identity against `policy`. SEC_E_OK sets
 * exchange->bound. Otherwise `error_info` says why. */
SECURITY_STATUS request_bindings_check(struct sspi_exchange *exchange,
                                       const struct sspi_policy *policy,
                                       struct sspi_error_info *error_info) MUST_USE;

#endif
