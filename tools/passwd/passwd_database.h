/* SPDX-License-Identifier: Apache-2.0 */
/* Databases of users, named as in a server's configuration: cdb:FILE. */
#ifndef PASSWD_DATABASE_H
#define PASSWD_DATABASE_H

#include "store_users_cdb.h"

/* True if the name begins with "cdb:". */
bool passwd_database_is(const char *name);

/* Returns the path of a database: `name` without "cdb:" if it begins with it. */
const char *passwd_database_path(const char *name);

/* Opens a database by its name or path. NULL: reported. */
struct store_users_cdb *passwd_database_open(const char *name) MUST_USE;

/* *database may be NULL; it is NULL afterwards. */
void passwd_database_close(struct store_users_cdb **database);

#define PASSWD_DATABASE_CLEANUP __attribute__((cleanup(passwd_database_close)))

#endif
