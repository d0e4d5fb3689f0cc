/* SPDX-License-Identifier: Apache-2.0 */
/* KERB_VALIDATION_INFO, built here part by part. t/ad tests one of a real domain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kerberos_pac.h"

#define ENABLED 7 /* MS-PAC 2.2.1: mandatory, by default, enabled */
#define POINTER 0x00020004

/* Of the domain S-1-5-21-1-2-3 and the resource domain S-1-5-21-9-9-9. */
struct pac {
    uint32_t user;
    uint32_t primary;
    const uint32_t *groups; /* relative ids and attributes in turn */
    uint32_t n_groups;
    uint32_t n_extra; /* each with the SID S-1-18-1 */
    uint32_t extra_attributes;
    const uint32_t *resources;
    uint32_t n_resources;
    uint32_t claimed_groups; /* the length that the array itself states, if that is wrong */
};

static void u32(struct bytes *to, uint32_t value)
{
    const uint8_t octets[] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                              (uint8_t)(value >> 24)};
    bytes_append(to, octets, 4);
}

static void zeros(struct bytes *to, size_t n)
{
    for (size_t i = 0; i < n; i++)
        bytes_append_char(to, '\0');
}

static void sid(struct bytes *to, char authority, const uint32_t *sub, uint32_t n)
{
    u32(to, n);
    bytes_append_char(to, 1);
    bytes_append_char(to, (char)n);
    zeros(to, 5);
    bytes_append_char(to, authority);
    for (uint32_t i = 0; i < n; i++)
        u32(to, sub[i]);
}

static void pairs(struct bytes *to, const uint32_t *values, uint32_t n, uint32_t claimed_n)
{
    u32(to, claimed_n);
    for (uint32_t i = 0; i < 2 * n; i++)
        u32(to, values[i]);
}

static void write_pac(const struct pac *pac, struct bytes *to)
{
    static const uint32_t domain[] = {21, 1, 2, 3}, other[] = {21, 9, 9, 9}, asserted[] = {1};
    struct bytes body = {0};
    u32(&body, POINTER);
    zeros(&body, 48);
    /* EffectiveName has three characters; the other strings are absent. */
    u32(&body, 0x00060006);
    u32(&body, POINTER);
    zeros(&body, 5 * 8 + 4);
    u32(&body, pac->user);
    u32(&body, pac->primary);
    u32(&body, pac->n_groups);
    u32(&body, pac->groups != NULL ? POINTER : 0);
    zeros(&body, 4 + 16 + 16);
    u32(&body, POINTER); /* LogonDomainId */
    zeros(&body, 40);
    u32(&body, pac->n_extra);
    u32(&body, pac->n_extra > 0 ? POINTER : 0);
    u32(&body, pac->resources != NULL ? POINTER : 0);
    u32(&body, pac->n_resources);
    u32(&body, pac->resources != NULL ? POINTER : 0);
    u32(&body, 3);
    u32(&body, 0);
    u32(&body, 3);
    bytes_append(&body, "a\0b\0c\0\0\0", 8);
    if (pac->groups != NULL)
        pairs(&body, pac->groups, pac->n_groups,
              pac->claimed_groups != 0 ? pac->claimed_groups : pac->n_groups);
    sid(&body, 5, domain, 4);
    if (pac->n_extra > 0)
        u32(&body, pac->n_extra);
    for (uint32_t i = 0; i < pac->n_extra; i++) {
        u32(&body, POINTER);
        u32(&body, pac->extra_attributes);
    }
    for (uint32_t i = 0; i < pac->n_extra; i++)
        sid(&body, 18, asserted, 1);
    if (pac->resources != NULL) {
        sid(&body, 5, other, 4);
        pairs(&body, pac->resources, pac->n_resources, pac->n_resources);
    }
    bytes_append(to, "\x01\x10\x08\x00\xcc\xcc\xcc\xcc", 8);
    u32(to, (uint32_t)body.len);
    u32(to, 0);
    bytes_append_view(to, bytes_as_view(&body));
    bytes_free(&body);
    assert_false(to->failed);
}

static enum kerberos_pac_status read_pac(const struct pac *pac, struct kerberos_pac_sids *ret_sids)
{
    BYTES_CLEANUP struct bytes written = {0};
    write_pac(pac, &written);
    return kerberos_pac_read(bytes_as_view(&written), ret_sids);
}

