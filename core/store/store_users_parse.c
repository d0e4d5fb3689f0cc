/* SPDX-License-Identifier: Apache-2.0 */
#include "store_users_parse.h"

#include <string.h>

#include "hex.h"
#include "utf8.h"

#define N_FIELDS_MAX 4

bool store_users_parse_next(struct sspi_view *rest, struct sspi_view *ret_whole,
                            struct sspi_view *ret_line)
{
    if (rest->len == 0)
        return false;
    const char *end = memchr(rest->data, '\n', rest->len);
    size_t len = end == NULL ? rest->len : (size_t)(end - rest->data);
    size_t whole_len = end == NULL ? len : len + 1;
    *ret_whole = (struct sspi_view){rest->data, whole_len};
    if (end != NULL && len > 0 && rest->data[len - 1] == '\r')
        len--;
    *ret_line = (struct sspi_view){rest->data, len};
    rest->data += whole_len;
    rest->len -= whole_len;
    return true;
}

const char *store_users_parse_name(struct sspi_view name, bool is_realm)
{
    if (name.len == 0)
        return is_realm ? NULL : "the user name is empty; it needs 1 to 255 octets";
    if (name.len > STORE_USERS_NAME_LIMIT)
        return is_realm ? "the realm is longer than 255 octets; shorten it"
                        : "the user name is longer than 255 octets; shorten it";
    if (memchr(name.data, ':', name.len) != NULL)
        return is_realm
                   ? "the realm has a colon, which separates the fields of a line; leave it out"
                   : "the user name has a colon, which separates the fields of a line; leave it "
                     "out";
    if (!utf8_valid(name))
        return is_realm ? "the realm is not UTF-8; write it in that encoding"
                        : "the user name is not UTF-8; write it in that encoding";
    if (!utf8_is_name(name))
        return is_realm ? "the realm has a control character; remove it"
                        : "the user name has a control character; remove it";
    return NULL;
}

const char *store_users_parse_nt_names(struct sspi_view user, struct sspi_view domain)
{
    if (domain.len == 0)
        return "an NT line needs a domain; write user:DOMAIN:NT:hash";
    if (memchr(user.data, '\\', user.len) != NULL || memchr(domain.data, '\\', domain.len) != NULL)
        return "an NT line has a backslash in a name; write user:DOMAIN:NT:hash";
    return NULL;
}

/* Splits at colons. 0: more than N_FIELDS_MAX. */
static size_t split(struct sspi_view line, struct sspi_view fields[N_FIELDS_MAX])
{
    size_t n_fields = 0;
    for (;;) {
        if (n_fields == N_FIELDS_MAX)
            return 0;
        const char *colon = memchr(line.data, ':', line.len);
        size_t len = colon == NULL ? line.len : (size_t)(colon - line.data);
        fields[n_fields++] = (struct sspi_view){line.data, len};
        if (colon == NULL)
            return n_fields;
        line.data += len + 1;
        line.len -= len + 1;
    }
}

bool store_users_parse_takes(enum sspi_digest_algorithm algorithm)
{
    return hash_len(algorithm) != 0 && hash_base(algorithm) == algorithm;
}

static enum store_users_kind parse_hash(struct sspi_view algorithm, struct sspi_view hex,
                                        struct store_users_line *line, const char **ret_problem)
{
    if (bytes_equal_nocase(algorithm, SSPI_VIEW("NT"))) {
        bool right = hex_decode(hex, line->hash, STORE_USERS_NT_HASH_LEN);
        *ret_problem = "the NT hash is not 32 hexadecimal digits; make the line again";
        return right ? STORE_USERS_NT : STORE_USERS_BAD;
    }
    bool is_sasl = bytes_equal_nocase(algorithm, SSPI_VIEW(STORE_USERS_SASL_NAME));
    line->algorithm = is_sasl ? SSPI_DIGEST_MD5 : hash_from_name(algorithm);
    if (!store_users_parse_takes(line->algorithm)) {
        *ret_problem =
            line->algorithm != SSPI_DIGEST_NONE
                ? "the algorithm must be written without -sess; one line is for both forms"
                : "the algorithm is unknown; MD5, SHA-256, SHA-512-256, NT "
                  "and " STORE_USERS_SASL_NAME " are accepted";
        return STORE_USERS_BAD;
    }
    size_t len = hash_len(line->algorithm);
    if (!hex_decode(hex, line->hash, len)) {
        bytes_wipe(line->hash, sizeof(line->hash));
        *ret_problem = len == 16 ? "the hash is not 32 hexadecimal digits; make the line again"
                                 : "the hash is not 64 hexadecimal digits; make the line again";
        return STORE_USERS_BAD;
    }
    return is_sasl ? STORE_USERS_SASL : STORE_USERS_DIGEST;
}

enum store_users_kind store_users_parse_line(struct sspi_view line,
                                             struct store_users_line *ret_line,
                                             const char **ret_problem)
{
    if (line.len == 0 || line.data[0] == '#')
        return STORE_USERS_NOTHING;
    if (line.len > STORE_USERS_LINE_LIMIT) {
        *ret_problem = "the line is longer than 1024 octets; shorten it";
        return STORE_USERS_BAD;
    }
    /* The mark is invisible in an editor, and would be a part of the first user's name. */
    if (line.len >= 3 && memcmp(line.data, "\xef\xbb\xbf", 3) == 0) {
        *ret_problem = "the line starts with a byte order mark; save the file without one";
        return STORE_USERS_BAD;
    }
    struct sspi_view fields[N_FIELDS_MAX];
    size_t n_fields = split(line, fields);
    if (n_fields < 3) {
        *ret_problem =
            n_fields == 2
                ? "the line has no realm, like a line of htpasswd; make it with sspi-passwd"
                : "the line is not user:realm:hash or user:realm:ALGORITHM:hash; make it "
                  "with sspi-passwd";
        return STORE_USERS_BAD;
    }
    const char *problem = store_users_parse_name(fields[0], false);
    if (problem == NULL)
        problem = store_users_parse_name(fields[1], true);
    if (problem != NULL) {
        *ret_problem = problem;
        return STORE_USERS_BAD;
    }
    memset(ret_line, 0, sizeof(*ret_line));
    ret_line->user = fields[0];
    ret_line->realm = fields[1];
    /* htdigest's form has no algorithm. */
    ret_line->kind = parse_hash(n_fields == 3 ? SSPI_VIEW("MD5") : fields[2], fields[n_fields - 1],
                                ret_line, ret_problem);
    return ret_line->kind;
}

bool store_users_userhash(struct hash_run *run, enum sspi_digest_algorithm algorithm,
                          struct sspi_view user, struct sspi_view realm,
                          uint8_t ret_userhash[HASH_MAX])
{
    hash_begin(run, algorithm);
    hash_update_view(run, user);
    hash_update(run, ":", 1);
    hash_update_view(run, realm);
    return hash_end(run, ret_userhash);
}
