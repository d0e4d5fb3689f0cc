/* SPDX-License-Identifier: Apache-2.0 */
/* Shared memory in a file, so that several servers of one host share it and a restart keeps it.
 *
 * The parent opens the file before it has workers; the workers inherit the mapping, so only the
 * parent's account needs access. The file belongs to that account, and no other account may read
 * it, because the key of the nonces is in it. No other account may write to its directory.
 *
 * Each parent and its workers hold a shared lock on the file as long as their view exists. So the
 * next parent can test whether the file is in use. A second file, PATH.lock, lets only one parent
 * at a time open the file.
 *
 * A mapped file is never formatted again: a new file is renamed over it, and processes that use the
 * old file keep it. A file of an earlier boot of the machine is replaced, because the steady clock
 * has started again. The machine may also have stopped while locks and sets were written. */
#ifndef STORE_STATE_FILE_H
#define STORE_STATE_FILE_H

#include "store_state.h"

enum store_state_found {
    STORE_STATE_EXISTING, /* the existing file of earlier or running processes */
    STORE_STATE_MADE, /* a new file: none existed, or the old one could not be used and no process
                       * used it */
    STORE_STATE_REPLACED /* a new file, but processes still use the old one of another layout */
};

/* Opens the file at `path`, which is absolute, or makes it with `size` octets (whole pages). A file
 * that is in use keeps its size (store_state_size()). store_state_free() frees the view and unmaps
 * the file. Blocks on the file system, and while another parent opens the same file. NULL: `error`
 * names the path, what is wrong, and what would be right. */
struct sspi_state *store_state_file_open(const char *path, size_t size, const struct clock *clock,
                                         enum store_state_found *ret_found, char *error,
                                         size_t error_size) MUST_USE;

/* Checks whether the file could be opened or made, without changing anything. False: `error` says
 * why, as above. */
bool store_state_file_check(const char *path, char *error, size_t error_size) MUST_USE;

#endif
