/* SPDX-License-Identifier: Apache-2.0 */
/* The names of the files that hold delegated tickets. A name says when its tickets end, and who
 * removes the file. So a sweep reads only the name.
 *
 *   sspi-r-END-BOOT-NS-PID-START-RANDOM   a request or a connection of this process
 *   sspi-s-END-SESSION-CONTENT            a session
 *
 * END are seconds since 1970. BOOT is the kernel's boot id, NS the namespace of process ids, PID
 * and START the process and when it began. RANDOM is new for each file. SESSION is a hash of the
 * session's id, and CONTENT one of what the tickets are for. All are hexadecimal and have a fixed
 * width, and nothing of them is chosen by a client. */
#ifndef ACCEPTOR_CCACHE_NAME_H
#define ACCEPTOR_CCACHE_NAME_H

#include <sys/types.h>

#include "bytes.h"
#include "hash.h"

#define ACCEPTOR_CCACHE_NAME_SIZE 160

/* The process that made a file. */
struct acceptor_ccache_creator {
    char boot[33];  /* 32 digits; all 0: not known */
    uint64_t ns;    /* 0: not known */
    uint64_t pid;   /* in that namespace */
    uint64_t start; /* in ticks after the boot; 0: not known */
};

/* Reads what /proc says about the calling process. Blocks on /proc only. */
void acceptor_ccache_creator_self(struct acceptor_ccache_creator *ret_self);

/* Writes a new name of the first form. False: there is no randomness. */
bool acceptor_ccache_name_of_request(const struct acceptor_ccache_creator *creator, uint64_t end_ms,
                                     char ret_name[ACCEPTOR_CCACHE_NAME_SIZE]) MUST_USE;

/* Writes the name of the second form. The id of a session is random and sealed in its cookie, so
 * the name says nothing about it. Every worker of every server that can open the cookie finds the
 * name, also with another key of the key file. False: libcrypto failed. */
bool acceptor_ccache_name_of_session(const struct hash_suite *hashes, struct sspi_view session_id,
                                     struct sspi_view content, uint64_t end_ms,
                                     char ret_name[ACCEPTOR_CCACHE_NAME_SIZE]) MUST_USE;

/* True if `name` is that of a file of this session, whatever its content. */
bool acceptor_ccache_name_is_of_session(const struct hash_suite *hashes, const char *name,
                                        struct sspi_view session_id);

/* True if `name` has one of the forms, and the file is no longer needed: its end has passed, or its
 * creator is gone. A process of another namespace counts as alive. */
bool acceptor_ccache_name_is_over(const char *name, const struct acceptor_ccache_creator *self,
                                  uint64_t now_ms);

#endif
