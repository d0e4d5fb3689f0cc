/* SPDX-License-Identifier: Apache-2.0 */
/* The page SaslAcceptSecurityContext, "Remarks": the cookies, and the message traffic that follows.
 */
#include "msdocs_sasl.h"

#define NONE            1
#define INTEGRITY       2
#define CONFIDENTIALITY 4

/* "The initial server cookie indicates if INTEGRITY and PRIVACY are supported." */
void the_initial_server_cookie_indicates_integrity_and_privacy(void **unused)
{
    static const struct {
        ULONG flags;
        uint8_t layers;
    } rows[] = {
        {0, NONE},
        {ASC_REQ_INTEGRITY, NONE | INTEGRITY},
        {ASC_REQ_REPLAY_DETECT, NONE | INTEGRITY},
        {ASC_REQ_SEQUENCE_DETECT, NONE | INTEGRITY},
        {ASC_REQ_CONFIDENTIALITY, NONE | CONFIDENTIALITY},
        {ASC_REQ_CONFIDENTIALITY | ASC_REQ_INTEGRITY, NONE | INTEGRITY | CONFIDENTIALITY},
    };
    struct exchange e;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        exchange_open(&e, CLIENT_FLAGS, rows[i].flags);
        exchange_to_cookie(&e);
        assert_int_equal(e.layers, rows[i].layers);
        /* RFC 4752 3.2: 0 "if the server does not support any security layer" */
        assert_int_equal(e.size, rows[i].layers == NONE ? 0 : 0xFFFF);
        exchange_close(&e);
    }
}

/* "the client returns a client cookie to indicate which services the client requests. The client
 * cookie is then decrypted by the server and the final services are determined for the following
 * message traffic." */
void the_final_services_are_what_the_client_requests(void **unused)
{
    static const struct {
        uint8_t layer;
        ULONG attributes;
    } rows[] = {
        {NONE, 0},
        {INTEGRITY, ASC_RET_INTEGRITY},
        {CONFIDENTIALITY, ASC_RET_INTEGRITY | ASC_RET_CONFIDENTIALITY},
    };
    SecPkgContext_Flags flags;
    SecPkgContext_Sizes sizes;
    struct exchange e;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        exchange_complete(&e, rows[i].layer, rows[i].layer == NONE ? 0 : 0x10000);
        const ULONG both = ASC_RET_INTEGRITY | ASC_RET_CONFIDENTIALITY;
        assert_int_equal(e.call.attributes & both, rows[i].attributes);
        assert_int_equal(QueryContextAttributes(&e.context, SECPKG_ATTR_FLAGS, &flags), SEC_E_OK);
        assert_int_equal(flags.Flags & both, rows[i].attributes);
        assert_int_equal(QueryContextAttributes(&e.context, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK);
        assert_int_equal(sizes.cbMaxSignature > 0, rows[i].layer != NONE);
        assert_int_equal(sizes.cbSecurityTrailer > 0, rows[i].layer != NONE);
        exchange_close(&e);
    }
}

void a_layer_that_was_not_offered_is_refused(void **unused)
{
    struct exchange e;

    exchange_open(&e, CLIENT_FLAGS, ASC_REQ_INTEGRITY);
    exchange_to_cookie(&e);
    MSDOCS_CHECK(&e.call, exchange_answer(&e, "\x04\0\xff\xff", 4), SEC_E_QOP_NOT_SUPPORTED);
    MSDOCS_CHECK(&e.call, exchange_answer(&e, "\x02\0\xff\xff", 4), SEC_E_INVALID_HANDLE);
    exchange_close(&e);
    exchange_open(&e, CLIENT_FLAGS, 0);
    exchange_to_cookie(&e);
    MSDOCS_CHECK(&e.call, exchange_answer(&e, "\x02\0\xff\xff", 4), SEC_E_QOP_NOT_SUPPORTED);
    exchange_close(&e);
}

/* RFC 4121 4.2.5: the checksum does not cover the count of rotated octets. A count that is greater
 * by 256 has the same effect if 16 octets are rotated. */
#define ROTATION_HIGH 6

/* "the message failed to decrypt": the test changes each octet once, and truncates the message at
 * each length. */
