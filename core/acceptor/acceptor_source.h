/* SPDX-License-Identifier: Apache-2.0 */
/* The sources that directives name: keytabs, user files, group files, key files, certificates of
 * front ends, and winbind if no user file of NTLM is named. The parent opens them. Each step that
 * uses one checks whether it changed, except certificates. A job then reads the file or asks
 * winbind again. */
#ifndef ACCEPTOR_SOURCE_H
#define ACCEPTOR_SOURCE_H

#include "binding_certificate.h"
#include "bytes.h"
#include "sspi_http.h"

/* One of the six kinds. */
struct acceptor_source {
    struct acceptor_source *next;
    enum sspi_option option; /* KEYTAB, NTLM_USER_FILE, DIGEST_USER_FILE, GROUP_FILE, KEY_FILE,
                              * CHANNEL_BINDING_CERTIFICATE */
    char *name; /* the path in the directive, or all paths with a line break between two; NULL:
                 * MIT's default keytab, or winbind */
    struct sspi_keytab *keytab;
    struct sspi_users *users;
    struct sspi_winbind *winbind;
    struct store_groups *groups;
    struct store_keys *keys;
    struct store_source *reloadable; /* one of the five above; NULL: certificates */
    struct binding_candidates *certificates;
};

/* Opens the source that `policy` names for `option`. NULL: `why` (SSPI_ERROR_SIZE bytes) says why.
 * Blocks on the file. Winbind is not asked yet. */
struct acceptor_source *acceptor_source_open(const struct sspi_policy *policy,
                                             enum sspi_option option, char *why) MUST_USE;

/* Frees the source, and releases its reference to the contents. */
void acceptor_source_free(struct acceptor_source *source);

/* Returns the path of a keytab, a user file, a group file, a key file or certificates. */
const char *acceptor_source_path(const struct acceptor_source *source);

/* Returns the source of the list that `policy` uses for `option`. NULL: it was not opened at start.
 */
struct acceptor_source *acceptor_source_find(struct acceptor_source *list,
                                             const struct sspi_policy *policy,
                                             enum sspi_option option);

/* Checks at most once a second whether the file changed. If so, returns the job that reads it
 * again; the caller owns a reference. NULL: nothing to do. For winbind the job asks for its names
 * until winbind returns them. */
struct sspi_job *acceptor_source_check_changed(struct acceptor_source *source,
                                               uint64_t now_ms) MUST_USE;

/* The same at once, for credentials that the contents do not verify. It checks the file on each
 * call, and returns such a job at most once a second. NULL for winbind and certificates. */
struct sspi_job *acceptor_source_check_changed_now(struct acceptor_source *source,
                                                   uint64_t now_ms) MUST_USE;

/* Writes the log entry of a job that is done. False: the job is not done, or found no change. */
bool acceptor_source_log_reload(const struct sspi_job *job, struct sspi_log_entry *ret_entry);

#endif
