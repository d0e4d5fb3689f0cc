/* SPDX-License-Identifier: Apache-2.0 */
#include "request_count.h"

#include <inttypes.h>
#include <string.h>

#include "acceptor.h"

static const struct {
    unsigned short status;
    enum store_counter counter, detail;
} reasons[SSPI_REASON_COUNT] = {
#define SSPI_REASON(id, number, severity, status, counter, detail, meaning)                        \
    [SSPI_REASON_##id] = {status, STORE_COUNTER_##counter, STORE_COUNTER_##detail},
#include "sspi_reasons.def"
#undef SSPI_REASON
};

static void add(struct sspi_state *state, enum store_counter counter)
{
    if (state != NULL && counter != STORE_COUNTER_NONE)
        store_counters_add(state, counter);
}

unsigned request_count_status(enum sspi_reason reason)
{
    return reasons[reason].status;
}

void request_count_end(struct sspi_state *state, enum sspi_reason reason)
{
    add(state, reasons[reason].counter);
}

void request_count_refusal(struct sspi_state *state, enum sspi_reason reason)
{
    add(state, reasons[reason].detail);
}

static enum store_counter counter_of_binding(enum package_bound bound)
{
    switch (bound) {
    case PACKAGE_BOUND_MATCHED:
        return STORE_COUNTER_BOUND;
    case PACKAGE_BOUND_PROXY:
        return STORE_COUNTER_BOUND_BEFORE;
    case PACKAGE_BOUND_ABSENT:
    case PACKAGE_BOUND_NO_TLS:
        return STORE_COUNTER_UNBOUND;
    case PACKAGE_BOUND_UNCHECKED:
        break;
    }
    return STORE_COUNTER_NONE;
}

static enum store_counter counter_of_mechanism(uint8_t mechanism)
{
    switch (mechanism) {
    case SSPI_MECH_KERBEROS:
        return STORE_COUNTER_GRANTED_KERBEROS;
    case SSPI_MECH_NTLM:
        return STORE_COUNTER_GRANTED_NTLM;
    default:
        return STORE_COUNTER_GRANTED_DIGEST;
    }
}

void request_count_granted(struct sspi_state *state, const struct policy_identity *identity,
                           enum package_bound bound, bool from_connection, bool from_session)
{
    if (from_connection || from_session) {
        add(state, from_session ? STORE_COUNTER_GRANTED_SESSION : STORE_COUNTER_GRANTED_KEPT);
        return;
    }
    add(state, identity->scheme == SSPI_SCHEME_BASIC ? STORE_COUNTER_GRANTED_BASIC
                                                     : counter_of_mechanism(identity->mech));
    add(state, counter_of_binding(bound));
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

/* Returns where `what` begins in `text`; text.len: it is not there. */
static size_t find(struct sspi_view text, struct sspi_view what)
{
    for (size_t at = 0; at + what.len <= text.len; at++)
        if (bytes_equal_nocase((struct sspi_view){text.data + at, what.len}, what))
            return at;
    return text.len;
}

/* Returns the format that the query names, otherwise the first format in Accept. text/plain in
 * Accept stands for Prometheus. Without any of them the format is HTML. */
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
