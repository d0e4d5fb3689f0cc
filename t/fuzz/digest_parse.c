/* SPDX-License-Identifier: Apache-2.0 */
/* Drives digest_parse_response and digest_response_clear.
 *  - The views lie inside the text, the storage or the names. No required view is absent.
 *  - The limits of all values hold.
 *  - The name is UTF-8 without control characters and not empty. A hashed name has the right
 *    digits.
 *  - The count is the value of its eight digits and not 0. The qop is "auth" or "auth-int". The
 *    algorithm is known.
 *  - The values, written again in plain form, are read as the same values.
 *  - A refusal has one of the documented reasons and a printable text. */
#include "digest_parse.h"

#include "digest_params.h"
#include "fuzz.h"
#include "hash.h"
#include "hex.h"
#include "utf8.h"

static void append_optional(struct bytes *to, const char *name, struct sspi_view value)
{
    if (value.data != NULL)
        digest_params_append_quoted(to, name, value);
}

static void write_again(struct bytes *text, const struct digest_response *first)
{
    digest_params_append_quoted(text, "username", first->username);
    digest_params_append_quoted(text, ", realm", first->realm);
    digest_params_append_quoted(text, ", nonce", first->nonce);
    digest_params_append_quoted(text, ", uri", first->uri);
    digest_params_append_quoted(text, ", cnonce", first->cnonce);
    digest_params_append_quoted(text, ", qop", first->qop);
    append_optional(text, ", opaque", first->opaque);
    append_optional(text, ", hashed-dirs", first->hashed_dirs);
    append_optional(text, ", service-name", first->service_name);
    append_optional(text, ", channel-binding", first->channel_binding);
    bytes_append_format(text, ", nc=%08x, algorithm=%s, userhash=%s, response=\"", first->count,
                        hash_name(first->algorithm), first->userhash ? "true" : "false");
    bytes_append_hex(text, first->response, hash_len(first->algorithm));
    bytes_append_char(text, '"');
}

static void check_written_again(const struct digest_response *first)
{
    BYTES_CLEANUP struct bytes text = {0};
    struct digest_response again;
    struct sspi_error_info error_info = {0};
    write_again(&text, first);
    FUZZ_REQUIRE(digest_parse_response(bytes_as_view(&text), &again, &error_info) ==
                 SSPI_REASON_NONE);
    FUZZ_REQUIRE(bytes_equal(again.username, first->username));
    FUZZ_REQUIRE(bytes_equal(again.realm, first->realm));
    FUZZ_REQUIRE(bytes_equal(again.nonce, first->nonce) && bytes_equal(again.uri, first->uri));
    FUZZ_REQUIRE(bytes_equal(again.cnonce, first->cnonce) && bytes_equal(again.qop, first->qop));
    FUZZ_REQUIRE(fuzz_same(again.opaque, first->opaque));
    FUZZ_REQUIRE(fuzz_same(again.hashed_dirs, first->hashed_dirs));
    FUZZ_REQUIRE(fuzz_same(again.service_name, first->service_name));
    FUZZ_REQUIRE(fuzz_same(again.channel_binding, first->channel_binding));
    FUZZ_REQUIRE(again.count == first->count && again.algorithm == first->algorithm);
    FUZZ_REQUIRE(again.integrity == first->integrity && again.userhash == first->userhash);
    FUZZ_REQUIRE(memcmp(again.response, first->response, hash_len(first->algorithm)) == 0);
    digest_response_clear(&again);
}

static bool is_held(const struct digest_response *response, struct sspi_view value,
                    struct sspi_view text)
{
    struct sspi_view storage = {response->storage, text.len};
    struct sspi_view names = {response->names, 3 * DIGEST_PARSE_USERNAME_LIMIT};
    return fuzz_inside(value, text) || (response->storage != NULL && fuzz_inside(value, storage)) ||
           (response->names != NULL && fuzz_inside(value, names));
}

static void check_value(const struct digest_response *response, struct sspi_view value,
                        size_t limit, struct sspi_view text)
{
    FUZZ_REQUIRE(is_held(response, value, text));
    FUZZ_REQUIRE(value.len <= limit && utf8_valid(value));
}

static void check_optional(const struct digest_response *response, struct sspi_view value,
                           size_t limit, struct sspi_view text)
{
    if (value.data != NULL)
        check_value(response, value, limit, text);
}

static void check_names(const struct digest_response *response, struct sspi_view text)
{
    uint8_t digest[HASH_MAX];
    check_value(response, response->username, DIGEST_PARSE_USERNAME_LIMIT, text);
    check_value(response, response->raw_username, 2 * DIGEST_PARSE_USERNAME_LIMIT, text);
    FUZZ_REQUIRE(response->username.len > 0 && utf8_is_name(response->username));
    FUZZ_REQUIRE(utf8_is_name(response->realm) && utf8_is_name(response->service_name));
    FUZZ_REQUIRE(!response->userhash ||
                 (hex_decode_lower(response->username, digest, hash_len(response->algorithm)) &&
                  bytes_equal(response->username, response->raw_username)));
    check_value(response, response->realm, DIGEST_PARSE_REALM_LIMIT, text);
    check_value(response, response->raw_realm, 2 * DIGEST_PARSE_REALM_LIMIT, text);
}

static void check_response(const struct digest_response *response, struct sspi_view text)
{
    check_names(response, text);
    check_value(response, response->nonce, DIGEST_PARSE_NONCE_LIMIT, text);
    check_value(response, response->uri, DIGEST_PARSE_URI_LIMIT, text);
    check_value(response, response->cnonce, DIGEST_PARSE_CNONCE_LIMIT, text);
    check_value(response, response->qop, 8, text);
    check_value(response, response->nc, 8, text);
    check_optional(response, response->opaque, DIGEST_PARSE_OPAQUE_LIMIT, text);
    check_optional(response, response->hashed_dirs, DIGEST_PARSE_HASHED_DIRS_LIMIT, text);
    check_optional(response, response->service_name, DIGEST_PARSE_SERVICE_LIMIT, text);
    check_optional(response, response->channel_binding, DIGEST_PARSE_CHANNEL_BINDING_LIMIT, text);
    FUZZ_REQUIRE(bytes_equal_nocase(response->qop, response->integrity ? SSPI_VIEW("auth-int")
                                                                       : SSPI_VIEW("auth")));
    FUZZ_REQUIRE(hash_name(response->algorithm) != NULL);
    char digits[9];
    FUZZ_REQUIRE(response->nc.len == 8 && response->count != 0);
    (void)snprintf(digits, sizeof(digits), "%08x", response->count);
    FUZZ_REQUIRE(bytes_equal_nocase(response->nc, bytes_view(digits)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sspi_view text = fuzz_view(data, size);
    struct digest_response response;
    struct sspi_error_info error_info = {0};
    enum sspi_reason reason = digest_parse_response(text, &response, &error_info);
    switch (reason) {
    case SSPI_REASON_NONE:
        FUZZ_REQUIRE(size <= DIGEST_PARAMS_TEXT_LIMIT);
        check_response(&response, text);
        check_written_again(&response);
        digest_response_clear(&response);
        return 0;
    case SSPI_REASON_MALFORMED:
    case SSPI_REASON_TOO_LARGE:
    case SSPI_REASON_NOT_OFFERED:
    case SSPI_REASON_UNSUPPORTED:
    case SSPI_REASON_WRONG_PASSWORD:
        fuzz_check_error_info(&error_info, reason);
        return 0;
    default:
        FUZZ_REQUIRE(!"a reason that is documented");
        return 0;
    }
}
