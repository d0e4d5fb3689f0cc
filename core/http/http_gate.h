/* SPDX-License-Identifier: Apache-2.0 */
/* The gate before what may wait for another machine: so many at a time, and nobody for a while
 * after it did not answer in time. */
#ifndef HTTP_GATE_H
#define HTTP_GATE_H

#include "bytes.h"

/* Who is inside for longer has timed out ... */
#define HTTP_GATE_PATIENCE_MS 5000
/* ... and for that long nobody is let in. */
#define HTTP_GATE_CLOSED_MS 10000

struct http_gate;

/* Lies in what passes the gate. */
struct http_gate_pass {
    struct http_gate_pass *next;
    uint64_t began_ms;
};

enum http_gate_answer { HTTP_GATE_ENTERED, HTTP_GATE_FULL, HTTP_GATE_CLOSED };

/* Lets `limit` in at a time; 0: any number. NULL: no memory. */
struct http_gate *http_gate_new(unsigned limit) MUST_USE;

/* One more owner, who drops it too. All of this is thread-safe. */
struct http_gate *http_gate_reference(struct http_gate *gate);

/* NULL is fine. */
void http_gate_drop(struct http_gate *gate);

/* ENTERED: `pass` is inside until http_gate_leave(). Times are of a clock that is never set back.
 */
enum http_gate_answer http_gate_enter(struct http_gate *gate, struct http_gate_pass *pass,
                                      uint64_t now_ms) MUST_USE;

/* `answered`: the other machine did, whatever it said. */
void http_gate_leave(struct http_gate *gate, struct http_gate_pass *pass, bool answered,
                     uint64_t now_ms);

#endif