static void user_groups_extra_and_resource_groups_are_returned(void **unused)
{
    static const uint32_t groups[] = {513, ENABLED, 1105, ENABLED, 1106, 3, 1107, ENABLED};
    static const uint32_t resources[] = {2001, ENABLED};
    static const char *const wanted[] = {
        "S-1-5-21-1-2-3-1104", "S-1-5-21-1-2-3-513", "S-1-5-21-1-2-3-1105",
        "S-1-5-21-1-2-3-1107", "S-1-18-1",           "S-1-5-21-9-9-9-2001"};
    struct pac pac = {.user = 1104,
                      .primary = 513,
                      .groups = groups,
                      .n_groups = 4,
                      .n_extra = 1,
                      .extra_attributes = ENABLED,
                      .resources = resources,
                      .n_resources = 1};
    struct kerberos_pac_sids sids;
    assert_int_equal(read_pac(&pac, &sids), KERBEROS_PAC_OK);
    assert_int_equal(sids.n_sids, 6); /* without the group that is not enabled, and with 513 once */
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(sids.sids[i], wanted[i]);
    kerberos_pac_clear(&sids);
}

static void without_a_number_the_user_is_the_first_extra_sid(void **unused)
{
    struct pac pac = {.primary = 513, .n_extra = 1, .extra_attributes = ENABLED};
    struct kerberos_pac_sids sids;
    assert_int_equal(read_pac(&pac, &sids), KERBEROS_PAC_OK);
    assert_int_equal(sids.n_sids, 2);
    assert_string_equal(sids.sids[0], "S-1-18-1");
    kerberos_pac_clear(&sids);
}

static void as_many_sids_as_the_limit_are_taken_and_not_one_more(void **unused)
{
    static uint32_t groups[2 * (KERBEROS_PAC_SIDS_LIMIT + 1)];
    struct kerberos_pac_sids sids;
    for (uint32_t i = 0; i <= KERBEROS_PAC_SIDS_LIMIT; i++) {
        groups[2 * i] = 10000 + i;
        groups[2 * i + 1] = ENABLED;
    }
    struct pac pac = {
        .user = 1104, .primary = 10000, .groups = groups, .n_groups = KERBEROS_PAC_SIDS_LIMIT - 1};
    assert_int_equal(read_pac(&pac, &sids), KERBEROS_PAC_OK);
    assert_int_equal(sids.n_sids, KERBEROS_PAC_SIDS_LIMIT);
    kerberos_pac_clear(&sids);
    pac.n_groups++;
    assert_int_equal(read_pac(&pac, &sids), KERBEROS_PAC_MALFORMED);
    pac.n_groups++;
    assert_int_equal(read_pac(&pac, &sids), KERBEROS_PAC_MALFORMED);
}

static void truncated_pacs_and_wrong_lengths_are_refused(void **unused)
{
    static const uint32_t groups[] = {513, ENABLED};
    struct pac pac = {.user = 1104, .primary = 513, .groups = groups, .n_groups = 1, .n_extra = 1};
    BYTES_CLEANUP struct bytes whole = {0};
    struct kerberos_pac_sids sids;
    write_pac(&pac, &whole);
    for (size_t len = 0; len < whole.len; len++) {
        /* A block of its own, so that the sanitizer detects a read beyond it. */
        char *cut = malloc(len + 1);
        memcpy(cut, whole.data, len);
        assert_int_equal(kerberos_pac_read((struct sspi_view){cut, len}, &sids),
                         KERBEROS_PAC_MALFORMED);
        free(cut);
    }
    pac.claimed_groups = 2;
    assert_int_equal(read_pac(&pac, &sids), KERBEROS_PAC_MALFORMED);
    pac.claimed_groups = UINT32_MAX;
    assert_int_equal(read_pac(&pac, &sids), KERBEROS_PAC_MALFORMED);
    whole.data[1] = 0; /* big-endian */
    assert_int_equal(kerberos_pac_read(bytes_as_view(&whole), &sids), KERBEROS_PAC_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(user_groups_extra_and_resource_groups_are_returned),
        cmocka_unit_test(without_a_number_the_user_is_the_first_extra_sid),
        cmocka_unit_test(as_many_sids_as_the_limit_are_taken_and_not_one_more),
        cmocka_unit_test(truncated_pacs_and_wrong_lengths_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
