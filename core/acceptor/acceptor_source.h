/* SPDX-License-Identifier: Apache-2.0 */
/* What directives name: keytabs, user files, winbind where no user file of NTLM is named, and
 * certificates of front ends. Opened by the parent; all but certificates are looked at by whoever
 * uses them, and read or asked again in a job. */
#ifndef ACCEPTOR_SOURCE_H
#define ACCEPTOR_SOURCE_H

#include "binding_certificate.h"
#include "bytes.h"
#include "sspi_http.h"

/* One of the four. */
struct acceptor_source {
    struct acceptor_source *next;
    enum sspi_option
        option; /* KEYTAB, NTLM_USER_FILE, DIGEST_USER_FILE, CHANNEL_BINDING_CERTIFICATE */
    char *name; /* as the directive says, a line break behind each further path; NULL:
                 * MIT's default keytab, or winbind */
    struct sspi_keytab *keytab;
    struct sspi_users *users;
    struct sspi_winbind *winbind;
    struct binding_candidates *certificates;
};

/* Opens what `policy` names for `option`. NULL: `why` (SSPI_ERROR_SIZE bytes). Blocks on the file;
 * winbind is not asked yet. */
struct acceptor_source *acceptor_source_open(const struct sspi_policy *policy,
                                             enum sspi_option option, char *why) MUST_USE;

void acceptor_source_free(struct acceptor_source *source);

/* Of a keytab, user file or certificates. */
const char *acceptor_source_path(const struct acceptor_source *source);

/* The one of the list that `policy` uses for `option`; NULL when it was not opened at start. */
struct acceptor_source *acceptor_source_find(struct acceptor_source *list,
                                             const struct sspi_policy *policy,
                                             enum sspi_option option);

/* Looks at a file, at most once a second. NULL: nothing to do. Otherwise it changed, and the job
 * reads it again: the caller's reference. For winbind: as long as it told no names, it asks. */
struct sspi_job *acceptor_source_check_changed(struct acceptor_source *source,
                                               uint64_t now_ms) MUST_USE;

/* The same at once, for credentials that the contents do not verify. It checks the file on each
 * call, and returns such a job at most once a second. NULL for winbind and certificates. */
struct sspi_job *acceptor_source_check_changed_now(struct acceptor_source *source,
                                                   uint64_t now_ms) MUST_USE;

/* What became of a job: true when `ret_record` tells of it, false while it is not done. */
bool acceptor_source_outcome(const struct sspi_job *job, struct sspi_log_entry *ret_record);

#endif