void a_cookie_that_fails_to_decrypt_is_an_invalid_token(void **unused)
{
    BYTES_CLEANUP struct bytes token = {0};
    struct exchange e;

    exchange_open(&e, CLIENT_FLAGS, SERVER_FLAGS);
    exchange_to_cookie(&e);
    exchange_wrap(&e, false, SSPI_VIEW("\x01\0\0\0"), &token);
    const size_t len = token.len;
    exchange_close(&e);
    for (size_t i = 0; i < 2 * len; i++) {
        if (i == ROTATION_HIGH)
            continue;
        exchange_open(&e, CLIENT_FLAGS, SERVER_FLAGS);
        exchange_to_cookie(&e);
        exchange_wrap(&e, false, SSPI_VIEW("\x01\0\0\0"), &token);
        assert_int_equal(token.len, len);
        if (i < len)
            token.data[i] ^= 1;
        MSDOCS_CHECK(&e.call, exchange_say(&e, token.data, i < len ? len : i - len),
                     SEC_E_INVALID_TOKEN);
        assert_int_equal(e.call.error_info.reason, SSPI_REASON_ALTERED);
        exchange_close(&e);
    }
}

/* The client sealed these cookies, but RFC 4752 3.1 does not allow them. */
void a_cookie_that_breaks_its_rules_is_an_invalid_token(void **unused)
{
    static const struct sspi_view cookies[] = {
        {"", 0},
        {"\x01\0\0", 3},
        {"\0\0\0\0", 4},
        {"\x03\0\0\0", 4},
        {"\x07\0\xff\xff", 4},
        {"\x08\0\xff\xff", 4},
        {"\x01\0\0\0\xff", 5},
        {"\x01\0\0\0a\0b", 7},
    };
    struct exchange e;

    for (size_t i = 0; i < sizeof cookies / sizeof cookies[0]; i++) {
        exchange_open(&e, CLIENT_FLAGS, SERVER_FLAGS);
        exchange_to_cookie(&e);
        MSDOCS_CHECK(&e.call, exchange_answer(&e, cookies[i].data, cookies[i].len),
                     SEC_E_INVALID_TOKEN);
        assert_int_equal(e.call.error_info.reason, SSPI_REASON_MALFORMED);
        exchange_close(&e);
    }
}

/* EncryptMessage of `len` octets; *ret_token is what is sent. */
static SECURITY_STATUS seal(struct exchange *e, ULONG qop, size_t len, struct bytes *ret_token)
{
    char head[256], tail[256];
    char *text = calloc(1, len + 1);
    SecBuffer buffers[] = {{sizeof head, SECBUFFER_TOKEN, head},
                           {(ULONG)len, SECBUFFER_DATA, text},
                           {sizeof tail, SECBUFFER_PADDING, tail}};
    SecBufferDesc message = {SECBUFFER_VERSION, 3, buffers};

    SECURITY_STATUS status = EncryptMessage(&e->context, qop, &message, 0);
    bytes_free(ret_token);
    for (size_t i = 0; i < 3 && status == SEC_E_OK; i++)
        bytes_append(ret_token, buffers[i].pvBuffer, buffers[i].cbBuffer);
    free(text);
    return status;
}

static SECURITY_STATUS unseal(struct exchange *e, const struct bytes *token, ULONG *ret_qop)
{
    char *copy = malloc(token->len + 1);
    SecBuffer buffers[] = {{(ULONG)token->len, SECBUFFER_STREAM, copy}, {0, SECBUFFER_DATA, NULL}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};

    memcpy(copy, token->data, token->len);
    SECURITY_STATUS status = DecryptMessage(&e->context, &message, 0, ret_qop);
    free(copy);
    return status;
}

static ULONG option(struct exchange *e, ULONG which)
{
    ULONG value;

    assert_int_equal(SaslGetContextOption(&e->context, which, &value, sizeof value, NULL),
                     SEC_E_OK);
    return value;
}

static void set_option(struct exchange *e, ULONG which, ULONG value, SECURITY_STATUS wanted)
{
    assert_int_equal(SaslSetContextOption(&e->context, which, &value, sizeof value), wanted);
}

