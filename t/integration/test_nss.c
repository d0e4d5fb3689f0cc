/* SPDX-License-Identifier: Apache-2.0 */
/* A user database for scenarios, which tests load into a server by LD_PRELOAD. The environment
 * variable TEST_NSS names a folder. Its file `accounts` has a line "NAME ERROR GROUP ..." for each
 * account: an error number that the lookup returns (0: none), and the names of its groups. While
 * the folder has a file `hang`, lookups wait. Only what the core calls is replaced. */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pthread.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_SIZE    65536
#define GROUPS_LIMIT 1024

static char folder[PATH_MAX / 2];

/* Group numbers are places in this list, which only grows. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *group_names[GROUPS_LIMIT];

/* nginx removes the variable from the environment of its workers. */
__attribute__((constructor)) static void start(void)
{
    const char *value = getenv("TEST_NSS");
    if (value != NULL)
        snprintf(folder, sizeof(folder), "%s", value);
}

static void wait_while_hanging(void)
{
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/hang", folder);
    while (access(path, F_OK) == 0)
        usleep(10000);
}

static gid_t number_of(const char *group)
{
    gid_t number = 0;
    pthread_mutex_lock(&lock);
    while (number < GROUPS_LIMIT - 1 && group_names[number] != NULL &&
           strcmp(group_names[number], group) != 0)
        number++;
    if (group_names[number] == NULL)
        group_names[number] = strdup(group);
    pthread_mutex_unlock(&lock);
    return number;
}

/* Reads the line of the account without its name. */
static bool read_account(const char *name, char line[LINE_SIZE], char **ret_rest)
{
    char path[PATH_MAX];
    bool found = false;
    snprintf(path, sizeof(path), "%s/accounts", folder);
    FILE *file = fopen(path, "re");
    while (file != NULL && !found && fgets(line, LINE_SIZE, file) != NULL) {
        const char *first = strtok_r(line, " \n", ret_rest);
        found = first != NULL && strcmp(first, name) == 0;
    }
    if (file != NULL)
        fclose(file);
    return found;
}

int getpwnam_r(const char *name, struct passwd *entry, char *storage, size_t size,
               struct passwd **ret_found)
{
    char line[LINE_SIZE], *rest;
    *ret_found = NULL;
    wait_while_hanging();
    if (!read_account(name, line, &rest))
        return 0;
    const char *error = strtok_r(NULL, " \n", &rest);
    if (error != NULL && atoi(error) != 0)
        return atoi(error);
    if (size == 0)
        return ERANGE;
    *storage = '\0';
    /* All texts, because the sanitizers read them. */
    *entry = (struct passwd){.pw_name = storage,
                             .pw_passwd = storage,
                             .pw_uid = 1,
                             .pw_gid = 1,
                             .pw_gecos = storage,
                             .pw_dir = storage,
                             .pw_shell = storage};
    *ret_found = entry;
    return 0;
}

int getgrouplist(const char *name, gid_t gid, gid_t *groups, int *n_groups)
{
    char line[LINE_SIZE], *rest;
    int n = 0, room = *n_groups;
    (void)gid;
    if (read_account(name, line, &rest) && strtok_r(NULL, " \n", &rest) != NULL)
        for (const char *at; (at = strtok_r(NULL, " \n", &rest)) != NULL; n++)
            if (n < room)
                groups[n] = number_of(at);
    *n_groups = n;
    return n > room ? -1 : n;
}

int getgrgid_r(gid_t gid, struct group *entry, char *storage, size_t size, struct group **ret_found)
{
    *ret_found = NULL;
    if (gid >= GROUPS_LIMIT || group_names[gid] == NULL)
        return 0;
    if (size <= strlen(group_names[gid]))
        return ERANGE;
    strcpy(storage, group_names[gid]);
    /* The sanitizers read the members of what they see returned. */
    static char *no_members[] = {NULL};
    static char no_password[] = "";
    *entry = (struct group){
        .gr_name = storage, .gr_passwd = no_password, .gr_gid = gid, .gr_mem = no_members};
    *ret_found = entry;
    return 0;
}
