/* SPDX-License-Identifier: Apache-2.0 */
#include "passwd_hash.h"

#include <openssl/evp.h>
#include <openssl/provider.h>
#include <stdlib.h>

#include "hash.h"
#include "passwd_problem.h"
#include "utf8.h"

#define NT_HASH_LEN 16

static enum sspi_digest_algorithm algorithm_of(enum passwd_kind kind)
{
    return hash_from_name(bytes_view(passwd_kind_name(kind)));
}

/* RFC 7616 3.4.2: A1 is user:realm:password. The line holds its hash. */
static bool digest_hash(const struct hash_suite *suite, enum sspi_digest_algorithm algorithm,
                        struct sspi_view user, struct sspi_view realm, struct sspi_view password,
                        uint8_t ret_hash[HASH_MAX])
{
    struct hash_run run;
    if (!hash_run_open(&run, suite))
        return false;
    hash_begin(&run, algorithm);
    hash_update_view(&run, user);
    hash_update(&run, ":", 1);
    hash_update_view(&run, realm);
    hash_update(&run, ":", 1);
    hash_update_view(&run, password);
    bool done = hash_end(&run, ret_hash);
    hash_run_close(&run);
    return done;
}

/* MS-NLMP 3.3.1 NTOWFv1: MD4 of the password in UTF-16LE. MD4 is in OpenSSL's legacy provider,
 * which is loaded into a context of its own: nothing else in the process can use it then. */
static bool md4(const uint8_t *data, size_t len, uint8_t ret_hash[NT_HASH_LEN])
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

static bool nt_hash(struct sspi_view password, uint8_t ret_hash[NT_HASH_LEN])
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

bool passwd_hash_lines(const struct passwd_options *options, struct sspi_view realm,
                       struct sspi_view password, struct bytes *to)
{
    struct hash_suite suite;
    if (!hash_suite_open(&suite)) {
        passwd_problem("this machine's OpenSSL has no SHA-256; nothing was changed");
        return false;
    }
    struct sspi_view user = bytes_view(options->user);
    uint8_t hash[HASH_MAX];
    bool done = true;
    for (size_t i = 0; done && i < options->n_kinds; i++) {
        enum passwd_kind kind = options->kinds[i];
        enum sspi_digest_algorithm algorithm = algorithm_of(kind);
        done = kind == PASSWD_NT ? nt_hash(password, hash)
                                 : digest_hash(&suite, algorithm, user, realm, password, hash);
        if (!done)
            passwd_problem("this machine's OpenSSL cannot do %s; leave it out of -a",
                           kind == PASSWD_NT ? "MD4, which NT needs (legacy provider)"
                                             : passwd_kind_name(kind));
        bytes_append_view(to, user);
        bytes_append_char(to, ':');
        bytes_append_view(to, realm);
        bytes_append_char(to, ':');
        /* htdigest's form, so that Apache's own tool and modules read it too. */
        if (kind != PASSWD_MD5)
            bytes_append_format(to, "%s:", passwd_kind_name(kind));
        bytes_append_hex(to, hash, kind == PASSWD_NT ? NT_HASH_LEN : hash_len(algorithm));
        bytes_append_char(to, '\n');
    }
    bytes_wipe(hash, sizeof hash);
    hash_suite_close(&suite);
    return done;
}
