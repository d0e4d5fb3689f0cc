/* SPDX-License-Identifier: Apache-2.0 */
/* A security package: one constant vtable. A package implements only its own protocol. Handles, the
 * rules of SecBuffers and web servers are its callers' part. Callers use it through
 * package_context.h. They check every argument before the package gets it. */
#ifndef PACKAGE_H
#define PACKAGE_H

#include "bytes.h"
#include "clock.h"
#include "sid_list.h"
#include "sspi.h"

/* The longest token in either direction, without base64. */
#define PACKAGE_TOKEN_LIMIT 65536

/* Most octets of one message that is signed or sealed, without what the package adds. */
#define PACKAGE_MESSAGE_LIMIT (1u << 24)

/* The most channel bindings that one call may pass as alternatives, one in each buffer. */
#define PACKAGE_BINDINGS_LIMIT 16

/* The most service names of one SSPI_ACCEPTOR_DATA. */
#define PACKAGE_SERVICE_NAMES_LIMIT 64

/* One SEC_CHANNEL_BINDINGS whose offsets were checked: views into the caller's buffer. */
struct package_channel_binding {
    uint32_t initiator_type;
    struct sspi_view initiator;
    uint32_t acceptor_type;
    struct sspi_view acceptor;
    struct sspi_view application;
};

/* The client's statement about its channel, protected by its key or password. */
enum package_client_binding {
    PACKAGE_CLIENT_BINDING_UNKNOWN, /* it was not read */
    PACKAGE_CLIENT_BINDING_ABSENT,  /* no binding: the client does not know channel bindings */
    PACKAGE_CLIENT_BINDING_NO_TLS,  /* the client knows them and says that it uses no TLS */
    PACKAGE_CLIENT_BINDING_PRESENT  /* the client named a channel by its hash */
};

/* The MD5 of a channel binding. Every client names its channel by this hash. */
#define PACKAGE_CHANNEL_HASH_LEN 16

struct package_client_channel {
    enum package_client_binding client;
    uint8_t hash[PACKAGE_CHANNEL_HASH_LEN]; /* only for PRESENT */
};

/* The channel of an accepted client, under the rules that accepted it. */
enum package_bound {
    PACKAGE_BOUND_UNCHECKED, /* the rules compare no channels */
    PACKAGE_BOUND_ABSENT,    /* the client sent no channel binding, and the rules accept that */
    PACKAGE_BOUND_NO_TLS,    /* the client knows channel bindings and says that it uses no TLS */
    PACKAGE_BOUND_PROXY,     /* the client is bound to a channel that ends at a front end */
    PACKAGE_BOUND_MATCHED    /* the client's channel equals one of the candidates */
};

/* Each of these flags in fContextReq asks for signed messages or bodies (Microsoft's page
 * "Generating the Digest Challenge"). SASL's GSSAPI has the same rule. */
#define PACKAGE_ASKS_INTEGRITY (ASC_REQ_INTEGRITY | ASC_REQ_REPLAY_DETECT | ASC_REQ_SEQUENCE_DETECT)

struct binding_rules; /* binding_check.h */

/* The input of one accept call. All views are borrowed for the call. */
struct package_input {
    struct sspi_view token; /* SECBUFFER_TOKEN; absent or empty on a first call */
    bool http; /* true: Digest's HTTP form; false: its SASL form. See "The bit 0x10000000" in
                  sspi.h. */
    struct sspi_view method; /* SECBUFFER_PKG_PARAMS of Digest; data NULL: absent */
    struct sspi_view uri;    /* as method */
    /* The octets of H(entity-body); empty: the caller passed a text that is not the hexadecimal
     * form of a hash. */
    struct sspi_view entity_hash;
    struct sspi_view hash_a1;                       /* 16 octets; empty: there is no such user */
    struct sspi_view realm;                         /* US-ASCII */
    const struct package_channel_binding *bindings; /* the client's must match one of them */
    size_t n_bindings;
    /* The rules for channels and services. NULL: `bindings` and `requirements` are the rules, with
     * their Windows meaning (binding_rules_of()). */
    const struct binding_rules *rules;
    bool reads_client_binding; /* report the client's statement about its channel, even if no rule
                                  needs it */
    bool keeps_evidence;       /* report the client's ticket */
    ULONG requirements;        /* ASC_REQ_* as the caller gave them */
    size_t n_tokens; /* number of SECBUFFER_TOKEN buffers in the output: the most challenges that
                        the caller takes */
};

