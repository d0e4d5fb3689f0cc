/* SPDX-License-Identifier: Apache-2.0 */
/* The buffers of a PAC, built here part by part. t/ad tests those of a real domain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kerberos_pac.h"
#include "kerberos_pac_fixture.h"

static enum kerberos_pac_status read_pac(const struct pac *pac,
                                         struct kerberos_pac_logon *ret_logon)
{
    BYTES_CLEANUP struct bytes written = {0};
    write_logon_info(pac, &written);
    return kerberos_pac_read_logon(bytes_as_view(&written), ret_logon);
}

static void check_sid(const struct sid *sid, const char *wanted)
{
    char text[SID_TEXT_SIZE];
    sid_write(sid, text);
    assert_string_equal(text, wanted);
}

static void check_groups(const struct kerberos_pac_logon *logon, const char *const *wanted,
                         size_t n)
{
    struct sid_list_at at = {.rest = bytes_as_view(&logon->groups)};
    assert_int_equal(sid_list_count(at.rest), n);
    for (size_t i = 0; i < n; i++) {
        assert_true(sid_list_next(&at));
        check_sid(&at.sid, wanted[i]);
    }
    assert_false(sid_list_next(&at));
}

static void groups_extra_and_resource_groups_are_returned_without_the_user(void **unused)
{
    static const uint32_t groups[] = {1107, ENABLED, 513,  ENABLED, 1105, ENABLED,
                                      1106, 3,       1104, ENABLED, 1107, ENABLED};
    static const uint32_t resources[] = {2001, ENABLED};
    static const char *const wanted[] = {"S-1-18-1", "S-1-5-21-1-2-3-513", "S-1-5-21-1-2-3-1105",
                                         "S-1-5-21-1-2-3-1107", "S-1-5-21-9-9-9-2001"};
    struct pac pac = {.user = 1104,
                      .primary = 513,
                      .groups = groups,
                      .n_groups = 6,
                      .n_extra = 1,
                      .extra_attributes = ENABLED,
                      .resources = resources,
                      .n_resources = 1};
    struct kerberos_pac_logon logon;
    assert_int_equal(read_pac(&pac, &logon), KERBEROS_PAC_OK);
    check_sid(&logon.user_sid, "S-1-5-21-1-2-3-1104");
    check_groups(&logon, wanted, 5);
    assert_null(logon.sam_name);
    kerberos_pac_logon_clear(&logon);
}

static void without_a_number_the_user_is_the_first_extra_sid(void **unused)
{
    static const char *const wanted[] = {"S-1-5-21-1-2-3-513"};
    struct pac pac = {.primary = 513, .n_extra = 1, .extra_attributes = ENABLED};
    struct kerberos_pac_logon logon;
    assert_int_equal(read_pac(&pac, &logon), KERBEROS_PAC_OK);
    check_sid(&logon.user_sid, "S-1-18-1");
    check_groups(&logon, wanted, 1);
    kerberos_pac_logon_clear(&logon);
    pac.n_extra = 0;
    assert_int_equal(read_pac(&pac, &logon), KERBEROS_PAC_MALFORMED);
}

static void as_many_sids_as_the_limit_are_taken_and_not_one_more(void **unused)
{
    static uint32_t groups[2 * (KERBEROS_PAC_SIDS_LIMIT + 1)];
    struct kerberos_pac_logon logon;
    for (uint32_t i = 0; i <= KERBEROS_PAC_SIDS_LIMIT; i++) {
        groups[2 * i] = 10000 + i;
        groups[2 * i + 1] = ENABLED;
    }
    struct pac pac = {
        .user = 1104, .primary = 10000, .groups = groups, .n_groups = KERBEROS_PAC_SIDS_LIMIT};
    assert_int_equal(read_pac(&pac, &logon), KERBEROS_PAC_OK);
    assert_int_equal(sid_list_count(bytes_as_view(&logon.groups)), KERBEROS_PAC_SIDS_LIMIT);
    kerberos_pac_logon_clear(&logon);
    pac.primary = 513;
    assert_int_equal(read_pac(&pac, &logon), KERBEROS_PAC_MALFORMED);
    assert_int_equal(logon.groups.len, 0);
    pac.primary = 10000;
    pac.n_groups++;
    assert_int_equal(read_pac(&pac, &logon), KERBEROS_PAC_MALFORMED);
    pac.groups = NULL;
    pac.n_groups = 0;
    pac.n_extra = KERBEROS_PAC_SIDS_LIMIT + 1;
    assert_int_equal(read_pac(&pac, &logon), KERBEROS_PAC_MALFORMED);
    pac.n_extra = KERBEROS_PAC_SIDS_LIMIT;
    assert_int_equal(read_pac(&pac, &logon), KERBEROS_PAC_OK);
    kerberos_pac_logon_clear(&logon);
}

static void truncated_pacs_and_wrong_lengths_are_refused(void **unused)
{
    static const uint32_t groups[] = {513, ENABLED};
    struct pac pac = {.user = 1104,
                      .primary = 513,
                      .groups = groups,
                      .n_groups = 1,
                      .n_extra = 1,
                      .user_name = "alice",
                      .domain_name = "EXAMPLE"};
    BYTES_CLEANUP struct bytes whole = {0};
    static const struct kerberos_pac_logon empty;
    struct kerberos_pac_logon logon;
    write_logon_info(&pac, &whole);
    for (size_t len = 0; len < whole.len; len++) {
        /* A block of its own, so that the sanitizer detects a read beyond it. */
        char *cut = malloc(len + 1);
        memcpy(cut, whole.data, len);
        memset(&logon, 1, sizeof(logon));
        assert_int_equal(kerberos_pac_read_logon((struct sspi_view){cut, len}, &logon),
                         KERBEROS_PAC_MALFORMED);
        assert_memory_equal(&logon, &empty, sizeof(logon));
        free(cut);
    }
    pac.claimed_groups = 2;
    assert_int_equal(read_pac(&pac, &logon), KERBEROS_PAC_MALFORMED);
    pac.claimed_groups = UINT32_MAX;
    assert_int_equal(read_pac(&pac, &logon), KERBEROS_PAC_MALFORMED);
    pac.claimed_groups = 0;
    pac.claimed_name = 4;
    assert_int_equal(read_pac(&pac, &logon), KERBEROS_PAC_MALFORMED);
    whole.data[1] = 0; /* big-endian */
    assert_int_equal(kerberos_pac_read_logon(bytes_as_view(&whole), &logon),
                     KERBEROS_PAC_MALFORMED);
}

