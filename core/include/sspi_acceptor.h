/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, users and shared state: Windows' acceptors take them from the machine, acceptors here take
 * them from the caller. Included by sspi.h; Windows has nothing of this file.
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

/* Visible in libsspi.so, where everything else is hidden. */
#if defined(__GNUC__)
#define SSPI_ACCEPTOR_API __attribute__((visibility("default")))
#else
#define SSPI_ACCEPTOR_API
#endif

/* ---- resources: opened once, by a privileged parent, and inherited by its workers ---- */

/* The keys of one keytab, held in memory. */
struct sspi_keytab;
/* The users of one user file of Digest and NTLM, held in memory. */
struct sspi_users;
/* The Windows domain of this machine, as Samba's winbind knows it. */
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
 * are stable. Before version 1.0 the values may change with each version. The table also has the
 * reasons that only the web servers' acceptor (sspi_http.h) uses. */
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

/* Flags. The credential keeps no Digest contexts, so that every right response is SEC_E_OK and
 * never SEC_I_COMPLETE_NEEDED: for callers that answer each request on its own. */
#define SSPI_ACCEPTOR_NO_DIGEST_CONTEXTS 1
/* Digest offers qop "auth,auth-int" where nothing demands integrity (that makes it "auth-int"). */
#define SSPI_ACCEPTOR_OFFER_INTEGRITY 2
/* Digest offers userhash (RFC 7616 3.4.4). */
#define SSPI_ACCEPTOR_OFFER_USERHASH 4
/* Digest has no users of its own: the caller looks each of them up (SECBUFFER_SSPI_HASH_A1). It
 * offers only MD5 and MD5-sess. */
#define SSPI_ACCEPTOR_CALLER_HASHES 8
/* Digest as a SASL mechanism also offers the ciphers des, rc4-56 and rc4-40 with auth-conf (RFC
 * 2831 2.4). They are for clients that have no better one. All of them can be broken. */
#define SSPI_ACCEPTOR_OFFER_WEAK_CIPHERS 16

/* Mechanisms: what Negotiate may run, in every form of token. */
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

/* Zero-initialise, set Version, then what is needed. Everything is read during the call and may be
 * freed after it, except State, which must outlive the credential. Keytab, Users and Winbind get
 * one more owner. */
typedef struct _SSPI_ACCEPTOR_DATA {
    uint32_t Version; /* SSPI_ACCEPTOR_DATA_VERSION */
    uint32_t Flags;   /* SSPI_ACCEPTOR_* */

    /* Negotiate: SSPI_MECHANISM_*; 0: only Kerberos. */
    uint32_t Mechanisms;

    /* Kerberos: the keys; Keytab wins over KeytabName; both NULL: MIT's default keytab. */
    struct sspi_keytab *Keytab;
    const char *KeytabName;
    /* Accepted service principals: "HTTP/host" or "HTTP/host@REALM" (host without case), "HTTP/"
     * for every host of a service, "*" for any, which is also the default. At most 64. */
    const struct sspi_view *ServiceNames;
    uint32_t ServiceNameCount;

    /* Digest, NTLM: the users; Users wins over UserFile; both NULL: SSPI_USER_FILE. NTLM asks
     * winbind if SSPI_USER_FILE is not set either, and asks Winbind if that is given. Then
     * AcceptSecurityContext waits for the domain controller. */
    struct sspi_users *Users;
    const char *UserFile;
    struct sspi_winbind *Winbind;
    /* Realm when the caller passes none with a request; NULL: such a request is an error. */
    const char *DefaultRealm;
    /* Offered and accepted, strongest first, ended by SSPI_DIGEST_NONE; all zero: those of SHA-256,
     * MD5 for which every user of the realm has a line. */
    uint8_t Algorithms[SSPI_DIGEST_ALGORITHMS_LIMIT];
    uint32_t NonceLifetimeSeconds; /* 0: 300 */
    const char *Domain;            /* protection space: URIs, a blank between two; NULL: not sent */

    /* Shared nonce counts, replays and the nonce key; NULL: private to this credential (Digest),
     * MIT's replay cache (Kerberos). */
    struct sspi_state *State;
} SSPI_ACCEPTOR_DATA;

/* ---- what QuerySecurityContextToken gives ---- */

/* The client of a context as an account of this machine. It does not change, so that several
 * threads may read it. The results of these calls live as long as the token. */
struct sspi_token;

/* An id where the client has no account here; also the kernel's "no id". */
#define SSPI_TOKEN_NO_ID UINT32_MAX

#ifdef __cplusplus
extern "C" {
#endif

/* The client's name, as SECPKG_ATTR_NAMES. Never NULL. */
SSPI_ACCEPTOR_API const char *sspi_token_name(const struct sspi_token *token);

/* The account's name, NULL where there is none. */
SSPI_ACCEPTOR_API const char *sspi_token_account(const struct sspi_token *token);

/* The account's ids; SSPI_TOKEN_NO_ID where there is none. */
SSPI_ACCEPTOR_API uint32_t sspi_token_uid(const struct sspi_token *token);
SSPI_ACCEPTOR_API uint32_t sspi_token_gid(const struct sspi_token *token);

/* All groups of the account, the one above among them; *ret_n 0 where there is no account. */
SSPI_ACCEPTOR_API const uint32_t *sspi_token_groups(const struct sspi_token *token, size_t *ret_n);

/* Windows' identifiers of the user, who comes first, and its groups, "S-1-5-21-...", as the domain
 * controller sent them; *ret_n is 0 if it sent none. */
SSPI_ACCEPTOR_API const char *const *sspi_token_sids(const struct sspi_token *token, size_t *ret_n);

/* The cache with the credential that the client delegated, "MEMORY:...". It is for
 * krb5_cc_resolve() and GSSAPI's "ccache". NULL: the client delegated no credential, or the caller
 * did not ask for ASC_REQ_DELEGATE. */
SSPI_ACCEPTOR_API const char *sspi_token_credential_cache(const struct sspi_token *token);

/* Ends a token. NULL is fine. */
SSPI_ACCEPTOR_API void sspi_token_close(struct sspi_token *token);

#ifdef __cplusplus
}
#endif

#endif