/* The most tokens of one answer. Only Digest makes several: one challenge for each algorithm. */
#define PACKAGE_CHALLENGES_LIMIT 8

/* The missing input of the next call, set with SEC_E_INCOMPLETE_MESSAGE. The reason in error_info
 * says which input: SSPI_REASON_HASH_WANTED (`user`) or SSPI_REASON_ENTITY_WANTED (`algorithm`). */
struct package_need {
    struct bytes user; /* the user whose hash_a1 is missing, in UTF-8 with a NUL */
    enum sspi_digest_algorithm algorithm; /* the algorithm of the missing entity_hash */
};

/* The output of one accept call. The package appends to `tokens` and need.user; the caller frees
 * them. */
struct package_output {
    struct bytes tokens[PACKAGE_CHALLENGES_LIMIT];
    size_t n_tokens; /* the number of tokens that the package filled; 0 or 1, except in Digest */
    struct package_need need;
    /* Never NULL. The package sets reason and text on every refusal. */
    struct sspi_error_info *error_info;
};

/* The facts of an established context, which owns them. */
struct package_info {
    char *name;         /* the client's full name: alice@REALM; Digest: the user's own name */
    char *realm;        /* Kerberos realm or Digest realm; NULL when there is none */
    char *target;       /* the service of the login, HTTP/host@REALM; NULL when unknown */
    bool target_proven; /* true: the server's key for `target` decrypted the ticket; false: only the
                           client named `target` */
    char *authzid;      /* the user that the client asks to act as (Digest in SASL); NULL: itself */
    const struct package *mechanism; /* the package that authenticated the client (Kerberos under
                                      * Negotiate) */
    const char *algorithm;           /* Digest: its name, static lifetime; other packages: NULL */
    char *ccache; /* name of the credential cache with the delegated tickets, "MEMORY:..."; NULL:
                     the client delegated none, or the caller did not set ASC_REQ_DELEGATE */
    /* Kerberos: the client's ticket (RFC 4120 5.3) in DER, which the KDC accepts as evidence for
     * constrained delegation. Empty: the caller did not set keeps_evidence. */
    struct bytes evidence;
    /* What the directory says about the client. read_logon() sets these members, unless the package
     * sets them when it verifies the client. */
    struct sid user_sid;       /* n_sub 0: not known */
    struct bytes groups;       /* a sid_list without user_sid */
    char *sam_name;            /* DOMAIN\alice, from a ticket; NULL: not known */
    char *upn;                 /* alice@example.com; NULL: not known */
    const char *logon_problem; /* static: why read_logon() found no SIDs; NULL: none */
    ULONG attributes;          /* ASC_RET_* */
    ULONG peer_limit; /* the most octets of a sealed message that the client accepts; 0: the client
                         did not say */
    uint64_t start_ms;
    uint64_t expiry_ms; /* UINT64_MAX: the constant maximum of the Digest page */
    /* NTLM: store_users_generation() of the user file, read before the client was verified; 0:
     * winbind. */
    uint64_t users_generation;
    struct package_client_channel channel;
    enum package_bound bound; /* by the rules of the call that verified the client */
};

/* What the client left with its login, for delegation. */
struct package_delegated {
    char *ccache;          /* as in package_info */
    struct bytes evidence; /* as in package_info */
};

/* Frees the texts and the groups, and zero-initialises *info. The package destroys the credential
 * cache that `ccache` names before it calls this function. */
void package_info_clear(struct package_info *info);

/* SEC_E_OK when the tokens can be sent. SEC_E_INSUFFICIENT_MEMORY: memory ran out while a token was
 * made. SEC_E_INTERNAL_ERROR: there are too many tokens, or one is too long. Pure. */
SECURITY_STATUS package_output_check(const struct package_output *out) MUST_USE;

/* If `status` is an error and `error_info` has no reason, sets the reason INTERNAL and the name of
 * the status as text. */
void package_output_complete_error(SECURITY_STATUS status, struct sspi_error_info *error_info);

