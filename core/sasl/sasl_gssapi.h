/* SPDX-License-Identifier: Apache-2.0 */
/* The agreement on a layer, which the mechanism GSSAPI adds to Kerberos' login (RFC 4752 3.1, 3.2).
 * Statuses of all three as SaslAcceptSecurityContext's. */
#ifndef SASL_GSSAPI_H
#define SASL_GSSAPI_H

#include "sasl_context.h"

/* After the package's SEC_E_OK. If `out` has a token, it goes to the client first. Otherwise the
 * server's cookie takes its place. */
SECURITY_STATUS sasl_gssapi_begin(struct sasl_context *sasl, const struct package_inner *below,
                                  const struct package_input *in,
                                  struct package_output *out) MUST_USE;

/* Takes the client's answer to the package's token, which is empty. */
SECURITY_STATUS sasl_gssapi_resume(struct sasl_context *sasl, const struct package_inner *below,
                                   const struct package_input *in,
                                   struct package_output *out) MUST_USE;

/* Takes the client's cookie. SEC_E_OK: the layer holds from now on. */
SECURITY_STATUS sasl_gssapi_end(struct sasl_context *sasl, const struct package_inner *below,
                                const struct package_input *in,
                                struct package_output *out) MUST_USE;

#endif
