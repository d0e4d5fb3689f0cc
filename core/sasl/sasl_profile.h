/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles: the mechanisms of SASL, and the package behind each of them. */
#ifndef SASL_PROFILE_H
#define SASL_PROFILE_H

#include "package.h"

struct sasl_profile {
    const char *name; /* of the mechanism, RFC 4422 3.1 */
    const struct package *package;
    bool client_first; /* the client sends the first message; otherwise the server sends a challenge
                        */
    bool has_cookies;  /* cookies that agree on the layer follow the package's login (GSSAPI) */
    bool sends_size;   /* the package's challenge holds SASL_OPTION_RECV_SIZE */
};

/* Returns the profile of `package`. Every package has one. */
const struct sasl_profile *sasl_profile_of(const struct package *package);

#endif
