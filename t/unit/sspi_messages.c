/* SPDX-License-Identifier: Apache-2.0 */
/* The message calls over a package that writes down what it is given: buffers, flags, statuses. */
#include <stdio.h>

struct sspi_package_messages;
extern const struct sspi_package_messages fake_messages;

#define FAKE_MESSAGES (&fake_messages)
#include "sspi_fake.h"

#define TOKEN_LEN   4
#define PADDING_LEN 2

/* What the package saw last: parts as "len" or "(len)" for one in clear. */
static char seen[256];
static bool saw_encrypt;
static SECURITY_STATUS next_status; /* of the next call, if it is not SEC_E_OK */

static void look(const struct sspi_message *message)
{
    size_t n = 0;
    seen[0] = '\0';
    for (size_t i = 0; i < message->n_parts && n < sizeof seen - 16; i++)
        n += (size_t)snprintf(seen + n, sizeof seen - n,
                              message->parts[i].sealed ? "%zu " : "(%zu) ", message->parts[i].len);
}

static bool take_room(struct sspi_message_room *room, size_t len)
{
    room->len = len;
    if (room->room < len)
        return false;
    memset(room->data, '*', len);
    return true;
}

static SECURITY_STATUS fake_sign(void *context, struct sspi_message *message)
{
    (void)context;
    look(message);
    if (!take_room(&message->token, TOKEN_LEN))
        return SEC_E_BUFFER_TOO_SMALL;
    return next_status;
}

static SECURITY_STATUS fake_verify(void *context, const struct sspi_message *message)
{
    (void)context;
    look(message);
    return next_status;
}

/* "Encrypts" into upper case. */
static SECURITY_STATUS fake_seal(void *context, bool encrypt, struct sspi_message *message)
{
    (void)context;
    look(message);
    saw_encrypt = encrypt;
    bool fits = take_room(&message->token, TOKEN_LEN);
    if (!take_room(&message->padding, PADDING_LEN) || !fits)
        return SEC_E_BUFFER_TOO_SMALL;
    for (size_t i = 0; encrypt && i < message->n_parts; i++) {
        for (size_t j = 0; message->parts[i].sealed && j < message->parts[i].len; j++)
            message->parts[i].data[j] ^= 0x20;
    }
    return next_status;
}

/* Decrypts all behind the token whatever comes of it, as a real one does. */
static SECURITY_STATUS fake_unseal(void *context, const struct sspi_message *message,
                                   struct sspi_view *ret_plain, bool *ret_encrypted)
{
    (void)context;
    look(message);
    if (message->whole_len < TOKEN_LEN)
        return SEC_E_INCOMPLETE_MESSAGE;
    size_t padding = message->n_parts > 0 ? message->padding.len : PADDING_LEN;
    for (size_t i = TOKEN_LEN; i < message->whole_len - padding; i++)
        message->whole[i] ^= 0x20;
    *ret_plain =
        (struct sspi_view){message->whole + TOKEN_LEN, message->whole_len - TOKEN_LEN - padding};
    *ret_encrypted = message->whole[0] == '*';
    return next_status;
}

static SECURITY_STATUS fake_sizes(void *context, SecPkgContext_Sizes *ret_sizes)
{
    (void)context;
    *ret_sizes = (SecPkgContext_Sizes){100, TOKEN_LEN, PADDING_LEN, TOKEN_LEN};
    return next_status;
}

static SECURITY_STATUS fake_session_key(void *context, struct bytes *ret_key)
{
    (void)context;
    bytes_append_text(ret_key, "a key");
    return next_status;
}

const struct sspi_package_messages fake_messages = {
    .sizes = fake_sizes,
    .sign = fake_sign,
    .verify = fake_verify,
    .seal = fake_seal,
    .unseal = fake_unseal,
    .session_key = fake_session_key,
};

static CredHandle credential;
static CtxtHandle context;

#define EVERYTHING (ASC_RET_INTEGRITY | ASC_RET_CONFIDENTIALITY)

static void establish(ULONG attributes)
{
    fake_attributes = attributes;
    assert_int_equal(fake_say(&credential, NULL, "ok", &context), SEC_E_OK);
    fake_attributes = ASC_RET_MUTUAL_AUTH;
}

static int begin(void **unused)
{
    (void)unused;
    next_status = SEC_E_OK;
    credential = fake_credential("Kerberos");
    establish(EVERYTHING);
    return 0;
}

