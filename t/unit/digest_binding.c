/* SPDX-License-Identifier: Apache-2.0 */
#include "binding_check.h"
#include "digest_binding.h"
#include "digest_hash_fixture.h"
#include "digest_parse.h"
#include "digest_verify.h"
#include "hex.h"

/* A machine without MD5. */
static struct hash_suite fips;
static struct hash_run no_md5;

static int binding_setup(void **state)
{
    if (hash_setup(state) != 0)
        return -1;
    fips.sha_256 = suite.sha_256;
    return hash_run_init(&no_md5, &fips) ? 0 : -1;
}

static int binding_teardown(void **state)
{
    hash_run_clear(&no_md5);
    return hash_teardown(state);
}

#define PREFIX       "tls-server-end-point:"
#define SERVICE      "HTTP/www.example.org"
#define RANDOM       "0123456789abcdef0123456789abcdef"
#define NO_TLS       "00000000000000000000000000000000"
#define CHANNEL      "f537440df80b05379a909528be1bdac9"
#define HASHED       "040bda6ded9408ae45c689a5796c55df" /* MD5(SERVICE:CHANNEL) */
#define HASHED_2     "d4069962ec11fd64a7859dc35ffffb3d" /* MD5(CHANNEL:SERVICE) */
#define HASHED_NO    "2628efb2f00cc6c5c93056528b53331e" /* MD5(SERVICE:NO_TLS) */
#define HASHED_EMPTY "d5cc169d4c5063f116abbbf4e1b87091" /* MD5(:CHANNEL) */
#define UP           DIGEST_BINDING_PREFIX

/* SHA-256("test certificate DER"). The hash of this channel is CHANNEL. */
#define CERTIFICATE                                                                                \
    PREFIX "\xa1\xe2\x97\x20\xc4\xb1\x6e\x75\xfa\xf6\xf1\x69\xf2\xec\x59\x68"                      \
           "\xc3\x58\x02\xa3\xca\xcd\xed\xf2\x1b\x3d\x35\x89\xdc\xae\xa5\x42"

static struct package_channel_binding binding_of(struct sspi_view application)
{
    return (struct package_channel_binding){
        .initiator = SSPI_VIEW(""), .acceptor = SSPI_VIEW(""), .application = application};
}

/* ---- what the client says ---- */

static struct digest_response response_with(const char *cnonce, const char *hashed_dirs,
                                            const char *service_name, const char *channel_binding)
{
    return (struct digest_response){
        .cnonce = bytes_view(cnonce),
        .hashed_dirs = bytes_view(hashed_dirs),
        .service_name = bytes_view(service_name),
        .channel_binding = bytes_view(channel_binding),
    };
}

#define BOTH "service-name,channel-binding"

static void bindings_of_clients_are_read(void **state)
{
    static const struct {
        const char *cnonce, *hashed_dirs, *service_name, *channel_binding;
        enum package_client_binding client;
    } all[] = {
        {"c", NULL, NULL, NULL, PACKAGE_CLIENT_BINDING_ABSENT},
        {"", NULL, NULL, NULL, PACKAGE_CLIENT_BINDING_ABSENT},
        {"+upgraded+v1x", NULL, NULL, NULL, PACKAGE_CLIENT_BINDING_ABSENT},
        {"x+Upgraded+", NULL, NULL, NULL, PACKAGE_CLIENT_BINDING_ABSENT},
        {"+Upgraded", NULL, NULL, NULL, PACKAGE_CLIENT_BINDING_ABSENT},
        {UP HASHED RANDOM, BOTH, SERVICE, CHANNEL, PACKAGE_CLIENT_BINDING_PRESENT},
        {UP HASHED "x", BOTH, SERVICE, CHANNEL, PACKAGE_CLIENT_BINDING_PRESENT},
        {UP HASHED RANDOM, " Service-Name\t, CHANNEL-binding ", SERVICE, CHANNEL,
         PACKAGE_CLIENT_BINDING_PRESENT},
        {UP HASHED_2 RANDOM, "channel-binding, service-name", SERVICE, CHANNEL,
         PACKAGE_CLIENT_BINDING_PRESENT},
        {UP HASHED_NO RANDOM, BOTH, SERVICE, NO_TLS, PACKAGE_CLIENT_BINDING_NO_TLS},
        {UP HASHED_EMPTY RANDOM, BOTH, "", CHANNEL, PACKAGE_CLIENT_BINDING_PRESENT},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct digest_response from = response_with(all[i].cnonce, all[i].hashed_dirs,
                                                    all[i].service_name, all[i].channel_binding);
        struct digest_binding binding;
        assert_int_equal(digest_binding_read(&run, &from, &binding), DIGEST_BINDING_READ);
        assert_int_equal(binding.channel.client, all[i].client);
        assert_true(bytes_equal(binding.service, bytes_view(all[i].service_name)));
    }
}

