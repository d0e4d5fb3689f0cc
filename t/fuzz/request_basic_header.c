/* SPDX-License-Identifier: Apache-2.0 */
/* Drives request_basic_header_read.
 *  - Name and password are UTF-8 in NFC, have no control character, and are within their limits.
 *  - The name has no colon.
 *  - The same name and password in base64 are read as the same name and password.
 *  - A refusal has one of the documented reasons and leaves nothing. */
#include "request_basic_header.h"

#include "base64.h"
#include "fuzz.h"
#include "nfc.h"
#include "utf8.h"

static void check_text(const struct bytes *text, size_t limit)
{
    BYTES_CLEANUP struct bytes again = {0};
    FUZZ_REQUIRE(text->len <= limit && utf8_is_name(bytes_as_view(text)));
    FUZZ_REQUIRE(nfc_append(&again, bytes_as_view(text)) &&
                 bytes_equal(bytes_as_view(&again), bytes_as_view(text)));
}

static void check_again(const struct request_basic_header *header)
{
    REQUEST_BASIC_HEADER_CLEANUP struct request_basic_header again = {0};
    BYTES_CLEANUP struct bytes octets = {0}, text = {0};
    struct sspi_error_info error_info;
    bytes_append_view(&octets, bytes_as_view(&header->user));
    bytes_append_char(&octets, ':');
    bytes_append_view(&octets, bytes_as_view(&header->password));
    base64_encode(&text, bytes_as_view(&octets));
    FUZZ_REQUIRE(request_basic_header_read(bytes_as_view(&text), &again, &error_info) ==
                 SSPI_REASON_NONE);
    FUZZ_REQUIRE(bytes_equal(bytes_as_view(&again.user), bytes_as_view(&header->user)) &&
                 bytes_equal(bytes_as_view(&again.password), bytes_as_view(&header->password)));
}

static void check_read(struct sspi_view text)
{
    REQUEST_BASIC_HEADER_CLEANUP struct request_basic_header header = {0};
    struct sspi_error_info error_info = {0};
    enum sspi_reason reason = request_basic_header_read(text, &header, &error_info);
    if (reason != SSPI_REASON_NONE) {
        FUZZ_REQUIRE(reason == error_info.reason && header.user.len + header.password.len == 0);
        FUZZ_REQUIRE(reason == SSPI_REASON_MALFORMED || reason == SSPI_REASON_MALFORMED_TOKEN ||
                     reason == SSPI_REASON_TOO_LARGE_TOKEN || reason == SSPI_REASON_BAD_NAME);
        return;
    }
    check_text(&header.user, REQUEST_BASIC_USER_LIMIT);
    check_text(&header.password, REQUEST_BASIC_PASSWORD_LIMIT);
    FUZZ_REQUIRE(header.user.len == 0 || memchr(header.user.data, ':', header.user.len) == NULL);
    check_again(&header);
}

/* The input is the text of the header, and also the octets within it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BYTES_CLEANUP struct bytes text = {0};
    struct sspi_view octets = fuzz_view(data, size);
    check_read(octets);
    base64_encode(&text, octets);
    check_read(bytes_as_view(&text));
    return 0;
}
