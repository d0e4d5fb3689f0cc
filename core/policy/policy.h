/* SPDX-License-Identifier: Apache-2.0 */
/* The policy of a location. Its fields are in sspi_http.h. These functions combine several fields.
 */
#ifndef POLICY_H
#define POLICY_H

#include "bytes.h"
#include "sspi_http.h"

/* The words of a FILE, FILES, WORDS or LINES option. */
const struct sspi_words *policy_words(const struct sspi_policy *policy, enum sspi_option option);

/* True if Digest is the only offered scheme. */
bool policy_offers_digest_only(const struct sspi_policy *policy);

/* True if an offered scheme can run this mechanism. Then its keys or users must be open. */
bool policy_uses_mech(const struct sspi_policy *policy, enum sspi_mech mech);

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
