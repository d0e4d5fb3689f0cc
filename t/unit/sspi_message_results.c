/* SPDX-License-Identifier: Apache-2.0 */
/* How the message calls return a package's answer: lengths, plaintext, refusals, attributes. */
#include "sspi_message_fake.h"

/* ---- results ---- */

static void lengths_are_reported(void **unused)
{
    struct message message;

    (void)unused;
    make(&message);
    message.buffers[0].cbBuffer = message.buffers[2].cbBuffer = 8;
    assert_int_equal(call(SEAL, &context, &message.desc), SEC_E_OK);
    assert_true(saw_encrypt);
    assert_int_equal(message.buffers[0].cbBuffer, TOKEN_LEN);
    assert_int_equal(message.buffers[1].cbBuffer, 4);
    assert_int_equal(message.buffers[2].cbBuffer, PADDING_LEN);
    make(&message);
    message.buffers[0].cbBuffer = 8;
    assert_int_equal(call(SIGN, &context, &message.desc), SEC_E_OK);
    assert_int_equal(message.buffers[0].cbBuffer, TOKEN_LEN);
    assert_int_equal(message.buffers[2].cbBuffer, 0);
    make(&message);
    message.buffers[0].cbBuffer = 3;
    message.buffers[2].cbBuffer = 0;
    assert_int_equal(call(SEAL, &context, &message.desc), SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(message.buffers[0].cbBuffer, TOKEN_LEN);
    assert_int_equal(message.buffers[2].cbBuffer, PADDING_LEN);
    make(&message)->cBuffers = 2; /* without the padding buffer, which is needed */
    assert_int_equal(call(SEAL, &context, &message.desc), SEC_E_BUFFER_TOO_SMALL);
    make(&message);
    message.buffers[0].pvBuffer = NULL;
    message.buffers[0].cbBuffer = 0;
    assert_int_equal(call(SIGN, &context, &message.desc), SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(message.buffers[0].cbBuffer, TOKEN_LEN);
}

static void plaintext_fills_the_data_buffers(void **unused)
{
    char token[] = "****", first[] = "AB", clear[] = "in clear", second[] = "CDE", none[] = "";
    SecBuffer buffers[] = {{2, SECBUFFER_DATA, first},
                           {8, SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, clear},
                           {TOKEN_LEN, SECBUFFER_TOKEN, token},
                           {3, SECBUFFER_DATA, second},
                           {0, SECBUFFER_PADDING, none}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 5, buffers};
    char whole[] = "****AB";
    SecBuffer short_token[] = {{6, SECBUFFER_TOKEN, whole}, {0, SECBUFFER_DATA, none}};
    SecBufferDesc short_desc = {SECBUFFER_VERSION, 2, short_token};

    (void)unused;
    assert_int_equal(call(UNSEAL, &context, &desc), SEC_E_OK);
    assert_string_equal(first, "ab");
    assert_string_equal(second, "cde");
    assert_string_equal(clear, "in clear");
    assert_int_equal(buffers[0].cbBuffer, 2);
    assert_int_equal(buffers[3].cbBuffer, 3);
    /* The token buffer contains a part of the message, so the data buffers receive less plaintext.
     * The second call fails because the plaintext does not fit. */
    buffers[2] = (SecBuffer){3, SECBUFFER_TOKEN, token};
    memcpy(first, "*A", 2);
    memcpy(second, "BCD", 3);
    assert_int_equal(call(UNSEAL, &context, &desc), SEC_E_OK);
    assert_memory_equal(first, "ab", 2);
    assert_memory_equal(second, "cd", 2);
    assert_int_equal(buffers[3].cbBuffer, 2);
    assert_int_equal(call(UNSEAL, &context, &short_desc), SEC_E_INVALID_TOKEN);
    assert_string_equal(whole, "****AB");
}

static void a_stream_is_decrypted_in_its_place(void **unused)
{
    char stream[] = "****PLAIN??", other[16] = "own memory";
    SecBuffer buffers[] = {{4, SECBUFFER_DATA, other}, {11, SECBUFFER_STREAM, stream}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};

    (void)unused;
    assert_int_equal(call(UNSEAL, &context, &desc), SEC_E_OK);
    assert_ptr_equal(buffers[0].pvBuffer, stream + TOKEN_LEN);
    assert_int_equal(buffers[0].cbBuffer, 5);
    assert_string_equal(stream, "****plain??");
    assert_string_equal(other, "own memory");
    for (int which = 0; which < UNSEAL; which++)
        assert_int_equal(call(which, &context, &desc), SEC_E_INVALID_TOKEN);
    buffers[1] = (SecBuffer){0, SECBUFFER_STREAM, NULL};
    buffers[0] = (SecBuffer){4, SECBUFFER_DATA, other};
    assert_int_equal(call(UNSEAL, &context, &desc), SEC_E_INCOMPLETE_MESSAGE);
}

static void a_stream_stands_alone_with_one_data_buffer(void **unused)
{
    char stream[] = "****PLAIN??", room[8];
    const SecBuffer whole = {11, SECBUFFER_STREAM, stream}, data = {0, SECBUFFER_DATA, NULL};
    const SecBuffer all[][3] = {
        {whole, data, {4, SECBUFFER_TOKEN, room}},
        {whole, data, {4, SECBUFFER_PADDING, room}},
        {whole, data, data},
        {whole, data, whole},
        {whole, {8, SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, room}, {0, 0, NULL}},
        {whole, {8, SECBUFFER_DATA | SECBUFFER_READONLY, room}, {0, 0, NULL}},
        {whole, {0, 0, NULL}, {0, 0, NULL}},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        assert_int_equal(call_with(UNSEAL, all[i], 3), SEC_E_INVALID_TOKEN);
    assert_string_equal(stream, "****PLAIN??");
}

static void a_refusal_leaves_no_plaintext(void **unused)
{
    static const SECURITY_STATUS refusals[] = {SEC_E_MESSAGE_ALTERED, SEC_E_OUT_OF_SEQUENCE,
                                               SEC_E_CONTEXT_EXPIRED, SEC_I_CONTINUE_NEEDED};
    char stream[] = "****PLAIN??";
    SecBuffer buffers[] = {{11, SECBUFFER_STREAM, stream}, {0, SECBUFFER_DATA, NULL}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};

    (void)unused;
    for (size_t i = 0; i < 4; i++) {
        struct message message;
        SECURITY_STATUS wanted = refusals[i] < 0 ? refusals[i] : SEC_E_INTERNAL_ERROR;
        next_status = refusals[i];
        assert_int_equal(call(UNSEAL, &context, make(&message)), wanted);
        assert_string_equal(message.data, "text");
        assert_int_equal(message.buffers[1].cbBuffer, 4);
        assert_int_equal(call(UNSEAL, &context, &desc), wanted);
        assert_string_equal(stream, "****PLAIN??");
        assert_null(buffers[1].pvBuffer);
        assert_int_equal(call(VERIFY, &context, make(&message)), wanted);
        assert_int_equal(call(SIGN, &context, make(&message)), wanted);
        assert_int_equal(call(SEAL, &context, make(&message)), wanted);
    }
}

/* ---- attributes ---- */

static void attributes_are_what_the_package_says(void **unused)
{
    SecPkgContext_Sizes sizes;
    SecPkgContext_SessionKey key;
    struct message message;

    (void)unused;
    assert_int_equal(QueryContextAttributesA(&context, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK);
    assert_int_equal(sizes.cbMaxToken, 100);
    assert_int_equal(sizes.cbMaxSignature, TOKEN_LEN);
    assert_int_equal(sizes.cbBlockSize, PADDING_LEN);
    assert_int_equal(QueryContextAttributesW(&context, SECPKG_ATTR_SESSION_KEY, &key), SEC_E_OK);
    assert_int_equal(key.SessionKeyLength, 5);
    assert_memory_equal(key.SessionKey, "a key", 5);
    FreeContextBuffer(key.SessionKey);
    assert_int_equal(QueryContextAttributesA(&context, SECPKG_ATTR_STREAM_SIZES, &message),
                     SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(QueryContextAttributesA(&context, SECPKG_ATTR_KEY_INFO, &message),
                     SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(QueryContextAttributesA(&context, SECPKG_ATTR_SIZES, NULL),
                     SEC_E_INVALID_PARAMETER);
    next_status = SEC_E_INSUFFICIENT_MEMORY;
    assert_int_equal(QueryContextAttributesA(&context, SECPKG_ATTR_SESSION_KEY, &key),
                     SEC_E_INSUFFICIENT_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lengths_are_reported),
        TEST(plaintext_fills_the_data_buffers),
        TEST(a_stream_is_decrypted_in_its_place),
        TEST(a_stream_stands_alone_with_one_data_buffer),
        TEST(a_refusal_leaves_no_plaintext),
        TEST(attributes_are_what_the_package_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
