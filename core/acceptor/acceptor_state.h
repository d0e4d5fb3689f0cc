/* SPDX-License-Identifier: Apache-2.0 */
/* The memory that the workers of an acceptor share: the functions of sspi_http.h that format,
 * attach and open it, and the key in it that seals sessions. */
#ifndef ACCEPTOR_STATE_H
#define ACCEPTOR_STATE_H

#include "acceptor.h"

/* Returns the keys that seal the sessions of `policy`: those of SSPIKeyFile, otherwise the key in
 * the shared memory. They live as long as the acceptor. NULL: there are none, so that sessions are
 * not possible. Takes no lock. */
struct store_keys *acceptor_keys(const struct sspi_acceptor *acceptor,
                                 const struct sspi_policy *policy);

#endif
