/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_hash_fixture.h"
#include "digest_parse.h"
#include "digest_sasl_parse.h"
#include "digest_verify.h"

#define LINE_LIMIT 4096

/* One request and its sender. */
struct request {
    struct sspi_view header;
    const char *method;
    const char *user;
    const char *realm;
    const char *password;
    const char *body;
};

static void parse(struct sspi_view header, struct digest_response *response)
{
    struct sspi_error_info error_info;

    assert_int_equal(digest_parse_response(header, response, &error_info), SSPI_REASON_NONE);
}

static void hash_user(const struct request *request, enum sspi_digest_algorithm algorithm,
                      uint8_t hash_a1[HASH_MAX])
{
    BYTES_CLEANUP struct bytes a1 = {0};

    bytes_append_format(&a1, "%s:%s:%s", request->user, request->realm, request->password);
    assert_true(hash_once(&suite, algorithm, bytes_as_view(&a1), hash_a1));
}

static void assert_is_userhash(struct sspi_view username, const struct request *request,
                               enum sspi_digest_algorithm algorithm)
{
    BYTES_CLEANUP struct bytes name = {0}, digits = {0};
    uint8_t digest[HASH_MAX];

    bytes_append_format(&name, "%s:%s", request->user, request->realm);
    assert_true(hash_once(&suite, algorithm, bytes_as_view(&name), digest));
    bytes_append_hex(&digits, digest, hash_len(algorithm));
    assert_true(bytes_equal(username, bytes_as_view(&digits)));
}

static enum digest_verify_status verify(const struct request *request)
{
    struct digest_response response;
    uint8_t hash_a1[HASH_MAX], entity_hash[HASH_MAX];

    parse(request->header, &response);
    hash_user(request, response.algorithm, hash_a1);
    assert_true(hash_once(&suite, response.algorithm, bytes_view(request->body), entity_hash));
    enum digest_verify_status status =
        digest_verify_response(&run, &response, bytes_view(request->method),
                               response.integrity ? entity_hash : NULL, hash_a1);
    digest_response_clear(&response);
    return status;
}

/* ---- RFC 7616 3.9.1; what the RFC does not print was computed elsewhere ---- */

static const struct vector {
    const char *algorithm;
    const char *qop;
    const char *response;
    const char *rspauth; /* of an answer without a body */
} vectors[] = {
    {"MD5", "auth", "8ca523f5e9506fed4657c9700eebdbec", "9b712497bc9f91499fbcca1dfc5f09a5"},
    {"MD5-sess", "auth", "e783283f46242139c486a698fec7211d", "b9bdf5673282d64412df46ad40660539"},
    {"MD5", "auth-int", "8804a53d3640a40a4f73cea12c5ba451", "90784b078730942b2d8829a8635a46c5"},
    {"SHA-256", "auth", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
     "86d3b25618d41854ca5039a5d7e53ff6355d5134a9b1fb088a78ac3c462195a0"},
    {"SHA-256-sess", "auth", "2fd51b3a77ad75bad6afad6003e818d767133c46d9e2749e7f5232ae1ea3efd7",
     "d4ad609d150eafce2281da5c3179878fdb37e6a16021272f4bed1a082f5c2324"},
    {"SHA-256", "auth-int", "8bdf6f15638e260831e905028de5450562816d093c9bfc5c13d3a46adcdde940",
     "6555f7c47de0e490a2ce870b135ee006897a9badd6302e2907c138dc244ab17a"},
    {"SHA-512-256", "auth", "430d05014cecc49cab6fbe03176d41a1da86cbfe24a16580e22aaad928d960d0",
     "c8f9593a4f49b95ce2c483cc3222ecd360a5c6ec52ca24a530b0aac18478de8c"},
    {"SHA-512-256-sess", "auth", "3f2a34f923c38b0fb26dce2fdfc2ce326c23cecf86fbb1444f3e51fbbc2cb92e",
     "98012a4e63fae2aea13adaa3410368ef7278c87ca0acbd3c941ca5fe3dceeb86"},
    {"SHA-512-256", "auth-int", "38244c4d345d09bb0000b355be27d2a55003ee188df9821c54df70a63aa0c1ca",
     "cb4e3022c818eb8bac40a6738d141ee4cad5fb4d5d4eb9c0c3d1190513b65b1b"},
};

#define N_VECTORS (sizeof(vectors) / sizeof(vectors[0]))

static void append_header(struct bytes *to, const char *algorithm, const char *qop,
                          const char *response)
{
    bytes_append_format(
        to,
        "username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", "
        "algorithm=%s, nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, "
        "cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=%s, response=\"%s\", "
        "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
        algorithm, qop, response);
}

