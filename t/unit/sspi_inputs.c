/* SPDX-License-Identifier: Apache-2.0 */
/* How AcceptSecurityContext reads the caller's input buffers. */
#include "secur_buffers.h"
#include "sspi_fake.h"

static CredHandle credential;
static CtxtHandle context;
static struct sspi_error_info error_info;
static char big[PACKAGE_TOKEN_LIMIT + 1];

static int acquire(void **unused)
{
    (void)unused;
    credential = fake_credential("WDigest");
    return 0;
}

static int release(void **unused)
{
    (void)unused;
    return fake_end(&credential);
}

/* A first call with these buffers; deletes its context. */
static SECURITY_STATUS give_flags(SecBuffer *buffers, ULONG n, ULONG flags)
{
    SecBufferDesc input = {SECBUFFER_VERSION, n, buffers};
    SecBuffer out[] = {{0, SECBUFFER_TOKEN, NULL},
                       {sizeof(error_info), SECBUFFER_SSPI_ERROR_INFO, &error_info}};
    SecBufferDesc output = {SECBUFFER_VERSION, 2, out};
    ULONG attributes = 0xdeadbeef;

    memset(&error_info, 0xff, sizeof(error_info));
    SECURITY_STATUS status =
        AcceptSecurityContext(&credential, NULL, &input, flags | ASC_REQ_ALLOCATE_MEMORY, 0,
                              &context, &output, &attributes, NULL);
    if (status >= 0) {
        assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
        assert_int_equal(error_info.reason, SSPI_REASON_NONE);
        assert_string_equal(error_info.text, "");
    } else {
        assert_false(SecIsValidHandle(&context));
        assert_int_not_equal(error_info.reason, SSPI_REASON_NONE);
        assert_int_not_equal(error_info.text[0], '\0');
    }
    assert_int_equal(attributes & ~(ULONG)ASC_RET_MUTUAL_AUTH,
                     out[0].pvBuffer != NULL ? ASC_RET_ALLOCATED_MEMORY : 0);
    FreeContextBuffer(out[0].pvBuffer);
    return status;
}

static SECURITY_STATUS give(SecBuffer *buffers, ULONG n)
{
    return give_flags(buffers, n, 0);
}

static void parameters_are_read_in_the_order_of_the_digest_page(void **unused)
{
    char token[] = "ok", method[] = "GET", uri[] = "/x", entity[] = "00ff";
    char realm[] = {'r', 0, '1', 0};
    SecBuffer in[] = {{2, SECBUFFER_TOKEN, token},
                      {3, SECBUFFER_PKG_PARAMS, method},
                      {2, SECBUFFER_PKG_PARAMS, uri},
                      {4, SECBUFFER_PKG_PARAMS, entity},
                      {4, SECBUFFER_PKG_PARAMS, realm}};

    (void)unused;
    assert_int_equal(give(in, 5), SEC_E_OK);
    assert_true(fake_seen.http);
    assert_string_equal(fake_seen.method, "GET");
    assert_string_equal(fake_seen.uri, "/x");
    assert_string_equal(fake_seen.entity_hash, "00ff");
    assert_string_equal(fake_seen.realm, "r1");
    /* A text that is not a hash becomes empty: the package refuses it only if it needs a hash. */
    memcpy(entity, "00fg", 4);
    assert_int_equal(give(in, 5), SEC_E_OK);
    assert_string_equal(fake_seen.entity_hash, "");
}

