/* SPDX-License-Identifier: Apache-2.0 */
/* The Windows domain of this machine, through Samba's winbind: the names of the machine in it, and
 * the check of responses. Only ntlm_winbind*.c call libwbclient. A function that blocks says so,
 * because winbind may ask a domain controller. */
#ifndef NTLM_WINBIND_H
#define NTLM_WINBIND_H

#include "ntlm_keys.h"
#include "ntlm_winbind_answer.h"
#include "ntlm_winbind_status.h"
#include "package.h"
#include "package_password.h"
#include "sid.h"
#include "store_users_parse.h" /* STORE_USERS_NAME_LIMIT */

/* Longest NetBIOS name. */
#define NTLM_WINBIND_NB_LIMIT 15

/* The names of the server in CHALLENGE. A domain controller refuses a response that was made for
 * other names. */
struct ntlm_winbind_names {
    char nb_computer[NTLM_WINBIND_NB_LIMIT + 1];
    char nb_domain[NTLM_WINBIND_NB_LIMIT + 1];
    char dns_domain[256];  /* empty: none */
    struct sid domain_sid; /* n_sub 0: winbind does not return it */
};

/* Makes an object without names, and does not ask winbind for them. The caller is its first owner.
 * NULL: no memory. */
struct sspi_winbind *ntlm_winbind_new(void) MUST_USE;

/* See ref.h. */
struct sspi_winbind *ntlm_winbind_ref(struct sspi_winbind *winbind);
void ntlm_winbind_unref(struct sspi_winbind *winbind);

struct store_source;

/* The names as a source without a file: a check is true, at most once a second, as long as no names
 * are known. Then store_source_reload() asks winbind for them. */
struct store_source *ntlm_winbind_source(struct sspi_winbind *winbind);

/* The names. False: not known yet. Never blocks. */
bool ntlm_winbind_names(struct sspi_winbind *winbind, struct ntlm_winbind_names *ret_names);

/* A response to check. The names are in UTF-8, as the client sent them. */
struct ntlm_winbind_question {
    struct sspi_view user;
    struct sspi_view domain;
    struct sspi_view workstation;
    const uint8_t *challenge; /* NTLM_CHALLENGE_LEN */
    struct sspi_view nt_response;
    struct sspi_view lm_response;
};

/* Checks a response. RIGHT sets *ret_answer. Otherwise `text` says why, for the administrator.
 * Blocks as long as winbind does. Any number of threads may call it. */
enum ntlm_winbind_status ntlm_winbind_check(struct sspi_winbind *winbind,
                                            const struct ntlm_winbind_question *question,
                                            struct ntlm_winbind_answer *ret_answer, char *text,
                                            size_t text_size) MUST_USE;

/* The longest password that winbind's interface carries, in octets of UTF-8. */
#define NTLM_WINBIND_PASSWORD_LIMIT 255

/* Verifies a password of Basic. winbind itself asks a KDC of the domain, so that the domain may
 * forbid NTLM to the user. Otherwise it logs in as a Windows workstation does. The user is
 * DOMAIN\user, user@domain (a UPN), or a name in the domain of this machine. Needs no privileged
 * pipe. SEC_E_OK: *ret_info has the name DOMAIN\user, realm and SIDs as the domain returns them,
 * and the caller calls package_info_clear(). Otherwise error_info says why: SEC_E_LOGON_DENIED,
 * with WRONG_PASSWORD (unknown users too), PASSWORD_EXPIRED or ACCOUNT_LOCKED.
 *  SEC_E_NO_AUTHENTICATING_AUTHORITY, with UNREACHABLE: winbind or the domain does not answer.
 *  SEC_E_INTERNAL_ERROR or SEC_E_INSUFFICIENT_MEMORY.
 * Blocks as long as winbind does, so only a job calls it. Any number of threads may. */
SECURITY_STATUS ntlm_winbind_verify_password(struct sspi_winbind *winbind,
                                             const struct package_password *in,
                                             struct package_info *ret_info,
                                             struct sspi_error_info *error_info) MUST_USE;

/* Returns the folder of winbind's privileged pipe, so that a caller can check whether a worker may
 * read it. */
const char *ntlm_winbind_pipe_folder(void);

#endif