static void check_sam_name(const char *domain, const char *user, const char *wanted)
{
    struct pac pac = {.user = 1104, .primary = 513, .user_name = user, .domain_name = domain};
    struct kerberos_pac_logon logon;
    assert_int_equal(read_pac(&pac, &logon), KERBEROS_PAC_OK);
    if (wanted == NULL)
        assert_null(logon.sam_name);
    else
        assert_string_equal(logon.sam_name, wanted);
    check_sid(&logon.user_sid, "S-1-5-21-1-2-3-1104");
    kerberos_pac_logon_clear(&logon);
}

static void the_account_name_follows_its_domain(void **unused)
{
    static char longest[KERBEROS_PAC_NAME_LIMIT + 2];
    check_sam_name("EXAMPLE", "alice", "EXAMPLE\\alice");
    check_sam_name("EXAMPLE", "bo", "EXAMPLE\\bo");
    memset(longest, 'a', KERBEROS_PAC_NAME_LIMIT);
    char wanted[sizeof(longest) + 2];
    snprintf(wanted, sizeof(wanted), "E\\%s", longest);
    check_sam_name("E", longest, wanted);
    longest[KERBEROS_PAC_NAME_LIMIT] = 'a';
    check_sam_name("E", longest, NULL);
}

static void an_account_name_that_cannot_be_used_is_missing(void **unused)
{
    static const char *const names[] = {NULL, "", "al\\ice", "al\nice", "al\x7f", "al$ice"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        check_sam_name("EXAMPLE", names[i], NULL);
        check_sam_name(names[i], "alice", NULL);
    }
}

/* PACTYPE with a buffer of 4 octets, its type and place as given, behind one of another type. */
static bool find(uint32_t type, uint32_t len, uint32_t offset, uint32_t version, uint32_t high,
                 struct sspi_view *ret_buffer)
{
    static char kept[64];
    BYTES_CLEANUP struct bytes pac = {0};
    put_u32(&pac, 2);
    put_u32(&pac, version);
    put_u32(&pac, 10);
    put_zeros(&pac, 12);
    put_u32(&pac, type);
    put_u32(&pac, len);
    put_u32(&pac, offset);
    put_u32(&pac, high);
    bytes_append(&pac, "abcd", 4);
    memcpy(kept, pac.data, pac.len);
    return kerberos_pac_find((struct sspi_view){kept, pac.len}, KERBEROS_PAC_LOGON_INFO,
                             ret_buffer);
}

