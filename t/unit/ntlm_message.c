/* SPDX-License-Identifier: Apache-2.0 */
#include "ntlm_client.h"

/* ---- NEGOTIATE ---- */

/* As curl sends it. */
#define CURLS SSPI_VIEW("NTLMSSP\0\x01\0\0\0\x06\x82\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")

static void the_beginning_of_a_token_says_its_type(void **state)
{
    const struct {
        struct sspi_view token;
        enum ntlm_message_type type;
    } all[] = {
        {CURLS, NTLM_MESSAGE_NEGOTIATE},
        {SSPI_VIEW("NTLMSSP\0\x01\0\0\0"), NTLM_MESSAGE_NEGOTIATE},
        {SSPI_VIEW("NTLMSSP\0\x02\0\0\0"), NTLM_MESSAGE_CHALLENGE},
        {SSPI_VIEW("NTLMSSP\0\x03\0\0\0"), NTLM_MESSAGE_AUTHENTICATE},
        {SSPI_VIEW("NTLMSSP\0\x04\0\0\0"), NTLM_MESSAGE_NONE},
        {SSPI_VIEW("NTLMSSP\0\0\0\0\0"), NTLM_MESSAGE_NONE},
        {SSPI_VIEW("NTLMSSP\0\x01\0\0\x01"), NTLM_MESSAGE_NONE},
        {SSPI_VIEW("NTLMSSP\0\x01\0\0"), NTLM_MESSAGE_NONE},
        {SSPI_VIEW("NTLMSSP \x01\0\0\0"), NTLM_MESSAGE_NONE},
        {SSPI_VIEW("ntlmssp\0\x01\0\0\0"), NTLM_MESSAGE_NONE},
        {SSPI_VIEW(""), NTLM_MESSAGE_NONE},
        {{NULL, 0}, NTLM_MESSAGE_NONE},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        assert_int_equal(ntlm_message_type(all[i].token), all[i].type);
}

static void negotiate_may_end_after_its_fields_or_its_version(void **state)
{
    BYTES_CLEANUP struct bytes token = {0};
    const char *problem = NULL;
    uint32_t flags = 0;
    assert_true(ntlm_message_read_negotiate(CURLS, &flags, &problem));
    assert_int_equal(flags, 0x00088206);
    bytes_append_view(&token, CURLS);
    bytes_append(&token, "\x06\x01\0\0\0\0\0\x0f", 8);
    assert_true(ntlm_message_read_negotiate(bytes_as_view(&token), &flags, &problem));
    assert_null(problem);
}

static void put_field(struct bytes *token, size_t at, size_t len, size_t offset)
{
    set_number(token, at, len, 2);
    set_number(token, at + 4, offset, 4);
}

/* A NEGOTIATE message of 40 octets, all flags set, with a domain and a workstation there. */
static bool reads_negotiate(uint32_t flags, size_t domain_len, size_t domain_offset,
                            size_t workstation_len, size_t workstation_offset)
{
    BYTES_CLEANUP struct bytes token = {0};
    const char *problem = NULL;
    uint32_t ignored;
    bytes_append_view(&token, CURLS);
    put_number(&token, 0, 8);
    set_number(&token, 12, flags, 4);
    put_field(&token, 16, domain_len, domain_offset);
    put_field(&token, 24, workstation_len, workstation_offset);
    bool read = ntlm_message_read_negotiate(bytes_as_view(&token), &ignored, &problem);
    assert_int_equal(read, problem == NULL);
    return read;
}

static void fields_outside_negotiate_are_refused(void **state)
{
    const uint32_t both = NTLM_FLAG_DOMAIN_SUPPLIED | NTLM_FLAG_WORKSTATION_SUPPLIED;
    static const struct {
        size_t len, offset;
        bool right;
    } all[] = {
        {0, 0, true},
        {0, 0xFFFFFFFF, true},
        {8, 32, true},
        {1, 39, true},
        {4, 34, true},
        {9, 32, false},
        {2, 39, false},
        {1, 40, false},
        {1, 31, false},
        {1, 0, false},
        {0xFFFF, 32, false},
        {1, 0xFFFFFFFF, false},
        {0xFFFF, 0xFFFF0001, false},
        {8, 0xFFFFFFF8, false},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        assert_int_equal(reads_negotiate(both, all[i].len, all[i].offset, 0, 0), all[i].right);
        assert_int_equal(reads_negotiate(both, 0, 0, all[i].len, all[i].offset), all[i].right);
        /* MS-NLMP 2.2.1.1: a server ignores the fields if their flags are not set. */
        assert_true(reads_negotiate(0, all[i].len, all[i].offset, all[i].len, all[i].offset));
    }
}

static bool reads(bool (*read)(struct sspi_view), size_t len, const struct bytes *token)
{
    /* The block has exactly this size, so that a sanitizer reports a read after its end. */
    char *copy = malloc(len + (len == 0));
    assert_non_null(copy);
    memset(copy, 0, len);
    memcpy(copy, token->data, len < token->len ? len : token->len);
    bool done = read((struct sspi_view){copy, len});
    free(copy);
    return done;
}

static bool is_negotiate(struct sspi_view token)
{
    const char *problem;
    uint32_t flags;
    return ntlm_message_read_negotiate(token, &flags, &problem);
}

static void negotiate_has_a_smallest_and_a_greatest_length(void **state)
{
    BYTES_CLEANUP struct bytes token = {0};
    bytes_append_view(&token, CURLS);
    for (size_t len = 0; len < 32; len++)
        assert_false(reads(is_negotiate, len, &token));
    assert_true(reads(is_negotiate, 32, &token));
    assert_true(reads(is_negotiate, 33, &token));
    assert_true(reads(is_negotiate, NTLM_MESSAGE_LIMIT, &token));
    assert_false(reads(is_negotiate, NTLM_MESSAGE_LIMIT + 1, &token));
}

/* ---- AUTHENTICATE ---- */

static const struct sspi_view six[N_FIELDS] = {
    {"LLLL", 4}, {"NNNNNN", 6}, {"D\0O\0", 4}, {"U\0", 2}, {"W\0S\0", 4}, {"KKKKKKKKKKKKKKKK", 16}};

static const struct sspi_view *field_of(const struct ntlm_authenticate *message, size_t field)
{
    const struct sspi_view *const all[N_FIELDS] = {&message->lm_response, &message->nt_response,
                                                   &message->domain,      &message->user,
                                                   &message->workstation, &message->session_key};
    return all[field];
}

static void fields_are_read_wherever_the_payload_begins(void **state)
{
    static const size_t header_lens[] = {64, 72, 87, 88, 100};

    for (size_t i = 0; i < sizeof(header_lens) / sizeof(header_lens[0]); i++) {
        BYTES_CLEANUP struct bytes token = {0};
        struct ntlm_authenticate message;
        const char *problem;
        put_authenticate(&token, six, 0x12345678, header_lens[i]);
        assert_true(ntlm_message_read_authenticate(bytes_as_view(&token), &message, &problem));
        for (size_t field = 0; field < N_FIELDS; field++)
            assert_true(bytes_equal(*field_of(&message, field), six[field]));
        assert_int_equal(message.flags, 0x12345678);
        /* The message has a MIC if no field overlaps the place of the MIC. */
        if (header_lens[i] >= NTLM_MIC_END)
            assert_ptr_equal(message.mic.data, token.data + NTLM_MIC_START);
        else
            assert_null(message.mic.data);
    }
}

static void a_field_at_the_position_of_the_mic_means_no_mic(void **state)
{
    for (size_t field = 0; field < N_FIELDS; field++) {
        BYTES_CLEANUP struct bytes token = {0};
        struct ntlm_authenticate message;
        const char *problem;
        put_authenticate(&token, six, 0, 88);
        set_number(&token, FIELD_AT(field) + 4, 87, 4);
        assert_true(ntlm_message_read_authenticate(bytes_as_view(&token), &message, &problem));
        assert_null(message.mic.data);
        /* The offset of an empty field is ignored. */
        set_number(&token, FIELD_AT(field), 0, 2);
        assert_true(ntlm_message_read_authenticate(bytes_as_view(&token), &message, &problem));
        assert_non_null(message.mic.data);
        assert_null(field_of(&message, field)->data);
    }
}

static void fields_outside_authenticate_are_refused(void **state)
{
    BYTES_CLEANUP struct bytes token = {0};
    put_authenticate(&token, six, 0, 88);
    const size_t end = token.len;
    const struct {
        size_t len, offset;
        bool right;
    } all[] = {
        {0, 0, true},
        {0, 0xFFFFFFFF, true},
        {1, 64, true},
        {end - 64, 64, true},
        {1, end - 1, true},
        {end - 63, 64, false},
        {2, end - 1, false},
        {1, end, false},
        {1, end + 1, false},
        {1, 63, false},
        {1, 0, false},
        {0xFFFF, 64, false},
        {1, 0xFFFFFFFF, false},
        {16, 0xFFFFFFF0, false}, /* their sum is 2^32 */
        {0xFFFF, 0xFFFF0001, false},
        {1, 0x80000000, false},
    };

    for (size_t field = 0; field < N_FIELDS; field++) {
        for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
            BYTES_CLEANUP struct bytes altered = {0};
            struct ntlm_authenticate message;
            const char *problem = NULL;
            bytes_append_view(&altered, bytes_as_view(&token));
            put_field(&altered, FIELD_AT(field), all[i].len, all[i].offset);
            assert_int_equal(
                ntlm_message_read_authenticate(bytes_as_view(&altered), &message, &problem),
                all[i].right);
            assert_int_equal(problem == NULL, all[i].right);
            if (all[i].right)
                assert_int_equal(field_of(&message, field)->len, all[i].len);
        }
    }
}