static void empty_parameters_are_absent_and_still_ask_for_the_http_form(void **unused)
{
    SecBuffer in[] = {{0, SECBUFFER_TOKEN, NULL},
                      {0, SECBUFFER_PKG_PARAMS, NULL},
                      {0, SECBUFFER_PKG_PARAMS, big},
                      {0, SECBUFFER_PKG_PARAMS, NULL},
                      {0, SECBUFFER_PKG_PARAMS, NULL}};

    (void)unused;
    assert_int_equal(give(in, 5), SEC_I_CONTINUE_NEEDED);
    assert_true(fake_seen.http);
    assert_string_equal(fake_seen.method, "(absent)");
    assert_string_equal(fake_seen.uri, "(absent)");
    assert_string_equal(fake_seen.entity_hash, "(absent)");
    assert_string_equal(fake_seen.realm, "(absent)");
    assert_int_equal(give(in, 1), SEC_I_CONTINUE_NEEDED);
    assert_false(fake_seen.http);
    assert_int_equal(give(NULL, 0), SEC_I_CONTINUE_NEEDED);
}

static void a_fifth_parameter_or_a_gap_between_parameters_is_refused(void **unused)
{
    SecBuffer in[6] = {{0, SECBUFFER_TOKEN, NULL}};

    (void)unused;
    for (size_t i = 1; i < 6; i++)
        in[i].BufferType = SECBUFFER_PKG_PARAMS;
    assert_int_equal(give(in, 6), SEC_E_INVALID_TOKEN);
    in[5].BufferType = SECBUFFER_EMPTY;
    assert_int_equal(give(in, 6), SEC_I_CONTINUE_NEEDED);
    in[2].BufferType = SECBUFFER_EMPTY;
    assert_int_equal(give(in, 6), SEC_E_INVALID_TOKEN);
}

static void a_realm_must_be_ascii_in_utf16(void **unused)
{
    static const struct {
        char octets[4];
        ULONG len;
    } wrong[] = {
        {{'a', 0, 'b'}, 3}, {{'a', 1}, 2}, {{0, 0}, 2}, {{'a', 0, 0, 0}, 4}, {{'\x80', 0}, 2}};
    SecBuffer in[4] = {{0}};

    (void)unused;
    for (size_t i = 0; i < 4; i++)
        in[i].BufferType = SECBUFFER_PKG_PARAMS;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char octets[4];
        memcpy(octets, wrong[i].octets, 4);
        in[3].cbBuffer = wrong[i].len;
        in[3].pvBuffer = octets;
        assert_int_equal(give(in, 4), SEC_E_INVALID_TOKEN);
    }
    memset(big, 0, sizeof(big));
    for (size_t i = 0; i < 2 * SECUR_REALM_LIMIT + 2; i += 2)
        big[i] = 'r';
    in[3].pvBuffer = big;
    in[3].cbBuffer = 2 * SECUR_REALM_LIMIT;
    assert_int_equal(give(in, 4), SEC_I_CONTINUE_NEEDED);
    in[3].cbBuffer += 2;
    assert_int_equal(give(in, 4), SEC_E_INVALID_TOKEN);
}

static void a_token_may_have_65536_bytes_and_not_one_more(void **unused)
{
    SecBuffer in = {PACKAGE_TOKEN_LIMIT, SECBUFFER_TOKEN, big};

    (void)unused;
    assert_int_equal(give(&in, 1), SEC_E_LOGON_DENIED);
    in.cbBuffer++;
    assert_int_equal(give(&in, 1), SEC_E_INVALID_TOKEN);
    assert_int_equal(error_info.reason, SSPI_REASON_TOO_LARGE);
    in.BufferType = SECBUFFER_PKG_PARAMS;
    assert_int_equal(give(&in, 1), SEC_E_INVALID_TOKEN);
    assert_int_equal(error_info.reason, SSPI_REASON_TOO_LARGE);
}