static const struct {
    const char *cnonce, *hashed_dirs, *service_name, *channel_binding;
} contradictions[] = {
    /* An attacker removed some or all directives. */
    {UP HASHED RANDOM, NULL, NULL, NULL},
    {"+Upgraded+", NULL, NULL, NULL},
    {"+Upgraded+v2x", NULL, NULL, NULL},
    {UP HASHED RANDOM, NULL, SERVICE, CHANNEL},
    {UP HASHED RANDOM, BOTH, NULL, CHANNEL},
    {UP HASHED RANDOM, BOTH, SERVICE, NULL},
    {UP HASHED RANDOM, BOTH, NULL, NULL},
    {UP HASHED_EMPTY RANDOM, BOTH, NULL, CHANNEL},
    {"c", NULL, SERVICE, NULL},
    {"c", NULL, NULL, CHANNEL},
    {"c", NULL, NULL, ""},
    {"c", BOTH, NULL, NULL},
    /* The cnonce does not cover the directives. */
    {"c", BOTH, SERVICE, CHANNEL},
    {"", BOTH, SERVICE, CHANNEL},
    {"+Upgraded+v2" HASHED RANDOM, BOTH, SERVICE, CHANNEL},
    {"+upgraded+v1" HASHED RANDOM, BOTH, SERVICE, CHANNEL},
    {UP, BOTH, SERVICE, CHANNEL},
    {UP "040bda6ded9408ae45c689a5796c55d", BOTH, SERVICE, CHANNEL},
    {UP HASHED, BOTH, SERVICE, CHANNEL},
    {UP "040BDA6DED9408AE45C689A5796C55DF" RANDOM, BOTH, SERVICE, CHANNEL},
    {UP "040bda6ded9408ae45c689a5796c55de" RANDOM, BOTH, SERVICE, CHANNEL},
    {UP "140bda6ded9408ae45c689a5796c55df" RANDOM, BOTH, SERVICE, CHANNEL},
    {UP HASHED RANDOM, BOTH, "HTTP/www.example.com", CHANNEL},
    {UP HASHED RANDOM, BOTH, "http/www.example.org", CHANNEL},
    {UP HASHED RANDOM, BOTH, "", CHANNEL},
    {UP HASHED RANDOM, BOTH, SERVICE, NO_TLS},
    {UP HASHED_NO RANDOM, BOTH, SERVICE, CHANNEL},
    {UP HASHED_2 RANDOM, BOTH, SERVICE, CHANNEL},
    /* The channel is malformed. */
    {UP HASHED RANDOM, BOTH, SERVICE, ""},
    {UP HASHED RANDOM, BOTH, SERVICE, "F537440DF80B05379A909528BE1BDAC9"},
    {UP HASHED RANDOM, BOTH, SERVICE, "f537440df80b05379a909528be1bdac"},
    {UP HASHED RANDOM, BOTH, SERVICE, "f537440df80b05379a909528be1bdac9a"},
    {UP HASHED RANDOM, BOTH, SERVICE, "f537440df80b05379a909528be1bdacg"},
    /* hashed-dirs is another list. */
    {UP HASHED RANDOM, "", SERVICE, CHANNEL},
    {UP HASHED RANDOM, ",", SERVICE, CHANNEL},
    {UP HASHED RANDOM, "service-name", SERVICE, CHANNEL},
    {UP HASHED RANDOM, "channel-binding", SERVICE, CHANNEL},
    {UP HASHED RANDOM, "service-name,service-name", SERVICE, CHANNEL},
    {UP HASHED RANDOM, "channel-binding,channel-binding", SERVICE, CHANNEL},
    {UP HASHED RANDOM, BOTH ",", SERVICE, CHANNEL},
    {UP HASHED RANDOM, "," BOTH, SERVICE, CHANNEL},
    {UP HASHED RANDOM, BOTH ",nonce", SERVICE, CHANNEL},
    {UP HASHED RANDOM, "service-name,nonce", SERVICE, CHANNEL},
    {UP HASHED RANDOM, "service-name channel-binding", SERVICE, CHANNEL},
    {UP HASHED_2 RANDOM, BOTH, SERVICE, CHANNEL},
};