static int end(void **unused)
{
    (void)unused;
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
    fake_all_gone();
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

/* ---- the four calls by number ---- */

enum { SIGN, VERIFY, SEAL, UNSEAL, N_CALLS };

static SECURITY_STATUS call(int which, CtxtHandle *handle, SecBufferDesc *desc)
{
    ULONG qop = 7;
    SECURITY_STATUS status;

    switch (which) {
    case SIGN:
        return MakeSignature(handle, 0, desc, 12345);
    case VERIFY:
        status = VerifySignature(handle, desc, 12345, &qop);
        break;
    case SEAL:
        return EncryptMessage(handle, 0, desc, 12345);
    default:
        status = DecryptMessage(handle, desc, 12345, &qop);
        break;
    }
    assert_int_equal(qop == 7, status != SEC_E_OK);
    return status;
}

/* Token, data "text", padding; in memory of its own for each call. */
struct message {
    char token[8], data[8], padding[8];
    SecBuffer buffers[3];
    SecBufferDesc desc;
};

static SecBufferDesc *make(struct message *to)
{
    *to = (struct message){.token = "****", .data = "text", .desc = {SECBUFFER_VERSION, 3, NULL}};
    to->buffers[0] = (SecBuffer){TOKEN_LEN, SECBUFFER_TOKEN, to->token};
    to->buffers[1] = (SecBuffer){4, SECBUFFER_DATA, to->data};
    to->buffers[2] = (SecBuffer){PADDING_LEN, SECBUFFER_PADDING, to->padding};
    to->desc.pBuffers = to->buffers;
    return &to->desc;
}

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
    const struct sspi_package without = {.about = kerberos_package.about};

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

static SECURITY_STATUS call_with(int which, const SecBuffer *buffers, ULONG n)
{
    SecBuffer copy[40];
    SecBufferDesc desc = {SECBUFFER_VERSION, n, copy};
    memcpy(copy, buffers, n * sizeof copy[0]);
    return call(which, &context, &desc);
}

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

static void what_is_written_is_not_read_only(void **unused)
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
    char *large = calloc(1, SSPI_MESSAGE_LIMIT + SSPI_TOKEN_LIMIT + 1);
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
                                     {SSPI_MESSAGE_LIMIT - 4, SECBUFFER_DATA, large},
                                     {4 + over, SECBUFFER_DATA | 0x10000000, large}};
            assert_int_equal(call_with(which, two, 4), wanted);
        }
    }
    for (ULONG over = 0; over < 2; over++) {
        const SecBuffer tokens[] = {{SSPI_TOKEN_LIMIT + over, SECBUFFER_TOKEN, large}, many[2]};
        const SecBuffer paddings[] = {many[0], many[2], {64 + over, SECBUFFER_PADDING, large}};
        const SecBuffer streams[] = {
            {SSPI_MESSAGE_LIMIT + SSPI_TOKEN_LIMIT + over, SECBUFFER_STREAM, large}, many[2]};
        SECURITY_STATUS wanted = over ? SEC_E_INVALID_TOKEN : SEC_E_OK;
        assert_int_equal(call_with(VERIFY, tokens, 2), wanted);
        assert_int_equal(call_with(SIGN, tokens, 2), SEC_E_OK); /* room, as much as one likes */
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

/* ---- results ---- */

static void lengths_are_told(void **unused)
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
    make(&message)->cBuffers = 2; /* without a padding that is needed */
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
    /* The token holds some of the message: the plaintext is shorter by as much, or does not fit. */
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
        TEST(only_established_contexts_have_messages),
        TEST(a_package_without_messages_says_so),
        TEST(descriptors_that_break_the_rules_are_refused),
        TEST(token_and_data_are_needed_and_others_refused),
        TEST(what_is_written_is_not_read_only),
        TEST(flags_say_what_is_sealed),
        TEST(sizes_are_limited),
        TEST(flags_of_the_context_say_what_can_be_done),
        TEST(other_qualities_of_protection_are_refused),
        TEST(lengths_are_told),
        TEST(plaintext_fills_the_data_buffers),
        TEST(a_stream_is_decrypted_in_its_place),
        TEST(a_stream_stands_alone_with_one_data_buffer),
        TEST(a_refusal_leaves_no_plaintext),
        TEST(attributes_are_what_the_package_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
