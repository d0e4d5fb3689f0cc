/* SPDX-License-Identifier: Apache-2.0 */
/* A package that records each message as text, for the tests of the message calls. */
#ifndef SSPI_MESSAGE_FAKE_H
#define SSPI_MESSAGE_FAKE_H

#include <stdio.h>

struct package_messages;
extern const struct package_messages fake_messages;

#define FAKE_MESSAGES (&fake_messages)
#include "sspi_fake.h"

#define TOKEN_LEN   4
#define PADDING_LEN 2

/* The last message of the package: its parts, each as "len", or "(len)" if it is in clear. */
static char seen[256];
static bool saw_encrypt;
static SECURITY_STATUS next_status; /* of the next call, if it is not SEC_E_OK */

static void inspect(const struct package_message *message)
{
    size_t n = 0;
    seen[0] = '\0';
    for (size_t i = 0; i < message->n_parts && n < sizeof seen - 16; i++)
        n += (size_t)snprintf(seen + n, sizeof seen - n,
                              message->parts[i].sealed ? "%zu " : "(%zu) ", message->parts[i].len);
}

static bool take_room(struct package_message_room *room, size_t len)
{
    room->len = len;
    if (room->room < len)
        return false;
    memset(room->data, '*', len);
    return true;
}

static SECURITY_STATUS fake_sign(void *context, struct package_message *message)
{
    (void)context;
    inspect(message);
    if (!take_room(&message->token, TOKEN_LEN))
        return SEC_E_BUFFER_TOO_SMALL;
    return next_status;
}

static SECURITY_STATUS fake_verify(void *context, const struct package_message *message)
{
    (void)context;
    inspect(message);
    return next_status;
}

/* "Encrypts" into upper case. */
static SECURITY_STATUS fake_seal(void *context, bool encrypt, struct package_message *message)
{
    (void)context;
    inspect(message);
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

/* Decrypts all parts after the token before it checks them, as a real package does. */
static SECURITY_STATUS fake_unseal(void *context, const struct package_message *message,
                                   struct sspi_view *ret_plain, bool *ret_encrypted)
{
    (void)context;
    inspect(message);
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

const struct package_messages fake_messages = {
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

static inline SECURITY_STATUS call(int which, CtxtHandle *handle, SecBufferDesc *desc)
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

/* The buffers of one call: token, the data "text", padding. */
struct message {
    char token[8], data[8], padding[8];
    SecBuffer buffers[3];
    SecBufferDesc desc;
};

static inline SecBufferDesc *make(struct message *to)
{
    *to = (struct message){.token = "****", .data = "text", .desc = {SECBUFFER_VERSION, 3, NULL}};
    to->buffers[0] = (SecBuffer){TOKEN_LEN, SECBUFFER_TOKEN, to->token};
    to->buffers[1] = (SecBuffer){4, SECBUFFER_DATA, to->data};
    to->buffers[2] = (SecBuffer){PADDING_LEN, SECBUFFER_PADDING, to->padding};
    to->desc.pBuffers = to->buffers;
    return &to->desc;
}

/* A call with a descriptor of its own. */
static inline SECURITY_STATUS call_with(int which, const SecBuffer *buffers, ULONG n)
{
    SecBuffer copy[40];
    SecBufferDesc desc = {SECBUFFER_VERSION, n, copy};
    memcpy(copy, buffers, n * sizeof copy[0]);
    return call(which, &context, &desc);
}

#endif
