/* SPDX-License-Identifier: Apache-2.0 */
/* The message calls over a package that records its input: handles, buffers, flags. */
#include "sspi_message_fake.h"

static void only_established_contexts_have_messages(void **unused)
{
    CtxtHandle partial, gone, none = {0, 0};
    struct message message;

    (void)unused;
    assert_int_equal(fake_say(&credential, NULL, "more", &partial), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(fake_say(&credential, NULL, "ok", &gone), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&gone), SEC_E_OK);
    CtxtHandle *const wrong[] = {NULL, &none, &partial, &gone, &credential};
    for (int which = 0; which < N_CALLS; which++) {
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
            assert_int_equal(call(which, wrong[i], make(&message)), SEC_E_INVALID_HANDLE);
            assert_int_equal(call(which, wrong[i], NULL), SEC_E_INVALID_HANDLE);
        }
        assert_int_equal(call(which, &context, make(&message)), SEC_E_OK);
    }
    for (ULONG attribute = 0; attribute < 10; attribute++)
        assert_int_equal(QueryContextAttributesA(&partial, attribute, &message),
                         SEC_E_INVALID_HANDLE);
    assert_int_equal(DeleteSecurityContext(&partial), SEC_E_OK);
}

static void a_package_without_messages_says_so(void **unused)
{
    CtxtHandle digest;
    struct message message;
    static const ULONG attributes[] = {SECPKG_ATTR_SIZES, SECPKG_ATTR_STREAM_SIZES,
                                       SECPKG_ATTR_SESSION_KEY, SECPKG_ATTR_KEY_INFO};
    const struct package without = {.about = kerberos_package.about};

    (void)unused;
    fake_mechanism = &without;
    assert_int_equal(fake_say(&credential, NULL, "ok", &digest), SEC_E_OK);
    fake_mechanism = &kerberos_package;
    for (int which = 0; which < N_CALLS; which++)
        assert_int_equal(call(which, &digest, make(&message)), SEC_E_UNSUPPORTED_FUNCTION);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(QueryContextAttributesW(&digest, attributes[i], &message),
                         SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(DeleteSecurityContext(&digest), SEC_E_OK);
}

/* ---- buffers ---- */

#define COUNT(buffers) ((ULONG)(sizeof(buffers) / sizeof(buffers)[0]))

static void descriptors_that_break_the_rules_are_refused(void **unused)
{
    struct message message;

    (void)unused;
    for (int which = 0; which < N_CALLS; which++) {
        assert_int_equal(call(which, &context, NULL), SEC_E_INVALID_TOKEN);
        make(&message)->ulVersion = 1;
        assert_int_equal(call(which, &context, &message.desc), SEC_E_INVALID_TOKEN);
        make(&message)->pBuffers = NULL;
        assert_int_equal(call(which, &context, &message.desc), SEC_E_INVALID_TOKEN);
        make(&message)->cBuffers = 0;
        assert_int_equal(call(which, &context, &message.desc), SEC_E_INVALID_TOKEN);
    }
}

static void token_and_data_are_needed_and_others_refused(void **unused)
{
    char room[8] = "room";
    const SecBuffer token = {4, SECBUFFER_TOKEN, room}, data = {4, SECBUFFER_DATA, room},
                    padding = {4, SECBUFFER_PADDING, room},
                    skipped = {4, SECBUFFER_DATA | SECBUFFER_READONLY, room},
                    nowhere = {4, SECBUFFER_DATA, NULL};
    const SecBuffer no_token[] = {data, data, padding}, no_data[] = {token, padding},
                    skipped_alone[] = {token, skipped, padding},
                    two_tokens[] = {token, data, token},
                    two_paddings[] = {token, padding, padding, data},
                    without_memory[] = {token, nowhere};
    const struct {
        const SecBuffer *buffers;
        ULONG n;
    } all[] = {{no_token, 3},   {no_data, 2},      {skipped_alone, 3},
               {two_tokens, 3}, {two_paddings, 4}, {without_memory, 2}};

    (void)unused;
    for (int which = 0; which < N_CALLS; which++) {
        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
            assert_int_equal(call_with(which, all[i].buffers, all[i].n), SEC_E_INVALID_TOKEN);
        for (ULONG type = 0; type < 40; type++) {
            const SecBuffer with[] = {token, data, padding, {4, type, room}};
            SECURITY_STATUS wanted = type <= SECBUFFER_DATA ? SEC_E_OK : SEC_E_INVALID_TOKEN;
            assert_int_equal(call_with(which, with, 4), wanted);
        }
    }
}

static void output_memory_must_not_be_read_only(void **unused)
{
    char room[8] = "room";
    const ULONG flags[] = {SECBUFFER_READONLY, SECBUFFER_READONLY_WITH_CHECKSUM};

    (void)unused;
    for (size_t i = 0; i < 2; i++) {
        const SecBuffer data = {4, SECBUFFER_DATA, room};
        const SecBuffer tokens[] = {
            {4, SECBUFFER_TOKEN | flags[i], room}, data, {4, SECBUFFER_PADDING, room}};
        const SecBuffer paddings[] = {
            {4, SECBUFFER_TOKEN, room}, data, {4, SECBUFFER_PADDING | flags[i], room}};
        const SecBuffer streams[] = {{8, SECBUFFER_STREAM | flags[i], room}, data};
        assert_int_equal(call_with(SIGN, tokens, 3), SEC_E_INVALID_TOKEN);
        assert_int_equal(call_with(SEAL, tokens, 3), SEC_E_INVALID_TOKEN);
        assert_int_equal(call_with(VERIFY, tokens, 3), SEC_E_OK);
        assert_int_equal(call_with(UNSEAL, tokens, 3), SEC_E_OK);
        assert_int_equal(call_with(SEAL, paddings, 3), SEC_E_INVALID_TOKEN);
        assert_int_equal(call_with(UNSEAL, paddings, 3), SEC_E_OK);
        assert_int_equal(call_with(UNSEAL, streams, 2), SEC_E_INVALID_TOKEN);
    }
}

static void flags_say_what_is_sealed(void **unused)
{
    char a[] = "a", bb[] = "bb", ccc[] = "ccc", dddd[] = "dddd", token[TOKEN_LEN], padding[8];
    const SecBuffer buffers[] = {
        {1, SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, a},
        {2, SECBUFFER_DATA, bb},
        {3, SECBUFFER_DATA | SECBUFFER_READONLY, ccc},
        {TOKEN_LEN, SECBUFFER_TOKEN, token},
        {0, SECBUFFER_EMPTY, NULL},
        {4, SECBUFFER_DATA | SECBUFFER_RESERVED, dddd},
        {0, SECBUFFER_DATA, NULL},
        {8, SECBUFFER_PADDING, padding},
    };

    (void)unused;
    for (int which = 0; which < N_CALLS; which++) {
        assert_int_equal(call_with(which, buffers, COUNT(buffers)), SEC_E_OK);
        assert_string_equal(seen, "(1) 2 4 0 ");
        if (which == SEAL)
            assert_string_equal(bb, "BB");
        assert_string_equal(a, "a");
        assert_string_equal(ccc, "ccc");
    }
}

static void sizes_are_limited(void **unused)
{
    char *large = calloc(1, PACKAGE_MESSAGE_LIMIT + PACKAGE_TOKEN_LIMIT + 1);
    SecBuffer many[33] = {{4, SECBUFFER_TOKEN, large}, {4, SECBUFFER_PADDING, large}};

    (void)unused;
    for (size_t i = 2; i < 33; i++)
        many[i] = (SecBuffer){1, SECBUFFER_DATA, large};
    for (int which = 0; which < N_CALLS; which++) {
        for (ULONG over = 0; over < 2; over++) {
            SECURITY_STATUS wanted = over ? SEC_E_INVALID_TOKEN : SEC_E_OK;
            assert_int_equal(call_with(which, many, 32 + over), wanted);
            const SecBuffer two[] = {many[0],
                                     many[1],
                                     {PACKAGE_MESSAGE_LIMIT - 4, SECBUFFER_DATA, large},
                                     {4 + over, SECBUFFER_DATA | 0x10000000, large}};
            assert_int_equal(call_with(which, two, 4), wanted);
        }
    }
    for (ULONG over = 0; over < 2; over++) {
        const SecBuffer tokens[] = {{PACKAGE_TOKEN_LIMIT + over, SECBUFFER_TOKEN, large}, many[2]};
        const SecBuffer paddings[] = {many[0], many[2], {64 + over, SECBUFFER_PADDING, large}};
        const SecBuffer streams[] = {
            {PACKAGE_MESSAGE_LIMIT + PACKAGE_TOKEN_LIMIT + over, SECBUFFER_STREAM, large}, many[2]};
        SECURITY_STATUS wanted = over ? SEC_E_INVALID_TOKEN : SEC_E_OK;
        assert_int_equal(call_with(VERIFY, tokens, 2), wanted);
        assert_int_equal(call_with(SIGN, tokens, 2), SEC_E_OK); /* output buffers have no limit */
        if (over == 1)
            assert_int_equal(call_with(UNSEAL, tokens, 2), wanted);
        assert_int_equal(call_with(UNSEAL, paddings, 3), wanted);
        assert_int_equal(call_with(SEAL, paddings, 3), SEC_E_OK);
        assert_int_equal(call_with(UNSEAL, streams, 2), wanted);
    }
    free(large);
}

/* ---- quality of protection ---- */

static void flags_of_the_context_say_what_can_be_done(void **unused)
{
    static const struct {
        ULONG attributes;
        SECURITY_STATUS sign, seal, seal_in_clear, unseal;
    } all[] = {
        {EVERYTHING, 0, 0, 0, 0},
        {ASC_RET_INTEGRITY, 0, SEC_E_QOP_NOT_SUPPORTED, 0, 0},
        {ASC_RET_CONFIDENTIALITY, SEC_E_QOP_NOT_SUPPORTED, 0, SEC_E_QOP_NOT_SUPPORTED, 0},
        {ASC_RET_MUTUAL_AUTH, SEC_E_QOP_NOT_SUPPORTED, SEC_E_QOP_NOT_SUPPORTED,
         SEC_E_QOP_NOT_SUPPORTED, SEC_E_QOP_NOT_SUPPORTED},
    };
    struct message message;

    (void)unused;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
        establish(all[i].attributes);
        assert_int_equal(call(SIGN, &context, make(&message)), all[i].sign);
        assert_int_equal(call(VERIFY, &context, make(&message)), all[i].sign);
        assert_int_equal(call(SEAL, &context, make(&message)), all[i].seal);
        assert_string_equal(message.data, all[i].seal == SEC_E_OK ? "TEXT" : "text");
        assert_int_equal(EncryptMessage(&context, SECQOP_WRAP_NO_ENCRYPT, make(&message), 0),
                         all[i].seal_in_clear);
        assert_string_equal(message.data, "text");
        assert_int_equal(call(UNSEAL, &context, make(&message)), all[i].unseal);
    }
}

