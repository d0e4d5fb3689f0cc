/* SPDX-License-Identifier: Apache-2.0 */
/* Counts what became of requests, and shows it. */
#ifndef REQUEST_COUNT_H
#define REQUEST_COUNT_H

#include "request_exchange.h"
#include "store_counters.h"

/* Counts the verdict of a step once for each exchange, when it is final. */
void request_count_verdict(struct sspi_exchange *exchange);

/* Counts why credentials were refused, as far as that has a counter. */
void request_count_reason(const struct sspi_exchange *exchange, enum sspi_reason reason);

#endif