static const struct request mufasa = {
    .method = "GET",
    .user = "Mufasa",
    .realm = "http-auth@example.org",
    .password = "Circle of Life",
    .body = "",
};

static void vectors_of_rfc_7616_are_right(void **state)
{
    for (size_t i = 0; i < N_VECTORS; i++) {
        BYTES_CLEANUP struct bytes header = {0};
        struct request request = mufasa;
        append_header(&header, vectors[i].algorithm, vectors[i].qop, vectors[i].response);
        request.header = bytes_as_view(&header);
        assert_int_equal(verify(&request), DIGEST_VERIFY_RIGHT);
        request.password = "Circle Of Life";
        assert_int_equal(verify(&request), DIGEST_VERIFY_WRONG);
        request = mufasa;
        request.header = bytes_as_view(&header);
        request.method = "POST";
        assert_int_equal(verify(&request), DIGEST_VERIFY_WRONG);
        request = mufasa;
        request.header = bytes_as_view(&header);
        request.body = "x";
        assert_int_equal(verify(&request), strcmp(vectors[i].qop, "auth") == 0
                                               ? DIGEST_VERIFY_RIGHT
                                               : DIGEST_VERIFY_WRONG);
    }
}

static void session_and_integrity_can_be_combined(void **state)
{
    static const char *const responses[][2] = {
        {"MD5-sess", "6a1a4afa9798b44b19c2a93b62d15219"},
        {"SHA-256-sess", "84a87498d03b113c7971267b821f7ff9dec19d9a133971ebb6c8f5e22d763a57"},
        {"SHA-512-256-sess", "624a95ce6eb0c4d02a07dac0bb173ab759426c02a61f702aa580f06705bd6bfd"},
    };

    for (size_t i = 0; i < 3; i++) {
        BYTES_CLEANUP struct bytes header = {0};
        struct request request = mufasa;
        append_header(&header, responses[i][0], "auth-int", responses[i][1]);
        request.header = bytes_as_view(&header);
        request.body = "hello";
        assert_int_equal(verify(&request), DIGEST_VERIFY_RIGHT);
        request.body = "hellp";
        assert_int_equal(verify(&request), DIGEST_VERIFY_WRONG);
    }
}

static void assert_rspauth(const struct vector *vector, const char *body, const char *wanted)
{
    BYTES_CLEANUP struct bytes header = {0}, digits = {0};
    struct digest_response response;
    uint8_t hash_a1[HASH_MAX], entity_hash[HASH_MAX], rspauth[HASH_MAX];

    append_header(&header, vector->algorithm, vector->qop, vector->response);
    parse(bytes_as_view(&header), &response);
    hash_user(&mufasa, response.algorithm, hash_a1);
    if (body != NULL)
        assert_true(hash_once(&suite, response.algorithm, bytes_view(body), entity_hash));
    assert_true(digest_verify_rspauth(&run, &response, body == NULL ? NULL : entity_hash, hash_a1,
                                      rspauth));
    bytes_append_hex(&digits, rspauth, hash_len(response.algorithm));
    assert_true(bytes_equal(bytes_as_view(&digits), bytes_view(wanted)));
    digest_response_clear(&response);
}

static void rspauth_is_computed_without_a_method(void **state)
{
    for (size_t i = 0; i < N_VECTORS; i++) {
        bool integrity = strcmp(vectors[i].qop, "auth-int") == 0;
        assert_rspauth(&vectors[i], integrity ? "" : NULL, vectors[i].rspauth);
        if (!integrity)
            continue;
        /* RFC 7616 3.5: the qop of the answer counts, not that of the request. The vectors come in
         * groups of three, the first with auth. */
        assert_rspauth(&vectors[i], NULL, vectors[i - 2].rspauth);
    }
}

static void rspauth_covers_the_body_of_the_answer(void **state)
{
    assert_rspauth(&vectors[2], "answer", "10f0f2f195620a7d563c187344195d09");
    assert_rspauth(&vectors[5], "answer",
                   "e84a3684db35aeafad0ecb6efbba6724775d30a1cc835c6961fe218a291092ef");
    assert_rspauth(&vectors[8], "answer",
                   "7476d022267c3a50b073b7106bb6a51dbc136cb57420da99a6a4a0927fb64d74");
}

/* ---- other vectors ---- */

