/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of an acceptor: the sources that the parent opened, and what all exchanges share. */
#ifndef ACCEPTOR_H
#define ACCEPTOR_H

#include "binding_certificate.h"
#include "hash.h"
#include "ntlm_nt_hash.h"
#include "acceptor_ccaches.h"
#include "acceptor_credentials.h"
#include "acceptor_directory.h"
#include "acceptor_entries.h"
#include "acceptor_limiter.h"
#include "acceptor_log.h"
#include "acceptor_passwords.h"
#include "acceptor_service.h"
#include "acceptor_sessions.h"
#include "acceptor_source.h"
#include "acceptor_tickets.h"
#include "acceptor_user_mark.h"
#include "sspi_http.h"

/* Only the parent changes it, before workers exist. The exceptions are `credentials`, `limiters`,
 * `passwords`, `directory` and `logged_proxies`, which have locks of their own. */
struct sspi_acceptor {
    struct sspi_acceptor_config config;
    struct acceptor_source *sources;
    struct acceptor_service *services; /* credentials of keytabs among the sources */
    struct binding_table *tls;
    struct hash_suite hashes;    /* for channel bindings, marks of users and passwords */
    struct ntlm_nt_hash nt_hash; /* for passwords; empty: no NT user file is open */
    struct sspi_state *state;
    struct store_keys *state_keys;   /* the key in `state`; NULL: no state, or no memory */
    char *default_realm;             /* of krb5.conf; NULL: none */
    struct acceptor_entries entries; /* log entries of the start */
    struct acceptor_credentials credentials;
    struct acceptor_limiter *limiters[ACCEPTOR_N_WAITS];
    struct acceptor_tickets *tickets; /* of this process, by constrained delegation */
    struct acceptor_ccaches *ccaches; /* directories of files with delegated tickets */
    struct acceptor_passwords *passwords;
    bool offers_basic; /* somewhere: TLS contexts then overwrite what they have decrypted */
    struct acceptor_directory *directory; /* the groups that requirements name */
    struct acceptor_log_addresses logged_proxies;
    struct acceptor_sessions *sessions;           /* locations that were checked at start */
    uint8_t mark_key[ACCEPTOR_USER_MARK_KEY_LEN]; /* random; only this acceptor has it */
};

/* Returns the limiter of the jobs that wait for this source. */
struct acceptor_limiter *acceptor_limiter_of(const struct sspi_acceptor *acceptor,
                                             enum acceptor_wait wait);

#endif
