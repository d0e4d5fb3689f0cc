/* SPDX-License-Identifier: Apache-2.0 */
/* What Basic needs at start: the hash of NT lines is opened. sspi_policy_check_basic() of
 * sspi_http.h checks its configuration. */
#ifndef ACCEPTOR_BASIC_H
#define ACCEPTOR_BASIC_H

#include "ntlm_nt_hash.h"
#include "sspi_http.h"

/* Checks a complete policy: its realm, and sspi_policy_check_basic(). False: `error`
 * (SSPI_ERROR_SIZE bytes) names the directives of `server`, and what would be right. */
bool acceptor_basic_check(const struct sspi_policy *policy, enum sspi_server server, bool has_realm,
                          char *error) MUST_USE;

/* Opens the hash that verifies passwords by the NT lines of the policy, if it is not open. It is
 * opened once, because that takes longer than a request. False: Basic needs it, and this
 * machine does not have it; `error` (SSPI_ERROR_SIZE bytes) says what would be right. */
bool acceptor_basic_open_hash(const struct sspi_policy *policy, enum sspi_server server,
                              struct ntlm_nt_hash *hash, char *error) MUST_USE;

/* The connections of the context then overwrite their buffers with what they have decrypted, once
 * the server has read it. Otherwise passwords would stay there. */
void acceptor_basic_protect_tls(struct ssl_ctx_st *ctx);

#endif