/* RFC 7616 3.9.2. The printed values used a truncated SHA-512, as erratum 4897 says. */
static enum digest_verify_status verify_jason(const char *userhash, const char *response)
{
    BYTES_CLEANUP struct bytes header = {0};
    struct request request = {.method = "GET",
                              .user = "J\xc3\xa4s\xc3\xb8n Doe",
                              .realm = "api@example.org",
                              .password = "Secret, or not?",
                              .body = ""};

    bytes_append_format(&header,
                        "username=\"%s\", realm=\"api@example.org\", uri=\"/doe.json\", "
                        "algorithm=SHA-512-256, "
                        "nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", nc=00000001, "
                        "cnonce=\"NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v\", qop=auth, "
                        "response=\"%s\", opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\", "
                        "userhash=true",
                        userhash, response);
    request.header = bytes_as_view(&header);
    return verify(&request);
}

#define RIGHT_USERHASH "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"

static void erratum_4897_holds(void **state)
{
    static const char *const printed[] = {
        "488869477bf257147b804c45308cd62ac4e25eb717b12b298c79e62dcea254ec",
        "ae66e67d6b427bd3f120414a82e4acff38e8ecd9101d6c861229025f607a79dd"};
    const struct request jason = {.user = "J\xc3\xa4s\xc3\xb8n Doe", .realm = "api@example.org"};

    assert_is_userhash(SSPI_VIEW(RIGHT_USERHASH), &jason, SSPI_DIGEST_SHA_512_256);
    assert_int_equal(
        verify_jason(RIGHT_USERHASH,
                     "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"),
        DIGEST_VERIFY_RIGHT);
    assert_int_equal(verify_jason(RIGHT_USERHASH, printed[1]), DIGEST_VERIFY_WRONG);
    assert_int_equal(verify_jason(printed[0], printed[1]), DIGEST_VERIFY_WRONG);
}

static void vector_of_rfc_2617_is_right(void **state)
{
    struct request request = {
        .header = SSPI_VIEW("username=\"Mufasa\", realm=\"testrealm@host.com\", "
                            "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", "
                            "uri=\"/dir/index.html\", qop=auth, nc=00000001, cnonce=\"0a4f113b\", "
                            "response=\"6629fae49393a05397450978507c4ef1\""),
        .method = "GET",
        .user = "Mufasa",
        .realm = "testrealm@host.com",
        .password = "Circle Of Life",
        .body = "",
    };

    assert_int_equal(verify(&request), DIGEST_VERIFY_RIGHT);
    request.password = "Circle of Life";
    assert_int_equal(verify(&request), DIGEST_VERIFY_WRONG);
}

/* RFC 2831 4: the user is chris, the password secret. */
static void vectors_of_rfc_2831_are_right(void **state)
{
    static const struct {
        const char *uri, *nonce, *cnonce, *response, *rspauth;
    } examples[] = {
        {"imap/elwood.innosoft.com", "OA6MG9tEQGm2hh", "OA6MHXh6VqTrRk",
         "d388dad90d4bbd760a152321f2143af7", "ea40f60335c427b5527b84dbabcdfffd"},
        {"acap/elwood.innosoft.com", "OA9BSXrbuRhWay", "OA9BSuZWMSpW8m",
         "6084c6db3fede7352c551284490fd0fc", "2f0b3d7c3c2e486600ef710726aa2eae"},
    };
    uint8_t hash_a1[HASH_MAX], rspauth[HASH_MAX];
    struct sspi_error_info error_info;

    (void)state;
    assert_true(
        hash_once(&suite, SSPI_DIGEST_MD5, SSPI_VIEW("chris:elwood.innosoft.com:secret"), hash_a1));
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        BYTES_CLEANUP struct bytes text = {0}, digits = {0};
        struct digest_response response;
        bytes_append_format(&text,
                            "charset=utf-8,username=\"chris\",realm=\"elwood.innosoft.com\","
                            "nonce=\"%s\",nc=00000001,cnonce=\"%s\",digest-uri=\"%s\","
                            "response=%s,qop=auth",
                            examples[i].nonce, examples[i].cnonce, examples[i].uri,
                            examples[i].response);
        assert_int_equal(digest_sasl_parse_response(bytes_as_view(&text), &response, &error_info),
                         SSPI_REASON_NONE);
        /* Method and body of HTTP do not matter. */
        assert_int_equal(digest_verify_response(&run, &response, SSPI_VIEW("GET"), NULL, hash_a1),
                         DIGEST_VERIFY_RIGHT);
        assert_true(digest_verify_rspauth(&run, &response, NULL, hash_a1, rspauth));
        bytes_append_hex(&digits, rspauth, 16);
        assert_memory_equal(digits.data, examples[i].rspauth, 32);
        response.response[15] ^= 1;
        assert_int_equal(digest_verify_response(&run, &response, SSPI_VIEW(""), NULL, hash_a1),
                         DIGEST_VERIFY_WRONG);
        digest_response_clear(&response);
    }
}