static void a_buffer_is_found_by_its_type(void **unused)
{
    struct sspi_view found;
    assert_true(find(KERBEROS_PAC_LOGON_INFO, 4, 40, 0, 0, &found));
    assert_int_equal(found.len, 4);
    assert_memory_equal(found.data, "abcd", 4);
    assert_false(find(KERBEROS_PAC_UPN_DNS_INFO, 4, 40, 0, 0, &found));
}

static void a_buffer_outside_its_pac_is_not_found(void **unused)
{
    struct sspi_view found;
    assert_false(find(KERBEROS_PAC_LOGON_INFO, 5, 40, 0, 0, &found));
    assert_false(find(KERBEROS_PAC_LOGON_INFO, UINT32_MAX, 40, 0, 0, &found));
    assert_false(find(KERBEROS_PAC_LOGON_INFO, 4, 41, 0, 0, &found));
    assert_false(find(KERBEROS_PAC_LOGON_INFO, 4, UINT32_MAX, 0, 0, &found));
    assert_false(find(KERBEROS_PAC_LOGON_INFO, 4, 40, 0, 1, &found));
    assert_false(find(KERBEROS_PAC_LOGON_INFO, 4, 40, 1, 0, &found));
    /* It claims one buffer, and ends within it. */
    assert_false(kerberos_pac_find((struct sspi_view){"\x01\0\0\0\0\0\0\0\x01\0\0\0", 12},
                                   KERBEROS_PAC_LOGON_INFO, &found));
    assert_false(kerberos_pac_find((struct sspi_view){NULL, 0}, KERBEROS_PAC_LOGON_INFO, &found));
}

static enum kerberos_pac_status read_upn(const char *upn, uint32_t offset, uint32_t len,
                                         char **ret_upn)
{
    BYTES_CLEANUP struct bytes info = {0};
    write_upn_dns_info(upn, offset, len, &info);
    return kerberos_pac_read_upn(bytes_as_view(&info), ret_upn);
}

static void the_user_principal_name_is_read(void **unused)
{
    char *upn = NULL;
    assert_int_equal(read_upn("alice@example.com", 12, 34, &upn), KERBEROS_PAC_OK);
    assert_string_equal(upn, "alice@example.com");
    free(upn);
}

static void a_wrong_user_principal_name_is_refused(void **unused)
{
    char *upn = NULL;
    char longest[KERBEROS_PAC_NAME_LIMIT + 2] = "";
    static const struct {
        const char *upn;
        uint32_t offset, len;
    } wrong[] = {{"alice", 0, 10},    {"alice", 11, 10},  {"alice", 13, 10},     {"alice", 12, 12},
                 {"alice", 12, 9},    {"alice", 12, 0},   {"alice", 0xffff, 10}, {"alice", 23, 0},
                 {"al\nice", 12, 12}, {"al$ice", 12, 12}, {"alice", 12, 0xffff}};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(read_upn(wrong[i].upn, wrong[i].offset, wrong[i].len, &upn),
                         KERBEROS_PAC_MALFORMED);
    assert_int_equal(kerberos_pac_read_upn((struct sspi_view){"12345678901", 11}, &upn),
                     KERBEROS_PAC_MALFORMED);
    memset(longest, 'a', KERBEROS_PAC_NAME_LIMIT);
    assert_int_equal(read_upn(longest, 12, 2 * KERBEROS_PAC_NAME_LIMIT, &upn), KERBEROS_PAC_OK);
    free(upn);
    longest[KERBEROS_PAC_NAME_LIMIT] = 'a';
    assert_int_equal(read_upn(longest, 12, 2 * KERBEROS_PAC_NAME_LIMIT + 2, &upn),
                     KERBEROS_PAC_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_extra_and_resource_groups_are_returned_without_the_user),
        cmocka_unit_test(without_a_number_the_user_is_the_first_extra_sid),
        cmocka_unit_test(as_many_sids_as_the_limit_are_taken_and_not_one_more),
        cmocka_unit_test(truncated_pacs_and_wrong_lengths_are_refused),
        cmocka_unit_test(the_account_name_follows_its_domain),
        cmocka_unit_test(an_account_name_that_cannot_be_used_is_missing),
        cmocka_unit_test(a_buffer_is_found_by_its_type),
        cmocka_unit_test(a_buffer_outside_its_pac_is_not_found),
        cmocka_unit_test(the_user_principal_name_is_read),
        cmocka_unit_test(a_wrong_user_principal_name_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
