/* SPDX-License-Identifier: Apache-2.0 */
/* The vectors of MS-NLMP 4.2, of RFC 2202 and RFC 6229. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "hex.h"
#include "ntlm_sign.h"
#include "ntlm_text.h"

static struct ntlm_crypto crypto;
static struct hash_run run;

static int open_crypto(void **state)
{
    return ntlm_crypto_init(&crypto) && hash_run_init(&run, &crypto.hashes) ? 0 : -1;
}

static int close_crypto(void **state)
{
    hash_run_clear(&run);
    ntlm_crypto_clear(&crypto);
    return 0;
}

static void octets(const char *digits, uint8_t *to)
{
    assert_true(hex_decode_lower(bytes_view(digits), to, strlen(digits) / 2));
}

static void assert_octets(const uint8_t *octets_are, const char *digits)
{
    uint8_t wanted[64];
    octets(digits, wanted);
    assert_memory_equal(octets_are, wanted, strlen(digits) / 2);
}

/* MS-NLMP 4.2.1: the values that its examples share. */
#define NT_HASH    "a4f49c406510bdcab6824ee7c30fd852" /* 4.2.2.1.2: NTOWFv1 of "Password" */
#define RANDOM_KEY "55555555555555555555555555555555"
#define CHALLENGE  "0123456789abcdef"
#define TARGET_INFO                                                                                \
    "02000c0044006f006d00610069006e0001000c005300650072007600650072000000000000000000"
/* 4.2.4.1.3 */
#define TEMP "01010000000000000000000000000000aaaaaaaaaaaaaaaa00000000" TARGET_INFO
/* 4.2.4.1.1, 4.2.4.2.2, 4.2.4.1.2, 4.2.4.2.3 */
#define RESPONSE_KEY "0c868a403bfd7a93a3001ef22ef02e3f"
#define PROOF        "68cd0ab851e51c96aabc927bebef6a1c"
#define BASE_KEY     "8de40ccadbc14a82f15cb0ad0de95ca3"
#define ENCRYPTED    "c5dad2544fc9799094ce1ce90bc9d03e"

static void ntowfv2_is_that_of_the_specification(void **state)
{
    BYTES_CLEANUP struct bytes user = {0}, domain = {0};
    uint8_t hash[16], key[16];
    octets(NT_HASH, hash);
    assert_true(ntlm_text_encode_upper(&user, SSPI_VIEW("User")));
    assert_true(ntlm_text_encode(&domain, SSPI_VIEW("Domain")));
    assert_true(ntlm_keys_response(&run, hash, bytes_as_view(&user), bytes_as_view(&domain), key));
    assert_octets(key, RESPONSE_KEY);
}

static void proof_and_session_base_key_are_those_of_the_specification(void **state)
{
    uint8_t key[16], challenge[8], temp[sizeof(TEMP) / 2], proof[16], base[16];
    octets(RESPONSE_KEY, key);
    octets(CHALLENGE, challenge);
    octets(TEMP, temp);
    struct sspi_view view = {(const char *)temp, strlen(TEMP) / 2};
    assert_true(ntlm_keys_proof(&run, key, challenge, view, proof));
    assert_octets(proof, PROOF);
    assert_true(ntlm_keys_base(&run, key, proof, base));
    assert_octets(base, BASE_KEY);
}

static void key_exchange_is_that_of_the_specification(void **state)
{
    uint8_t base[16], encrypted[16], exported[16];
    octets(BASE_KEY, base);
    octets(ENCRYPTED, encrypted);
    assert_true(ntlm_keys_exported(&crypto, base, encrypted, exported));
    assert_octets(exported, RANDOM_KEY);
}

/* The client's keys are from 4.2.4.4, the server's from another implementation (python ntlm-auth).
 */