static void contradictory_directives_are_forged(void **state)
{
    for (size_t i = 0; i < sizeof(contradictions) / sizeof(contradictions[0]); i++) {
        struct digest_response from =
            response_with(contradictions[i].cnonce, contradictions[i].hashed_dirs,
                          contradictions[i].service_name, contradictions[i].channel_binding);
        struct digest_binding binding;
        enum digest_binding_status status = digest_binding_read(&run, &from, &binding);
        if (status != DIGEST_BINDING_FORGED)
            print_error("row %zu: %s\n", i, contradictions[i].cnonce);
        assert_int_equal(status, DIGEST_BINDING_FORGED);
    }
}

static void a_client_without_binding_needs_no_md5(void **state)
{
    struct digest_response silent = response_with("c", NULL, NULL, NULL);
    struct digest_response bound = response_with(UP HASHED RANDOM, BOTH, SERVICE, CHANNEL);
    struct digest_response stripped = response_with(UP HASHED RANDOM, NULL, NULL, NULL);

    struct digest_binding binding;

    assert_int_equal(digest_binding_read(&no_md5, &silent, &binding), DIGEST_BINDING_READ);
    assert_int_equal(digest_binding_read(&no_md5, &bound, &binding), DIGEST_BINDING_FAILED);
    assert_int_equal(digest_binding_read(&no_md5, &stripped, &binding), DIGEST_BINDING_FORGED);
}

/* ---- the policy ---- */

enum { NONE, WRONG, RIGHT, N_CANDIDATES };
enum { FORGED = 99 };

/* Headers of three clients: without a binding, without TLS, and with a channel. A fourth header was
 * changed on its way. */
static struct digest_response header_of(int client)
{
    switch (client) {
    case PACKAGE_CLIENT_BINDING_NO_TLS:
        return response_with(UP HASHED_NO RANDOM, BOTH, SERVICE, NO_TLS);
    case PACKAGE_CLIENT_BINDING_PRESENT:
        return response_with(UP HASHED RANDOM, BOTH, SERVICE, CHANNEL);
    case PACKAGE_CLIENT_BINDING_ABSENT:
        return response_with("c", NULL, NULL, NULL);
    default:
        return response_with(UP HASHED RANDOM, NULL, NULL, NULL);
    }
}

static SECURITY_STATUS check(struct hash_run *with, int client, int candidates, ULONG requirements,
                             int *ret_bound, struct sspi_error_info *error_info)
{
    const struct package_channel_binding bindings[] = {binding_of(SSPI_VIEW(PREFIX "another")),
                                                       binding_of(SSPI_VIEW(CERTIFICATE)),
                                                       binding_of(SSPI_VIEW(PREFIX "a third"))};
    struct package_input in = {.requirements = requirements, .bindings = bindings};
    struct digest_response from = header_of(client);
    struct digest_binding binding;
    enum package_bound bound = (enum package_bound)99;

    if (candidates != NONE)
        in.n_bindings = candidates == WRONG ? 1 : 3;
    *error_info = (struct sspi_error_info){0};
    SECURITY_STATUS status = digest_binding_check(with, &from, &in, &binding, &bound, error_info);
    *ret_bound = (int)bound;
    return status;
}

#define ALLOW   ASC_REQ_ALLOW_MISSING_BINDINGS
#define PROXY   ASC_REQ_PROXY_BINDINGS
#define REFUSED (-1)

