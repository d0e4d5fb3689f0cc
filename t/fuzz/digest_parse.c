/* SPDX-License-Identifier: Apache-2.0 */
/* Drives digest_parse_response and digest_parse_free.
 *  - The views lie inside the text or the storage; none that must be there is absent.
 *  - The limits of username, realm, nonce, cnonce and uri hold.
 *  - The count is that of its eight digits and not 0; qop is "auth"; the algorithm is one we have.
 *  - What was read, written in plain form, is read the same.
 *  - A refusal has one of the documented reasons and a printable text. */
#include "digest_parse.h"

#include "digest_params.h"
#include "fuzz.h"
#include "hash.h"

static void append_quoted(struct bytes *to, const char *name, struct sspi_view value)
{
    bytes_append_format(to, "%s=\"", name);
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] == '"' || value.data[i] == '\\')
            bytes_append_char(to, '\\');
        bytes_append_char(to, value.data[i]);
    }
    bytes_append_text(to, "\", ");
}

static void check_written_again(const struct digest_response *first)
{
    BYTES_CLEANUP struct bytes text = {0};
    struct digest_response again;
    struct sspi_report report = {0};
    append_quoted(&text, "username", first->username);
    append_quoted(&text, "realm", first->realm);
    append_quoted(&text, "nonce", first->nonce);
    append_quoted(&text, "uri", first->uri);
    append_quoted(&text, "cnonce", first->cnonce);
    append_quoted(&text, "qop", first->qop);
    bytes_append_format(&text, "nc=%08x, algorithm=%s, response=\"", first->count,
                        hash_name(first->algorithm));
    bytes_append_hex(&text, first->response, hash_len(first->algorithm));
    bytes_append_char(&text, '"');
    FUZZ_REQUIRE(digest_parse_response(bytes_as_view(&text), &again, &report) == SSPI_REASON_NONE);
    FUZZ_REQUIRE(bytes_equal(again.username, first->username));
    FUZZ_REQUIRE(bytes_equal(again.realm, first->realm));
    FUZZ_REQUIRE(bytes_equal(again.nonce, first->nonce) && bytes_equal(again.uri, first->uri));
    FUZZ_REQUIRE(bytes_equal(again.cnonce, first->cnonce) && bytes_equal(again.qop, first->qop));
    FUZZ_REQUIRE(again.count == first->count && again.algorithm == first->algorithm);
    FUZZ_REQUIRE(memcmp(again.response, first->response, hash_len(first->algorithm)) == 0);
    digest_parse_free(&again);
}

static void check_value(const struct digest_response *response, struct sspi_view value,
                        size_t limit, struct sspi_view text)
{
    struct sspi_view storage = {response->storage, text.len};
    FUZZ_REQUIRE(fuzz_inside(value, text) ||
                 (response->storage != NULL && fuzz_inside(value, storage)));
    FUZZ_REQUIRE(value.len <= limit);
}

static void check_response(const struct digest_response *response, struct sspi_view text)
{
    check_value(response, response->username, DIGEST_PARSE_USERNAME_LIMIT, text);
    check_value(response, response->realm, DIGEST_PARSE_REALM_LIMIT, text);
    check_value(response, response->nonce, DIGEST_PARSE_NONCE_LIMIT, text);
    check_value(response, response->uri, DIGEST_PARSE_URI_LIMIT, text);
    check_value(response, response->cnonce, DIGEST_PARSE_CNONCE_LIMIT, text);
    check_value(response, response->qop, 4, text);
    check_value(response, response->nc, 8, text);
    FUZZ_REQUIRE(fuzz_inside(response->raw_username, text));
    FUZZ_REQUIRE(fuzz_inside(response->raw_realm, text));
    FUZZ_REQUIRE(response->raw_username.len <= 2 * DIGEST_PARSE_USERNAME_LIMIT);
    FUZZ_REQUIRE(response->raw_realm.len <= 2 * DIGEST_PARSE_REALM_LIMIT);
    FUZZ_REQUIRE(bytes_equal_nocase(response->qop, SSPI_VIEW("auth")));
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
    struct sspi_report report = {0};
    enum sspi_reason reason = digest_parse_response(text, &response, &report);
    switch (reason) {
    case SSPI_REASON_NONE:
        FUZZ_REQUIRE(size <= DIGEST_PARAMS_TEXT_LIMIT);
        check_response(&response, text);
        check_written_again(&response);
        digest_parse_free(&response);
        return 0;
    case SSPI_REASON_MALFORMED:
    case SSPI_REASON_TOO_LARGE:
    case SSPI_REASON_MECHANISM:
    case SSPI_REASON_UNSUPPORTED:
        fuzz_check_report(&report, reason);
        return 0;
    default:
        FUZZ_REQUIRE(!"a reason that is documented");
        return 0;
    }
}
