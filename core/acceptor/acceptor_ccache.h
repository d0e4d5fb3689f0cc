/* SPDX-License-Identifier: Apache-2.0 */
/* A file with delegated tickets, which an application uses in the user's name. A file of a request
 * or a connection ends with its last owner. A file of a session stays, because other workers and
 * servers of this machine use it too. */
#ifndef ACCEPTOR_CCACHE_H
#define ACCEPTOR_CCACHE_H

#include "bytes.h"
#include "hash.h"
#include "sspi_http.h"

struct acceptor_ccache;

/* What a file is for. Borrowed. */
struct acceptor_ccache_place {
    const char *directory;
    struct sspi_view content;    /* what the tickets are for; a location with another one does not
                                  * use the file */
    struct sspi_view session_id; /* absent: the file is not one of a session */
    uint64_t session_end_ms;
};

/* Makes a file of mode 0600 with the tickets of the credential cache `from`. The file of a session
 * replaces an older one in one step. NULL: `why` (SSPI_ERROR_SIZE bytes) says what failed. Blocks
 * on the file system. */
struct acceptor_ccache *acceptor_ccache_write(const struct hash_suite *hashes,
                                              const struct acceptor_ccache_place *place,
                                              const char *from, char *why) MUST_USE;

/* Finds the file of a session. NULL: this machine has none. Reads only the directory entry. */
struct acceptor_ccache *acceptor_ccache_find(const struct hash_suite *hashes,
                                             const struct acceptor_ccache_place *place) MUST_USE;

/* See ref.h. */
struct acceptor_ccache *acceptor_ccache_ref(struct acceptor_ccache *ccache);
void acceptor_ccache_unref(struct acceptor_ccache *ccache);

/* True if the file is for these tickets, they have not ended, and the file is still there: a logout
 * may have removed it. */
bool acceptor_ccache_serves(const struct acceptor_ccache *ccache,
                            const struct acceptor_ccache_place *place);

/* Returns "FILE:/path". A NUL follows. It lives as long as the ccache. */
struct sspi_view acceptor_ccache_name(const struct acceptor_ccache *ccache);

#endif
