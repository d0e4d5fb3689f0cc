/* SPDX-License-Identifier: Apache-2.0 */
/* A directory for a state file, and the file opened, for the tests of store_state_file.h. */
#ifndef STORE_STATE_FILE_FIXTURE_H
#define STORE_STATE_FILE_FIXTURE_H

#include "store_test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store_state_file.h"

#define SIZE 65536u

static char directory[64];
static char path[96];
static char error[512];
static unsigned seed;
static uint64_t steady_ms;

static inline uint64_t test_steady(void *self)
{
    (void)self;
    return steady_ms;
}

static const struct clock clock_here = {
    .now_ms = test_now, .steady_ms = test_steady, .random = test_random, .self = &seed};

static inline int setup(void **unused)
{
    (void)unused;
    strcpy(directory, "/tmp/sspi-state-XXXXXX");
    seed = 1;
    steady_ms = 5000;
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/state", directory);
    return 0;
}

static inline int teardown(void **unused)
{
    (void)unused;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", directory);
    return system(command);
}

static inline struct sspi_state *open_sized(size_t size, enum store_state_found want)
{
    enum store_state_found found;
    struct sspi_state *state =
        store_state_file_open(path, size, &clock_here, &found, error, sizeof(error));
    if (state == NULL)
        fail_msg("%s", error);
    assert_int_equal(found, want);
    return state;
}

static inline struct sspi_state *open_file(enum store_state_found want)
{
    return open_sized(SIZE, want);
}

static inline ino_t inode(void)
{
    struct stat found;
    assert_int_equal(stat(path, &found), 0);
    return found.st_ino;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
