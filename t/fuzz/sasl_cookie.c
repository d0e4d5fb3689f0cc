/* SPDX-License-Identifier: Apache-2.0 */
/* Drives sasl_cookie_read and sasl_cookie_write.
 *  - A cookie that is read has one of the three layers and no size without a layer. Its
 *    authorization identity is within the limit and lies in the text. A refusal has a reason.
 *  - Written again, its first four octets are the same; without a layer only the first octet is. */
#include "sasl_cookie.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sspi_view text = fuzz_view(data, size);
    struct sspi_error_info error_info = {0};
    struct sasl_cookie cookie;
    uint8_t again[SASL_COOKIE_LEN];

    if (sasl_cookie_read(text, &cookie, &error_info) != SSPI_REASON_NONE) {
        FUZZ_REQUIRE(error_info.text[0] != '\0' && fuzz_printable(error_info.text));
        return 0;
    }
    FUZZ_REQUIRE(cookie.layer == SASL_COOKIE_NONE || cookie.layer == SASL_COOKIE_INTEGRITY ||
                 cookie.layer == SASL_COOKIE_CONFIDENTIALITY);
    FUZZ_REQUIRE(cookie.layer != SASL_COOKIE_NONE || cookie.size == 0);
    FUZZ_REQUIRE(cookie.authzid.len <= SASL_COOKIE_AUTHZID_LIMIT &&
                 fuzz_inside(cookie.authzid, text));
    sasl_cookie_write(cookie.layer, cookie.size, again);
    FUZZ_REQUIRE(memcmp(again, text.data, cookie.layer == SASL_COOKIE_NONE ? 1 : SASL_COOKIE_LEN) ==
                 0);
    return 0;
}