static void the_second_length_is_ignored(void **state)
{
    for (size_t field = 0; field < N_FIELDS; field++) {
        BYTES_CLEANUP struct bytes token = {0};
        struct ntlm_authenticate message;
        const char *problem;
        put_authenticate(&token, six, 0, 88);
        set_number(&token, FIELD_AT(field) + 2, 0xFFFF, 2);
        assert_true(ntlm_message_read_authenticate(bytes_as_view(&token), &message, &problem));
        assert_true(bytes_equal(*field_of(&message, field), six[field]));
    }
}

static void fields_may_overlap(void **state)
{
    BYTES_CLEANUP struct bytes token = {0};
    struct ntlm_authenticate message;
    const char *problem;
    put_authenticate(&token, six, 0, 88);
    for (size_t field = 0; field < N_FIELDS; field++)
        put_field(&token, FIELD_AT(field), 20, 90);
    assert_true(ntlm_message_read_authenticate(bytes_as_view(&token), &message, &problem));
    for (size_t field = 0; field < N_FIELDS; field++)
        assert_ptr_equal(field_of(&message, field)->data, token.data + 90);
}

static bool is_authenticate(struct sspi_view token)
{
    struct ntlm_authenticate message;
    const char *problem;
    return ntlm_message_read_authenticate(token, &message, &problem);
}

