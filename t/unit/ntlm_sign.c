/* SPDX-License-Identifier: Apache-2.0 */
#include "ntlm_client.h"
#include "ntlm_sign.h"

static struct ntlm_crypto crypto;
static const uint8_t key[NTLM_KEY_LEN] = {0x55, 0x55};

static int open_crypto(void **state)
{
    return ntlm_crypto_open(&crypto) ? 0 : -1;
}

static int close_crypto(void **state)
{
    ntlm_crypto_close(&crypto);
    return 0;
}

#define MESSAGE SSPI_VIEW("what is signed")

static struct sspi_view view_of(const uint8_t signature[NTLM_SIGN_LEN])
{
    return octets_of(signature, NTLM_SIGN_LEN);
}

/* Two ends of one session, with and without key exchange. */
static void signatures_are_right_in_their_order_alone(void **state)
{
    for (int exchange = 0; exchange < 2; exchange++) {
        struct ntlm_sign here, there;
        uint8_t signatures[3][NTLM_SIGN_LEN];
        assert_true(ntlm_sign_open(&here, &crypto, key, exchange != 0));
        assert_true(ntlm_sign_open(&there, &crypto, key, exchange != 0));
        for (int i = 0; i < 3; i++)
            assert_true(ntlm_sign_make(&there, &there.client, MESSAGE, signatures[i]));
        assert_memory_not_equal(signatures[0], signatures[1], NTLM_SIGN_LEN);
        for (int i = 0; i < 3; i++)
            assert_int_equal(ntlm_sign_check(&here, &here.client, MESSAGE, view_of(signatures[i])),
                             NTLM_SIGN_RIGHT);
        assert_int_equal(ntlm_sign_check(&here, &here.client, MESSAGE, view_of(signatures[2])),
                         NTLM_SIGN_WRONG);
        ntlm_sign_close(&here);
        ntlm_sign_close(&there);
    }
}

static void what_is_altered_is_wrong(void **state)
{
    struct ntlm_sign here, there;
    uint8_t signature[NTLM_SIGN_LEN + 1];
    assert_true(ntlm_sign_open(&here, &crypto, key, true));
    assert_true(ntlm_sign_open(&there, &crypto, key, true));
    assert_true(ntlm_sign_make(&there, &there.client, MESSAGE, signature));
    for (size_t i = 0; i < NTLM_SIGN_LEN; i++) {
        signature[i] ^= 0x10;
        assert_int_equal(ntlm_sign_check(&here, &here.client, MESSAGE, view_of(signature)),
                         NTLM_SIGN_WRONG);
        assert_true(ntlm_sign_restart(&here.client));
        signature[i] ^= 0x10;
    }
    const struct sspi_view others[] = {
        octets_of(signature, 0), octets_of(signature, 15), octets_of(signature, 17), {NULL, 0}};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(ntlm_sign_check(&here, &here.client, MESSAGE, others[i]), NTLM_SIGN_WRONG);
        assert_true(ntlm_sign_restart(&here.client));
    }
    assert_int_equal(
        ntlm_sign_check(&here, &here.client, SSPI_VIEW("what is Signed"), view_of(signature)),
        NTLM_SIGN_WRONG);
    assert_true(ntlm_sign_restart(&here.client));
    /* One direction's is not the other's: nobody can send ours back to us. */
    assert_int_equal(ntlm_sign_check(&here, &here.server, MESSAGE, view_of(signature)),
                     NTLM_SIGN_WRONG);
    /* None of that counted. */
    assert_int_equal(ntlm_sign_check(&here, &here.client, MESSAGE, view_of(signature)),
                     NTLM_SIGN_RIGHT);
    assert_int_equal(here.client.sequence, 1);
    ntlm_sign_close(&here);
    ntlm_sign_close(&there);
}

static void a_restart_keeps_the_sequence(void **state)
{
    struct ntlm_sign sign, fresh;
    uint8_t first[NTLM_SIGN_LEN], second[NTLM_SIGN_LEN], wanted[NTLM_SIGN_LEN];
    assert_true(ntlm_sign_open(&sign, &crypto, key, true));
    assert_true(ntlm_sign_open(&fresh, &crypto, key, true));
    assert_true(ntlm_sign_make(&sign, &sign.server, MESSAGE, first));
    assert_true(ntlm_sign_restart(&sign.server));
    assert_true(ntlm_sign_make(&sign, &sign.server, MESSAGE, second));
    /* As one that signs for the first time, but with the second number. */
    fresh.server.sequence = 1;
    assert_true(ntlm_sign_make(&fresh, &fresh.server, MESSAGE, wanted));
    assert_memory_equal(second, wanted, NTLM_SIGN_LEN);
    ntlm_sign_close(&sign);
    ntlm_sign_close(&fresh);
}

static void closing_wipes_the_keys(void **state)
{
    struct ntlm_sign sign;
    static const struct ntlm_sign zero;
    assert_true(ntlm_sign_open(&sign, &crypto, key, false));
    ntlm_sign_close(&sign);
    assert_memory_equal(&sign, &zero, sizeof sign);
    ntlm_sign_close(&sign);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_are_right_in_their_order_alone),
        cmocka_unit_test(what_is_altered_is_wrong),
        cmocka_unit_test(a_restart_keeps_the_sequence),
        cmocka_unit_test(closing_wipes_the_keys),
    };
    return cmocka_run_group_tests(tests, open_crypto, close_crypto);
}
