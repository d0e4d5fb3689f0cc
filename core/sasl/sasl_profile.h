/* SPDX-License-Identifier: Apache-2.0 */
/* The mechanisms of SASL and the packages they are made of. */
#ifndef SASL_PROFILE_H
#define SASL_PROFILE_H

#include "package.h"

struct sasl_profile {
    const char *name; /* of the mechanism, RFC 4422 3.1 */
    const struct package *package;
    bool client_first; /* the client begins; otherwise the server does, with a challenge */
    bool has_cookies;  /* an agreement on the layer follows the package's login */
    bool sends_size;   /* the package's challenge holds SASL_OPTION_RECV_SIZE */
};

/* The profile of a mechanism's name, without case; NULL: there is none. */
const struct sasl_profile *sasl_profile_find(struct sspi_view name);

/* The profile made of `package`. Every package has one. */
const struct sasl_profile *sasl_profile_of(const struct package *package);

#endif
