/* SPDX-License-Identifier: Apache-2.0 */
/* Turns a policy and a connection into the rules of binding_check(): which channels and services
 * the policy accepts. */
#ifndef HTTP_BINDINGS_H
#define HTTP_BINDINGS_H

#include "binding_certificate.h"
#include "binding_check.h"
#include "http_exchange.h"

struct http_bindings {
    struct binding_rules rules; /* read them through http_bindings_rules() */
    struct binding item[PACKAGE_BINDINGS_LIMIT];
    struct package_channel_binding view[PACKAGE_BINDINGS_LIMIT];
    size_t n_items;
};

/* Fills in what `policy` demands of this request. The names of services stay the policy's. False:
 * the front ends' certificates were not opened at start; a record says so. */
bool http_bindings_find(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                        struct http_bindings *ret_bindings) MUST_USE;

/* The same for credentials. False also: a binding is demanded and there is nothing to compare with;
 * *ret_outcome then tells what to answer, and a record why. */
bool http_bindings_collect(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                           struct http_bindings *ret_bindings,
                           enum http_outcome *ret_outcome) MUST_USE;

/* True if `policy` says that the client's TLS may end at a front end: plain HTTP is then accepted.
 */
bool http_bindings_may_end_before(const struct sspi_policy *policy);

/* Returns the rules. It points them to the candidates in `bindings`, which may have been moved. */
const struct binding_rules *http_bindings_rules(struct http_bindings *bindings);

/* Drops the names of services, which are the policy's, for a job that may outlive the policy. The
 * service names that NTLM and Digest clients send are then not checked. */
void http_bindings_drop_services(struct http_bindings *bindings);

/* Checks the exchange's proof against `policy`. SEC_E_OK sets exchange->bound; otherwise `report`
 * says why. */
SECURITY_STATUS http_bindings_check(struct sspi_exchange *exchange,
                                    const struct sspi_policy *policy,
                                    struct sspi_error_info *error_info) MUST_USE;

#endif