static void malformed_descriptors_are_refused(void **unused)
{
    char token[] = "ok";
    SecBuffer in[33] = {{2, SECBUFFER_TOKEN, token}, {2, SECBUFFER_TOKEN, token}};
    SecBufferDesc desc = {1, 1, in};
    SecBuffer none = {2, SECBUFFER_TOKEN, NULL};

    (void)unused;
    assert_int_equal(give(in, 1), SEC_E_OK);
    assert_int_equal(give(in, 2), SEC_E_INVALID_TOKEN); /* two tokens */
    in[1].BufferType = SECBUFFER_EMPTY;
    assert_int_equal(give(in, 32), SEC_E_OK);
    assert_int_equal(give(in, 33), SEC_E_INVALID_TOKEN);
    assert_int_equal(give(&none, 1), SEC_E_INVALID_TOKEN);
    assert_int_equal(give(NULL, 1), SEC_E_INVALID_TOKEN);
    in[1].BufferType = SECBUFFER_STREAM;
    assert_int_equal(give(in, 2), SEC_E_INVALID_TOKEN);
    assert_int_equal(
        AcceptSecurityContext(&credential, NULL, &desc, 0, 0, &context, NULL, NULL, NULL),
        SEC_E_INVALID_TOKEN);
}

static void flags_in_the_buffer_type_are_taken_off(void **unused)
{
    char token[] = "ok, quietly";
    SecBuffer in = {11, SECBUFFER_TOKEN | SECBUFFER_READONLY_WITH_CHECKSUM, token};

    (void)unused;
    assert_int_equal(give(&in, 1), SEC_E_OK);
}

/* ---- channel bindings ---- */

struct binding {
    SEC_CHANNEL_BINDINGS header;
    char data[8];
};

static struct binding good_binding(void)
{
    struct binding b = {.header = {.cbApplicationDataLength = 8, .dwApplicationDataOffset = 32}};
    memcpy(b.data, "tls-data", 8);
    return b;
}

static SECURITY_STATUS give_binding(struct binding *binding, ULONG size, ULONG flags)
{
    char token[] = "ok";
    char *odd = malloc(size + 1); /* not aligned, and of exactly that size */
    if (size > 0)
        memcpy(odd + 1, binding, size);
    SecBuffer in[] = {{2, SECBUFFER_TOKEN, token},
                      {size, SECBUFFER_CHANNEL_BINDINGS | SECBUFFER_READONLY, odd + 1}};
    SECURITY_STATUS status = give_flags(in, 2, flags);
    free(odd);
    return status;
}

static void a_channel_binding_reaches_the_package(void **unused)
{
    struct binding b = good_binding();

    (void)unused;
    assert_int_equal(give_binding(&b, sizeof(b), ASC_REQ_ALLOW_MISSING_BINDINGS), SEC_E_OK);
    assert_int_equal(fake_seen.n_bindings, 1);
    assert_string_equal(fake_seen.application, "tls-data");
    assert_true(fake_seen.requirements & ASC_REQ_ALLOW_MISSING_BINDINGS);
    b.header.cbApplicationDataLength = 0;
    b.header.dwApplicationDataOffset = 0;
    assert_int_equal(give_binding(&b, 32, 0), SEC_E_OK);
    assert_string_equal(fake_seen.application, "");
}

static void a_channel_binding_that_leaves_its_buffer_is_refused(void **unused)
{
    static const struct {
        ULONG len, offset;
    } wrong[] = {{9, 32},         {8, 33},          {1, 40},          {1, 41},
                 {8, 0},          {8, 31},          {0xFFFFFFFF, 32}, {0xFFFFFFE1, 32},
                 {8, 0xFFFFFFFF}, {32, 0xFFFFFFE0}, {1, 0x80000000},  {0x80000000, 0x80000000}};

    (void)unused;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct binding b = good_binding();
        b.header.cbApplicationDataLength = wrong[i].len;
        b.header.dwApplicationDataOffset = wrong[i].offset;
        assert_int_equal(give_binding(&b, sizeof(b), 0), SEC_E_BAD_BINDINGS);
        b = good_binding();
        b.header.cbInitiatorLength = wrong[i].len;
        b.header.dwInitiatorOffset = wrong[i].offset;
        assert_int_equal(give_binding(&b, sizeof(b), 0), SEC_E_BAD_BINDINGS);
        b = good_binding();
        b.header.cbAcceptorLength = wrong[i].len;
        b.header.dwAcceptorOffset = wrong[i].offset;
        assert_int_equal(give_binding(&b, sizeof(b), 0), SEC_E_BAD_BINDINGS);
    }
    struct binding b = good_binding();
    assert_int_equal(give_binding(&b, 39, 0), SEC_E_BAD_BINDINGS);
    assert_int_equal(give_binding(&b, 31, 0), SEC_E_BAD_BINDINGS);
    assert_int_equal(give_binding(&b, 0, 0), SEC_E_BAD_BINDINGS);
}

