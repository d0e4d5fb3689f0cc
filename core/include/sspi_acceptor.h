/* SPDX-License-Identifier: Apache-2.0 */
/* The keys, users and shared state of an acceptor. On Windows an acceptor takes them from the
 * machine; here it takes them from the caller. sspi.h includes this file, which has no counterpart
 * on Windows.
 *
 * AcquireCredentialsHandle's pAuthData points to an SSPI_ACCEPTOR_DATA, or is NULL for the
 * machine's defaults. Negotiate and Kerberos then use MIT's default keytab (KRB5_KTNAME, else
 * /etc/krb5.keytab). WDigest and NTLM use the file that the environment variable SSPI_USER_FILE
 * names. */
#ifndef SSPI_ACCEPTOR_H
#define SSPI_ACCEPTOR_H

#include <stddef.h>
#include <stdint.h>

#include "sspi_view.h"

/* The calls are visible in libsspi.so. All its other symbols are hidden. */
#if defined(__GNUC__)
#define SSPI_ACCEPTOR_API __attribute__((visibility("default")))
#else
#define SSPI_ACCEPTOR_API
#endif

/* ---- objects that a privileged parent opens once, and that its workers inherit ---- */

/* The modules of the web servers contain the core, and make these objects with its functions.
 * libsspi.so has no function that makes one, so its callers leave the pointers to them NULL. */

/* The keys of one keytab, in memory. */
struct sspi_keytab;
/* The users of one user file of Digest and NTLM, in memory. */
struct sspi_users;
/* The Windows domain of this machine, whose users winbind verifies. */
struct sspi_winbind;
/* Memory that all workers share: nonce counts and Kerberos replays. */
struct sspi_state;

/* ---- why a call was refused ---- */

/* A SecBuffer type for WDigest's pInput, with a credential of SSPI_ACCEPTOR_CALLER_HASHES:
 * MD5(user:realm:password), 16 octets, from the caller's own database. Empty: the database has no
 * such user. */
#define SECBUFFER_SSPI_HASH_A1 0x0F537371

/* A SecBuffer type for pOutput: pvBuffer points to the caller's struct sspi_error_info, and
 * cbBuffer is its size. Filled on every return of AcceptSecurityContext and CompleteAuthToken. */
#define SECBUFFER_SSPI_ERROR_INFO 0x0F537370

#define SSPI_ERROR_TEXT_SIZE 512

/* Why a call failed, in enough detail to tell an administrator what to do. The names and log ids
 * are stable. If a release changes the value of a name, it has another soname. The table also has
 * the reasons that only the web servers' modules use. */
enum sspi_reason {
#define SSPI_REASON(id, ...) SSPI_REASON_##id,
#include "sspi_reasons.def"
#undef SSPI_REASON
    SSPI_REASON_COUNT
};

struct sspi_error_info {
    enum sspi_reason reason;
    /* One line for the administrator, printable ASCII: what the client sent (escaped, without
     * secrets), what was expected, what to do. It may be empty. */
    char text[SSPI_ERROR_TEXT_SIZE];
};

/* ---- pAuthData ---- */

#define SSPI_ACCEPTOR_DATA_VERSION 1

/* Flags. The credential keeps no Digest contexts, so a valid response is always SEC_E_OK and never
 * SEC_I_COMPLETE_NEEDED. It is for callers that evaluate each request separately. */
#define SSPI_ACCEPTOR_NO_DIGEST_CONTEXTS 1
/* Digest offers qop "auth,auth-int". If the caller's ASC_REQ_* demand integrity, it offers only
 * "auth-int". */
#define SSPI_ACCEPTOR_OFFER_INTEGRITY 2
/* Digest offers userhash (RFC 7616 3.4.4). */
#define SSPI_ACCEPTOR_OFFER_USERHASH 4
/* The credential has no Digest users: the caller looks up each user (SECBUFFER_SSPI_HASH_A1).
 * Digest then offers only MD5 and MD5-sess. */
#define SSPI_ACCEPTOR_CALLER_HASHES 8
/* Digest as a SASL mechanism also offers the ciphers des, rc4-56 and rc4-40 with auth-conf (RFC
 * 2831 2.4). They are for clients that have no better one. All of them can be broken. */
#define SSPI_ACCEPTOR_OFFER_WEAK_CIPHERS 16

/* Mechanisms that Negotiate may run, whatever form the client's token has. */
#define SSPI_MECHANISM_KERBEROS 1
#define SSPI_MECHANISM_NTLM     2