static void signing_and_sealing_keys_are_those_of_the_specification(void **state)
{
    uint8_t exported[16], key[16];
    octets(RANDOM_KEY, exported);
    assert_true(ntlm_keys_sign(&run, exported, NTLM_KEYS_CLIENT, key));
    assert_octets(key, "4788dc861b4782f35d43fd98fe1a2d39");
    assert_true(ntlm_keys_seal(&run, exported, NTLM_KEYS_CLIENT, key));
    assert_octets(key, "59f600973cc4960a25480a7c196e4c58");
    assert_true(ntlm_keys_sign(&run, exported, NTLM_KEYS_SERVER, key));
    assert_octets(key, "d04d6f10741041d1d246d64188d7a8ad");
    assert_true(ntlm_keys_seal(&run, exported, NTLM_KEYS_SERVER, key));
    assert_octets(key, "9355f3a957c1583d25c4c2f11e40390e");
}

static const struct sspi_view plaintext = {"P\0l\0a\0i\0n\0t\0e\0x\0t\0", 18};

/* 4.2.4.4: GSS_WrapEx seals the message, and signs it with the next octets of the same RC4 stream.
 */
static void sealed_message_and_signature_are_those_of_the_specification(void **state)
{
    struct ntlm_sign sign;
    uint8_t exported[16], sealed[18], signature[NTLM_SIGN_LEN];
    octets(RANDOM_KEY, exported);
    assert_true(ntlm_sign_init(&sign, &crypto, exported, true));
    assert_true(cipher_stream_apply(sign.client.rc4, (const uint8_t *)plaintext.data, plaintext.len,
                                    sealed));
    assert_octets(sealed, "54e50165bf1936dc996020c1811b0f06fb5f");
    assert_true(ntlm_sign_make(&sign, &sign.client, plaintext, signature));
    assert_octets(signature, "010000007fb38ec5c55d497600000000");
    assert_int_equal(sign.client.sequence, 1);
    assert_int_equal(sign.server.sequence, 0);
    ntlm_sign_clear(&sign);
}

/* An AUTHENTICATE message with a MIC, made by python ntlm-auth. */
static void a_mic_is_over_the_three_messages(void **state)
{
    static const char negotiate[] =
        "4e544c4d535350000100000032b088e20400040028000000020002002c0000000601b11d"
        "0000000f434f52505753";
    static const char challenge[] =
        "4e544c4d53535000020000000000000038000000338288e2bac5ea1a4a38122400000000"
        "000000002c002c0038000000060100000000000f0200080043006f007200700001000400"
        "56004d000300040076006d00070008002017ef0cb579dd0100000000";
    static const char authenticate[] =
        "4e544c4d5353500003000000180018006e00000064006400860000000800080058000000"
        "0a000a0060000000040004006a00000010001000ea000000318288e20601b11d0000000f"
        "9c394cf512cc90b1ac51bf5f0ea4549243004f005200500061006c006900630065005700"
        "5300000000000000000000000000000000000000000000000000698825e6792f41d1d165"
        "450888c5d01001010000000000002017ef0cb579dd013aeb723d07314295000000000200"
        "080043006f00720070000100040056004d000300040076006d00070008002017ef0cb579"
        "dd0106000400020000000000000000000000934e6ddd8d62a7e0818f2f5398230710";
    uint8_t key[16], messages[3][1024], mic[16];
    octets("cc26281614c17b67ce66b829dca488ab", key);
    octets(negotiate, messages[0]);
    octets(challenge, messages[1]);
    octets(authenticate, messages[2]);
    struct sspi_view first = {(const char *)messages[0], strlen(negotiate) / 2};
    struct sspi_view second = {(const char *)messages[1], strlen(challenge) / 2};
    struct sspi_view third = {(const char *)messages[2], strlen(authenticate) / 2};
    assert_true(ntlm_keys_mic(&run, key, first, second, third, mic));
    assert_memory_equal(mic, messages[2] + NTLM_MIC_START, sizeof(mic));
    messages[1][30] ^= 1;
    assert_true(ntlm_keys_mic(&run, key, first, second, third, mic));
    assert_memory_not_equal(mic, messages[2] + NTLM_MIC_START, sizeof(mic));
}

