/* SPDX-License-Identifier: Apache-2.0 */
/* Drives digest_sasl_parse_response and digest_response_clear.
 *  - The views lie inside the text, the storage or the names. No required view is absent.
 *  - The limits of all values and of the whole text hold.
 *  - The names are UTF-8 without control characters; the user's name is not empty.
 *  - The count is 1. There is a cipher with auth-conf and only then. The digest-uri has two or
 *    three parts.
 *  - The values, written again in plain form, are read as the same values.
 *  - A refusal has one of the documented reasons and a printable text. */
#include "digest_sasl_parse.h"

#include "digest_params.h"
#include "fuzz.h"
#include "hash.h"
#include "utf8.h"

static void append_optional(struct bytes *to, const char *name, struct sspi_view value)
{
    if (value.data != NULL)
        digest_params_append_quoted(to, name, value);
}

static void write_again(struct bytes *text, const struct digest_response *first)
{
    bytes_append_format(text, "charset=utf-8,nc=00000001,maxbuf=%u,response=", first->max_buffer);
    bytes_append_hex(text, first->response, 16);
    digest_params_append_quoted(text, ",username", first->username);
    append_optional(text, ",realm", first->realm);
    digest_params_append_quoted(text, ",nonce", first->nonce);
    digest_params_append_quoted(text, ",cnonce", first->cnonce);
    digest_params_append_quoted(text, ",digest-uri", first->uri);
    digest_params_append_quoted(text, ",qop", first->qop);
    append_optional(text, ",authzid", first->authzid);
    append_optional(text, ",hashed-dirs", first->hashed_dirs);
    append_optional(text, ",service-name", first->service_name);
    append_optional(text, ",channel-binding", first->channel_binding);
    if (first->cipher != DIGEST_CIPHER_NONE)
        bytes_append_format(text, ",cipher=%s", digest_cipher_name(first->cipher));
}

static void check_written_again(const struct digest_response *first)
{
    BYTES_CLEANUP struct bytes text = {0};
    struct digest_response again;
    struct sspi_error_info error_info = {0};
    write_again(&text, first);
    FUZZ_REQUIRE(!text.failed);
    /* The text may be longer by quoted-pairs that the input did not need. */
    if (text.len > DIGEST_SASL_PARSE_TEXT_LIMIT)
        return;
    FUZZ_REQUIRE(digest_sasl_parse_response(bytes_as_view(&text), &again, &error_info) ==
                 SSPI_REASON_NONE);
    FUZZ_REQUIRE(bytes_equal(again.username, first->username));
    FUZZ_REQUIRE(fuzz_same(again.realm, first->realm));
    FUZZ_REQUIRE(bytes_equal(again.nonce, first->nonce) && bytes_equal(again.uri, first->uri));
    FUZZ_REQUIRE(bytes_equal(again.cnonce, first->cnonce) && bytes_equal(again.qop, first->qop));
    FUZZ_REQUIRE(fuzz_same(again.authzid, first->authzid));
    FUZZ_REQUIRE(fuzz_same(again.hashed_dirs, first->hashed_dirs));
    FUZZ_REQUIRE(fuzz_same(again.service_name, first->service_name));
    FUZZ_REQUIRE(fuzz_same(again.channel_binding, first->channel_binding));
    FUZZ_REQUIRE(again.integrity == first->integrity && again.cipher == first->cipher);
    FUZZ_REQUIRE(again.max_buffer == first->max_buffer);
    FUZZ_REQUIRE(memcmp(again.response, first->response, 16) == 0);
    digest_response_clear(&again);
}

static void check_value(const struct digest_response *response, struct sspi_view value,
                        size_t limit, struct sspi_view text)
{
    struct sspi_view storage = {response->storage, text.len};
    struct sspi_view names = {response->names, 3 * DIGEST_PARSE_USERNAME_LIMIT};
    FUZZ_REQUIRE(fuzz_inside(value, text) ||
                 (response->storage != NULL && fuzz_inside(value, storage)) ||
                 (response->names != NULL && fuzz_inside(value, names)));
    FUZZ_REQUIRE(value.len <= limit && utf8_valid(value));
}

