/* SPDX-License-Identifier: Apache-2.0 */
/* SSPI credentials by what they are made of, so that no request makes one of its own. They belong
 * to one process (a worker makes its own, at first use, from what the parent read). */
#ifndef ACCEPTOR_CREDENTIALS_H
#define ACCEPTOR_CREDENTIALS_H

#include <pthread.h>

#include "bytes.h"
#include "sspi.h"

/* Unused credentials beyond this many are let go, oldest first: .htaccess can name ever new ones.
 */
#define ACCEPTOR_CREDENTIALS_LIMIT 64

struct acceptor_credential;

/* A set under one lock. */
struct acceptor_credentials {
    pthread_mutex_t lock;
    struct acceptor_credential *first;
    size_t n;
    uint64_t uses;
};

/* False: no lock can be had. */
bool acceptor_credentials_init(struct acceptor_credentials *set) MUST_USE;

/* Frees all; none may be in use. */
void acceptor_credentials_close(struct acceptor_credentials *set);

/* The credential of `package` ("Negotiate", "NTLM", "WDigest") for `data`, made when there is none
 * yet. The caller gives it back with acceptor_credentials_put(). On failure `report` says why. */
SECURITY_STATUS acceptor_credentials_get(struct acceptor_credentials *set, const char *package,
                                         const SSPI_ACCEPTOR_DATA *data,
                                         struct acceptor_credential **ret_credential,
                                         struct sspi_error_info *error_info) MUST_USE;

/* NULL is fine. */
void acceptor_credentials_put(struct acceptor_credentials *set,
                              struct acceptor_credential *credential);

/* Its SSPI handle; valid until it is put back. */
CredHandle *acceptor_credentials_handle(struct acceptor_credential *credential);

#endif
