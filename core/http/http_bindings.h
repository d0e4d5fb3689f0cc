/* SPDX-License-Identifier: Apache-2.0 */
/* The channels that a client may be bound to, as the SSPI calls take them. */
#ifndef HTTP_BINDINGS_H
#define HTTP_BINDINGS_H

#include "binding_certificate.h"
#include "http_exchange.h"

/* In the layout of SEC_CHANNEL_BINDINGS. */
struct http_bindings {
    struct {
        SEC_CHANNEL_BINDINGS head;
        uint8_t data[BINDING_MAX_SIZE];
    } item[SSPI_BINDINGS_LIMIT];
    size_t n_items;
    ULONG requirements; /* the ASC_REQ_ flags that go with them */
    bool tells;         /* what the client is bound to is to be told, whatever it is */
};

/* Fills in what `policy` wants compared, which may be nothing. False: the front ends' certificates
 * were not opened at start; a record says so. */
bool http_bindings_find(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                        struct http_bindings *ret_bindings) SSPI_MUST_USE;

/* The same for credentials. False also: a binding is demanded and there is nothing to compare with;
 * *ret_outcome then tells what to answer, and a record why. */
bool http_bindings_collect(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                           struct http_bindings *ret_bindings,
                           enum http_outcome *ret_outcome) SSPI_MUST_USE;

/* True when `policy` says that the client's channel may end in front of us: plain HTTP is right
 * then.
 */
bool http_bindings_may_end_before(const struct sspi_policy *policy);

/* Writes a buffer for each into `buffers`, which has room for SSPI_BINDINGS_LIMIT; returns how
 * many. They borrow from `bindings`. */
ULONG http_bindings_buffers(struct http_bindings *bindings, SecBuffer *buffers);

#endif
