/* SPDX-License-Identifier: Apache-2.0 */
#include "passwd_database.h"

#include <string.h>

#include "tool_problem.h"

#define PREFIX_LEN (sizeof STORE_USERS_CDB_PREFIX - 1)
#define ERROR_SIZE 1024

bool passwd_database_is(const char *name)
{
    return strncmp(name, STORE_USERS_CDB_PREFIX, PREFIX_LEN) == 0;
}

const char *passwd_database_path(const char *name)
{
    return passwd_database_is(name) ? name + PREFIX_LEN : name;
}

struct store_users_cdb *passwd_database_open(const char *name)
{
    char error[ERROR_SIZE];
    struct stat identity;
    struct store_users_cdb *database =
        store_users_cdb_open(passwd_database_path(name), &identity, error, sizeof error);
    if (database == NULL)
        tool_problem("%s", error);
    return database;
}

void passwd_database_close(struct store_users_cdb **database)
{
    store_users_cdb_free(*database);
    *database = NULL;
}