/* SASL_OPTION_SEND_SIZE, SASL_OPTION_RECV_SIZE: at the limit, and one octet beyond it. */
void messages_keep_to_the_sizes(void **unused)
{
    BYTES_CLEANUP struct bytes token = {0}, text = {0};
    const uint32_t client_takes = 1000, server_takes = 500;
    SecPkgContext_StreamSizes streams;
    struct exchange e;
    ULONG qop;

    exchange_open(&e, CLIENT_FLAGS, SERVER_FLAGS);
    MSDOCS_CHECK(&e.call, exchange_say(&e, "", 0), SEC_I_CONTINUE_NEEDED);
    set_option(&e, SASL_OPTION_RECV_SIZE, server_takes, SEC_E_OK);
    exchange_to_cookie(&e);
    assert_int_equal(e.size, server_takes);
    MSDOCS_CHECK(&e.call, exchange_answer(&e, "\x04\0\x03\xe8", 4), SEC_E_OK);

    const ULONG send_size = option(&e, SASL_OPTION_SEND_SIZE);
    assert_true(send_size > client_takes / 2 && send_size < client_takes);
    assert_int_equal(seal(&e, 0, send_size, &token), SEC_E_OK);
    assert_true(token.len <= client_takes);
    assert_int_equal(seal(&e, 0, send_size + 1, &token), SEC_E_INVALID_TOKEN);
    assert_int_equal(QueryContextAttributes(&e.context, SECPKG_ATTR_STREAM_SIZES, &streams),
                     SEC_E_OK);
    assert_int_equal(streams.cbMaximumMessage, send_size);

    /* The client's library adds the same number of octets to every message. */
    exchange_wrap(&e, true, SSPI_VIEW(""), &token);
    const size_t added = token.len;
    assert_int_equal(unseal(&e, &token, &qop), SEC_E_OK);
    for (size_t i = 0; i < server_takes + 1 - added; i++)
        bytes_append_char(&text, 'x');
    exchange_wrap(&e, true, (struct sspi_view){text.data, text.len - 1}, &token);
    assert_int_equal(token.len, server_takes);
    assert_int_equal(unseal(&e, &token, &qop), SEC_E_OK);
    exchange_wrap(&e, true, bytes_as_view(&text), &token);
    assert_int_equal(unseal(&e, &token, &qop), SEC_E_INVALID_TOKEN);
    exchange_close(&e);
}

/* The client checks a signature of MakeSignature, and VerifySignature checks the client's. */
static void sign_both_ways(struct exchange *e, SECURITY_STATUS wanted)
{
    char signature[256], text[] = "signed";
    SecBuffer buffers[] = {{sizeof signature, SECBUFFER_TOKEN, signature},
                           {sizeof text - 1, SECBUFFER_DATA, text}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
    gss_buffer_desc octets = {sizeof text - 1, text}, mic = {0, signature};
    OM_uint32 minor;

    assert_int_equal(MakeSignature(&e->context, 0, &message, 0), wanted);
    mic.length = buffers[0].cbBuffer;
    if (wanted == SEC_E_OK)
        assert_int_equal(gss_verify_mic(&minor, e->client.gss, &octets, &mic, NULL), 0);
    mic = (gss_buffer_desc)GSS_C_EMPTY_BUFFER;
    assert_int_equal(gss_get_mic(&minor, e->client.gss, 0, &octets, &mic), 0);
    buffers[0] = (SecBuffer){(ULONG)mic.length, SECBUFFER_TOKEN, mic.value};
    assert_int_equal(VerifySignature(&e->context, &message, 0, NULL), wanted);
    gss_release_buffer(&minor, &mic);
}

/* "the final services are determined for the following message traffic" */
void messages_keep_to_the_layer(void **unused)
{
    static const struct {
        uint8_t layer;
        SECURITY_STATUS signed_alone, encrypted; /* results of the server's messages */
        SECURITY_STATUS from_signed, from_encrypted;
    } rows[] = {
        {NONE, SEC_E_QOP_NOT_SUPPORTED, SEC_E_QOP_NOT_SUPPORTED, SEC_E_QOP_NOT_SUPPORTED,
         SEC_E_QOP_NOT_SUPPORTED},
        {INTEGRITY, SEC_E_OK, SEC_E_QOP_NOT_SUPPORTED, SEC_E_OK, SEC_E_OK},
        {CONFIDENTIALITY, SEC_E_QOP_NOT_SUPPORTED, SEC_E_OK, SEC_E_QOP_NOT_SUPPORTED, SEC_E_OK},
    };
    BYTES_CLEANUP struct bytes token = {0}, plain = {0};
    struct exchange e;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool encrypted = false;
        ULONG qop = 1;
        exchange_complete(&e, rows[i].layer, rows[i].layer == NONE ? 0 : 0xFFFF);
        assert_int_equal(seal(&e, SECQOP_WRAP_NO_ENCRYPT, 10, &token), rows[i].signed_alone);
        if (rows[i].signed_alone == SEC_E_OK)
            assert_true(exchange_unwrap(&e, bytes_as_view(&token), &plain, &encrypted));
        assert_int_equal(seal(&e, 0, 10, &token), rows[i].encrypted);
        if (rows[i].encrypted == SEC_E_OK)
            assert_true(exchange_unwrap(&e, bytes_as_view(&token), &plain, &encrypted));
        exchange_wrap(&e, false, SSPI_VIEW("hello"), &token);
        assert_int_equal(unseal(&e, &token, &qop), rows[i].from_signed);
        exchange_wrap(&e, true, SSPI_VIEW("hello"), &token);
        assert_int_equal(unseal(&e, &token, &qop), rows[i].from_encrypted);
        sign_both_ways(&e, rows[i].layer == NONE ? SEC_E_QOP_NOT_SUPPORTED : SEC_E_OK);
        exchange_close(&e);
    }
}

