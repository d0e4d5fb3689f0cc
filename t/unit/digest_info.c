/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_hash_fixture.h"
#include "digest_info.h"
#include "digest_params.h"
#include "digest_parse.h"

#define CNONCE "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"

/* The request of RFC 7616 3.9.1 with these directives, and the H(A1) of its user. */
static void make_request(const char *qop, const char *cnonce, struct bytes *text,
                         struct digest_response *response, uint8_t hash_a1[HASH_MAX])
{
    struct sspi_error_info error_info;

    bytes_append_format(text,
                        "username=\"Mufasa\", realm=\"http-auth@example.org\", "
                        "uri=\"/dir/index.html\", algorithm=MD5, "
                        "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, "
                        "cnonce=\"%s\", qop=%s, response=\"8ca523f5e9506fed4657c9700eebdbec\"",
                        cnonce, qop);
    assert_int_equal(digest_parse_response(bytes_as_view(text), response, &error_info),
                     SSPI_REASON_NONE);
    assert_true(hash_once(&suite, SSPI_DIGEST_MD5,
                          SSPI_VIEW("Mufasa:http-auth@example.org:Circle of Life"), hash_a1));
}

static void assert_info(const char *qop, const char *method, struct sspi_view next_nonce,
                        const char *wanted)
{
    BYTES_CLEANUP struct bytes text = {0}, out = {0};
    struct digest_response response;
    uint8_t hash_a1[HASH_MAX];

    make_request(qop, CNONCE, &text, &response, hash_a1);
    assert_true(
        digest_info_append(&out, &run, &response, bytes_view(method), NULL, hash_a1, next_nonce));
    bytes_append(&out, "", 1);
    assert_string_equal(out.data, wanted);
    digest_response_clear(&response);
}

static const struct sspi_view no_nonce = {NULL, 0};

static void rspauth_is_right(void **state)
{
    assert_info("auth", "GET", no_nonce,
                "rspauth=\"9b712497bc9f91499fbcca1dfc5f09a5\", cnonce=\"" CNONCE
                "\", nc=00000001, qop=auth");
}

static void next_nonce_is_written_if_it_is_given(void **state)
{
    assert_info("auth", "POST", SSPI_VIEW("+Upgraded+v1n_-"),
                "rspauth=\"9b712497bc9f91499fbcca1dfc5f09a5\", cnonce=\"" CNONCE
                "\", nc=00000001, qop=auth, nextnonce=\"+Upgraded+v1n_-\"");
}

static void answers_without_known_body_have_auth_int_only_for_head(void **state)
{
    static const char *const methods[] = {"GET", "POST", "head", "HEADX", ""};

    assert_info("auth-int", "HEAD", no_nonce,
                "rspauth=\"90784b078730942b2d8829a8635a46c5\", cnonce=\"" CNONCE
                "\", nc=00000001, qop=auth-int");
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        assert_info("auth-int", methods[i], no_nonce,
                    "rspauth=\"9b712497bc9f91499fbcca1dfc5f09a5\", cnonce=\"" CNONCE
                    "\", nc=00000001, qop=auth");
    assert_info("auth", "HEAD", no_nonce,
                "rspauth=\"9b712497bc9f91499fbcca1dfc5f09a5\", cnonce=\"" CNONCE
                "\", nc=00000001, qop=auth");
}

/* The client's own spelling of qop is only hashed in the request. */
static void qop_is_written_in_lower_case(void **state)
{
    assert_info("\"AUTH-INT\"", "GET", no_nonce,
                "rspauth=\"9b712497bc9f91499fbcca1dfc5f09a5\", cnonce=\"" CNONCE
                "\", nc=00000001, qop=auth");
}

static void cnonce_is_written_as_a_quoted_string(void **state)
{
    BYTES_CLEANUP struct bytes text = {0}, out = {0};
    struct digest_response response;
    struct digest_params params;
    struct sspi_error_info error_info;
    uint8_t hash_a1[HASH_MAX];

    make_request("auth", "a\\\"b\\\\c\\d, nextnonce=\\\"x", &text, &response, hash_a1);
    assert_true(
        digest_info_append(&out, &run, &response, SSPI_VIEW("GET"), NULL, hash_a1, no_nonce));
    assert_int_equal(digest_params_parse(bytes_as_view(&out), &params, &error_info),
                     SSPI_REASON_NONE);
    assert_int_equal(params.n, 4);
    assert_true(bytes_equal(digest_params_find(&params, "cnonce")->value,
                            SSPI_VIEW("a\"b\\cd, nextnonce=\"x")));
    digest_params_clear(&params);
    digest_response_clear(&response);
}

static void missing_algorithm_is_a_failure(void **state)
{
    BYTES_CLEANUP struct bytes text = {0}, out = {0};
    struct hash_suite fips = {.sha_256 = suite.sha_256};
    struct hash_run without;
    struct digest_response response;
    uint8_t hash_a1[HASH_MAX];

    make_request("auth-int", CNONCE, &text, &response, hash_a1);
    assert_true(hash_run_init(&without, &fips));
    assert_false(
        digest_info_append(&out, &without, &response, SSPI_VIEW("HEAD"), NULL, hash_a1, no_nonce));
    assert_false(
        digest_info_append(&out, &without, &response, SSPI_VIEW("GET"), NULL, hash_a1, no_nonce));
    hash_run_clear(&without);
    digest_response_clear(&response);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rspauth_is_right),
        cmocka_unit_test(next_nonce_is_written_if_it_is_given),
        cmocka_unit_test(answers_without_known_body_have_auth_int_only_for_head),
        cmocka_unit_test(qop_is_written_in_lower_case),
        cmocka_unit_test(cnonce_is_written_as_a_quoted_string),
        cmocka_unit_test(missing_algorithm_is_a_failure),
    };
    return cmocka_run_group_tests(tests, hash_setup, hash_teardown);
}
