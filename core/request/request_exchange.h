/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of an exchange, which is one request: the evaluation of its credentials, the identity,
 * and the answer. */
#ifndef REQUEST_EXCHANGE_H
#define REQUEST_EXCHANGE_H

#include "acceptor.h"
#include "request_connection.h"
#include "request_entity.h"
#include "policy_identity.h"
#include "session_content.h"
#include "store_seal.h"

#define REQUEST_HASH_A1_LEN 16

/* The hash of a Digest user that the server looks up for the core (SSPI_NEED_HASH). */
struct request_lookup {
    enum {
        REQUEST_LOOKUP_NONE,
        REQUEST_LOOKUP_ASKED,
        REQUEST_LOOKUP_FOUND,
        REQUEST_LOOKUP_UNKNOWN
    } state;
    char *user;
    uint8_t hash_a1[REQUEST_HASH_A1_LEN];
    /* The hash that verified the user. A location that looks users up elsewhere must find the same
     * hash. */
    bool has_verified_hash;
    uint8_t verified_hash[REQUEST_HASH_A1_LEN];
};

/* The longest value of a session's cookie, and its parts. Browsers keep cookies of 4,096 octets
 * with name and attributes (RFC 6265 section 6.1). */
#define REQUEST_SESSION_VALUE_LIMIT   3800u
#define REQUEST_SESSION_SEALED_LIMIT  (REQUEST_SESSION_VALUE_LIMIT * 3 / 4)
#define REQUEST_SESSION_CONTENT_LIMIT (REQUEST_SESSION_SEALED_LIMIT - STORE_SEAL_OVERHEAD)

/* The session of the request's cookie, and the cookie that the answer sets. */
struct request_session {
    struct session_content content; /* views into `octets` */
    char *octets;                   /* of `opened`, or session_octets of the exchange */
    size_t octets_len;
    struct request_opened_cookie *opened; /* a reference; NULL: the exchange opened the cookie */
    bool renews;                          /* the session in use gets a new cookie */
    bool is_decided;   /* a step has decided whether the answer sets a new cookie */
    bool is_logged;    /* an entry says why a cookie does not count */
    struct bytes line; /* of Set-Cookie, for each answer of the request; empty: none */
    bool clears;       /* that line removes the cookie */
    /* The session that the client has after this answer: the one in use, or a new one. */
    bool has_id;
    uint8_t id[SESSION_CONTENT_ID_LEN];
    uint64_t end_ms;
};

/* A leg of Negotiate or NTLM that a job evaluates, because it may wait for a domain controller. The
 * step that takes its result may have another policy than the step that began it. */
struct request_waiting_leg {
    struct sspi_job *job;                      /* a reference; NULL: no leg waits */
    struct acceptor_credential *credential;    /* of the leg's context; in use until the leg ends */
    struct acceptor_source *keytab, *nt_users; /* as in the step that began the leg */
    uint8_t scheme;                            /* SSPI_SCHEME_* */
};

/* A password of Basic that is being verified. */
struct request_basic {
    bool is_read;         /* the header has a password that was read */
    struct sspi_job *job; /* a reference; request_basic_ask.c knows more; NULL: none */
    uint64_t began_ms;    /* when this request began to wait for another one */
    uint32_t wait_ms;     /* the last delay; 0: it has not waited */
};

/* The user's own login for the upstream of a proxied request. */
struct request_onward {
    struct sspi_job *job; /* a reference; request_onward.c knows more; NULL: none */
    struct bytes value;   /* of Authorization; secret; empty: none */
};

/* A refusal, as its log entry begins. */
struct request_refusal {
    enum sspi_reason reason; /* NONE: there was no refusal */
    SECURITY_STATUS status;
};

struct sspi_exchange {
    struct sspi_acceptor *acceptor;
    struct sspi_request request;
    /* Of the evaluation of the credentials: NONE until it is complete, GRANTED if they are
     * verified. */
    enum sspi_reason reason;
    enum sspi_need need; /* of the evaluation. When that is complete, it is NONE or HTTP_1_1. */
    struct policy_identity identity;
    enum package_bound bound;  /* of the identity, by the policy that accepted it last */
    uint64_t users_generation; /* of the user file, read before the credentials were verified */
    bool from_connection;      /* the identity is the login that the connection kept */
    bool from_session;         /* the identity is that of a session's cookie */
    bool persistent;           /* the connection keeps the login of this request */
    bool negotiate_failed;     /* the credentials were of Negotiate or NTLM, and were refused */
    bool counted;              /* the end of this request is in the counters */
    bool login_logged;
    const char *logon_problem; /* static: why the ticket of this login has no groups; NULL: it has
                                  some, or this was logged */
    bool header_is_ours;       /* a step evaluated the Authorization header */
    bool is_private;           /* a step granted the request by something else than Authorization */
    struct request_waiting_leg waiting_leg;
    struct request_basic basic;
    uint64_t retry_after_s; /* of a refusal with 429 */
    struct request_entity entity;
    struct request_lookup lookup;
    struct request_session session;
    struct request_delegation delegation;
    struct request_onward onward;
    struct sspi_job *local_groups; /* a reference; request_local_groups.c knows more; NULL: none */
    struct sspi_job *reload_job;   /* reads a changed file again; the next step logs its result */
    bool reload_started;           /* the evaluation has made its only reload_job */
    /* Answer token of Negotiate or NTLM in base64, and which of them: sent with the next leg's 401,
     * or with the granted answer (mutual authentication). */
    struct bytes answer_token;
    uint8_t answer_scheme;
    struct bytes authentication_info; /* Digest: proves the server to the client */
    /* Challenges with stale=true, and their realm: the nonce of the response is too old, or its
     * count was used before. */
    struct bytes stale[PACKAGE_CHALLENGES_LIMIT];
    size_t n_stale;
    struct bytes stale_realm;