/* The pages of SaslSetContextOption and SaslGetContextOption. */
void sizes_are_options(void **unused)
{
    ULONG value = 10, needed = 0;
    struct exchange e;

    exchange_open(&e, CLIENT_FLAGS, SERVER_FLAGS);
    MSDOCS_CHECK(&e.call, exchange_say(&e, "", 0), SEC_I_CONTINUE_NEEDED);
    /* "The default value is 0x0FFFF bytes." */
    assert_int_equal(option(&e, SASL_OPTION_SEND_SIZE), 0xFFFF);
    assert_int_equal(option(&e, SASL_OPTION_RECV_SIZE), 0xFFFF);
    set_option(&e, SASL_OPTION_RECV_SIZE, 0xFFFFFF, SEC_E_OK);
    set_option(&e, SASL_OPTION_RECV_SIZE, 0x1000000, SEC_E_INVALID_PARAMETER);
    set_option(&e, SASL_OPTION_AUTHZ_PROCESSING, 2, SEC_E_INVALID_PARAMETER);
    set_option(&e, SASL_OPTION_AUTHZ_STRING, 0, SEC_E_UNSUPPORTED_FUNCTION);
    set_option(&e, 99, 0, SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(SaslSetContextOption(&e.context, SASL_OPTION_SEND_SIZE, &value, 3),
                     SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(SaslSetContextOption(&e.context, SASL_OPTION_SEND_SIZE, NULL, 4),
                     SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(SaslGetContextOption(&e.context, SASL_OPTION_SEND_SIZE, &value, 3, &needed),
                     SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(needed, 4);
    assert_int_equal(SaslGetContextOption(&e.context, 99, &value, 4, NULL),
                     SEC_E_UNSUPPORTED_FUNCTION);
    exchange_to_cookie(&e);
    assert_int_equal(e.size, 0xFFFFFF);
    /* The client knows the size already. */
    set_option(&e, SASL_OPTION_RECV_SIZE, 0xFFFF, SEC_E_UNSUPPORTED_FUNCTION);
    MSDOCS_CHECK(&e.call, exchange_answer(&e, "\x02\xff\xff\xff", 4), SEC_E_OK);
    /* The smaller one of the server's and the client's sizes. */
    assert_int_equal(option(&e, SASL_OPTION_SEND_SIZE), 0xFFFF);
    set_option(&e, SASL_OPTION_SEND_SIZE, 0x7FFFFFFF, SEC_E_OK);
    assert_true(option(&e, SASL_OPTION_SEND_SIZE) > 0xFFF000 &&
                option(&e, SASL_OPTION_SEND_SIZE) < 0xFFFFFF);
    set_option(&e, SASL_OPTION_SEND_SIZE, 100, SEC_E_OK);
    assert_int_equal(option(&e, SASL_OPTION_SEND_SIZE), 100);
    set_option(&e, SASL_OPTION_AUTHZ_PROCESSING, Sasl_AuthZIDForbidden, SEC_E_UNSUPPORTED_FUNCTION);
    exchange_close(&e);
}