static void authenticate_has_a_smallest_and_a_greatest_length(void **state)
{
    static const struct sspi_view none[N_FIELDS];
    BYTES_CLEANUP struct bytes whole = {0}, empty = {0};
    put_authenticate(&whole, six, 0, 88);
    put_authenticate(&empty, none, 0, 64);
    for (size_t len = 0; len < whole.len; len++)
        assert_false(reads(is_authenticate, len, &whole));
    assert_true(reads(is_authenticate, whole.len, &whole));
    assert_false(reads(is_authenticate, 63, &empty));
    assert_true(reads(is_authenticate, 64, &empty));
    assert_true(reads(is_authenticate, NTLM_MESSAGE_LIMIT, &whole));
    assert_false(reads(is_authenticate, NTLM_MESSAGE_LIMIT + 1, &whole));
}

static void each_message_is_read_only_as_its_own_kind(void **state)
{
    BYTES_CLEANUP struct bytes token = {0};
    put_authenticate(&token, six, 0, 88);
    assert_false(is_negotiate(bytes_as_view(&token)));
    set_number(&token, 8, NTLM_MESSAGE_NEGOTIATE, 4);
    assert_false(is_authenticate(bytes_as_view(&token)));
    set_number(&token, 8, NTLM_MESSAGE_AUTHENTICATE, 4);
    token.data[7] = ' ';
    assert_false(is_authenticate(bytes_as_view(&token)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_beginning_of_a_token_says_its_type),
        cmocka_unit_test(negotiate_may_end_after_its_fields_or_its_version),
        cmocka_unit_test(fields_outside_negotiate_are_refused),
        cmocka_unit_test(negotiate_has_a_smallest_and_a_greatest_length),
        cmocka_unit_test(fields_are_read_wherever_the_payload_begins),
        cmocka_unit_test(a_field_at_the_position_of_the_mic_means_no_mic),
        cmocka_unit_test(fields_outside_authenticate_are_refused),
        cmocka_unit_test(the_second_length_is_ignored),
        cmocka_unit_test(fields_may_overlap),
        cmocka_unit_test(authenticate_has_a_smallest_and_a_greatest_length),
        cmocka_unit_test(each_message_is_read_only_as_its_own_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
