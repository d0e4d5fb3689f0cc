/* SPDX-License-Identifier: Apache-2.0 */
/* Shared memory in a file, so that several servers of one host share it and a restart keeps it.
 *
 * The parent opens the file before it has workers; the workers inherit the mapping, so only the
 * parent's account needs access. The file belongs to that account, and no other account may read
 * it, because the key of the nonces is in it. No other account may write to its directory.
 *
 * Each parent holds a shared lock on the file while its view lives; its workers hold it too. Thus
 * the next parent can tell whether the file is in use. A second file, PATH.lock, makes parents that
 * start at the same time open one after the other.
 *
 * A file is never changed into another one while it is mapped: a new one is renamed over it, and
 * processes that use the old one keep it. A file of an earlier boot of the machine is replaced,
 * because the steady clock began anew, and locks and sets may have been cut off while they were
 * written. */
#ifndef STORE_STATE_FILE_H
#define STORE_STATE_FILE_H

#include "store_state.h"

enum store_state_found {
    STORE_STATE_KEPT,    /* the file of earlier processes, or of those that run now */
    STORE_STATE_MADE,    /* a new file: there was none, or no process used it and it did not fit */
    STORE_STATE_REPLACED /* a new file, but processes still use the old one of another layout */
};

/* Opens the file at `path`, which is absolute, or makes it with `size` octets (whole pages). A file
 * that is in use keeps its size (store_state_size()). store_state_free() ends the view and the
 * mapping. Blocks on the file system, and while another parent opens the same file. NULL: `error`
 * says what is wrong with which path, and what would be right. */
struct sspi_state *store_state_file_open(const char *path, size_t size,
                                         const struct sspi_clock *clock,
                                         enum store_state_found *ret_found, char *error,
                                         size_t error_size) SSPI_MUST_USE;

/* Whether the file could be opened or made, as far as can be told without changing anything. False:
 * `error`, as above. */
bool store_state_file_check(const char *path, char *error, size_t error_size) SSPI_MUST_USE;

#endif
