/* SPDX-License-Identifier: Apache-2.0 */
/* One line of a user file. Pure. Errors are fixed texts, so that no part of a line, such as a hash,
 * reaches a log. */
#ifndef STORE_USERS_PARSE_H
#define STORE_USERS_PARSE_H

#include "bytes.h"
#include "hash.h"
#include "sspi_acceptor.h"

/* The algorithm in lines of STORE_USERS_SASL. */
#define STORE_USERS_SASL_NAME "MD5-ISO-8859-1"

/* The most octets of a line, of a user or realm, and of a hash. A user has at least one octet. */
#define STORE_USERS_LINE_LIMIT 1024
#define STORE_USERS_NAME_LIMIT 255
#define STORE_USERS_HASH_MAX   32

/* The most octets of a text file: 64 MiB. */
#define STORE_USERS_FILE_LIMIT (64u << 20)

/* Octets of the NT hash: MD4 of the password in UTF-16LE (MS-NLMP 3.3.1). An attacker can use it
 * like the password. */
#define STORE_USERS_NT_HASH_LEN 16

/* Begins the name of a constant database, which `sspi-passwd --compile` writes. */
#define STORE_USERS_CDB_PREFIX "cdb:"

enum store_users_kind {
    STORE_USERS_NOTHING, /* comment or empty */
    STORE_USERS_DIGEST,
    STORE_USERS_NT, /* for NTLM: the realm is the domain, the hash has 16 octets */
    /* for SASL: as a line of MD5, but each of user, realm and password is in ISO-8859-1 if all its
     * characters fit (RFC 2831 2.1.2.1) */
    STORE_USERS_SASL,
    STORE_USERS_BAD
};

struct store_users_line {
    enum store_users_kind kind;
    struct sspi_view user; /* borrowed from the line */
    struct sspi_view realm;
    enum sspi_digest_algorithm algorithm; /* SASL: MD5; NT: NONE */
    uint8_t hash[STORE_USERS_HASH_MAX]; /* hash_len(algorithm) octets, NT: STORE_USERS_NT_HASH_LEN;
                                           the caller wipes it */
};

/* A user of NTLM. */
struct store_nt_user {
    char user[STORE_USERS_NAME_LIMIT + 1]; /* as in the file */
    char domain[STORE_USERS_NAME_LIMIT + 1];
    uint8_t hash[STORE_USERS_NT_HASH_LEN];
};

/* Removes the first line from `rest`. `ret_whole` is the line with its end, `ret_line` without "\n"
 * or "\r\n". A last line without "\n" is a line too. False: `rest` is empty. */
bool store_users_parse_next(struct sspi_view *rest, struct sspi_view *ret_whole,
                            struct sspi_view *ret_line) MUST_USE;

/* Reads one line without its end. `ret_line` is set for DIGEST, NT and SASL, `ret_problem` ("what
 * is wrong; what would be right") for BAD. */
enum store_users_kind store_users_parse_line(struct sspi_view line,
                                             struct store_users_line *ret_line,
                                             const char **ret_problem) MUST_USE;

/* True for an algorithm that a line may have. The -sess forms are not among them: they use the line
 * of their base algorithm. */
bool store_users_parse_takes(enum sspi_digest_algorithm algorithm);

/* NULL if `name` may be a realm (or a user). Otherwise a text as ret_problem above. A user name
 * that starts with "#" is accepted here, but its line would be a comment. */
const char *store_users_parse_name(struct sspi_view name, bool is_realm) MUST_USE;

/* The same for two such names of an NT line. */
const char *store_users_parse_nt_names(struct sspi_view user, struct sspi_view domain) MUST_USE;

/* Computes the userhash, which a client may send instead of its user's name (RFC 7616 3.4.4). It is
 * H(user:realm) of the names in the file, in hash_len(algorithm) octets. False as hash_end(): this
 * machine does not have the algorithm. */
bool store_users_userhash(struct hash_run *run, enum sspi_digest_algorithm algorithm,
                          struct sspi_view user, struct sspi_view realm,
                          uint8_t ret_userhash[HASH_MAX]) MUST_USE;

#endif
