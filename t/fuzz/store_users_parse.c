/* SPDX-License-Identifier: Apache-2.0 */
/* Drives store_users_parse_next, store_users_parse_line and store_users_parse_name on a user file.
 *  - The lines with their line breaks, one after the other, are the file. No line contains another
 *    line break.
 *  - User and realm lie inside the line and are allowed names.
 *  - An accepted line, written again from its parts, is read as the same line.
 *  - The message for a wrong line says what would be right. No line over the limit is accepted. */
#include "store_users_parse.h"

#include "fuzz.h"
#include "hash.h"

static void check_problem(const char *problem)
{
    FUZZ_REQUIRE(problem != NULL && fuzz_printable(problem) && strstr(problem, "; ") != NULL);
}

static const char *name_of(const struct store_users_line *line)
{
    if (line->kind == STORE_USERS_NT)
        return "NT";
    return line->kind == STORE_USERS_SASL ? STORE_USERS_SASL_NAME : hash_name(line->algorithm);
}

static void check_written_again(const struct store_users_line *line, enum store_users_kind kind)
{
    BYTES_CLEANUP struct bytes text = {0};
    struct store_users_line again;
    const char *problem = NULL;
    bytes_append_view(&text, line->user);
    bytes_append_char(&text, ':');
    bytes_append_view(&text, line->realm);
    bytes_append_format(&text, ":%s:", name_of(line));
    bytes_append_hex(&text, line->hash, kind == STORE_USERS_NT ? 16 : hash_len(line->algorithm));
    FUZZ_REQUIRE(store_users_parse_line(bytes_as_view(&text), &again, &problem) == kind);
    FUZZ_REQUIRE(bytes_equal(again.user, line->user) && bytes_equal(again.realm, line->realm));
    FUZZ_REQUIRE(again.algorithm == line->algorithm && again.kind == kind);
    FUZZ_REQUIRE(memcmp(again.hash, line->hash, sizeof(line->hash)) == 0);
}

static void check_line(struct sspi_view text)
{
    char *copy = fuzz_copy(text);
    struct sspi_view line = {text.len == 0 ? "" : copy, text.len};
    struct store_users_line parsed;
    const char *problem = NULL;
    enum store_users_kind kind = store_users_parse_line(line, &parsed, &problem);
    switch (kind) {
    case STORE_USERS_NOTHING:
        FUZZ_REQUIRE(line.len == 0 || line.data[0] == '#');
        break;
    case STORE_USERS_DIGEST:
    case STORE_USERS_NT:
    case STORE_USERS_SASL:
        FUZZ_REQUIRE(parsed.kind == kind);
        FUZZ_REQUIRE(line.len <= STORE_USERS_LINE_LIMIT);
        FUZZ_REQUIRE(fuzz_inside(parsed.user, line) && fuzz_inside(parsed.realm, line));
        FUZZ_REQUIRE(store_users_parse_name(parsed.user, false) == NULL);
        FUZZ_REQUIRE(store_users_parse_name(parsed.realm, true) == NULL);
        FUZZ_REQUIRE((parsed.algorithm == SSPI_DIGEST_NONE) == (kind == STORE_USERS_NT));
        check_written_again(&parsed, kind);
        break;
    case STORE_USERS_BAD:
        check_problem(problem);
        break;
    }
    problem = store_users_parse_name(line, line.len % 2 == 0);
    if (problem != NULL)
        check_problem(problem);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sspi_view file = fuzz_view(data, size);
    struct sspi_view rest = file;
    struct sspi_view whole;
    struct sspi_view line;
    size_t at = 0;
    while (store_users_parse_next(&rest, &whole, &line)) {
        FUZZ_REQUIRE(whole.data == file.data + at && whole.len > 0);
        at += whole.len;
        FUZZ_REQUIRE(at <= size && line.data == whole.data && line.len <= whole.len);
        FUZZ_REQUIRE(memchr(line.data, '\n', line.len) == NULL);
        FUZZ_REQUIRE(rest.len == size - at);
        check_line(line);
    }
    FUZZ_REQUIRE(at == size);
    return 0;
}