/* RFC 2202 section 2, the cases with keys of 16 octets; the data come in one part and in several.
 */
static void hmac_is_that_of_the_rfc(void **state)
{
    uint8_t key[16], mac[16];
    const struct sspi_view there = SSPI_VIEW("Hi There");
    const struct sspi_view parts[] = {SSPI_VIEW("Hi"), SSPI_VIEW(""), SSPI_VIEW(" There")};
    char fifty[50];
    memset(key, 0x0b, sizeof(key));
    assert_true(ntlm_crypto_hmac(&run, key, &there, 1, mac));
    assert_octets(mac, "9294727a3638bb1c13f48ef8158bfc9d");
    assert_true(ntlm_crypto_hmac(&run, key, parts, 3, mac));
    assert_octets(mac, "9294727a3638bb1c13f48ef8158bfc9d");
    memset(key, 0xaa, sizeof(key));
    memset(fifty, 0xdd, sizeof(fifty));
    const struct sspi_view all = {fifty, sizeof(fifty)};
    assert_true(ntlm_crypto_hmac(&run, key, &all, 1, mac));
    assert_octets(mac, "56be34521d144c88dbb8c733f0e8b3f6");
}

/* RFC 6229 section 2: key of 128 bits, offsets 0 and 16; then the stream starts again. */
static void rc4_is_that_of_the_rfc_and_goes_on_until_it_restarts(void **state)
{
    static const uint8_t zeros[32];
    uint8_t key[16], stream[32];
    octets("0102030405060708090a0b0c0d0e0f10", key);
    struct evp_cipher_ctx_st *rc4 = ntlm_crypto_rc4_new(&crypto, key);
    assert_non_null(rc4);
    assert_true(cipher_stream_apply(rc4, zeros, 5, stream));
    assert_true(cipher_stream_apply(rc4, zeros, 27, stream + 5));
    assert_octets(stream, "9ac7cc9a609d1ef7b2932899cde41b975248c4959014126a6e8a84f11d1a9e1c");
    assert_true(cipher_stream_restart(rc4, key));
    assert_true(cipher_stream_apply(rc4, zeros, 16, stream));
    assert_octets(stream, "9ac7cc9a609d1ef7b2932899cde41b97");
    assert_false(cipher_stream_apply(rc4, zeros, (size_t)INT32_MAX + 1, stream));
    cipher_stream_free(rc4);
}

static void opening_leaves_no_error_and_changes_nothing_in_the_process(void **state)
{
    struct ntlm_crypto other;
    ERR_clear_error();
    assert_true(ntlm_crypto_init(&other));
    assert_int_equal(ERR_peek_error(), 0);
    /* The default library context of the process still has no RC4. */
    EVP_CIPHER *rc4 = EVP_CIPHER_fetch(NULL, "RC4", NULL);
    assert_null(rc4);
    ERR_clear_error();
    ntlm_crypto_clear(&other);
    assert_null(other.library.context);
    ntlm_crypto_clear(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ntowfv2_is_that_of_the_specification),
        cmocka_unit_test(proof_and_session_base_key_are_those_of_the_specification),
        cmocka_unit_test(key_exchange_is_that_of_the_specification),
        cmocka_unit_test(signing_and_sealing_keys_are_those_of_the_specification),
        cmocka_unit_test(sealed_message_and_signature_are_those_of_the_specification),
        cmocka_unit_test(a_mic_is_over_the_three_messages),
        cmocka_unit_test(hmac_is_that_of_the_rfc),
        cmocka_unit_test(rc4_is_that_of_the_rfc_and_goes_on_until_it_restarts),
        cmocka_unit_test(opening_leaves_no_error_and_changes_nothing_in_the_process),
    };
    return cmocka_run_group_tests(tests, open_crypto, close_crypto);
}
