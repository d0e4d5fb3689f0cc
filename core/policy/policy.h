/* SPDX-License-Identifier: Apache-2.0 */
/* What the rest of http/ asks of a policy beyond the public calls of sspi_http.h. */
#ifndef POLICY_H
#define POLICY_H

#include "bytes.h"
#include "sspi_http.h"

/* Values by their place in the table's `values`, counted from 1 as in a LIST. */
enum { POLICY_SCHEME_NEGOTIATE = 1, POLICY_SCHEME_NTLM, POLICY_SCHEME_DIGEST };
enum { POLICY_MECHANISM_KERBEROS = 1, POLICY_MECHANISM_NTLM };
enum { POLICY_BINDING_NONE, POLICY_BINDING_ALLOW, POLICY_BINDING_REQUIRE };
enum { POLICY_BINDING_END_POINT = 1, POLICY_BINDING_EXPORTER, POLICY_BINDING_UNIQUE };
enum {
    POLICY_PROTECTION_PROXY = 1,
    POLICY_PROTECTION_COHOSTING,
    POLICY_PROTECTION_ANY_NAME,
    POLICY_PROTECTION_DOTLESS
};
enum { POLICY_QOP_AUTH = 1, POLICY_QOP_AUTH_INT = 2 };
enum { POLICY_CONNECTION_AUTH_OFF, POLICY_CONNECTION_AUTH_NTLM, POLICY_CONNECTION_AUTH_ALL };
enum { POLICY_NAME_FULL, POLICY_NAME_SHORT, POLICY_NAME_LOCAL };

/* True when `option` was set in this scope or an outer one. */
bool policy_is_set(const struct sspi_policy *policy, enum sspi_option option);

/* The places of a LIST option, its default when nothing set it; 0 ends it. Lent by the policy or
 * static. */
const uint8_t *policy_list(const struct sspi_policy *policy, enum sspi_option option);

bool policy_offers_scheme(const struct sspi_policy *policy, uint8_t package);

/* True if Digest is the only offered scheme. */
bool policy_offers_digest_only(const struct sspi_policy *policy);

/* True when Negotiate and NTLM may run this mechanism. */
bool policy_allows_mechanism(const struct sspi_policy *policy, uint8_t mechanism);

/* True when a scheme that is offered could run this mechanism: its keys or users are needed. */
bool policy_uses_mechanism(const struct sspi_policy *policy, uint8_t mechanism);

/* True when a channel may be named by this HTTP_BINDING_ type. */
bool policy_allows_channel_type(const struct sspi_policy *policy, uint8_t type);

/* True when this flag of Extended Protection is set. */
bool policy_has_protection(const struct sspi_policy *policy, uint8_t flag);

/* True if `policy` says that the client's TLS may end at a front end: plain HTTP is then accepted.
 */
bool policy_has_front_end(const struct sspi_policy *policy);

/* True when Digest's quality of protection may be auth, or auth-int. */
bool policy_allows_qop(const struct sspi_policy *policy, uint8_t qop);

/* True when the server's own providers know the users of Digest. */
bool policy_has_provider(const struct sspi_policy *policy);

/* The words of a FILE, WORDS or LINES option; *ret_n is 0 (and the result NULL) when nothing set
 * it. */
const struct sspi_view *policy_words(const struct sspi_policy *policy, enum sspi_option option,
                                     size_t *ret_n);

/* True if a line of this scope or of an outer one demands that the client is bound to this TLS
 * channel. */
bool policy_requires_bound(const struct sspi_policy *policy);

/* The accepted service principals, default included. */
const struct sspi_view *policy_services(const struct sspi_policy *policy, size_t *ret_n);

/* True if requests without credentials, or with credentials of a scheme that is not offered, pass
 * as anonymous. */
bool policy_is_optional(const struct sspi_policy *policy);

#endif
