/* SPDX-License-Identifier: Apache-2.0 */
#include "passwd_hash.h"

#include <openssl/evp.h>
#include <openssl/provider.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "tool_problem.h"
#include "store_users_parse.h"
#include "utf8.h"

/* RFC 7616 3.4.2: A1 is user:realm:password. The line contains the hash of A1. */
static bool digest_hash(const struct hash_suite *suite, enum sspi_digest_algorithm algorithm,
                        struct sspi_view user, struct sspi_view realm, struct sspi_view password,
                        uint8_t ret_hash[HASH_MAX])
{
    struct hash_run run;
    if (!hash_run_init(&run, suite))
        return false;
    hash_begin(&run, algorithm);
    hash_update_view(&run, user);
    hash_update(&run, ":", 1);
    hash_update_view(&run, realm);
    hash_update(&run, ":", 1);
    hash_update_view(&run, password);
    bool done = hash_end(&run, ret_hash);
    hash_run_clear(&run);
    return done;
}

/* Appends `text` in ISO-8859-1 if all its characters fit, else unchanged. */
static void append_fitting(struct bytes *to, struct sspi_view text)
{
    if (!utf8_to_latin_1(to, text))
        bytes_append_view(to, text);
}

/* RFC 2831 2.1.2.1: "If "charset=UTF-8" is present, and all the characters of either
 * "username-value" or "passwd" are in the ISO 8859-1 character set, then it must be converted to
 * ISO 8859-1 before being hashed." Each value is converted by itself, and the realm, too, as Cyrus'
 * clients do. */
static bool sasl_hash(const struct hash_suite *suite, struct sspi_view user, struct sspi_view realm,
                      struct sspi_view password, uint8_t ret_hash[HASH_MAX])
{
    BYTES_CLEANUP struct bytes fitting_user = {0}, fitting_realm = {0}, fitting_password = {0};
    append_fitting(&fitting_user, user);
    append_fitting(&fitting_realm, realm);
    append_fitting(&fitting_password, password);
    return !fitting_user.failed && !fitting_realm.failed && !fitting_password.failed &&
           digest_hash(suite, SSPI_DIGEST_MD5, bytes_as_view(&fitting_user),
                       bytes_as_view(&fitting_realm), bytes_as_view(&fitting_password), ret_hash);
}

/* MS-NLMP 3.3.1 NTOWFv1: MD4 of the password in UTF-16LE. MD4 is in OpenSSL's legacy provider. It
 * is loaded into a separate library context, so that no other code in the process uses it. */
static bool md4(const uint8_t *data, size_t len, uint8_t ret_hash[HASH_MAX])
{
    OSSL_LIB_CTX *context = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *legacy = context == NULL ? NULL : OSSL_PROVIDER_load(context, "legacy");
    EVP_MD *algorithm = legacy == NULL ? NULL : EVP_MD_fetch(context, "MD4", NULL);
    bool done = algorithm != NULL && EVP_Digest(data, len, ret_hash, NULL, algorithm, NULL);
    EVP_MD_free(algorithm);
    if (legacy != NULL)
        OSSL_PROVIDER_unload(legacy);
    OSSL_LIB_CTX_free(context);
    return done;
}

static bool nt_hash(struct sspi_view password, uint8_t ret_hash[HASH_MAX])
{
    size_t n_units = 0;
    char16_t *units = utf8_to_utf16(password, &n_units);
    if (units == NULL)
        return false;
    uint8_t *octets = malloc(2 * n_units + 1);
    bool done = octets != NULL;
    for (size_t i = 0; done && i < n_units; i++) {
        octets[2 * i] = (uint8_t)(units[i] & 0xff);
        octets[2 * i + 1] = (uint8_t)(units[i] >> 8);
    }
    done = done && md4(octets, 2 * n_units, ret_hash);
    bytes_wipe(units, n_units * sizeof *units);
    free(units);
    if (octets != NULL)
        bytes_wipe(octets, 2 * n_units);
    free(octets);
    return done;
}

bool passwd_hash(const struct hash_suite *suite, enum passwd_kind kind, struct sspi_view user,
                 struct sspi_view realm, struct sspi_view password, uint8_t ret_hash[HASH_MAX])
{
    bool done;
    if (kind == PASSWD_NT)
        done = nt_hash(password, ret_hash);
    else if (kind == PASSWD_SASL)
        done = sasl_hash(suite, user, realm, password, ret_hash);
    else
        done = digest_hash(suite, passwd_kind_algorithm(kind), user, realm, password, ret_hash);
    if (!done)
        tool_problem("this machine's OpenSSL has no %s",
                     kind == PASSWD_NT ? "MD4, which NT needs (legacy provider)"
                                       : passwd_kind_name(kind));
    return done;
}

bool passwd_hash_open(struct hash_suite *ret_suite)
{
    bool done = hash_suite_init(ret_suite);
    if (!done)
        tool_problem("this machine's OpenSSL has no SHA-256; nothing was changed");
    return done;
}

static void append_line(struct bytes *to, enum passwd_kind kind, struct sspi_view user,
                        struct sspi_view realm, const uint8_t *hash)
{
    bytes_append_view(to, user);
    bytes_append_char(to, ':');
    bytes_append_view(to, realm);
    bytes_append_char(to, ':');
    /* MD5 lines have the form of htdigest, so that Apache's own tool and modules can read them. */
    if (kind != PASSWD_MD5)
        bytes_append_format(to, "%s:", passwd_kind_name(kind));
    bytes_append_hex(to, hash, passwd_kind_len(kind));
    bytes_append_char(to, '\n');
}

/* Appends the line of SASL if its hash differs from that of MD5. False: reported. */
static bool append_sasl_line(struct bytes *to, const struct hash_suite *suite,
                             struct sspi_view user, struct sspi_view realm,
                             struct sspi_view password, const uint8_t *md5)
{
    uint8_t hash[HASH_MAX];
    bool done = passwd_hash(suite, PASSWD_SASL, user, realm, password, hash);
    if (done && memcmp(hash, md5, passwd_kind_len(PASSWD_SASL)) != 0)
        append_line(to, PASSWD_SASL, user, realm, hash);
    bytes_wipe(hash, sizeof hash);
    return done;
}

/* False: reported. */
static bool check_names(const struct passwd_options *options, struct sspi_view realm)
{
    const char *problem = NULL;
    for (size_t i = 0; problem == NULL && i < options->n_kinds; i++)
        if (options->kinds[i] == PASSWD_NT)
            problem = store_users_parse_nt_names(bytes_view(options->user), realm);
    if (problem != NULL)
        tool_problem("%s", problem);
    return problem == NULL;
}

bool passwd_hash_lines(const struct passwd_options *options, struct sspi_view realm,
                       struct sspi_view password, struct bytes *to)
{
    struct hash_suite suite;
    if (!check_names(options, realm) || !passwd_hash_open(&suite))
        return false;
    struct sspi_view user = bytes_view(options->user);
    uint8_t hash[HASH_MAX];
    bool done = true;
    for (size_t i = 0; done && i < options->n_kinds; i++) {
        done = passwd_hash(&suite, options->kinds[i], user, realm, password, hash);
        if (done)
            append_line(to, options->kinds[i], user, realm, hash);
        if (done && options->kinds[i] == PASSWD_MD5)
            done = append_sasl_line(to, &suite, user, realm, password, hash);
    }
    bytes_wipe(hash, sizeof hash);
    hash_suite_clear(&suite);
    if (done && to->failed)
        tool_problem(OUT_OF_MEMORY);
    return done && !to->failed;
}
