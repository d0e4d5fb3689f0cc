/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials of packages. Requests with the same data share a credential. Each process has its own
 * set: a worker makes a credential at its first use, from the files that the parent has read. */
#ifndef ACCEPTOR_CREDENTIALS_H
#define ACCEPTOR_CREDENTIALS_H

#include <pthread.h>

#include "package_credential.h"

/* Beyond this number unused credentials are freed, the longest unused first: .htaccess files can
 * configure any number of them. */
#define ACCEPTOR_CREDENTIALS_LIMIT 64

struct acceptor_credential;

/* A set under one lock. */
struct acceptor_credentials {
    pthread_mutex_t lock;
    struct acceptor_credential *first;
    size_t n;
    uint64_t uses; /* counts acquisitions, to find the longest unused credential */
};

/* False: the lock cannot be made. */
bool acceptor_credentials_init(struct acceptor_credentials *set) MUST_USE;

/* Frees all credentials. They must not be in use. */
void acceptor_credentials_clear(struct acceptor_credentials *set);

/* Returns the credential of `package` for `data`, and makes it if there is no such credential yet.
 * SEC_E_OK sets *ret_credential, which the caller releases with acceptor_credentials_release().
 * Otherwise `error_info` says why. */
SECURITY_STATUS acceptor_credentials_acquire(struct acceptor_credentials *set,
                                             const struct package *package,
                                             const SSPI_ACCEPTOR_DATA *data,
                                             struct acceptor_credential **ret_credential,
                                             struct sspi_error_info *error_info) MUST_USE;

/* Releases a credential. NULL is fine. */
void acceptor_credentials_release(struct acceptor_credentials *set,
                                  struct acceptor_credential *credential);

/* Returns the package's credential. It is valid until the caller releases `credential`. A context
 * that was made with it has a reference of its own. */
struct package_credential *
acceptor_credentials_of_package(const struct acceptor_credential *credential);

#endif
