/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials of packages, found by the data that they are made of, so that requests share them.
 * They belong to one process: a worker makes its own at first use, from the files that the parent
 * read.
 */
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
    uint64_t uses;
};

/* False: the lock cannot be made. */
bool acceptor_credentials_init(struct acceptor_credentials *set) MUST_USE;

/* Frees all credentials. They must not be in use. */
void acceptor_credentials_clear(struct acceptor_credentials *set);

/* Returns the credential of `package` for `data`, and makes it if
 * there is no such credential yet. The caller gives it back with acceptor_credentials_release(). On
 * failure `error_info` says why. */
SECURITY_STATUS acceptor_credentials_acquire(struct acceptor_credentials *set,
                                             const struct package *package,
                                             const SSPI_ACCEPTOR_DATA *data,
                                             struct acceptor_credential **ret_credential,
                                             struct sspi_error_info *error_info) MUST_USE;

/* Gives a credential back. NULL is fine. */
void acceptor_credentials_release(struct acceptor_credentials *set,
                                  struct acceptor_credential *credential);

/* Returns the package's credential. It is valid until the caller gives `credential` back. A context
 * that was made with it has a reference of its own. */
struct package_credential *
acceptor_credentials_of_package(const struct acceptor_credential *credential);

#endif
