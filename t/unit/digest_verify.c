/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "digest_verify.h"

#define LINE_LIMIT 4096

static struct hash_suite suite;
static struct hash_run run;

static int open_run(void **state)
{
    return hash_suite_open(&suite) && hash_run_open(&run, &suite) ? 0 : -1;
}

static int close_run(void **state)
{
    hash_run_close(&run);
    hash_suite_close(&suite);
    return 0;
}

/* Parses `header` and checks it with H(user:realm:password). */
static enum digest_verify_status verify(struct sspi_view header, const char *method,
                                        const char *user, const char *realm, const char *password)
{
    struct digest_response response;
    struct sspi_report report;
    BYTES_CLEANUP struct bytes a1 = {0};
    uint8_t hash_a1[HASH_MAX];

    assert_int_equal(digest_parse_response(header, &response, &report), SSPI_REASON_NONE);
    bytes_append_format(&a1, "%s:%s:%s", user, realm, password);
    assert_true(hash_once(&suite, response.algorithm, bytes_as_view(&a1), hash_a1));
    enum digest_verify_status status =
        digest_verify_response(&run, &response, bytes_view(method), hash_a1);
    digest_parse_free(&response);
    return status;
}

#define RFC_7616(algorithm, response)                                                              \
    SSPI_VIEW("username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", "    \
              "algorithm=" algorithm ", "                                                          \
              "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, "              \
              "cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, "                \
              "response=\"" response                                                               \
              "\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"")

static void vectors_of_rfc_7616_are_right(void **state)
{
    const struct sspi_view headers[] = {
        RFC_7616("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        RFC_7616("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        /* Not in the RFC; computed with the real SHA-512/256. */
        RFC_7616("SHA-512-256", "430d05014cecc49cab6fbe03176d41a1da86cbfe24a16580e22aaad928d960d0"),
    };

    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(
            verify(headers[i], "GET", "Mufasa", "http-auth@example.org", "Circle of Life"),
            DIGEST_VERIFY_RIGHT);
        assert_int_equal(
            verify(headers[i], "GET", "Mufasa", "http-auth@example.org", "Circle Of Life"),
            DIGEST_VERIFY_WRONG);
        assert_int_equal(
            verify(headers[i], "POST", "Mufasa", "http-auth@example.org", "Circle of Life"),
            DIGEST_VERIFY_WRONG);
    }
}

/* RFC 7616 3.9.2 with the values of erratum 4897: the printed ones used a cut SHA-512. */
#define RFC_7616_ERRATUM(response)                                                                 \
    SSPI_VIEW("username=\"793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b\", "    \
              "realm=\"api@example.org\", uri=\"/doe.json\", algorithm=SHA-512-256, "              \
              "nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", nc=00000001, "              \
              "cnonce=\"NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v\", qop=auth, "                \
              "response=\"" response "\"")

static void erratum_4897_holds(void **state)
{
    assert_int_equal(
        verify(RFC_7616_ERRATUM("3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95e"
                                "eb1cec68a5"),
               "GET", "J\xc3\xa4s\xc3\xb8n Doe", "api@example.org", "Secret, or not?"),
        DIGEST_VERIFY_RIGHT);
    assert_int_equal(
        verify(RFC_7616_ERRATUM("ae66e67d6b427bd3f120414a82e4acff38e8ecd9101d6c861229025"
                                "f607a79dd"),
               "GET", "J\xc3\xa4s\xc3\xb8n Doe", "api@example.org", "Secret, or not?"),
        DIGEST_VERIFY_WRONG);
}

static void vector_of_rfc_2617_is_right(void **state)
{
    assert_int_equal(
        verify(SSPI_VIEW("username=\"Mufasa\", realm=\"testrealm@host.com\", "
                         "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", "
                         "qop=auth, nc=00000001, cnonce=\"0a4f113b\", "
                         "response=\"6629fae49393a05397450978507c4ef1\""),
               "GET", "Mufasa", "testrealm@host.com", "Circle Of Life"),
        DIGEST_VERIFY_RIGHT);
}

static void every_bit_of_the_response_counts(void **state)
{
    static const char right[] = "8ca523f5e9506fed4657c9700eebdbec";

    for (size_t i = 0; i < 32; i++) {
        BYTES_CLEANUP struct bytes header = {0};
        char changed[33];
        memcpy(changed, right, sizeof(changed));
        changed[i] = changed[i] == '0' ? '1' : '0';
        bytes_append_view(&header, RFC_7616("MD5", "8ca523f5e9506fed4657c9700eebdbec"));
        memcpy(strstr(header.data, right), changed, 32);
        assert_int_equal(verify(bytes_as_view(&header), "GET", "Mufasa", "http-auth@example.org",
                                "Circle of Life"),
                         DIGEST_VERIFY_WRONG);
    }
}

static void missing_algorithm_fails_and_is_not_wrong(void **state)
{
    struct hash_suite fips = {.sha_256 = suite.sha_256};
    struct hash_run without;
    struct digest_response response = {.algorithm = SSPI_DIGEST_MD5};
    uint8_t hash_a1[HASH_MAX] = {0};

    assert_true(hash_run_open(&without, &fips));
    assert_int_equal(digest_verify_response(&without, &response, SSPI_VIEW("GET"), hash_a1),
                     DIGEST_VERIFY_FAILED);
    hash_run_close(&without);
}

/* One line of client-headers.tsv. */
static void check_client(char *line)
{
    char *field[8] = {line};
    struct digest_response response = {0};
    struct sspi_report report = {0};

    for (size_t i = 1; i < 8; i++) {
        field[i] = strchr(field[i - 1], '\t');
        assert_non_null(field[i]);
        *field[i]++ = '\0';
    }
    assert_memory_equal(field[6], "Digest ", 7);
    struct sspi_view header = bytes_view(field[6] + 7);
    enum sspi_reason reason = digest_parse_response(header, &response, &report);
    digest_parse_free(&response);
    const char *got =
        reason == SSPI_REASON_UNSUPPORTED ? "unsupported"
        : reason == SSPI_REASON_MECHANISM ? "mechanism"
        : reason == SSPI_REASON_MALFORMED ? "malformed"
        : reason != SSPI_REASON_NONE      ? "other"
        : verify(header, field[1], field[3], field[4], field[5]) == DIGEST_VERIFY_RIGHT ? "right"
                                                                                        : "wrong";
    if (strcmp(got, field[7]) != 0)
        print_error("%s: %s\n%s %s\n", field[0], field[6], got, report.text);
    assert_string_equal(got, field[7]);
    assert_true(reason == SSPI_REASON_NONE || report.text[0] != '\0');
}

static void headers_of_real_clients_are_judged_as_recorded(void **state)
{
    const char *folder = getenv("SSPI_TEST_DATA");
    char path[LINE_LIMIT], line[LINE_LIMIT];
    size_t n = 0;

    assert_non_null(folder);
    snprintf(path, sizeof(path), "%s/../vectors/client-headers.tsv", folder);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        size_t len = strcspn(line, "\n");
        assert_int_equal(line[len], '\n');
        line[len] = '\0';
        if (line[0] != '#') {
            check_client(line);
            n++;
        }
    }
    fclose(file);
    assert_int_equal(n, 131);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_of_rfc_7616_are_right),
        cmocka_unit_test(erratum_4897_holds),
        cmocka_unit_test(vector_of_rfc_2617_is_right),
        cmocka_unit_test(every_bit_of_the_response_counts),
        cmocka_unit_test(missing_algorithm_fails_and_is_not_wrong),
        cmocka_unit_test(headers_of_real_clients_are_judged_as_recorded),
    };
    return cmocka_run_group_tests(tests, open_run, close_run);
}