static void every_digit_of_the_response_counts(void **state)
{
    for (size_t i = 0; i < 32; i++) {
        BYTES_CLEANUP struct bytes header = {0};
        struct request request = mufasa;
        char changed[33];
        memcpy(changed, vectors[0].response, sizeof(changed));
        changed[i] = changed[i] == '0' ? '1' : '0';
        append_header(&header, "MD5", "auth", changed);
        request.header = bytes_as_view(&header);
        assert_int_equal(verify(&request), DIGEST_VERIFY_WRONG);
    }
}

static void missing_algorithm_is_a_failure_and_not_a_wrong_password(void **state)
{
    static const enum sspi_digest_algorithm missing[] = {SSPI_DIGEST_MD5, SSPI_DIGEST_MD5_SESS};
    struct hash_suite fips = {.sha_256 = suite.sha_256};
    struct hash_run without;
    uint8_t hash_a1[HASH_MAX] = {0}, rspauth[HASH_MAX];

    assert_true(hash_run_init(&without, &fips));
    for (size_t i = 0; i < 2; i++) {
        struct digest_response response = {.algorithm = missing[i]};
        assert_int_equal(
            digest_verify_response(&without, &response, SSPI_VIEW("GET"), NULL, hash_a1),
            DIGEST_VERIFY_FAILED);
        assert_false(digest_verify_rspauth(&without, &response, NULL, hash_a1, rspauth));
    }
    hash_run_clear(&without);
}

/* ---- real clients ---- */

enum { CLIENT, METHOD, TARGET, USER, REALM, PASSWORD, BODY, HEADER, EXPECTED, N_FIELDS };

static const char *result_of(const struct request *request, struct sspi_error_info *error_info)
{
    struct digest_response response = {0};
    enum sspi_reason reason = digest_parse_response(request->header, &response, error_info);

    switch (reason) {
    case SSPI_REASON_NONE:
        break;
    case SSPI_REASON_UNSUPPORTED:
        return "unsupported";
    case SSPI_REASON_MALFORMED:
        return "malformed";
    default:
        return "refused for another reason";
    }
    if (response.userhash)
        assert_is_userhash(response.username, request, response.algorithm);
    else
        assert_true(bytes_equal(response.username, bytes_view(request->user)));
    assert_true(bytes_equal(response.realm, bytes_view(request->realm)));
    digest_response_clear(&response);
    return verify(request) == DIGEST_VERIFY_RIGHT ? "right" : "wrong";
}

/* One line of client-headers.tsv. */
static void check_client(char *line)
{
    char *field[N_FIELDS] = {line};
    struct sspi_error_info error_info = {0};

    for (size_t i = 1; i < N_FIELDS; i++) {
        field[i] = strchr(field[i - 1], '\t');
        assert_non_null(field[i]);
        *field[i]++ = '\0';
    }
    assert_memory_equal(field[HEADER], "Digest ", 7);
    const struct request request = {
        .header = bytes_view(field[HEADER] + 7),
        .method = field[METHOD],
        .user = field[USER],
        .realm = field[REALM],
        .password = field[PASSWORD],
        .body = field[BODY],
    };
    const char *got = result_of(&request, &error_info);
    if (strcmp(got, field[EXPECTED]) != 0)
        print_error("%s: %s\n%s %s\n", field[CLIENT], field[HEADER], got, error_info.text);
    assert_string_equal(got, field[EXPECTED]);
}

static void headers_of_real_clients_have_the_recorded_result(void **state)
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
        cmocka_unit_test(session_and_integrity_can_be_combined),
        cmocka_unit_test(rspauth_is_computed_without_a_method),
        cmocka_unit_test(rspauth_covers_the_body_of_the_answer),
        cmocka_unit_test(erratum_4897_holds),
        cmocka_unit_test(vector_of_rfc_2617_is_right),
        cmocka_unit_test(vectors_of_rfc_2831_are_right),
        cmocka_unit_test(every_digit_of_the_response_counts),
        cmocka_unit_test(missing_algorithm_is_a_failure_and_not_a_wrong_password),
        cmocka_unit_test(headers_of_real_clients_have_the_recorded_result),
    };
    return cmocka_run_group_tests(tests, hash_setup, hash_teardown);
}
