/* SPDX-License-Identifier: Apache-2.0 */
/* What delegation needs from the configuration: it is checked and opened at start. */
#ifndef ACCEPTOR_DELEGATION_H
#define ACCEPTOR_DELEGATION_H

#include "acceptor_ccaches.h"
#include "sspi_http.h"

/* Opens the directory of a policy, if it has one. `complete`: no scope will change the policy, so
 * its combinations are checked. Parent only. False: `error` (SSPI_ERROR_SIZE bytes) names the
 * directive, and what would be right. */
bool acceptor_delegation_open(struct acceptor_ccaches *ccaches,
                              const struct sspi_acceptor_config *config,
                              const struct sspi_policy *policy, bool complete,
                              char *error) MUST_USE;

#endif
