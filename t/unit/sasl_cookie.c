/* SPDX-License-Identifier: Apache-2.0 */
#include "sasl_cookie.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bad_names.h"

static void assert_written(uint8_t layers, uint32_t size, const char *wanted)
{
    uint8_t cookie[SASL_COOKIE_LEN];

    sasl_cookie_write(layers, size, cookie);
    assert_memory_equal(cookie, wanted, SASL_COOKIE_LEN);
}

/* RFC 4752 3.2: a bit-mask, then the size in network byte order; no size without a layer. */
static void the_server_s_cookie_is_as_rfc_4752_has_it(void **unused)
{
    assert_written(7, 0xFFFF, "\x07\x00\xff\xff");
    assert_written(6, 0x123456, "\x06\x12\x34\x56");
    assert_written(3, SASL_COOKIE_SIZE_LIMIT, "\x03\xff\xff\xff");
    assert_written(1, 0xFFFF, "\x01\x00\x00\x00");
}

/* Memory of exactly that length, so that a sanitizer detects a write beyond it. */
static enum sspi_reason read_octets(const char *octets, size_t len, struct sasl_cookie *ret_cookie)
{
    struct sspi_error_info error_info = {0};
    char *copy = malloc(len + (len == 0));

    memcpy(copy, octets, len);
    enum sspi_reason reason =
        sasl_cookie_read((struct sspi_view){copy, len}, ret_cookie, &error_info);
    assert_int_equal(reason, error_info.reason);
    assert_int_equal(error_info.text[0] == '\0', reason == SSPI_REASON_NONE);
    if (reason == SSPI_REASON_NONE) {
        assert_int_equal(ret_cookie->authzid.len, len - SASL_COOKIE_LEN);
        assert_memory_equal(ret_cookie->authzid.data, octets + SASL_COOKIE_LEN,
                            len - SASL_COOKIE_LEN);
    }
    free(copy);
    return reason;
}

static void the_client_s_cookie_is_read(void **unused)
{
    static const uint8_t layers[] = {1, 2, 4};
    struct sasl_cookie cookie;

    for (size_t i = 0; i < sizeof layers; i++) {
        char octets[] = "\x01\x00\x00\x00"
                        "d\xc3\xb6rte";
        octets[0] = (char)layers[i];
        if (layers[i] != 1)
            memcpy(octets + 1, "\x01\x02\x03", 3);
        assert_int_equal(read_octets(octets, sizeof octets - 1, &cookie), SSPI_REASON_NONE);
        assert_int_equal(cookie.layer, layers[i]);
        assert_int_equal(cookie.size, layers[i] == 1 ? 0 : 0x010203);
        assert_int_equal(read_octets(octets, SASL_COOKIE_LEN, &cookie), SSPI_REASON_NONE);
    }
}

/* RFC 4752 3.1, 3.3: one layer, and one of the three. */
static void every_other_mask_is_refused(void **unused)
{
    struct sasl_cookie cookie;

    for (int mask = 0; mask < 256; mask++) {
        char octets[4] = {(char)mask, 0, 0, 0};
        bool right = mask == 1 || mask == 2 || mask == 4;
        assert_int_equal(read_octets(octets, sizeof octets, &cookie),
                         right ? SSPI_REASON_NONE : SSPI_REASON_MALFORMED);
    }
}

/* GNU SASL's client sends this. */
static void a_size_without_a_layer_means_nothing(void **unused)
{
    struct sasl_cookie cookie;

    assert_int_equal(read_octets("\x01\x00\xff\xff", 4, &cookie), SSPI_REASON_NONE);
    assert_int_equal(cookie.size, 0);
}

static void a_cookie_that_is_cut_off_is_refused(void **unused)
{
    struct sasl_cookie cookie;

    for (size_t len = 0; len < 4; len++)
        assert_int_equal(read_octets("\x02\x00\xff\xff", len, &cookie), SSPI_REASON_MALFORMED);
}

static void authorization_identities_are_utf_8_and_not_endless(void **unused)
{
    char octets[SASL_COOKIE_LEN + SASL_COOKIE_AUTHZID_LIMIT + 1] = "\x04\x00\xff\xff";
    struct sasl_cookie cookie;

    memset(octets + SASL_COOKIE_LEN, 'a', SASL_COOKIE_AUTHZID_LIMIT + 1);
    assert_int_equal(read_octets(octets, sizeof octets - 1, &cookie), SSPI_REASON_NONE);
    assert_int_equal(read_octets(octets, sizeof octets, &cookie), SSPI_REASON_TOO_LARGE);
    octets[10] = '\0';
    assert_int_equal(read_octets(octets, 20, &cookie), SSPI_REASON_MALFORMED);
    octets[10] = '\x1b';
    assert_int_equal(read_octets(octets, 20, &cookie), SSPI_REASON_MALFORMED);
    octets[10] = '\xe4'; /* ISO-8859-1 */
    assert_int_equal(read_octets(octets, 20, &cookie), SSPI_REASON_MALFORMED);
}

static void authorization_identities_are_names(void **unused)
{
    char octets[SASL_COOKIE_LEN + BAD_NAME_SIZE] = "\x04\x00\xff\xff";
    struct sasl_cookie cookie;

    for (size_t i = 0; i < N_BAD_NAMES; i++) {
        size_t len = bad_name(i, octets + SASL_COOKIE_LEN).len;
        if (read_octets(octets, SASL_COOKIE_LEN + len, &cookie) != SSPI_REASON_MALFORMED)
            fail_msg("bad name %zu passes", i);
    }
    for (size_t i = 0; i < N_GOOD_NAMES; i++) {
        size_t len = strlen(good_names[i]);
        memcpy(octets + SASL_COOKIE_LEN, good_names[i], len);
        assert_int_equal(read_octets(octets, SASL_COOKIE_LEN + len, &cookie), SSPI_REASON_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_server_s_cookie_is_as_rfc_4752_has_it),
        cmocka_unit_test(the_client_s_cookie_is_read),
        cmocka_unit_test(every_other_mask_is_refused),
        cmocka_unit_test(a_size_without_a_layer_means_nothing),
        cmocka_unit_test(a_cookie_that_is_cut_off_is_refused),
        cmocka_unit_test(authorization_identities_are_utf_8_and_not_endless),
        cmocka_unit_test(authorization_identities_are_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
