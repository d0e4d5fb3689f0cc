/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bad_names.h"
#include "ntlm_text.h"

/* a, a with diaeresis, the euro sign, one beyond the first plane */
#define TEXT  SSPI_VIEW("a\xc3\xa4\xe2\x82\xac\xf0\x90\x90\xa8")
#define WIRE  SSPI_VIEW("a\0\xe4\0\xac\x20\x01\xd8\x28\xdc")
#define UPPER SSPI_VIEW("A\0\xc4\0\xac\x20\x01\xd8\x00\xdc")

static void names_convert_to_utf_16_and_back(void **state)
{
    BYTES_CLEANUP struct bytes wire = {0}, text = {0}, upper = {0};
    assert_true(ntlm_text_encode(&wire, TEXT));
    assert_true(bytes_equal(bytes_as_view(&wire), WIRE));
    assert_true(ntlm_text_decode(&text, bytes_as_view(&wire)));
    assert_true(bytes_equal(bytes_as_view(&text), TEXT));
    assert_true(ntlm_text_encode_upper(&upper, TEXT));
    assert_true(bytes_equal(bytes_as_view(&upper), UPPER));
    assert_true(ntlm_text_decode(&text, SSPI_VIEW("")));
    assert_true(ntlm_text_decode(&text, (struct sspi_view){NULL, 0}));
    assert_int_equal(text.len, TEXT.len);
}

static void octets_need_no_alignment(void **state)
{
    static const char odd[] = "xa\0b";
    BYTES_CLEANUP struct bytes text = {0};
    assert_true(ntlm_text_decode(&text, (struct sspi_view){odd + 1, 4}));
    assert_true(bytes_equal(bytes_as_view(&text), SSPI_VIEW("ab")));
}

static void octets_that_are_not_utf_16_are_refused(void **state)
{
    const struct sspi_view all[] = {
        SSPI_VIEW("a"),        /* half a unit */
        SSPI_VIEW("a\0b"),     /* one and a half */
        SSPI_VIEW("\x00\xd8"), /* a high surrogate without a low one */
        SSPI_VIEW("\x00\xd8"
                  "a\0"),
        SSPI_VIEW("\x00\xdc"),         /* a low surrogate without a high one */
        SSPI_VIEW("\x00\xdc\x00\xd8"), /* both in the wrong order */
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        BYTES_CLEANUP struct bytes text = {0};
        assert_false(ntlm_text_decode(&text, all[i]));
        assert_false(text.failed); /* true would mean out of memory */
    }
}

static void only_octets_below_128_are_ascii(void **state)
{
    const struct sspi_view wrong[] = {SSPI_VIEW("\x80"), SSPI_VIEW("a\xff"), TEXT};
    BYTES_CLEANUP struct bytes text = {0};
    assert_true(ntlm_text_decode_ascii(&text, (struct sspi_view){NULL, 0}));
    assert_true(ntlm_text_decode_ascii(&text, SSPI_VIEW("a~\x7f")));
    assert_true(bytes_equal(bytes_as_view(&text), SSPI_VIEW("a~\x7f")));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(ntlm_text_decode_ascii(&text, wrong[i]));
        assert_false(text.failed);
    }
}

static void text_that_is_not_utf_8_is_refused(void **state)
{
    BYTES_CLEANUP struct bytes wire = {0};
    assert_false(ntlm_text_encode(&wire, SSPI_VIEW("\xff")));
    assert_false(ntlm_text_encode_upper(&wire, SSPI_VIEW("\xff")));
}

static void logins_need_valid_names(void **state)
{
    const struct sspi_view alice = SSPI_VIEW("alice"), nothing = SSPI_VIEW("");
    char storage[BAD_NAME_SIZE];
    struct sspi_error_info error_info = {0};

    for (size_t i = 0; i < N_BAD_NAMES; i++) {
        struct sspi_view bad = bad_name(i, storage);
        if (ntlm_text_check_names(bad, alice, &error_info) != SEC_E_LOGON_DENIED ||
            ntlm_text_check_names(alice, bad, &error_info) != SEC_E_LOGON_DENIED)
            fail_msg("bad name %zu passes", i);
        assert_int_equal(error_info.reason, SSPI_REASON_BAD_NAME);
    }
    for (size_t i = 0; i < N_GOOD_NAMES; i++) {
        struct sspi_view good = bytes_view(good_names[i]);
        assert_int_equal(ntlm_text_check_names(good, good, &error_info), SEC_E_OK);
    }
    assert_int_equal(ntlm_text_check_names(alice, nothing, &error_info), SEC_E_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_convert_to_utf_16_and_back),
        cmocka_unit_test(octets_need_no_alignment),
        cmocka_unit_test(octets_that_are_not_utf_16_are_refused),
        cmocka_unit_test(only_octets_below_128_are_ascii),
        cmocka_unit_test(text_that_is_not_utf_8_is_refused),
        cmocka_unit_test(logins_need_valid_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
