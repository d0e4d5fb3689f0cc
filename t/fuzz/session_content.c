/* SPDX-License-Identifier: Apache-2.0 */
/* Drives session_content_decode.
 *  - Every view lies within the input, and a NUL stands behind each text.
 *  - What is read is written again as the same octets, so that no two inputs have one meaning.
 *  - The lists of SIDs can be searched.
 *  - The input without its last octet is refused. */
#include "session_content.h"

#include "fuzz.h"
#include "sid_list.h"

static void check_text(struct sspi_view text, struct sspi_view input)
{
    if (text.data == NULL)
        return;
    FUZZ_REQUIRE(fuzz_inside((struct sspi_view){text.data, text.len + 1}, input));
    FUZZ_REQUIRE(strlen(text.data) == text.len && text.len <= SESSION_CONTENT_TEXT_LIMIT);
}

static void check_groups(const struct session_content *content, struct sspi_view input)
{
    struct sid_list_at at = {.rest = content->groups};
    size_t n = 0;
    FUZZ_REQUIRE(fuzz_inside(content->groups, input) && sid_list_check(content->groups));
    while (sid_list_next(&at))
        n++;
    FUZZ_REQUIRE(n == sid_list_count(content->groups) && content->user_sid.n_sub <= SID_SUB_LIMIT);
}

static void check_content(const struct session_content *content, struct sspi_view input)
{
    BYTES_CLEANUP struct bytes again = {0};
    const struct sspi_view texts[] = {content->algorithm, content->name,     content->realm,
                                      content->target,    content->audience, content->sam_name,
                                      content->upn};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        check_text(texts[i], input);
    check_groups(content, input);
    session_content_encode(content, &again);
    FUZZ_REQUIRE(!again.failed && bytes_equal(bytes_as_view(&again), input));
    FUZZ_REQUIRE(session_content_is_same_login(content, content));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct session_content content;
    struct sspi_view input = fuzz_view(data, size);
    if (!session_content_decode(input, &content))
        return 0;
    check_content(&content, input);
    char *cut = fuzz_copy((struct sspi_view){input.data, size - 1});
    FUZZ_REQUIRE(!session_content_decode((struct sspi_view){cut, size - 1}, &content));
    free(cut);
    return 0;
}