static void sixteen_channel_bindings_may_be_alternatives_and_not_seventeen(void **unused)
{
    struct binding b = good_binding();
    char token[] = "ok";
    SecBuffer in[18] = {{2, SECBUFFER_TOKEN, token}};

    (void)unused;
    for (size_t i = 1; i < 18; i++)
        in[i] = (SecBuffer){sizeof(b), SECBUFFER_CHANNEL_BINDINGS, &b};
    assert_int_equal(give(in, 17), SEC_E_OK);
    assert_int_equal(fake_seen.n_bindings, PACKAGE_BINDINGS_LIMIT);
    assert_int_equal(give(in, 18), SEC_E_BAD_BINDINGS);
}

static void the_hash_of_a_user_has_16_octets_or_none(void **unused)
{
    char token[] = "ok", hash[17] = "0123456789abcdef";
    SecBuffer in[2] = {{2, SECBUFFER_TOKEN, token}, {16, SECBUFFER_SSPI_HASH_A1, hash}};

    (void)unused;
    assert_int_equal(give(in, 2), SEC_E_OK);
    assert_int_equal(fake_seen.hash_a1.len, 16);
    in[1].cbBuffer = 0;
    assert_int_equal(give(in, 2), SEC_E_OK);
    assert_non_null(fake_seen.hash_a1.data);
    assert_int_equal(fake_seen.hash_a1.len, 0);
    assert_int_equal(give(in, 1), SEC_E_OK);
    assert_null(fake_seen.hash_a1.data);
    for (ULONG len = 15; len <= 17; len += 2) {
        in[1].cbBuffer = len;
        assert_int_equal(give(in, 2), SEC_E_INVALID_TOKEN);
    }
}

static void proxy_bindings_exclude_missing_ones(void **unused)
{
    char token[] = "ok";
    SecBuffer in = {2, SECBUFFER_TOKEN, token};

    (void)unused;
    assert_int_equal(give_flags(&in, 1, ASC_REQ_PROXY_BINDINGS), SEC_E_OK);
    assert_int_equal(give_flags(&in, 1, ASC_REQ_PROXY_BINDINGS | ASC_REQ_ALLOW_MISSING_BINDINGS),
                     SEC_E_SECURITY_QOS_FAILED);
    assert_int_equal(give_flags(&in, 1, ASC_REQ_HTTP), SEC_E_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_are_read_in_the_order_of_the_digest_page),
        cmocka_unit_test(empty_parameters_are_absent_and_still_ask_for_the_http_form),
        cmocka_unit_test(a_fifth_parameter_or_a_gap_between_parameters_is_refused),
        cmocka_unit_test(a_realm_must_be_ascii_in_utf16),
        cmocka_unit_test(a_token_may_have_65536_bytes_and_not_one_more),
        cmocka_unit_test(malformed_descriptors_are_refused),
        cmocka_unit_test(flags_in_the_buffer_type_are_taken_off),
        cmocka_unit_test(a_channel_binding_reaches_the_package),
        cmocka_unit_test(a_channel_binding_that_leaves_its_buffer_is_refused),
        cmocka_unit_test(sixteen_channel_bindings_may_be_alternatives_and_not_seventeen),
        cmocka_unit_test(the_hash_of_a_user_has_16_octets_or_none),
        cmocka_unit_test(proxy_bindings_exclude_missing_ones),
    };
    return cmocka_run_group_tests(tests, acquire, release);
}
