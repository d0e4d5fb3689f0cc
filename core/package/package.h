/* SPDX-License-Identifier: Apache-2.0 */
/* A security package: one constant vtable. A package knows only its own protocol, and no handle, no
 * rule of SecBuffers and no web server. Callers use it through package_context.h. They check every
 * argument before the package gets it. */
#ifndef PACKAGE_H
#define PACKAGE_H

#include "bytes.h"
#include "clock.h"
#include "sspi.h"

/* The longest token in either direction, without base64. */
#define PACKAGE_TOKEN_LIMIT 65536

/* Most octets of one message that is signed or sealed, without what the package adds. */
#define PACKAGE_MESSAGE_LIMIT (1u << 24)

/* Channel bindings a caller may name as alternatives in one call (one buffer each). */
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
    PACKAGE_BOUND_ABSENT,    /* the client sent none, and that was allowed */
    PACKAGE_BOUND_NO_TLS,    /* the client knows of bindings and says that it uses no TLS */
    PACKAGE_BOUND_PROXY,     /* the client is bound to a channel that ends before us */
    PACKAGE_BOUND_MATCHED    /* compared and equal */
};

/* Any of these in fContextReq asks for signed messages or bodies ("Generating the Digest
 * Challenge"). SASL's GSSAPI has the same rule. */
#define PACKAGE_ASKS_INTEGRITY (ASC_REQ_INTEGRITY | ASC_REQ_REPLAY_DETECT | ASC_REQ_SEQUENCE_DETECT)

struct binding_rules; /* binding_check.h */

/* The input of one accept call. All views are borrowed for the call. */
struct package_input {
    struct sspi_view token;  /* SECBUFFER_TOKEN; absent or empty on a first call */
    bool http;               /* Digest's HTTP form, else SASL's: see "The bit 0x10000000" */
    struct sspi_view method; /* PKG_PARAMS, in the order of the Digest page; absent ones */
    struct sspi_view uri;    /* have data NULL */
    /* The octets of H(entity-body); empty: the caller passed a text that is not the hexadecimal
     * form of a hash. */
    struct sspi_view entity_hash;
    struct sspi_view hash_a1;                       /* 16 octets; empty: there is no such user */
    struct sspi_view realm;                         /* US-ASCII */
    const struct package_channel_binding *bindings; /* any one of them may match */
    size_t n_bindings;
    /* The rules for channels and services. NULL: `bindings` and `requirements` count, with their
     * Windows meaning (binding_rules_of()). */
    const struct binding_rules *rules;
    bool reads_client_binding; /* read what the client said about its channel, even if no rule needs
                                  it */
    ULONG requirements;        /* ASC_REQ_* as the caller gave them */
    size_t n_tokens; /* SECBUFFER_TOKEN buffers in the output: how many challenges are wanted */
};

/* Tokens one answer may hold: challenges, one an algorithm. */
#define PACKAGE_CHALLENGES_LIMIT 8

/* The missing input of the next call, set with SEC_E_INCOMPLETE_MESSAGE. The reason in error_info
 * says which: SSPI_REASON_HASH_WANTED or SSPI_REASON_ENTITY_WANTED. */
struct package_need {
    struct bytes user;                    /* the user whose hash_a1 is missing: UTF-8 and a NUL */
    enum sspi_digest_algorithm algorithm; /* the one of the missing entity_hash */
};

/* The output of one accept call. The package appends to `tokens` and need.user; the caller frees
 * them. */
struct package_output {
    struct bytes tokens[PACKAGE_CHALLENGES_LIMIT];
    size_t n_tokens; /* tokens filled; usually 0 or 1 */
    struct package_need need;
    struct sspi_error_info *error_info; /* never NULL; set reason and text on every refusal */
};

/* The facts of an established context, which owns them. */
struct package_info {
    char *name;         /* the client's full name: alice@REALM; Digest: the user's own name */
    char *realm;        /* Kerberos realm or Digest realm; NULL when there is none */
    char *target;       /* the service of the login, HTTP/host@REALM; NULL when unknown */
    bool target_proven; /* the server's key for it decrypted the ticket; otherwise only the client
                         * said it */
    char *authzid;      /* the identity to act as (Digest in SASL); NULL: the client's own */
    const struct package *mechanism; /* the package that authenticated the client (Kerberos under
                                      * Negotiate) */
    const char *algorithm;           /* Digest: name of the algorithm, static lifetime; else NULL */
    char *ccache; /* cache with the credential the client delegated, "MEMORY:..."; NULL:
                   * none, or ASC_REQ_DELEGATE was not asked for */
    char **sids;  /* "S-1-5-21-…" of the user and its groups; NULL when not known */
    size_t n_sids;
    ULONG attributes; /* ASC_RET_* */
    ULONG peer_limit; /* octets of one sealed message that the client takes; 0: it did not say */
    uint64_t start_ms;
    uint64_t expiry_ms; /* UINT64_MAX: the constant maximum of the Digest page */
    /* NTLM: store_users_generation() of the user file before it verified the client; 0: winbind. */
    uint64_t users_generation;
    struct package_client_channel channel;
    enum package_bound bound; /* by the rules of the call that verified the client */
};

/* Frees the texts and the SIDs, and zero-initialises *info. Before that the package ends `ccache`,
 * because a cache is more than its name. */
