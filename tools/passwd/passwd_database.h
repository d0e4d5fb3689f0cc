/* SPDX-License-Identifier: Apache-2.0 */
/* Databases of users, named as in a server's configuration: cdb:FILE. */
#ifndef PASSWD_DATABASE_H
#define PASSWD_DATABASE_H

#include "store_users_cdb.h"

/* Does the name say that it is one? */
bool passwd_database_is(const char *name);

/* The path of one, whether its name says so or not. */
const char *passwd_database_path(const char *name);

/* store_users_cdb_open() on its path. NULL: told. */
struct store_users_cdb *passwd_database_open(const char *name) MUST_USE;

/* NULL in it is fine. */
void passwd_database_close(struct store_users_cdb **database);

#define PASSWD_DATABASE_CLEANUP __attribute__((cleanup(passwd_database_close)))

#endif