static void check_optional(const struct digest_response *response, struct sspi_view value,
                           size_t limit, struct sspi_view text)
{
    if (value.data != NULL)
        check_value(response, value, limit, text);
}

static void check_uri(struct sspi_view uri)
{
    size_t n_slashes = 0;
    for (size_t i = 0; i < uri.len; i++) {
        bool slash = uri.data[i] == '/';
        FUZZ_REQUIRE(!slash || (i > 0 && i + 1 < uri.len && uri.data[i + 1] != '/'));
        n_slashes += slash;
    }
    FUZZ_REQUIRE(n_slashes == 1 || n_slashes == 2);
}

static void check_qop(const struct digest_response *response, struct sspi_view text)
{
    static const char *const names[] = {"auth", "auth-int", "auth-conf"};
    size_t protection = response->integrity + (response->cipher != DIGEST_CIPHER_NONE);
    FUZZ_REQUIRE(response->integrity || response->cipher == DIGEST_CIPHER_NONE);
    FUZZ_REQUIRE(bytes_equal_nocase(response->qop, bytes_view(names[protection])));
    if (!bytes_equal(response->qop, SSPI_VIEW("auth"))) /* which may be the server's */
        check_value(response, response->qop, 9, text);
}

static void check_response(const struct digest_response *response, struct sspi_view text)
{
    FUZZ_REQUIRE(text.len <= DIGEST_SASL_PARSE_TEXT_LIMIT);
    FUZZ_REQUIRE(response->sasl && !response->userhash && response->opaque.data == NULL);
    FUZZ_REQUIRE(response->algorithm == SSPI_DIGEST_MD5_SESS && response->count == 1);
    check_value(response, response->username, DIGEST_PARSE_USERNAME_LIMIT, text);
    check_value(response, response->raw_username, 2 * DIGEST_PARSE_USERNAME_LIMIT, text);
    FUZZ_REQUIRE(response->username.len > 0 && utf8_is_name(response->username));
    FUZZ_REQUIRE(utf8_is_name(response->realm) && utf8_is_name(response->service_name));
    check_optional(response, response->realm, DIGEST_PARSE_REALM_LIMIT, text);
    check_optional(response, response->raw_realm, 2 * DIGEST_PARSE_REALM_LIMIT, text);
    check_value(response, response->nonce, DIGEST_PARSE_NONCE_LIMIT, text);
    check_value(response, response->cnonce, DIGEST_PARSE_CNONCE_LIMIT, text);
    check_value(response, response->nc, 8, text);
    check_value(response, response->uri, DIGEST_PARSE_SERVICE_LIMIT, text);
    check_uri(response->uri);
    check_optional(response, response->authzid, DIGEST_PARSE_AUTHZID_LIMIT, text);
    FUZZ_REQUIRE(utf8_is_name(response->authzid));
    check_optional(response, response->hashed_dirs, DIGEST_PARSE_HASHED_DIRS_LIMIT, text);
    check_optional(response, response->service_name, DIGEST_PARSE_SERVICE_LIMIT, text);
    check_optional(response, response->channel_binding, DIGEST_PARSE_CHANNEL_BINDING_LIMIT, text);
    FUZZ_REQUIRE(response->max_buffer >= DIGEST_SASL_PARSE_MAXBUF_LEAST &&
                 response->max_buffer <= DIGEST_SASL_PARSE_MAXBUF_MOST);
    check_qop(response, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sspi_view text = fuzz_view(data, size);
    struct digest_response response;
    struct sspi_error_info error_info = {0};
    enum sspi_reason reason = digest_sasl_parse_response(text, &response, &error_info);
    if (reason != SSPI_REASON_NONE) {
        FUZZ_REQUIRE(reason == SSPI_REASON_MALFORMED || reason == SSPI_REASON_TOO_LARGE ||
                     reason == SSPI_REASON_NOT_OFFERED || reason == SSPI_REASON_UNSUPPORTED ||
                     reason == SSPI_REASON_WRONG_PASSWORD);
        FUZZ_REQUIRE(error_info.reason == reason && error_info.text[0] != '\0');
        FUZZ_REQUIRE(fuzz_printable(error_info.text));
        return 0;
    }
    check_response(&response, text);
    check_written_again(&response);
    digest_response_clear(&response);
    return 0;
}