enum sspi_digest_algorithm {
    SSPI_DIGEST_NONE = 0, /* ends a list */
    SSPI_DIGEST_MD5,
    SSPI_DIGEST_SHA_256,
    SSPI_DIGEST_SHA_512_256,
    SSPI_DIGEST_MD5_SESS,
    SSPI_DIGEST_SHA_256_SESS,
    SSPI_DIGEST_SHA_512_256_SESS
};

#define SSPI_DIGEST_ALGORITHMS_LIMIT 8

/* Zero-initialise it, then set Version and the members that you need. AcquireCredentialsHandle
 * copies all of it, so the caller may free it afterwards. There are two exceptions. State must
 * outlive the credential. Of Keytab, Users and Winbind the credential keeps a reference. */
typedef struct _SSPI_ACCEPTOR_DATA {
    uint32_t Version; /* SSPI_ACCEPTOR_DATA_VERSION */
    uint32_t Flags;   /* SSPI_ACCEPTOR_* */

    /* Negotiate: SSPI_MECHANISM_*; 0: only Kerberos. */
    uint32_t Mechanisms;

    /* Kerberos: the keys. If Keytab is set, KeytabName is not used. Both NULL: MIT's default
     * keytab. */
    struct sspi_keytab *Keytab;
    const char *KeytabName;
    /* Accepted service principals: "HTTP/host" or "HTTP/host@REALM" (host without case), "HTTP/"
     * for every host of a service, "*" for any, which is also the default. At most 64. */
    const struct sspi_view *ServiceNames;
    uint32_t ServiceNameCount;

    /* Digest, NTLM: the users. If Users is set, UserFile is not used. Both NULL: the file of
     * SSPI_USER_FILE. NTLM asks winbind if that variable is not set either, or if Winbind is set.
     * AcceptSecurityContext then waits for the domain controller. */
    struct sspi_users *Users;
    const char *UserFile;
    struct sspi_winbind *Winbind;
    /* The realm if the caller passes none with a request. NULL: such a request is an error. */
    const char *DefaultRealm;
    /* The algorithms that are offered and accepted, the strongest first. SSPI_DIGEST_NONE ends the
     * list. All zero: those of SHA-256 and MD5 for which every user of the realm has a line. */
    uint8_t Algorithms[SSPI_DIGEST_ALGORITHMS_LIMIT];
    uint32_t NonceLifetimeSeconds; /* 0: the default, 300 */
    const char *Domain;            /* protection space: URIs, a blank between two; NULL: not sent */

    /* Shared nonce counts, replays and the nonce key. NULL: Digest uses memory of this credential,
     * and Kerberos uses MIT's replay cache. */
    struct sspi_state *State;
} SSPI_ACCEPTOR_DATA;

/* ---- the token that QuerySecurityContextToken returns ---- */

/* The client of a context as an account of this machine. It does not change, so several threads may
 * read it. The results of these calls live as long as the token. No call blocks. */
struct sspi_token;

/* The id of a client without an account on this machine. It is also the kernel's value for no id.
 */
#define SSPI_TOKEN_NO_ID UINT32_MAX

#ifdef __cplusplus
extern "C" {
#endif

/* Returns the client's name, as SECPKG_ATTR_NAMES. Never NULL. */
SSPI_ACCEPTOR_API const char *sspi_token_name(const struct sspi_token *token);

/* Returns the account's name. NULL: the client has no account. */
SSPI_ACCEPTOR_API const char *sspi_token_account(const struct sspi_token *token);

/* Return the account's ids. SSPI_TOKEN_NO_ID: the client has no account. */
SSPI_ACCEPTOR_API uint32_t sspi_token_uid(const struct sspi_token *token);
SSPI_ACCEPTOR_API uint32_t sspi_token_gid(const struct sspi_token *token);

/* Returns all groups of the account, including sspi_token_gid(). *ret_n is 0 if the client has no
 * account. */
SSPI_ACCEPTOR_API const uint32_t *sspi_token_groups(const struct sspi_token *token, size_t *ret_n);

/* Returns Windows' identifiers (SIDs, "S-1-5-21-..."), as the domain controller sent them: the
 * user's, then those of its groups. *ret_n is 0 if it sent none. */
SSPI_ACCEPTOR_API const char *const *sspi_token_sids(const struct sspi_token *token, size_t *ret_n);

/* Returns the name of the cache with the credential that the client delegated, "MEMORY:...", for
 * krb5_cc_resolve() and GSSAPI's "ccache". NULL: the client delegated no credential, or the caller
 * did not ask for ASC_REQ_DELEGATE. */
SSPI_ACCEPTOR_API const char *sspi_token_credential_cache(const struct sspi_token *token);

/* Frees a token. NULL is fine. */
SSPI_ACCEPTOR_API void sspi_token_close(struct sspi_token *token);

#ifdef __cplusplus
}
#endif

#endif
