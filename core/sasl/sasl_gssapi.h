/* SPDX-License-Identifier: Apache-2.0 */
/* What the mechanism GSSAPI adds to Kerberos' login (RFC 4752 3.1, 3.2): the agreement on a layer.
 * Statuses of all three as SaslAcceptSecurityContext's. */
#ifndef SASL_GSSAPI_H
#define SASL_GSSAPI_H

#include "sasl_context.h"

/* The package said SEC_E_OK. Its token, if `out` has one, goes to the client first; else our cookie
 * takes its place. */
SECURITY_STATUS sasl_gssapi_begin(struct sasl_context *sasl, const struct package_inner *below,
                                  const struct package_input *in,
                                  struct package_output *out) MUST_USE;

/* The answer to the package's token, which is nothing. */
SECURITY_STATUS sasl_gssapi_resume(struct sasl_context *sasl, const struct package_inner *below,
                                   const struct package_input *in,
                                   struct package_output *out) MUST_USE;

/* The client's cookie. SEC_E_OK: the layer holds from now on. */
SECURITY_STATUS sasl_gssapi_end(struct sasl_context *sasl, const struct package_inner *below,
                                const struct package_input *in,
                                struct package_output *out) MUST_USE;

#endif
