/* SPDX-License-Identifier: Apache-2.0 */
#include "ntlm_client.h"

#define FILETIME UINT64_C(0x01D0112233445566)

static const uint8_t server_challenge[NTLM_CHALLENGE_LEN] = {1,    0x23, 0x45, 0x67,
                                                             0x89, 0xab, 0xcd, 0xef};

static void assert_written(uint32_t flags, const struct ntlm_challenge_names *names,
                           struct sspi_view wanted)
{
    BYTES_CLEANUP struct bytes token = {0};
    assert_true(ntlm_challenge_write(&token, flags, server_challenge, names, FILETIME));
    assert_true(bytes_equal(bytes_as_view(&token), wanted));
}

/* The message of MS-NLMP 4.2.4.3. It differs in the build of Windows, the revision, the other names
 * and the timestamp, which the published one does not have. */
static void message_is_that_of_the_specification(void **state)
{
    const struct ntlm_challenge_names names = {.nb_domain = SSPI_VIEW("Do"),
                                               .nb_computer = SSPI_VIEW("Se"),
                                               .dns_domain = SSPI_VIEW("d.e"),
                                               .dns_computer = SSPI_VIEW("s.d.e")};
    const uint32_t flags = 0xE28A8237;
    assert_written(flags, &names,
                   SSPI_VIEW("NTLMSSP\0\x02\0\0\0"
                             "\x04\0\x04\0\x38\0\0\0" /* TargetName: 4 octets at 56 */
                             "\x37\x82\x8a\xe2"
                             "\x01\x23\x45\x67\x89\xab\xcd\xef"
                             "\0\0\0\0\0\0\0\0"
                             "\x38\0\x38\0\x3c\0\0\0" /* TargetInfo: 56 octets at 60 */
                             "\x06\x01\0\0\0\0\0\x0f"
                             "D\0o\0"
                             "\x02\0\x04\0D\0o\0"
                             "\x01\0\x04\0S\0e\0"
                             "\x04\0\x06\0d\0.\0e\0"
                             "\x03\0\x0a\0s\0.\0d\0.\0e\0"
                             "\x07\0\x08\0\x66\x55\x44\x33\x22\x11\xd0\x01"
                             "\0\0\0\0"));
}

/* TargetName is in OEM if OEM was granted; the AV pairs are always in Unicode. Only the pairs hold
 * a name that is not ASCII. */
static void names_are_sent_in_the_character_set_that_was_granted(void **state)
{
    const struct {
        struct sspi_view name, field, target, pair;
    } all[] = {
        {SSPI_VIEW("Do"), SSPI_VIEW("\x02\0\x02\0\x38\0\0\0"), SSPI_VIEW("Do"),
         SSPI_VIEW("\x02\0\x04\0D\0o\0")},
        {SSPI_VIEW("\xc3\x84"), SSPI_VIEW("\0\0\0\0\x38\0\0\0"), SSPI_VIEW(""),
         SSPI_VIEW("\x02\0\x02\0\xc4\0")},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        BYTES_CLEANUP struct bytes token = {0};
        const struct ntlm_challenge_names names = {.nb_domain = all[i].name};
        assert_true(ntlm_challenge_write(&token, NTLM_FLAG_OEM | NTLM_FLAG_REQUEST_TARGET,
                                         server_challenge, &names, FILETIME));
        assert_memory_equal(token.data + 12, all[i].field.data, all[i].field.len);
        assert_memory_equal(token.data + 56, all[i].target.data, all[i].target.len);
        assert_memory_equal(token.data + 56 + all[i].target.len, all[i].pair.data, all[i].pair.len);
    }
}

static void names_not_requested_or_not_known_are_not_sent(void **state)
{
    const struct ntlm_challenge_names names = {
        .nb_domain = SSPI_VIEW("D"), .nb_computer = SSPI_VIEW("S"), .dns_computer = SSPI_VIEW("s")};
    assert_written(NTLM_FLAG_UNICODE, &names,
                   SSPI_VIEW("NTLMSSP\0\x02\0\0\0"
                             "\0\0\0\0\x38\0\0\0"
                             "\x01\0\0\0"
                             "\x01\x23\x45\x67\x89\xab\xcd\xef"
                             "\0\0\0\0\0\0\0\0"
                             "\x22\0\x22\0\x38\0\0\0"
                             "\0\0\0\0\0\0\0\0"
                             "\x02\0\x02\0D\0"
                             "\x01\0\x02\0S\0"
                             "\x03\0\x02\0s\0"
                             "\x07\0\x08\0\x66\x55\x44\x33\x22\x11\xd0\x01"
                             "\0\0\0\0"));
}

