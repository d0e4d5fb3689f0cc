/* SPDX-License-Identifier: Apache-2.0 */
/* The content of a session: what the sealed cookie holds about a login. Pure.
 *
 * All numbers are little-endian. A text has its length (2 octets), its octets and a NUL. The length
 * 0xFFFF without octets stands for an absent text. The seal protects the octets, so that this form
 * only has to be unambiguous. Nevertheless every length is checked:
 *
 *   version (1), scheme (1), mechanism (1), flags (2), id (16), login, issued, end and expiry in
 *   milliseconds (8 each), fingerprint (16), texts: Digest algorithm, name, realm, target,
 *   audience, sam_name, upn; a sid_list with the user's own SID or empty (2 and its octets),
 *   a sid_list of groups (2 and its octets). Nothing follows. */
#ifndef SESSION_CONTENT_H
#define SESSION_CONTENT_H

#include "bytes.h"
#include "sid.h"

#define SESSION_CONTENT_ID_LEN          16
#define SESSION_CONTENT_FINGERPRINT_LEN 16

/* The longest text. */
#define SESSION_CONTENT_TEXT_LIMIT 1024

/* Behind each text stands a NUL, except in a value that the caller of session_content_encode()
 * made. */
struct session_content {
    uint8_t id[SESSION_CONTENT_ID_LEN]; /* random; a renewed session keeps it */
    uint64_t login_ms;                  /* when the credentials were verified */
    uint64_t issued_ms;                 /* when this cookie was made: at the login, or renewed */
    uint64_t end_ms;                    /* the absolute end */
    uint64_t expiry_ms;                 /* of the ticket; UINT64_MAX: it has no end */
    uint8_t scheme;                     /* SSPI_SCHEME_* */
    uint8_t mech;                       /* SSPI_MECH_*; SSPI_MECH_NONE: a line of Digest */
    struct sspi_view algorithm;         /* of that line or of Digest; absent for a mechanism */
    struct sspi_view name;              /* the full name */
    struct sspi_view realm;             /* absent: none */
    struct sspi_view target;            /* the service of the login; absent: unknown */
    struct sspi_view audience;          /* session_audience.h */
    struct sspi_view sam_name;          /* absent: unknown */
    struct sspi_view upn;               /* absent: unknown */
    struct sid user_sid;                /* n_sub 0: unknown */
    struct sspi_view groups;            /* a well-formed sid_list; may be empty */
    bool target_proven;                 /* a key of the server proved `target` */
    bool integrity;                     /* Digest's auth-int */
    bool is_foreign;                    /* the client's realm is not that of the service */
    bool groups_incomplete;             /* groups were left out, because the cookie had no room */
    bool over_tls;                      /* the client got the cookie over TLS */
    bool was_bound;                     /* the login was bound to its channel; only compared */
    bool has_fingerprint;               /* the user is one of a user file */
    uint8_t fingerprint[SESSION_CONTENT_FINGERPRINT_LEN]; /* keyed; of the hash in that file */
};

/* Appends the octets. to->failed: no memory, or a text is too long. */
void session_content_encode(const struct session_content *content, struct bytes *to);

/* Reads the octets. The views in *ret_content are those of `from`. False: `from` is not of this
 * version, or not exactly what session_content_encode() writes. Allocates nothing. */
bool session_content_decode(struct sspi_view from, struct session_content *ret_content) MUST_USE;

/* True if both are of the same login as far as a policy can see: only id, times and the ticket's
 * end may differ. */
bool session_content_is_same_login(const struct session_content *a,
                                   const struct session_content *b);

#endif
