/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_challenge.h"

#include <string.h>

#include "digest_cipher.h"
#include "digest_params.h"
#include "hash.h"
#include "utf8.h"

bool digest_challenge_realm_fits(struct sspi_view realm)
{
    return realm.len > 0 && realm.len <= DIGEST_CHALLENGE_REALM_LIMIT && utf8_is_name(realm);
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* True if the text is a path or begins like an absolute URI (RFC 3986 3.1: scheme ":"). */
static bool is_path_or_uri(struct sspi_view text)
{
    size_t i = 0;

    if (text.len == 0)
        return false;
    if (text.data[0] == '/')
        return true;
    if (!is_letter(text.data[0]))
        return false;
    while (i < text.len &&
           (is_letter(text.data[i]) || (text.data[i] >= '0' && text.data[i] <= '9') ||
            memchr("+-.", text.data[i], 3) != NULL))
        i++;
    return i < text.len && text.data[i] == ':';
}

bool digest_challenge_domain_fits(struct sspi_view domain)
{
    size_t start = 0;

    if (domain.len == 0 || domain.len > DIGEST_CHALLENGE_DOMAIN_LIMIT)
        return false;
    for (size_t i = 0; i <= domain.len; i++) {
        if (i == domain.len || domain.data[i] == ' ') {
            if (!is_path_or_uri((struct sspi_view){domain.data + start, i - start}))
                return false;
            start = i + 1;
        } else if (domain.data[i] < 0x21 || domain.data[i] > 0x7E || domain.data[i] == '"' ||
                   domain.data[i] == '\\') {
            return false;
        }
    }
    return true;
}

void digest_challenge_append(struct bytes *to, const struct digest_challenge *challenge,
                             enum sspi_digest_algorithm algorithm)
{
    /* RFC 7616 3.3: realm, domain, nonce, opaque and qop MUST be quoted, stale and algorithm MUST
     * NOT. */
    digest_params_append_quoted(to, "realm", challenge->realm);
    if (challenge->domain.data != NULL)
        digest_params_append_quoted(to, ", domain", challenge->domain);
    digest_params_append_quoted(to, ", nonce", challenge->nonce);
    digest_params_append_quoted(to, ", opaque", challenge->opaque);
    bytes_append_text(to, ", algorithm=");
    bytes_append_text(to, hash_name(algorithm));
    digest_params_append_quoted(to, ", qop", bytes_view(challenge->qop));
    /* RFC 7616 3.3: UTF-8 is the only value of charset. */
    bytes_append_text(to, ", charset=UTF-8");
    if (challenge->userhash)
        bytes_append_text(to, ", userhash=true");
    if (challenge->stale)
        bytes_append_text(to, ", stale=true");
}

static void append_ciphers(struct bytes *to, unsigned int ciphers)
{
    const char *separator = ",cipher=\"";

    for (size_t i = 1; i < N_DIGEST_CIPHERS; i++) {
        if ((ciphers & 1u << i) == 0)
            continue;
        bytes_append_text(to, separator);
        bytes_append_text(to, digest_cipher_name((enum digest_cipher)i));
        separator = ",";
    }
    bytes_append_char(to, '"');
}

/* RFC 2831 2.1.1: realm, nonce, qop and cipher are quoted. The other directives are not. */
void digest_challenge_append_sasl(struct bytes *to, struct sspi_view realm, struct sspi_view nonce,
                                  bool auth_int, unsigned int ciphers)
{
    digest_params_append_quoted(to, "realm", realm);
    digest_params_append_quoted(to, ",nonce", nonce);
    bytes_append_text(to, ",qop=\"auth");
    bytes_append_text(to, auth_int ? ",auth-int" : "");
    bytes_append_text(to, ciphers != 0 ? ",auth-conf\"" : "\"");
    if (ciphers != 0)
        append_ciphers(to, ciphers);
    if (auth_int || ciphers != 0)
        bytes_append_format(to, ",maxbuf=%d", DIGEST_CHALLENGE_MAXBUF);
    bytes_append_text(to, ",charset=utf-8,algorithm=md5-sess");
}
