/* SPDX-License-Identifier: Apache-2.0 */
/* Drives base64_decode, base64_encode, base64_url_decode and base64_url_encode.
 *  - If a text decodes, its octets encode to the same text: one octet string has one text.
 *  - Encoded octets decode to the same octets.
 *  - The limit holds: a text is accepted at a limit of its octets, and refused at one less. */
#include "base64.h"

#include "fuzz.h"

static void check_text(struct sspi_view text)
{
    BYTES_CLEANUP struct bytes octets = {0};
    BYTES_CLEANUP struct bytes again = {0};
    BYTES_CLEANUP struct bytes none = {0};
    if (base64_decode(text, text.len, &octets) != BASE64_OK) {
        FUZZ_REQUIRE(octets.len == 0);
        return;
    }
    base64_encode(&again, bytes_as_view(&octets));
    FUZZ_REQUIRE(bytes_equal(bytes_as_view(&again), text));
    again.len = 0;
    FUZZ_REQUIRE(base64_decode(text, octets.len, &again) == BASE64_OK);
    FUZZ_REQUIRE(bytes_equal(bytes_as_view(&again), bytes_as_view(&octets)));
    if (octets.len > 0)
        FUZZ_REQUIRE(base64_decode(text, octets.len - 1, &none) == BASE64_TOO_LARGE);
    FUZZ_REQUIRE(none.len == 0);
}

static void check_octets(struct sspi_view octets)
{
    BYTES_CLEANUP struct bytes text = {0};
    BYTES_CLEANUP struct bytes again = {0};
    base64_encode(&text, octets);
    FUZZ_REQUIRE(text.len == (octets.len + 2) / 3 * 4);
    FUZZ_REQUIRE(base64_decode(bytes_as_view(&text), octets.len, &again) == BASE64_OK);
    FUZZ_REQUIRE(bytes_equal(bytes_as_view(&again), octets));
}

static void check_url_text(struct sspi_view text)
{
    size_t len = text.len * 3 / 4;
    char *octets = malloc(len + 1);
    char *again = malloc(BASE64_URL_LEN(len) + 1);
    FUZZ_REQUIRE(octets != NULL && again != NULL);
    if (base64_url_decode(text, octets, len)) {
        base64_url_encode(octets, len, again);
        FUZZ_REQUIRE(bytes_equal((struct sspi_view){again, BASE64_URL_LEN(len)}, text));
    }
    FUZZ_REQUIRE(!base64_url_decode(text, octets, len + 1));
    free(octets);
    free(again);
}

static void check_url_octets(struct sspi_view octets)
{
    size_t len = BASE64_URL_LEN(octets.len);
    char *text = malloc(len + 1);
    char *again = malloc(octets.len + 1);
    FUZZ_REQUIRE(text != NULL && again != NULL);
    base64_url_encode(octets.data, octets.len, text);
    FUZZ_REQUIRE(base64_url_decode((struct sspi_view){text, len}, again, octets.len));
    FUZZ_REQUIRE(bytes_equal((struct sspi_view){again, octets.len}, octets));
    free(text);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sspi_view input = fuzz_view(data, size);
    check_text(input);
    check_octets(input);
    check_url_text(input);
    check_url_octets(input);
    return 0;
}