static void other_qualities_of_protection_are_refused(void **unused)
{
    static const ULONG others[] = {SECQOP_WRAP_OOB_DATA, 1, 0x80000000, 0xFFFFFFFF};
    struct message message;
    ULONG qop = 7;

    (void)unused;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(EncryptMessage(&context, others[i], make(&message), 0),
                         SEC_E_QOP_NOT_SUPPORTED);
        assert_int_equal(MakeSignature(&context, others[i], make(&message), 0),
                         SEC_E_QOP_NOT_SUPPORTED);
    }
    assert_int_equal(MakeSignature(&context, SECQOP_WRAP_NO_ENCRYPT, make(&message), 0),
                     SEC_E_QOP_NOT_SUPPORTED);
    assert_int_equal(DecryptMessage(&context, make(&message), 0, &qop), SEC_E_OK);
    assert_int_equal(qop, 0);
    make(&message);
    message.token[0] = 'x';
    assert_int_equal(DecryptMessage(&context, &message.desc, 0, &qop), SEC_E_OK);
    assert_int_equal(qop, SECQOP_WRAP_NO_ENCRYPT);
    assert_int_equal(DecryptMessage(&context, make(&message), 0, NULL), SEC_E_OK);
    assert_int_equal(VerifySignature(&context, make(&message), 0, NULL), SEC_E_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(only_established_contexts_have_messages),
        TEST(a_package_without_messages_says_so),
        TEST(descriptors_that_break_the_rules_are_refused),
        TEST(token_and_data_are_needed_and_others_refused),
        TEST(output_memory_must_not_be_read_only),
        TEST(flags_say_what_is_sealed),
        TEST(sizes_are_limited),
        TEST(flags_of_the_context_say_what_can_be_done),
        TEST(other_qualities_of_protection_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
