/* SPDX-License-Identifier: Apache-2.0 */
/* SSPI credentials, found by the data that they are made of, so that requests share them. They
 * belong to one process: a worker makes its own at first use, from the files that the parent read.
 */
#ifndef ACCEPTOR_CREDENTIALS_H
#define ACCEPTOR_CREDENTIALS_H

#include <pthread.h>

#include "bytes.h"
#include "sspi.h"

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
void acceptor_credentials_close(struct acceptor_credentials *set);

/* Returns the credential of `package` ("Negotiate", "NTLM", "WDigest") for `data`, and makes it if
 * there is no such credential yet. The caller gives it back with acceptor_credentials_release(). On
 * failure `error_info` says why. */
SECURITY_STATUS acceptor_credentials_acquire(struct acceptor_credentials *set, const char *package,
                                             const SSPI_ACCEPTOR_DATA *data,
                                             struct acceptor_credential **ret_credential,
                                             struct sspi_error_info *error_info) MUST_USE;

/* Gives a credential back. NULL is fine. */
void acceptor_credentials_release(struct acceptor_credentials *set,
                                  struct acceptor_credential *credential);

/* Returns the SSPI handle. It is valid until the credential is given back. */
CredHandle *acceptor_credentials_handle(struct acceptor_credential *credential);

#endif
