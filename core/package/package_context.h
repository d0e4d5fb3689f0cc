/* SPDX-License-Identifier: Apache-2.0 */
/* One login in progress, and the accept call with typed parameters. It has two callers.
 * AcceptSecurityContext takes the parameters from Windows' buffers and keeps the context behind a
 * handle. The request layer takes them from an HTTP request and keeps the context on the
 * connection. The same parameters have the same status for both. */
#ifndef PACKAGE_CONTEXT_H
#define PACKAGE_CONTEXT_H

#include "package_credential.h"
#include "package_layer.h"

enum package_context_state {
    PACKAGE_CONTEXT_PARTIAL,
    PACKAGE_CONTEXT_ESTABLISHED,
    PACKAGE_CONTEXT_FAILED /* the caller can only clear it */
};

/* Zero-initialised: no context. It may be moved; one thread at a time may use it. */
struct package_context {
    struct package_credential *credential; /* a reference; NULL: no context */
    void *data;                            /* the package's own; NULL until the package makes it */
    struct package_layer *layer;           /* the layer over the package, owned; NULL: none */
    enum package_context_state state;
    bool client_done;   /* the client sends no further token */
    ULONG requirements; /* ASC_REQ_* of the last step */
};

/* Makes an empty, partial context, which takes a reference to `credential`. The caller may set the
 * layer before the first step. */
void package_context_init(struct package_context *context, struct package_credential *credential);

/* Frees the context in any state, and leaves a zero-initialised one. */
void package_context_clear(struct package_context *context);

/* One step. `in` may hold a token and parameters of at most PACKAGE_TOKEN_LIMIT octets each, and
 * in->n_tokens is the room in `out`. The caller zero-initialises `out`, sets out->error_info, and
 * frees it with package_output_clear().
 *
 * Returns what AcceptSecurityContext documents in sspi.h. On an error out->error_info has a reason.
 * Only SEC_E_OK establishes the context. SEC_E_INCOMPLETE_MESSAGE leaves the context as it was, and
 * out->need says which input the next call must have. If a parameter is too long, the context does
 * not change either. Every other error ends the context. */
SECURITY_STATUS package_context_accept(struct package_context *context,
                                       const struct package_input *in,
                                       struct package_output *out) MUST_USE;

/* The two halves of package_context_accept(), for core/sspi, which delivers the tokens before it
 * knows the final status. The first half checks the state, calls the package or the layer, and
 * checks the answer. The caller passes the final status to the second half, which sets the state.
 */
SECURITY_STATUS package_context_run(struct package_context *context, const struct package_input *in,
                                    struct package_output *out) MUST_USE;
void package_context_settle(struct package_context *context, SECURITY_STATUS status);

/* CompleteAuthToken. SEC_E_UNSUPPORTED_FUNCTION: the package does not have it.
 * SEC_E_INVALID_HANDLE: the context does not wait for it. */
SECURITY_STATUS package_context_complete(struct package_context *context, struct package_input *in,
                                         struct package_output *out) MUST_USE;

/* The facts about the client. NULL until the context is established. The context owns it. */
const struct package_info *package_context_info(const struct package_context *context);

/* Reads what the directory says about the client of an established context into the facts, once
 * (read_logon() of the package). No network. */
SECURITY_STATUS package_context_read_logon(struct package_context *context) MUST_USE;

/* Moves what the client of an established context delegated to *ret_delegated. Its owner frees it:
 * kerberos_delegation_free() for the credential cache. Empty: the client delegated nothing. */
void package_context_take_delegated(struct package_context *context,
                                    struct package_delegated *ret_delegated);

/* True when the next step may wait for another machine, so that a thread that may block must run
 * it. */
bool package_context_may_wait(const struct package_context *context);

/* SEC_E_OK when `text` has at most PACKAGE_TOKEN_LIMIT octets; otherwise SEC_E_INVALID_TOKEN.
 * The text of the error calls it `what`. Pure. */
SECURITY_STATUS package_context_check_size(struct sspi_view text, const char *what,
                                           struct sspi_error_info *error_info) MUST_USE;

#endif