/* The table of the Extended Protection pages, and the cases that it omits. */
static void policy_is_that_of_windows(void **state)
{
    static const struct {
        int candidates;
        ULONG flags;
        int silent, none, channel; /* enum package_bound, or REFUSED */
    } rows[] = {
        {NONE, 0, PACKAGE_BOUND_UNCHECKED, PACKAGE_BOUND_UNCHECKED, PACKAGE_BOUND_UNCHECKED},
        {NONE, ALLOW, PACKAGE_BOUND_UNCHECKED, PACKAGE_BOUND_UNCHECKED, PACKAGE_BOUND_UNCHECKED},
        {NONE, PROXY, REFUSED, REFUSED, PACKAGE_BOUND_PROXY},
        {WRONG, 0, REFUSED, REFUSED, REFUSED},
        {RIGHT, 0, REFUSED, REFUSED, PACKAGE_BOUND_MATCHED},
        {WRONG, ALLOW, PACKAGE_BOUND_ABSENT, REFUSED, REFUSED},
        {RIGHT, ALLOW, PACKAGE_BOUND_ABSENT, REFUSED, PACKAGE_BOUND_MATCHED},
        {WRONG, PROXY, REFUSED, REFUSED, REFUSED},
        {RIGHT, PROXY, REFUSED, REFUSED, PACKAGE_BOUND_MATCHED},
        /* No caller sets both. The stricter one applies. */
        {NONE, PROXY | ALLOW, REFUSED, REFUSED, PACKAGE_BOUND_PROXY},
        {RIGHT, PROXY | ALLOW, REFUSED, REFUSED, PACKAGE_BOUND_MATCHED},
    };
    static const int clients[] = {PACKAGE_CLIENT_BINDING_ABSENT, PACKAGE_CLIENT_BINDING_NO_TLS,
                                  PACKAGE_CLIENT_BINDING_PRESENT};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const int wanted[] = {rows[i].silent, rows[i].none, rows[i].channel};
        for (size_t j = 0; j < 3; j++) {
            struct sspi_error_info error_info;
            int bound;
            SECURITY_STATUS status =
                check(&run, clients[j], rows[i].candidates, rows[i].flags, &bound, &error_info);
            if (wanted[j] == REFUSED) {
                assert_int_equal(status, SEC_E_BAD_BINDINGS);
                assert_int_equal(bound, 99);
                assert_int_equal(error_info.reason, clients[j] == PACKAGE_CLIENT_BINDING_PRESENT
                                                        ? SSPI_REASON_BAD_BINDING
                                                        : SSPI_REASON_MISSING_BINDING);
                assert_int_not_equal(error_info.text[0], '\0');
            } else {
                assert_int_equal(status, SEC_E_OK);
                assert_int_equal(bound, wanted[j]);
                assert_int_equal(error_info.reason, SSPI_REASON_NONE);
            }
        }
    }
}

static void forged_headers_are_refused_under_every_policy(void **state)
{
    static const ULONG flags[] = {0, ALLOW, PROXY};

    for (int candidates = 0; candidates < N_CANDIDATES; candidates++) {
        for (size_t i = 0; i < 3; i++) {
            struct sspi_error_info error_info;
            int bound;
            assert_int_equal(check(&run, FORGED, candidates, flags[i], &bound, &error_info),
                             SEC_E_BAD_BINDINGS);
            assert_int_equal(error_info.reason, SSPI_REASON_BAD_BINDING);
            assert_non_null(strstr(error_info.text, "contradict"));
            assert_int_equal(bound, 99);
        }
    }
}

static void missing_md5_is_an_error_of_the_server_if_a_channel_is_named(void **state)
{
    struct sspi_error_info error_info;
    int bound;

    for (int candidates = 0; candidates < N_CANDIDATES; candidates++) {
        assert_int_equal(
            check(&no_md5, PACKAGE_CLIENT_BINDING_PRESENT, candidates, 0, &bound, &error_info),
            SEC_E_INTERNAL_ERROR);
        assert_non_null(strstr(error_info.text, "MD5"));
        assert_int_equal(bound, 99);
    }
    assert_int_equal(check(&no_md5, PACKAGE_CLIENT_BINDING_ABSENT, RIGHT, 0, &bound, &error_info),
                     SEC_E_BAD_BINDINGS);
}

/* ---- hashes of channels: published ones of real certificates, and one of all fields ---- */

