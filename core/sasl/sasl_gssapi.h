/* SPDX-License-Identifier: Apache-2.0 */
/* The agreement on a layer, which the mechanism GSSAPI adds to Kerberos' login (RFC 4752 3.1, 3.2).
 * The statuses of the three functions are those of SaslAcceptSecurityContext. */
#ifndef SASL_GSSAPI_H
#define SASL_GSSAPI_H

#include "sasl_context.h"

/* Called after the package's SEC_E_OK. If `out` has the package's last token, the client gets that
 * first. Otherwise this function writes the server's cookie to `out`. */
SECURITY_STATUS sasl_gssapi_begin(struct sasl_context *sasl, const struct package_inner *below,
                                  const struct package_input *in,
                                  struct package_output *out) MUST_USE;

/* Takes the client's answer to the package's last token, which must be empty, and writes the
 * server's cookie to `out`. */
SECURITY_STATUS sasl_gssapi_resume(struct sasl_context *sasl, const struct package_inner *below,
                                   const struct package_input *in,
                                   struct package_output *out) MUST_USE;

/* Takes the client's cookie. SEC_E_OK: the exchange has ended, and the layer protects messages as
 * the client chose. */
SECURITY_STATUS sasl_gssapi_end(struct sasl_context *sasl, const struct package_inner *below,
                                const struct package_input *in,
                                struct package_output *out) MUST_USE;

#endif
