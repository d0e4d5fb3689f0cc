/* SPDX-License-Identifier: Apache-2.0 */
#include "passwd_kind.h"

#include "hash.h"

#define NT_HASH_LEN 16

static const struct {
    const char *name;
    enum sspi_digest_algorithm algorithm;
} kinds[PASSWD_N_KINDS] = {
    [PASSWD_MD5] = {"MD5", SSPI_DIGEST_MD5},
    [PASSWD_SHA_256] = {"SHA-256", SSPI_DIGEST_SHA_256},
    [PASSWD_SHA_512_256] = {"SHA-512-256", SSPI_DIGEST_SHA_512_256},
    [PASSWD_NT] = {"NT", SSPI_DIGEST_NONE},
    [PASSWD_SASL] = {STORE_USERS_SASL_NAME, SSPI_DIGEST_MD5},
};

const char *passwd_kind_name(enum passwd_kind kind)
{
    return kinds[kind].name;
}

enum passwd_kind passwd_kind_from_name(struct sspi_view name)
{
    enum passwd_kind kind = 0;
    while (kind < PASSWD_N_KINDS && !bytes_equal_nocase(name, bytes_view(kinds[kind].name)))
        kind++;
    return kind;
}

enum passwd_kind passwd_kind_asked(enum passwd_kind kind)
{
    return kind == PASSWD_SASL ? PASSWD_MD5 : kind;
}

enum sspi_digest_algorithm passwd_kind_algorithm(enum passwd_kind kind)
{
    return kinds[kind].algorithm;
}

enum passwd_kind passwd_kind_of(const struct store_users_line *line)
{
    enum passwd_kind kind = line->kind == STORE_USERS_SASL ? PASSWD_SASL : 0;
    while (kind < PASSWD_NT && kinds[kind].algorithm != line->algorithm)
        kind++;
    return kind;
}

size_t passwd_kind_len(enum passwd_kind kind)
{
    return kind == PASSWD_NT ? NT_HASH_LEN : hash_len(kinds[kind].algorithm);
}