/* Frees tokens and need; leaves error_info. */
void package_output_clear(struct package_output *out);

/* ---- messages of an established context ---- */

/* Parts of one message: SECBUFFER_DATA buffers in one descriptor. */
#define PACKAGE_MESSAGE_PARTS_LIMIT 32

/* One piece of a message. */
struct package_message_part {
    char *data;
    size_t len;
    bool sealed; /* encrypted in place; otherwise only covered by the checksum, and not changed */
};

/* The caller's memory for the octets that a package adds to a message. */
struct package_message_room {
    char *data;
    size_t room;
    size_t len; /* set by the package: octets in it, or with SEC_E_BUFFER_TOO_SMALL octets needed */
};

/* The message of one call. */
struct package_message {
    const struct package_message_part *parts; /* in the order in which the checksum covers them */
    size_t n_parts;
    /* Sign and seal write both rooms (sign only `token`); verify and unseal read `len` octets. */
    struct package_message_room token;
    struct package_message_room padding;
    /* Only for unseal: a copy of token, sealed parts and padding, one behind the other. `parts` and
     * `token` point into it. If the caller has only one buffer (SECBUFFER_STREAM), there are no
     * parts and no token. */
    char *whole;
    size_t whole_len;
};

/* Names are NUL-terminated. */
struct package_key_info {
    char signature[64];
    char encryption[64];
    ULONG key_bits;
    ULONG signature_number; /* Windows' numbers */
    ULONG encryption_number;
};

/* clang-format would treat a return type in capital letters as a macro. */
/* clang-format off */
/* The part of a package that works on messages; a member is NULL if the package does not have it.
 * The caller passes only established contexts, in one thread at a time, with at most
 * PACKAGE_MESSAGE_PARTS_LIMIT parts and PACKAGE_MESSAGE_LIMIT octets. */
struct package_messages {
    /* The package adds octets only after a sealed message. SECBUFFER_TOKEN stays empty, and
     * EncryptMessage and DecryptMessage do not need it. */
    bool has_trailer;
    /* Client and server agree on the protection of messages during the login. fQOP 0 means that
     * protection (Microsoft's Digest page). */
    bool negotiates_qop;

    SECURITY_STATUS (*sizes)(void *context, SecPkgContext_Sizes *ret_sizes);

    /* SECPKG_ATTR_STREAM_SIZES; may be NULL. */
    SECURITY_STATUS (*stream_sizes)(void *context, SecPkgContext_StreamSizes *ret_sizes);

    /* SEC_E_BUFFER_TOO_SMALL: the context is unchanged, and the rooms say how many octets are
     * needed. The same in seal. */
    SECURITY_STATUS (*sign)(void *context, struct package_message *message);

    /* SEC_E_MESSAGE_ALTERED, SEC_E_OUT_OF_SEQUENCE; the same in unseal. */
    SECURITY_STATUS (*verify)(void *context, const struct package_message *message);

    /* Encrypts in place unless `encrypt` is false. */
    SECURITY_STATUS (*seal)(void *context, bool encrypt, struct package_message *message);

    /* SEC_E_OK sets *ret_plain, a view into message->whole, and *ret_encrypted. The caller wipes
     * the rest of message->whole. SEC_E_INCOMPLETE_MESSAGE: message->whole is shorter than any
     * message. */
    SECURITY_STATUS (*unseal)(void *context, const struct package_message *message,
                              struct sspi_view *ret_plain, bool *ret_encrypted);

    /* Appends the key. */
    SECURITY_STATUS (*session_key)(void *context, struct bytes *ret_key);
    SECURITY_STATUS (*key_info)(void *context, struct package_key_info *ret_info);
};

struct package {
    SecPkgInfoA about;
    /* A second name of the package ("Digest" for WDigest); NULL: it has only about.Name. */
    const char *alias;

    /* Makes a credential. `data` is never NULL here and lives only for the call unless a member
     * says otherwise. SEC_E_OK sets *ret_credential. May read files. */
    SECURITY_STATUS (*acquire)(const SSPI_ACCEPTOR_DATA *data, void **ret_credential,
                               struct sspi_error_info *error_info);
    void (*release)(void *credential);

