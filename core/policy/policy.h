/* SPDX-License-Identifier: Apache-2.0 */
/* The policy of a location. Its fields are in sspi_http.h. These functions combine several fields.
 */
#ifndef POLICY_H
#define POLICY_H

#include "bytes.h"
#include "sspi_http.h"

/* The words of a FILE, FILES, WORDS or LINES option. */
const struct sspi_words *policy_words(const struct sspi_policy *policy, enum sspi_option option);

/* True if all users are those of lines of Digest: no offered scheme has users of another kind. */
bool policy_has_only_digest_users(const struct sspi_policy *policy);

/* True if users may log in with lines of Digest: by Digest, or by Basic. */
bool policy_uses_digest_users(const struct sspi_policy *policy);

/* True if Negotiate or NTLM is offered and can run this mechanism. */
bool policy_runs_mech(const struct sspi_policy *policy, enum sspi_mech mech);

/* True if an offered scheme can log users of this mechanism in. Then its keys or users must be
 * open. By Basic these are principals of the KDC, or accounts of winbind and of NT lines. */
bool policy_uses_mech(const struct sspi_policy *policy, enum sspi_mech mech);

/* ---- Basic ---- */

/* Writes who verifies the passwords of Basic. Without the directive it is the first that is
 * configured:
 *   the KDC          if there is a keytab, or Negotiate runs Kerberos
 *   winbind          if NTLM runs without a user file
 *   the user files
 * False: none of them is configured. */
bool policy_basic_verifier(const struct sspi_policy *policy, enum sspi_basic_verify *ret_verifier);

/* True if Basic is offered and can log users of this mechanism in: principals of the KDC
 * (KERBEROS), accounts of winbind or of NT lines (NTLM), users of Digest lines (NONE). */
bool policy_basic_has(const struct sspi_policy *policy, enum sspi_mech mech);

/* How many wrong passwords are verified in how much time (SSPIBasicTries). */
struct policy_tries {
    uint64_t number;
    uint64_t time_s;
};

/* True if `word` is number/time. */
bool policy_read_tries(struct sspi_view word, struct policy_tries *ret_tries) MUST_USE;

struct policy_tries policy_basic_tries(const struct sspi_policy *policy);

/* True if Basic is offered on a connection. No form of Basic proves a channel, so it is never
 * offered where that is demanded. */
bool policy_offers_basic(const struct sspi_policy *policy, bool tls);

/* True if a connection without TLS gets no challenge, because only Basic is offered. */
bool policy_offers_only_over_tls(const struct sspi_policy *policy);

/* True if the groups of a group file count. */
bool policy_uses_group_file(const struct sspi_policy *policy);

/* Returns the text of SSPISessionAudience. Absent: the directive is not set. */
struct sspi_view policy_session_audience(const struct sspi_policy *policy);

/* True if the client's TLS may end at a front end: plain HTTP is then accepted. */
bool policy_has_front_end(const struct sspi_policy *policy);

/* True if each login must prove that its client uses this TLS channel. A session cannot. */
bool policy_demands_channel(const struct sspi_policy *policy);

/* True if requests without credentials, or with credentials of a scheme that is not offered, pass
 * as anonymous. */
bool policy_is_optional(const struct sspi_policy *policy);

/* True if a directive asks for what the directory says about a user: groups of the ticket, or a
 * name from its PAC. Each login has these facts where they exist. This only decides whether the
 * server logs that a ticket has none. */
bool policy_asks_directory(const struct sspi_policy *policy);

#endif
