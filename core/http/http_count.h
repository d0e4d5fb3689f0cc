/* SPDX-License-Identifier: Apache-2.0 */
/* Counts what became of requests, and shows it. */
#ifndef HTTP_COUNT_H
#define HTTP_COUNT_H

#include "http_exchange.h"
#include "store_counters.h"

/* Counts the verdict of a step once for each exchange, when it is final. */
void http_count_verdict(struct sspi_exchange *exchange);

/* Counts why credentials were refused, as far as that has a counter. */
void http_count_reason(const struct sspi_exchange *exchange, enum sspi_reason reason);

#endif
