/* SPDX-License-Identifier: Apache-2.0 */
/* SSPI credentials by what they are made of, so that no request makes one of its own. They belong
 * to one process (a worker makes its own, at first use, from what the parent read). */
#ifndef HTTP_CREDENTIALS_H
#define HTTP_CREDENTIALS_H

#include <pthread.h>

#include "bytes.h"
#include "sspi.h"

/* Unused credentials beyond this many are let go, oldest first: .htaccess can name ever new ones.
 */
#define HTTP_CREDENTIALS_LIMIT 64

struct http_credential;

/* A set under one lock. */
struct http_credentials {
    pthread_mutex_t lock;
    struct http_credential *first;
    size_t n;
    uint64_t uses;
};

/* False: no lock can be had. */
bool http_credentials_init(struct http_credentials *set) MUST_USE;

/* Frees all; none may be in use. */
void http_credentials_close(struct http_credentials *set);

/* The credential of `package` ("Negotiate", "NTLM", "WDigest") for `data`, made when there is none
 * yet. The caller gives it back with http_credentials_put(). On failure `report` says why. */
SECURITY_STATUS http_credentials_get(struct http_credentials *set, const char *package,
                                     const SSPI_ACCEPTOR_DATA *data,
                                     struct http_credential **ret_credential,
                                     struct sspi_error_info *error_info) MUST_USE;

/* NULL is fine. */
void http_credentials_put(struct http_credentials *set, struct http_credential *credential);

/* Its SSPI handle; valid until it is put back. */
CredHandle *http_credentials_handle(struct http_credential *credential);

#endif
