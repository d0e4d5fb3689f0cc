/* SPDX-License-Identifier: Apache-2.0 */
/* Under which name a proven user passes: the forms of SSPIUserName.
 *
 * No user can make a name that comes out as another user's. Kerberos marks separators within a part
 * of a name with a backslash, NTLM has one backslash behind the domain, Digest marks nothing. So a
 * form refuses what it would write without its mark: `@` and `/` of an NTLM user whose domain it
 * cuts off, `/` of a Digest user beside short principals, an escape of a principal that krb5.conf
 * maps to an account. (http_digest_is_ambiguous() refuses `@` and `\` of Digest users.)
 * With `short` and `local` alice@DEFAULT.REALM, OWN\alice and Digest's alice are one user, alice:
 * the administrator says so by choosing the form. */
#ifndef HTTP_USER_NAME_H
#define HTTP_USER_NAME_H

#include "http_exchange.h"

enum http_user_name {
    HTTP_USER_NAME_GOOD,
    HTTP_USER_NAME_NO_ACCOUNT, /* `local`, and this machine has no account for the user */
    HTTP_USER_NAME_AMBIGUOUS,  /* it would read as another user's */
    HTTP_USER_NAME_NO_MEMORY
};

/* What the spelling depends on. */
struct http_user {
    uint8_t package;            /* HTTP_PACKAGE_* */
    uint8_t runs;               /* HTTP_MECHANISM_*; 0: Digest */
    const char *name;           /* in full: alice@REALM, DOMAIN\alice, Digest's own */
    const char *default_realm;  /* Kerberos: cut off by `short`; NULL: none */
    bool is_of_own_domain;      /* NTLM: that of winbind, or of the user file */
    bool is_digest_only_scheme; /* no other scheme's names are about */
};

/* Writes the name in `form` (HTTP_NAME_*). GOOD sets *ret_name, malloc'ed. Blocks on no network. */
enum http_user_name http_user_name_spell(const struct http_user *user, uint64_t form,
                                         char **ret_name) SSPI_MUST_USE;

/* The same of the proven user, in the form that `policy` wants. */
enum http_user_name http_user_name_make(const struct sspi_exchange *exchange,
                                        const struct sspi_policy *policy,
                                        char **ret_name) SSPI_MUST_USE;

#endif
