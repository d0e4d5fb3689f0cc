/* SPDX-License-Identifier: Apache-2.0 */
/* A name and a password as a client sends them, before anyone has verified them. */
#ifndef PACKAGE_PASSWORD_H
#define PACKAGE_PASSWORD_H

#include "sspi_view.h"

/* Both are UTF-8 in NFC and hold no NUL. The owner of the octets wipes the password. */
struct package_password {
    struct sspi_view user;
    struct sspi_view password;
};

#endif