void package_info_clear(struct package_info *info);

/* SEC_E_OK when the tokens can be sent. SEC_E_INSUFFICIENT_MEMORY: one of them is not complete.
 * SEC_E_INTERNAL_ERROR: too many, or one is too long. Pure. */
SECURITY_STATUS package_output_check(const struct package_output *out) MUST_USE;

/* Gives an error without a reason the reason INTERNAL. */
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
    const struct package_message_part *parts; /* in the order in which the checksum takes them */
    size_t n_parts;
    struct package_message_room token;   /* sign, seal; the other two read `len` octets */
    struct package_message_room padding; /* seal */
    /* Only for unseal: a copy of token, sealed parts and padding, one behind the other. `parts` and
     * `token` point into it, or there are no parts and no token if only the whole is known. */
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

/* clang-format takes the capital letters of a return type for a macro's. */
/* clang-format off */
/* The part of a package that works on messages; a member is NULL if the package does not have it.
 * The caller passes only established contexts, in one thread at a time, with at most
 * PACKAGE_MESSAGE_PARTS_LIMIT parts and PACKAGE_MESSAGE_LIMIT octets. */
struct package_messages {
    /* The package adds octets only behind a sealed message. SECBUFFER_TOKEN stays empty, and
     * EncryptMessage and DecryptMessage work without it. */
    bool has_trailer;
    /* The login agrees on the protection of messages, and fQOP 0 stands for it (Digest page). */
    bool negotiates_qop;

    SECURITY_STATUS (*sizes)(void *context, SecPkgContext_Sizes *ret_sizes);

    /* SECPKG_ATTR_STREAM_SIZES; may be NULL. */
    SECURITY_STATUS (*stream_sizes)(void *context, SecPkgContext_StreamSizes *ret_sizes);

    /* SEC_E_BUFFER_TOO_SMALL leaves the context as it was, here and in seal. */
    SECURITY_STATUS (*sign)(void *context, struct package_message *message);

    /* SEC_E_MESSAGE_ALTERED, SEC_E_OUT_OF_SEQUENCE; the same in unseal. */
    SECURITY_STATUS (*verify)(void *context, const struct package_message *message);

    /* Encrypts in place unless `encrypt` is false. */
    SECURITY_STATUS (*seal)(void *context, bool encrypt, struct package_message *message);

    /* SEC_E_OK sets *ret_plain, which lies in message->whole, and whether it was encrypted.
     * The caller wipes the rest of message->whole. SEC_E_INCOMPLETE_MESSAGE: the whole
     * is shorter than any message. */
    SECURITY_STATUS (*unseal)(void *context, const struct package_message *message,
                              struct sspi_view *ret_plain, bool *ret_encrypted);

    /* Appends the key. */
    SECURITY_STATUS (*session_key)(void *context, struct bytes *ret_key);
    SECURITY_STATUS (*key_info)(void *context, struct package_key_info *ret_info);
};

struct package {
    SecPkgInfoA about;
    /* A further name it is found by, NULL when none ("Digest" for WDigest). */
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

    /* True when the next accept on this context may wait for another machine; NULL: it never waits.
     * The caller never passes an established context. */
    bool (*may_wait)(const void *context);

    /* CompleteAuthToken; NULL where the package has none. */
    SECURITY_STATUS (*complete)(void *context, const struct package_input *in,
                                struct package_output *out);

    /* VerifySignature and MakeSignature in Digest's HTTP form, on an established context; NULL
     * where the package has none. The first verifies a later request of the client. The second
     * signs the answer to the request that was verified last. The value of its header is
     * out->tokens[0]. The requirements in `in` are those of the context. */
    SECURITY_STATUS (*verify_request)(void *context, const struct package_input *in,
                                      struct package_output *out);
    SECURITY_STATUS (*sign_answer)(void *context, const struct package_input *in,
                                   struct package_output *out);

    /* NULL until the context is established. */
    const struct package_info *(*info)(const void *context);

    /* The account of this machine that the client of an established context maps to: SEC_E_OK sets
     * *ret_name, allocated, NULL if there is no account. A NULL member: the client's name is the
     * account's. */
    SECURITY_STATUS (*local_name)(const void *context, char **ret_name);

    /* Reads the SIDs into the result of info(). It takes long, and few callers need them. The
     * caller calls it before it makes a token, in one thread at a time. A NULL member: the SIDs are
     * there already, or never. */
    SECURITY_STATUS (*read_sids)(void *context);

    /* Makes `name` the calling thread's default credential cache, NULL the machine's. Unless it is
     * NULL, *ret_previous receives the one before, allocated, NULL for the machine's. False: no
     * memory, nothing changed. NULL where the package knows no caches. */
    bool (*use_ccache)(const char *name, char **ret_previous);

    /* A MIC over `message` for SPNEGO's mechListMIC; NULL where the package cannot. */
    SECURITY_STATUS (*make_mic)(void *context, struct sspi_view message, struct bytes *ret_mic);
    SECURITY_STATUS (*check_mic)(void *context, struct sspi_view message, struct sspi_view mic);

    /* NULL where the package has no message functions. */
    const struct package_messages *messages;

    /* The context that `messages` of info()->mechanism work on, where another package does the
     * work (Negotiate); NULL: this one does. */
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
