/* SPDX-License-Identifier: Apache-2.0 */
#include "ntlm_client.h"

/* MS-NLMP 2.2.2.7: the octets before the AV pairs. */
static void put_head(struct bytes *to, uint16_t version, uint64_t time)
{
    bytes_append_text(to, "PPPPPPPPPPPPPPPP");
    put_number(to, version, 2);
    put_number(to, 0, 6);
    put_number(to, time, 8);
    bytes_append_text(to, "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa");
    put_number(to, 0, 4);
}

static bool reads(struct sspi_view pairs, struct ntlm_response *ret_response)
{
    BYTES_CLEANUP struct bytes octets = {0};
    const char *problem = NULL;
    put_head(&octets, 0x0101, UINT64_C(0x1122334455667788));
    bytes_append_view(&octets, pairs);
    bool read = ntlm_response_read(bytes_as_view(&octets), ret_response, &problem);
    assert_int_equal(read, problem == NULL);
    if (read) {
        assert_int_equal(ret_response->time, UINT64_C(0x1122334455667788));
        assert_int_equal(ret_response->proof.len, 16);
        assert_int_equal(ret_response->temp.len, octets.len - 16);
    }
    return read;
}

#define END     "\0\0\0\0"
#define FLAGS   "\x06\0\x04\0\x02\0\0\0"
#define TARGET  "\x09\0\x06\0H\0/\0x\0"
#define CHANNEL "\x0a\0\x10\0CCCCCCCCCCCCCCCC"
#define DOMAIN  "\x02\0\x04\0D\0O\0"
#define TIME    "\x07\0\x08\0TTTTTTTT"

static void pairs_are_found_in_any_order(void **state)
{
    const struct sspi_view all[] = {
        SSPI_VIEW(FLAGS TARGET CHANNEL END),
        SSPI_VIEW(CHANNEL DOMAIN TARGET TIME FLAGS END END),
        SSPI_VIEW(TIME DOMAIN FLAGS CHANNEL "\xff\xff\x01\0x" TARGET END "what is behind"),
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct ntlm_response response;
        assert_true(reads(all[i], &response));
        assert_int_equal(response.flags, NTLM_PAIR_FLAG_MIC);
        assert_int_equal(response.target.len, 6);
        assert_int_equal(response.channel.len, 16);
    }
}

static void a_pair_that_is_not_sent_is_missing(void **state)
{
    struct ntlm_response response;
    assert_true(reads(SSPI_VIEW(DOMAIN END), &response));
    assert_int_equal(response.flags, 0);
    assert_null(response.target.data);
    assert_null(response.channel.data);
    assert_true(reads(SSPI_VIEW(END), &response));
    /* An empty pair differs from a missing pair. */
    assert_true(reads(SSPI_VIEW("\x09\0\0\0" END), &response));
    assert_non_null(response.target.data);
    assert_int_equal(response.target.len, 0);
}

static void malformed_lists_of_pairs_are_refused(void **state)
{
    const struct sspi_view all[] = {
        SSPI_VIEW(""), /* no end mark */
        SSPI_VIEW("\0\0\0"),
        SSPI_VIEW(DOMAIN),
        SSPI_VIEW(DOMAIN "\0\0\0"),
        SSPI_VIEW("\0\0\x01\0x"), /* an end mark that is not empty */
        SSPI_VIEW("\0\0\x01\0x" END),
        SSPI_VIEW("\x02\0\x05\0" END), /* one octet longer than the list */
        SSPI_VIEW("\x02\0\xff\xff" END),
        SSPI_VIEW("\x06\0\x03\0\x02\0\0" END), /* wrong lengths of pairs that the server reads */
        SSPI_VIEW("\x06\0\x05\0\x02\0\0\0\0" END),
        SSPI_VIEW("\x06\0\0\0" END),
        SSPI_VIEW("\x09\0\x01\0H" END),
        SSPI_VIEW("\x0a\0\x0f\0CCCCCCCCCCCCCCC" END),
        SSPI_VIEW("\x0a\0\x11\0CCCCCCCCCCCCCCCCC" END),
        SSPI_VIEW("\x0a\0\0\0" END),
        SSPI_VIEW(FLAGS FLAGS END), /* the same pair twice */
        SSPI_VIEW(TARGET FLAGS "\x09\0\0\0" END),
        SSPI_VIEW(CHANNEL TARGET CHANNEL END),
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct ntlm_response response;
        assert_false(reads(all[i], &response));
    }
}

static void pairs_are_limited_in_number(void **state)
{
    BYTES_CLEANUP struct bytes pairs = {0};
    struct ntlm_response response;
    for (size_t i = 0; i < NTLM_RESPONSE_PAIRS_LIMIT; i++)
        bytes_append(&pairs, DOMAIN, sizeof(DOMAIN) - 1);
    bytes_append(&pairs, END, 4);
    assert_true(reads(bytes_as_view(&pairs), &response));
    pairs.len -= 4;
    bytes_append(&pairs, DOMAIN, sizeof(DOMAIN) - 1);
    bytes_append(&pairs, END, 4);
    assert_false(reads(bytes_as_view(&pairs), &response));
}

static void other_versions_are_refused(void **state)
{
    static const uint16_t versions[] = {0, 0x0001, 0x0100, 0x0102, 0x0201, 0xFFFF};

    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        BYTES_CLEANUP struct bytes octets = {0};
        struct ntlm_response response;
        const char *problem = NULL;
        put_head(&octets, versions[i], 0);
        bytes_append(&octets, END, 4);
        assert_false(ntlm_response_read(bytes_as_view(&octets), &response, &problem));
        assert_non_null(strstr(problem, "version"));
    }
}

static void every_truncation_is_refused(void **state)
{
    BYTES_CLEANUP struct bytes octets = {0};
    put_head(&octets, 0x0101, 0);
    bytes_append(&octets, FLAGS TARGET CHANNEL END, sizeof(FLAGS TARGET CHANNEL END) - 1);
    for (size_t len = 0; len <= octets.len; len++) {
        struct ntlm_response response;
        const char *problem;
        char *copy = malloc(len + (len == 0));
        assert_non_null(copy);
        memcpy(copy, octets.data, len);
        assert_int_equal(ntlm_response_read((struct sspi_view){copy, len}, &response, &problem),
                         len == octets.len);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_are_found_in_any_order),
        cmocka_unit_test(a_pair_that_is_not_sent_is_missing),
        cmocka_unit_test(malformed_lists_of_pairs_are_refused),
        cmocka_unit_test(pairs_are_limited_in_number),
        cmocka_unit_test(other_versions_are_refused),
        cmocka_unit_test(every_truncation_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