    /* Of the header lines of the result; the others are empty. */
    struct bytes header_text[SSPI_HEADERS_LIMIT];
    struct bytes lookup_realm;           /* NUL-terminated, of SSPI_NEED_HASH */
    bool group_unknown;                  /* for the log entry of sspi_exchange_challenge() */
    bool asks_for_groups;                /* the last challenge has that log entry */
    struct bytes group_text[2];          /* of SSPI_VARIABLE_GROUP_SIDS and SSPI_VARIABLE_GROUPS */
    struct bytes full_name;              /* of a Digest user, for sspi_exchange_full_name() */
    char *user_name;                     /* in the form that the policy of the last step wants */
    char expires[BYTES_DECIMAL_MAX + 1]; /* the text of SSPI_VARIABLE_EXPIRES */
    char sid[SID_TEXT_SIZE];             /* the text of SSPI_VARIABLE_SID */
    char error[ACCEPTOR_LOG_ID_SIZE];    /* the text of SSPI_VARIABLE_ERROR */
    /* The last log entry that may explain a refusal, and that of the evaluation: a later step that
     * ends for the reason of the evaluation does not log it again. */
    struct request_refusal last_refusal, evaluation_refusal;
    struct sspi_view realm; /* of the step that runs */
    bool is_accepted;       /* that step has found that its policy accepts the identity */
    /* sspi_exchange_new() does not clear what follows, because that would take longer than most of
     * the work for a session. */
    struct sspi_result result;
    char session_octets[REQUEST_SESSION_CONTENT_LIMIT]; /* of the last cookie opened here */
};

/* Adds a log entry to the result, in place of the last one if there is no room. The text is
 * printable: the caller has escaped what comes from a client. Returns `reason`, so that a decision
 * is one statement. */
enum sspi_reason request_exchange_log(struct sspi_exchange *exchange, enum sspi_reason reason,
                                      SECURITY_STATUS status, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same for an entry that is written already. */
void request_exchange_add_entry(struct sspi_exchange *exchange, const struct sspi_log_entry *entry);

/* Clears the result. Until the caller has decided, the status is 500, so that an adapter that
 * ignores a need never admits the request. */
void request_exchange_begin_result(struct sspi_exchange *exchange);

/* Removes the header lines of the result, and frees their texts. */
void request_exchange_drop_headers(struct sspi_exchange *exchange);

/* The result asks the adapter to run `job` (SSPI_NEED_JOB), with a reference of its own. */
void request_exchange_need_job(struct sspi_exchange *exchange, struct sspi_job *job);

/* True if the server keeps log entries of this reason at the location where the exchange began. The
 * caller asks before it writes an entry that most requests have. */
bool request_exchange_logs(const struct sspi_exchange *exchange, enum sspi_reason reason);

/* True when the client sent an Authorization header. */
bool request_exchange_has_credentials(const struct sspi_exchange *exchange);

/* Logs and counts why a call failed, and returns the reason for which the request ends. */
enum sspi_reason request_exchange_refuse(struct sspi_exchange *exchange, SECURITY_STATUS status,
                                         const struct sspi_error_info *error_info);

/* The same for a token in a header that is well-formed. The status is never 400, because the client
 * can start again or use another scheme. */
enum sspi_reason request_exchange_refuse_token(struct sspi_exchange *exchange,
                                               SECURITY_STATUS status,
                                               const struct sspi_error_info *error_info);

/* The same for memory that ran out. */
enum sspi_reason request_exchange_out_of_memory(struct sspi_exchange *exchange);

/* The same for a body over `limit`, before or while it is read. */
enum sspi_reason request_exchange_refuse_entity(struct sspi_exchange *exchange, uint64_t limit);

/* Checks at once whether the file of `source` changed. The caller does this for all credentials
 * that the contents do not verify, of known and unknown users. The time of the answer then does not
 * depend on the user. True: the file changed, and the evaluation needs the job that reads it again
 * (SSPI_NEED_JOB). At most once for each exchange. `source` may be NULL. */
bool request_exchange_start_reload(struct sspi_exchange *exchange,
                                   struct acceptor_source *source) MUST_USE;

/* The source that `policy` uses for `option`. NULL: not open; a log entry says so. */
struct acceptor_source *request_exchange_source(struct sspi_exchange *exchange,
                                                const struct sspi_policy *policy,
                                                enum sspi_option option);

/* Returns the facts about the client. `info` owns their texts. */
struct policy_identity request_exchange_borrow_identity(const struct package_info *info,
                                                        uint8_t scheme);

/* True if the KDC that made the ticket is not trusted with names and groups, although it is the one
 * of the service's realm. If the keytab has keys of several realms, each of these KDCs makes
 * tickets for its own service. Only that of the default realm is then ours. */
bool request_exchange_is_of_foreign_service(const struct sspi_exchange *exchange,
                                            const struct acceptor_source *keytab);

/* Copies name, realm, target, binding and expiry out of an established context, and what the
 * directory says about the user. This reads a ticket's PAC for each login, because a later location
 * of the request, or a later request of the connection, may need it (4 microseconds and the groups;
 * an accept costs ten times as much). The caller sets the source that verified it.
 * SSPI_REASON_INTERNAL: memory. */
enum sspi_reason request_exchange_take_identity(struct sspi_exchange *exchange,
                                                struct package_context *context,
                                                uint8_t scheme) MUST_USE;

#endif