    /* One step. *context is NULL on the first call; the package makes it and owns it until destroy.
     * On an error status *context may be left set: the caller destroys it. The caller never passes
     * an established or failed context. Several threads may use a credential at a time, but only
     * one uses a context. */
    SECURITY_STATUS (*accept)(void *credential, void **context, const struct package_input *in,
                              struct package_output *out);

    /* True if the next accept on this context may wait for another machine. A NULL member: accept
     * never waits. The caller never passes an established context. */
    bool (*may_wait)(const void *context);

    /* CompleteAuthToken. A NULL member: the package does not have it. */
    SECURITY_STATUS (*complete)(void *context, const struct package_input *in,
                                struct package_output *out);

    /* VerifySignature and MakeSignature in Digest's HTTP form, on an established context. NULL
     * members: the package does not have them. The first verifies a later request of the client.
     * The second signs the answer to the request that was verified last. The value of its header is
     * out->tokens[0]. The requirements in `in` are those of the context. */
    SECURITY_STATUS (*verify_request)(void *context, const struct package_input *in,
                                      struct package_output *out);
    SECURITY_STATUS (*sign_answer)(void *context, const struct package_input *in,
                                   struct package_output *out);

    /* Returns the facts, which the context owns. NULL: the context is not established. */
    const struct package_info *(*info)(const void *context);

    /* Finds the account of this machine to which the client of an established context is mapped.
     * SEC_E_OK sets *ret_name, which the caller frees; NULL: there is no such account. A NULL
     * member: the account has the client's name. */
    SECURITY_STATUS (*local_name)(const void *context, char **ret_name);

    /* Reads what the directory says about the client into the result of info(), once. This is a
     * function of its own because it is slow and not every caller needs it. Only one thread at a
     * time may call it. SEC_E_OK without a SID: the client has no such facts, and logon_problem
     * says why. A NULL member: info() has the facts already, or the package has none. */
    SECURITY_STATUS (*read_logon)(void *context);

    /* Moves what the client of an established context delegated to *ret_delegated, whose owner
     * destroys the credential cache. A NULL member: no client delegates by this package. */
    void (*take_delegated)(void *context, struct package_delegated *ret_delegated);

    /* Makes `name` the default credential cache of the calling thread; NULL: the machine's default.
     * If `ret_previous` is not NULL, *ret_previous becomes the name of the previous cache, which
     * the caller frees; NULL: the machine's default. False: no memory, and nothing changed. A NULL
     * member: the package has no credential caches. */
    bool (*use_ccache)(const char *name, char **ret_previous);

    /* Make and check a MIC over `message` for SPNEGO's mechListMIC. NULL members: the package has
     * no MIC. */
    SECURITY_STATUS (*make_mic)(void *context, struct sspi_view message, struct bytes *ret_mic);
    SECURITY_STATUS (*check_mic)(void *context, struct sspi_view message, struct sspi_view mic);

    /* NULL: the package has no message functions. */
    const struct package_messages *messages;

    /* Negotiate: returns the mechanism's context, on which the `messages` of info()->mechanism
     * work. A NULL member: they work on this context. */
    void *(*mechanism_context)(void *context);

    /* Frees a context in any state. Never NULL. */
    void (*destroy)(void *context);
};
/* clang-format on */

/* Defines acquire() and release() of a package whose credentials have the type `type`. The package
 * makes a credential with `make`(data, &credential, error_info), and frees it with `destroy`. */
#define PACKAGE_CREDENTIAL(type, make, destroy)                                                    \
    static SECURITY_STATUS acquire(const SSPI_ACCEPTOR_DATA *data, void **ret_credential,          \
                                   struct sspi_error_info *error_info)                             \
    {                                                                                              \
        type *credential = NULL;                                                                   \
        SECURITY_STATUS status = make(data, &credential, error_info);                              \
        if (status == SEC_E_OK)                                                                    \
            *ret_credential = credential;                                                          \
        return status;                                                                             \
    }                                                                                              \
    static void release(void *credential)                                                          \
    {                                                                                              \
        destroy(credential);                                                                       \
    }

/* The packages, each defined in its own folder. */
extern const struct package kerberos_package;
extern const struct package negotiate_package;
extern const struct package digest_package;
extern const struct package ntlm_package;

#endif
