/* SPDX-License-Identifier: Apache-2.0 */
#include "store_file.h"

void store_file_look(const char *path, struct stat *ret_identity)
{
    if (stat(path, ret_identity) != 0)
        *ret_identity = (struct stat){0};
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool store_file_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           same_time(a->st_mtim, b->st_mtim) && same_time(a->st_ctim, b->st_ctim);
}

bool store_file_is_due(uint64_t now_ms, uint64_t looked_ms)
{
    return now_ms < looked_ms || now_ms - looked_ms >= STORE_FILE_INTERVAL_MS;
}
