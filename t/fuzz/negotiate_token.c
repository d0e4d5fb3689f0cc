/* SPDX-License-Identifier: Apache-2.0 */
/* Drives negotiate_token_kind, negotiate_token_parse_init, negotiate_token_parse_response,
 * negotiate_token_format_response, negotiate_token_format_hints and negotiate_mechanism_name.
 *  - The views lie inside the token. The limit on mechanisms holds.
 *  - A token that is read as an init or a response is of that kind.
 *  - A response is written again as the same octets: DER has one form.
 *  - The list of mechanisms in an init is the DER form of its mechanisms. Hints that the server
 *    formats with these mechanisms are read as the same list.
 *  - The name of any mechanism is printable and not longer than its digits can be. */
#include "negotiate_token.h"

#include "der.h"
#include "fuzz.h"
#include "negotiate_mechanism.h"

static void check_optional(struct sspi_view field, struct sspi_view token)
{
    if (field.data != NULL)
        FUZZ_REQUIRE(fuzz_inside(field, token));
}

static void check_name(struct sspi_view oid)
{
    BYTES_CLEANUP struct bytes name = {0};
    negotiate_mechanism_name(oid, &name);
    /* Three digits and a dot for each seven bits, and the second number of the first octet. */
    FUZZ_REQUIRE(!name.failed && name.len <= 4 * oid.len + 16);
    bytes_append_char(&name, '\0');
    FUZZ_REQUIRE(strlen(name.data) + 1 == name.len && fuzz_printable(name.data));
}

static void check_hints(const struct negotiate_token_init *init)
{
    BYTES_CLEANUP struct bytes hints = {0};
    struct negotiate_token_init again;
    negotiate_token_format_hints(init->mechanisms, init->n_mechanisms, &hints);
    FUZZ_REQUIRE(!hints.failed && negotiate_token_parse_init(bytes_as_view(&hints), &again));
    FUZZ_REQUIRE(again.n_mechanisms == init->n_mechanisms);
    for (size_t i = 0; i < init->n_mechanisms; i++)
        FUZZ_REQUIRE(bytes_equal(again.mechanisms[i], init->mechanisms[i]));
    FUZZ_REQUIRE(bytes_equal(again.mech_list, init->mech_list));
    FUZZ_REQUIRE(again.token.data == NULL && again.mic.data == NULL);
}

static void check_init(struct sspi_view token)
{
    BYTES_CLEANUP struct bytes list = {0};
    struct negotiate_token_init init;
    struct sspi_view oid;
    if (!negotiate_token_parse_init(token, &init))
        return;
    FUZZ_REQUIRE(negotiate_token_kind(token, &oid) == NEGOTIATE_TOKEN_INIT);
    FUZZ_REQUIRE(init.n_mechanisms > 0 && init.n_mechanisms <= NEGOTIATE_TOKEN_MECHANISMS_LIMIT);
    FUZZ_REQUIRE(fuzz_inside(init.mech_list, token));
    for (size_t i = 0; i < init.n_mechanisms; i++) {
        FUZZ_REQUIRE(fuzz_inside(init.mechanisms[i], init.mech_list));
        der_append(&list, DER_OID, init.mechanisms[i]);
        check_name(init.mechanisms[i]);
    }
    der_wrap(&list, 0, DER_SEQUENCE);
    FUZZ_REQUIRE(bytes_equal(bytes_as_view(&list), init.mech_list));
    check_optional(init.token, token);
    check_optional(init.mic, token);
    check_hints(&init);
}

static void check_response(struct sspi_view token)
{
    BYTES_CLEANUP struct bytes written = {0};
    struct negotiate_token_response response;
    struct negotiate_token_response again;
    struct sspi_view oid;
    if (!negotiate_token_parse_response(token, &response))
        return;
    FUZZ_REQUIRE(negotiate_token_kind(token, &oid) == NEGOTIATE_TOKEN_RESPONSE);
    check_optional(response.mechanism, token);
    check_optional(response.token, token);
    check_optional(response.mic, token);
    negotiate_token_format_response(&response, &written);
    FUZZ_REQUIRE(!written.failed && bytes_equal(bytes_as_view(&written), token));
    FUZZ_REQUIRE(negotiate_token_parse_response(bytes_as_view(&written), &again));
    FUZZ_REQUIRE(again.state == response.state && fuzz_same(again.mechanism, response.mechanism));
    FUZZ_REQUIRE(fuzz_same(again.token, response.token) && fuzz_same(again.mic, response.mic));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sspi_view token = fuzz_view(data, size);
    struct sspi_view oid = {NULL, 0};
    enum negotiate_token_kind kind = negotiate_token_kind(token, &oid);
    FUZZ_REQUIRE((kind == NEGOTIATE_TOKEN_EMPTY) == (size == 0));
    FUZZ_REQUIRE((kind == NEGOTIATE_TOKEN_FRAMED) == (oid.data != NULL));
    if (oid.data != NULL) {
        FUZZ_REQUIRE(fuzz_inside(oid, token));
        check_name(oid);
    }
    check_name(token);
    check_init(token);
    check_response(token);
    return 0;
}
