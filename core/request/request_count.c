/* SPDX-License-Identifier: Apache-2.0 */
#include "request_count.h"

#include <inttypes.h>
#include <string.h>

#include "policy.h"

static void add(const struct sspi_exchange *exchange, enum store_counter counter)
{
    if (exchange->acceptor->state != NULL)
        store_counters_add(exchange->acceptor->state, counter);
}

static void count_binding(const struct sspi_exchange *exchange)
{
    switch (exchange->bound) {
    case PACKAGE_BOUND_MATCHED:
        add(exchange, STORE_COUNTER_BOUND);
        break;
    case PACKAGE_BOUND_PROXY:
        add(exchange, STORE_COUNTER_BOUND_BEFORE);
        break;
    case PACKAGE_BOUND_ABSENT:
    case PACKAGE_BOUND_NONE:
        add(exchange, STORE_COUNTER_UNBOUND);
        break;
    case PACKAGE_BOUND_UNCHECKED:
        break;
    }
}

static void count_granted(const struct sspi_exchange *exchange)
{
    if (exchange->kept) {
        add(exchange, STORE_COUNTER_GRANTED_KEPT);
        return;
    }
    switch (exchange->identity.runs) {
    case POLICY_MECHANISM_KERBEROS:
        add(exchange, STORE_COUNTER_GRANTED_KERBEROS);
        break;
    case POLICY_MECHANISM_NTLM:
        add(exchange, STORE_COUNTER_GRANTED_NTLM);
        break;
    default:
        add(exchange, STORE_COUNTER_GRANTED_DIGEST);
        break;
    }
    count_binding(exchange);
}

static enum store_counter counter_of_challenge(const struct sspi_exchange *exchange)
{
    if (exchange->outcome == REQUEST_OUTCOME_CONTINUE)
        return STORE_COUNTER_CONTINUED;
    return exchange->request.authorization.data == NULL ? STORE_COUNTER_CHALLENGED
                                                        : STORE_COUNTER_REFUSED;
}

void request_count_verdict(struct sspi_exchange *exchange)
{
    if (exchange->counted)
        return;
    exchange->counted = true;
    switch (exchange->result.verdict) {
    case SSPI_GRANTED:
        count_granted(exchange);
        return;
    case SSPI_ANONYMOUS:
        add(exchange, STORE_COUNTER_ANONYMOUS);
        return;
    case SSPI_CHALLENGE:
        add(exchange, counter_of_challenge(exchange));
        return;
    case SSPI_NEED_HTTP_1_1:
        add(exchange, STORE_COUNTER_CONTINUED);
        return;
    case SSPI_FORBIDDEN:
        add(exchange, STORE_COUNTER_FORBIDDEN);
        return;
    case SSPI_BAD_REQUEST:
    case SSPI_TOO_LARGE:
        add(exchange, STORE_COUNTER_MALFORMED);
        return;
    case SSPI_UNAVAILABLE:
        add(exchange, STORE_COUNTER_UNAVAILABLE);
        return;
    case SSPI_ERROR:
        add(exchange, STORE_COUNTER_FAILED);
        return;
    case SSPI_NEED_ENTITY:
    case SSPI_NEED_HASH:
    case SSPI_MAY_BLOCK:
        break;
    }
    exchange->counted = false; /* it is none yet */
}

void request_count_reason(const struct sspi_exchange *exchange, enum sspi_reason reason)
{
    switch (reason) {
    case SSPI_REASON_BAD_BINDING:
        add(exchange, STORE_COUNTER_BINDING_WRONG);
        break;
    case SSPI_REASON_MISSING_BINDING:
        add(exchange, STORE_COUNTER_BINDING_MISSING);
        break;
    case SSPI_REASON_REPLAY:
        add(exchange, STORE_COUNTER_REPLAYED);
        break;
    default:
        break;
    }
}

/* ---- showing ---- */

static void write_html(const struct sspi_state *state, struct bytes *to)
{
    bytes_append_text(to, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                          "<title>SSPI status</title></head><body>\n<h1>SSPI status</h1>\n"
                          "<p>Requests of all workers, since the shared memory was made.</p>\n"
                          "<table>\n");
    for (enum store_counter i = 0; i < STORE_COUNTERS; i++)
        bytes_append_format(to, "<tr><td>%s</td><td>%" PRIu64 "</td></tr>\n",
                            store_counters_help(i), store_counters_value(state, i));
    bytes_append_text(to, "</table>\n</body></html>\n");
}

static void write_json(const struct sspi_state *state, struct bytes *to)
{
    for (enum store_counter i = 0; i < STORE_COUNTERS; i++)
        bytes_append_format(to, "%s\"%s\": %" PRIu64, i == 0 ? "{" : ", ", store_counters_name(i),
                            store_counters_value(state, i));
    bytes_append_text(to, "}\n");
}

/* The text format of Prometheus, version 0.0.4. */
static void write_prometheus(const struct sspi_state *state, struct bytes *to)
{
    for (enum store_counter i = 0; i < STORE_COUNTERS; i++)
        bytes_append_format(
            to,
            "# HELP sspi_%s_total %s\n# TYPE sspi_%s_total counter\nsspi_%s_total %" PRIu64 "\n",
            store_counters_name(i), store_counters_help(i), store_counters_name(i),
            store_counters_name(i), store_counters_value(state, i));
}

static const struct {
    struct sspi_view format; /* of ?format= */
    struct sspi_view accept; /* in Accept */
    const char *type;
    void (*write)(const struct sspi_state *state, struct bytes *to);
} formats[] = {
    {{"html", 4}, {"text/html", 9}, "text/html; charset=utf-8", write_html},
    {{"json", 4}, {"application/json", 16}, "application/json", write_json},
    {{"prometheus", 10},
     {"application/openmetrics-text", 28},
     "text/plain; version=0.0.4; charset=utf-8",
     write_prometheus},
};

#define N_FORMATS (sizeof(formats) / sizeof(formats[0]))

/* Where `what` begins in `text`; text.len when it does not stand there. */
static size_t find(struct sspi_view text, struct sspi_view what)
{
    for (size_t at = 0; at + what.len <= text.len; at++)
        if (bytes_equal_nocase((struct sspi_view){text.data + at, what.len}, what))
            return at;
    return text.len;
}

/* The one that the query names, else the first that Accept does, else Prometheus for its text/plain
 * and HTML for all others. */
static size_t choose(struct sspi_view accept, struct sspi_view query)
{
    const struct sspi_view prefix = SSPI_VIEW("format=");
    size_t chosen = 0, first = accept.len;
    for (size_t i = 0; i < N_FORMATS; i++)
        if (query.len == prefix.len + formats[i].format.len && find(query, prefix) == 0 &&
            find(query, formats[i].format) == prefix.len)
            return i;
    if (find(accept, SSPI_VIEW("text/plain")) < accept.len) {
        first = find(accept, SSPI_VIEW("text/plain"));
        chosen = N_FORMATS - 1;
    }
    for (size_t i = 0; i < N_FORMATS; i++) {
        size_t at = find(accept, formats[i].accept);
        if (at < first) {
            first = at;
            chosen = i;
        }
    }
    return chosen;
}

char *sspi_acceptor_status(const struct sspi_acceptor *acceptor, struct sspi_view accept,
                           struct sspi_view query, size_t *ret_len, const char **ret_type)
{
    struct bytes text BYTES_CLEANUP = {0};
    size_t chosen = choose(accept, query);
    if (acceptor->state == NULL)
        return NULL;
    formats[chosen].write(acceptor->state, &text);
    *ret_type = formats[chosen].type;
    return bytes_steal(&text, ret_len);
}
