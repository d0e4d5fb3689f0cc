/* SPDX-License-Identifier: Apache-2.0 */
/* Drives session_logout_target with a query string.
 *  - A target is a path of this host: one slash, then no slash. All its characters are those of a
 *    URI, so it fits into a header line.
 *  - Without a target, nothing is written.
 * It also drives session_logout_is_cross_site with the input as Origin. */
#include "session_logout.h"

#include "fuzz.h"

static void check_target(struct sspi_view target)
{
    FUZZ_REQUIRE(target.len > 0 && target.len <= 3 * SESSION_LOGOUT_TARGET_LIMIT);
    FUZZ_REQUIRE(target.data[0] == '/' && (target.len == 1 || target.data[1] != '/'));
    for (size_t i = 0; i < target.len; i++)
        FUZZ_REQUIRE(target.data[i] > ' ' && target.data[i] < 0x7F && target.data[i] != '\\');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sspi_view input = fuzz_view(data, size), absent = {NULL, 0};
    BYTES_CLEANUP struct bytes to = {0};
    if (session_logout_target(input, &to))
        check_target(bytes_as_view(&to));
    else
        FUZZ_REQUIRE(to.len == 0);
    bool crosses = session_logout_is_cross_site(absent, input, SSPI_VIEW("www.example"));
    FUZZ_REQUIRE(crosses || size >= 14);
    return 0;
}