static void names_have_a_greatest_length(void **state)
{
    char name[NTLM_CHALLENGE_NAME_LIMIT + 1];
    memset(name, 'N', sizeof(name));
    for (size_t len = NTLM_CHALLENGE_NAME_LIMIT; len <= sizeof(name); len++) {
        struct sspi_view *which[4];
        for (size_t i = 0; i < 4; i++) {
            BYTES_CLEANUP struct bytes token = {0};
            struct ntlm_challenge_names names = {.nb_domain = SSPI_VIEW("D")};
            which[0] = &names.nb_domain;
            which[1] = &names.nb_computer;
            which[2] = &names.dns_domain;
            which[3] = &names.dns_computer;
            *which[i] = (struct sspi_view){name, len};
            assert_int_equal(ntlm_challenge_write(&token, NTLM_FLAG_REQUEST_TARGET,
                                                  server_challenge, &names, FILETIME),
                             len <= NTLM_CHALLENGE_NAME_LIMIT);
        }
    }
}

static void names_that_are_not_utf_8_are_refused(void **state)
{
    BYTES_CLEANUP struct bytes token = {0};
    const struct ntlm_challenge_names names = {.nb_domain = SSPI_VIEW("\xff")};
    assert_false(ntlm_challenge_write(&token, 0, server_challenge, &names, FILETIME));
    assert_false(
        ntlm_challenge_write(&token, NTLM_FLAG_REQUEST_TARGET, server_challenge, &names, FILETIME));
}

#define KNOWN  (NTLM_FLAG_NTLM | NTLM_FLAG_TARGET_INFO)
#define ALWAYS (NTLM_FLAG_UNICODE | KNOWN)

static void flags_are_what_is_asked_for_and_known(void **state)
{
    const uint32_t target = NTLM_FLAG_REQUEST_TARGET | NTLM_FLAG_TARGET_TYPE_DOMAIN;
    const uint32_t exchange = NTLM_FLAG_KEY_EXCHANGE;
    const struct {
        uint32_t asked, granted;
    } all[] = {
        {0, ALWAYS},
        {NTLM_FLAG_UNICODE, ALWAYS},
        {NTLM_FLAG_UNICODE | NTLM_FLAG_OEM, ALWAYS},
        {NTLM_FLAG_OEM, KNOWN | NTLM_FLAG_OEM},
        {NTLM_FLAG_REQUEST_TARGET, ALWAYS | target},
        /* curl, libsoup and axios-ntlm */
        {0x00088206,
         KNOWN | NTLM_FLAG_OEM | target | NTLM_FLAG_ALWAYS_SIGN | NTLM_FLAG_EXTENDED_SECURITY},
        /* Windows */
        {0xE2088297, ALWAYS | target | exchange | NTLM_FLAG_SIGN | NTLM_FLAG_ALWAYS_SIGN |
                         NTLM_FLAG_EXTENDED_SECURITY | NTLM_FLAG_VERSION | NTLM_FLAG_128 |
                         NTLM_FLAG_56},
        {exchange, ALWAYS},
        {exchange | NTLM_FLAG_SIGN, ALWAYS | exchange | NTLM_FLAG_SIGN},
        {exchange | NTLM_FLAG_SEAL, ALWAYS | exchange | NTLM_FLAG_SEAL},
        {NTLM_FLAG_IDENTIFY, ALWAYS | NTLM_FLAG_IDENTIFY},
        /* LM_KEY, datagrams, anonymous, local calls, and what is reserved */
        {0x000049C8, ALWAYS},
        {0x1C000000, ALWAYS},
        {0xFFFFFFFF, ALWAYS | target | exchange | NTLM_FLAG_SIGN | NTLM_FLAG_SEAL |
                         NTLM_FLAG_ALWAYS_SIGN | NTLM_FLAG_EXTENDED_SECURITY | NTLM_FLAG_IDENTIFY |
                         NTLM_FLAG_VERSION | NTLM_FLAG_128 | NTLM_FLAG_56},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        assert_int_equal(ntlm_challenge_flags(all[i].asked), all[i].granted);
}

/* The example of http://davenport.sourceforge.net/ntlm.html: 17 June 2003, 10:00 UTC. */
static void filetime_counts_from_1601(void **state)
{
    assert_int_equal(ntlm_challenge_filetime(UINT64_C(1055844000000)),
                     UINT64_C(127003176000000000));
    assert_int_equal(ntlm_challenge_filetime(0), UINT64_C(116444736000000000));
    assert_int_equal(ntlm_challenge_filetime(1), UINT64_C(116444736000010000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message_is_that_of_the_specification),
        cmocka_unit_test(names_are_sent_in_the_character_set_that_was_granted),
        cmocka_unit_test(names_not_requested_or_not_known_are_not_sent),
        cmocka_unit_test(names_have_a_greatest_length),
        cmocka_unit_test(names_that_are_not_utf_8_are_refused),
        cmocka_unit_test(flags_are_what_is_asked_for_and_known),
        cmocka_unit_test(filetime_counts_from_1601),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
