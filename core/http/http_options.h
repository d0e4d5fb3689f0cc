/* SPDX-License-Identifier: Apache-2.0 */
/* What the rest of http/ asks of a policy beyond the public calls of sspi_http.h. */
#ifndef HTTP_OPTIONS_H
#define HTTP_OPTIONS_H

#include "bytes.h"
#include "sspi_http.h"

/* Values by their place in the table's `values`, counted from 1 as in a LIST. */
enum { HTTP_PACKAGE_NEGOTIATE = 1, HTTP_PACKAGE_NTLM, HTTP_PACKAGE_DIGEST };
enum { HTTP_MECHANISM_KERBEROS = 1, HTTP_MECHANISM_NTLM };
enum { HTTP_BINDING_NONE, HTTP_BINDING_ALLOW, HTTP_BINDING_REQUIRE };
enum { HTTP_BINDING_END_POINT = 1, HTTP_BINDING_EXPORTER, HTTP_BINDING_UNIQUE };
enum {
    HTTP_PROTECTION_PROXY = 1,
    HTTP_PROTECTION_COHOSTING,
    HTTP_PROTECTION_ANY_NAME,
    HTTP_PROTECTION_DOTLESS
};
enum { HTTP_QOP_AUTH = 1, HTTP_QOP_AUTH_INT = 2 };
enum { HTTP_CONNECTION_AUTH_OFF, HTTP_CONNECTION_AUTH_NTLM, HTTP_CONNECTION_AUTH_ALL };
enum { HTTP_NAME_FULL, HTTP_NAME_SHORT, HTTP_NAME_LOCAL };

/* True when `option` was set in this scope or an outer one. */
bool http_options_is_set(const struct sspi_policy *policy, enum sspi_option option);

/* The places of a LIST option, its default when nothing set it; 0 ends it. Lent by the policy or
 * static. */
const uint8_t *http_options_list(const struct sspi_policy *policy, enum sspi_option option);

bool http_options_lists(const struct sspi_policy *policy, uint8_t package);

/* True if Digest is the only offered scheme. */
bool http_options_offers_digest_only(const struct sspi_policy *policy);

/* True when Negotiate and NTLM may run this mechanism. */
bool http_options_runs(const struct sspi_policy *policy, uint8_t mechanism);

/* True when a scheme that is offered could run this mechanism: its keys or users are needed. */
bool http_options_uses(const struct sspi_policy *policy, uint8_t mechanism);

/* True when a channel may be named by this HTTP_BINDING_ type. */
bool http_options_binds_by(const struct sspi_policy *policy, uint8_t type);

/* True when this flag of Extended Protection is set. */
bool http_options_protects(const struct sspi_policy *policy, uint8_t flag);

/* True when Digest's quality of protection may be auth, or auth-int. */
bool http_options_takes_qop(const struct sspi_policy *policy, uint8_t qop);

/* True when the server's own providers know the users of Digest. */
bool http_options_has_provider(const struct sspi_policy *policy);

/* The words of a FILE, WORDS or LINES option; *ret_n is 0 (and the result NULL) when nothing set
 * it. */
const struct sspi_view *http_options_words(const struct sspi_policy *policy,
                                           enum sspi_option option, size_t *ret_n);

/* True if a line of this scope or of an outer one demands that the client is bound to this TLS
 * channel. */
bool http_options_requires_bound(const struct sspi_policy *policy);

/* The accepted service principals, default included. */
const struct sspi_view *http_options_services(const struct sspi_policy *policy, size_t *ret_n);

/* True if requests without credentials, or with credentials of a scheme that is not offered, pass
 * as anonymous. */
bool http_options_is_optional(const struct sspi_policy *policy);

#endif