static void hashes_of_channels_are_those_of_windows(void **state)
{
    const struct {
        struct package_channel_binding binding;
        const char *hash;
    } all[] = {
        {binding_of(SSPI_VIEW(PREFIX
                              "\xe3\xca\x49\x27\x1e\x50\x89\xcc\x48\xce\x82\x10\x9f\x13\x24\xf4"
                              "\x1d\xbe\xdd\xc2\x9a\x77\x74\x10\xc7\x38\xf7\x86\x8c\x4f\xf4\x05")),
         "6ea19df066da4622051f9c4f92c6df74"},
        {binding_of(SSPI_VIEW(PREFIX
                              "\xea\x05\xfe\xfe\xcc\x6b\x0b\xd5\x71\xdb\xbc\x5b\xaa\x3e\xd4\x53"
                              "\x86\xd0\x44\x68\x35\xf7\xb7\x4c\x85\x62\x1b\x99\x83\x47\x5f\x95")),
         "6586e99d81c2fc984e47172fd4dd0310"},
        {binding_of(SSPI_VIEW("")), "441018525208457705bf09a8ee3c1093"},
        {binding_of(SSPI_VIEW(CERTIFICATE)), CHANNEL},
        {{2, SSPI_VIEW("\x7f\0\0\1"), 24, SSPI_VIEW("\x0a\0\0\1z"), SSPI_VIEW("app")},
         "23f07f2c261a2bf5179d9eb94dee10ec"},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        uint8_t wanted[PACKAGE_CHANNEL_HASH_LEN], hash[PACKAGE_CHANNEL_HASH_LEN];
        assert_true(hex_decode_lower(bytes_view(all[i].hash), wanted, sizeof(wanted)));
        assert_true(binding_channel_hash(&all[i].binding, &suite, hash));
        assert_memory_equal(hash, wanted, sizeof(hash));
    }
}

/* ---- whole headers in the order of .NET ---- */

static void assert_header(const char *algorithm, const char *hashed, const char *channel,
                          const char *response_digits, enum package_client_binding client)
{
    static const char nonce[] = "+Upgraded+v100112233445566778899aabbccddeeff"
                                "00112233445566778899aabbccddeeff"
                                "00112233445566778899aabbccddeeff0011223344556677";
    BYTES_CLEANUP struct bytes text = {0};
    struct digest_response response;
    struct sspi_error_info error_info;
    struct digest_binding binding;
    uint8_t hash_a1[HASH_MAX];

    bytes_append_format(&text,
                        "charset=utf-8,username=\"user\",realm=\"Digest\",nonce=\"%s\","
                        "uri=\"/x\",algorithm=\"%s\",cnonce=\"" UP "%s" RANDOM
                        "\",nc=00000001,qop=\"auth\",hashed-dirs=\"" BOTH
                        "\",service-name=\"" SERVICE "\",channel-binding=\"%s\",response=\"%s\"",
                        nonce, algorithm, hashed, channel, response_digits);
    assert_int_equal(digest_parse_response(bytes_as_view(&text), &response, &error_info),
                     SSPI_REASON_NONE);
    assert_true(hash_once(&suite, SSPI_DIGEST_MD5, SSPI_VIEW("user:Digest:pw"), hash_a1));
    assert_int_equal(digest_verify_response(&run, &response, SSPI_VIEW("GET"), NULL, hash_a1),
                     DIGEST_VERIFY_RIGHT);
    assert_int_equal(digest_binding_read(&run, &response, &binding), DIGEST_BINDING_READ);
    assert_int_equal(binding.channel.client, client);
    digest_response_clear(&response);
}

static void bindings_of_complete_headers_are_right(void **state)
{
    assert_header("MD5-sess", HASHED, CHANNEL, "ee4b855880d7a0609547c731178d18d9",
                  PACKAGE_CLIENT_BINDING_PRESENT);
    assert_header("MD5", HASHED, CHANNEL, "ec3e524f0b49182b63dac868e386366d",
                  PACKAGE_CLIENT_BINDING_PRESENT);
    assert_header("MD5-sess", HASHED_NO, NO_TLS, "d7b6590f4e04703807bedaaa15000861",
                  PACKAGE_CLIENT_BINDING_NO_TLS);
    assert_header("MD5", HASHED_NO, NO_TLS, "e9b83ed066f8db7f60477ab4cb2f621d",
                  PACKAGE_CLIENT_BINDING_NO_TLS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bindings_of_clients_are_read),
        cmocka_unit_test(contradictory_directives_are_forged),
        cmocka_unit_test(a_client_without_binding_needs_no_md5),
        cmocka_unit_test(policy_is_that_of_windows),
        cmocka_unit_test(forged_headers_are_refused_under_every_policy),
        cmocka_unit_test(missing_md5_is_an_error_of_the_server_if_a_channel_is_named),
        cmocka_unit_test(hashes_of_channels_are_those_of_windows),
        cmocka_unit_test(bindings_of_complete_headers_are_right),
    };
    return cmocka_run_group_tests(tests, binding_setup, binding_teardown);
}
