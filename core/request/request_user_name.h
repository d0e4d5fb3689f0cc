/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the name of a verified user in the forms of SSPIUserName.
 *
 * A name must never read as the name of another user. Kerberos escapes separators within a part of
 * a name with a backslash. NTLM has one backslash after the domain. Digest escapes nothing. A form
 * therefore refuses a name if it would write it without the escape:
 * - `@` and `/` of an NTLM user whose domain it removes,
 * - `/` of a Digest user beside short principals,
 * - an escape of a principal that krb5.conf maps to an account,
 * - a user principal name that reads as the principal of another user, and one that does not have
 *   exactly one `@` between two parts, or holds a slash or a backslash,
 * - `sam` for an NTLM user of a user file: the file may have the same domain as the directory.
 * policy_identity_is_ambiguous() refuses `@` and `\` of Digest users. With `short` and `local`,
 * alice@DEFAULT.REALM, OWN\alice and Digest's alice are one user, alice. The administrator decides
 * this by choosing the form. */
#ifndef REQUEST_USER_NAME_H
#define REQUEST_USER_NAME_H

#include "request_exchange.h"

enum request_user_name {
    REQUEST_USER_NAME_GOOD,
    REQUEST_USER_NAME_NO_ACCOUNT, /* `local`, and this machine has no account for the user */
    REQUEST_USER_NAME_AMBIGUOUS,  /* it would read as the name of another user */
    REQUEST_USER_NAME_NO_MEMORY
};

/* The facts that the spelling depends on. */
struct request_user {
    uint8_t mech;     /* SSPI_MECH_*; SSPI_MECH_NONE: Digest */
    const char *name; /* in full: alice@REALM, DOMAIN\alice, the user's own name in Digest */
    const char *default_realm; /* Kerberos: removed by `short`; NULL: none */
    const char *service_realm; /* Kerberos: of the service of the login */
    const char *sam_name;  /* Kerberos: DOMAIN\alice of the PAC; NULL: unknown, or not trusted */
    const char *upn;       /* Kerberos: of the PAC; NULL: unknown, or not trusted */
    bool is_of_own_domain; /* NTLM: the domain is that of winbind, or of the user file */
    bool is_of_user_file;  /* NTLM: a user file verified the user, not winbind */
    bool is_digest_only_scheme; /* no other scheme is offered */
};

/* Writes the name in `form` (SSPI_USER_NAME_*). GOOD sets *ret_name, which the caller frees. Blocks
 * on no network. */
enum request_user_name request_user_name_spell(const struct request_user *user, uint64_t form,
                                               char **ret_name) MUST_USE;

/* The same for the verified user, in the form that `policy` asks for. */
enum request_user_name request_user_name_make(const struct sspi_exchange *exchange,
                                              const struct sspi_policy *policy,
                                              char **ret_name) MUST_USE;

/* Writes the name of the account on this machine that the form `local` would show, for a user of
 * NTLM. NO_ACCOUNT and AMBIGUOUS: there is no account that is surely the user's. GOOD sets
 * *ret_account, which the caller frees. Does not block. */
enum request_user_name request_user_name_account(const struct policy_identity *identity,
                                                 char **ret_account) MUST_USE;

/* The same for a user of Kerberos. It reads krb5.conf, and blocks on no network. */
enum request_user_name request_user_name_map(const char *principal, char **ret_account) MUST_USE;

/* True for a user of NTLM whose domain is the own one of winbind, or the only one of the user file.
 */
bool request_user_name_is_of_own_domain(const struct policy_identity *identity);

#endif
