/* SPDX-License-Identifier: Apache-2.0 */
/* SIDs: text, order, and the compact list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sid_list.h"

static struct sid sid_of(const char *text)
{
    struct sid sid = {0};
    assert_true(sid_parse(bytes_view(text), &sid));
    return sid;
}

static void a_sid_is_read_and_written(void **state)
{
    static const char *const texts[] = {
        "S-1-1-0",
        "S-1-5-32-544",
        "S-1-5-21-397955417-626881126-188441444-512",
        "S-1-5-21-4294967295-0-1-4294967295",
        "S-1-0x0100000000ff-1",
        "S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15",
        "S-1-0xffffffffffff-4294967295-4294967295-4294967295-4294967295-4294967295-4294967295-"
        "4294967295-4294967295-4294967295-4294967295-4294967295-4294967295-4294967295-4294967295-"
        "4294967295"};
    char text[SID_TEXT_SIZE];
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct sid sid = sid_of(texts[i]);
        assert_int_equal(sid_write(&sid, text), strlen(texts[i]));
        assert_string_equal(text, texts[i]);
    }
}

static void a_text_that_is_no_sid_is_refused(void **state)
{
    static const char *const texts[] = {"",
                                        "S-1",
                                        "S-1-5",
                                        "S-1-5-",
                                        "S-1--5-1",
                                        "S-2-5-21",
                                        "S-1-5-4294967296",
                                        "S-1-281474976710656-1",
                                        "S-1-5-21x",
                                        "S-1-5-21-a",
                                        "S-1-0x-1",
                                        "S-1-5-21-512 ",
                                        "S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16",
                                        "EXAMPLE\\admins"};
    struct sid sid;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_false(sid_parse(bytes_view(texts[i]), &sid));
}

static void a_list_has_each_sid_once(void **state)
{
    struct sid sids[] = {sid_of("S-1-5-21-1-2-3-513"), sid_of("S-1-5-21-1-2-3-512"),
                         sid_of("S-1-1-0"), sid_of("S-1-5-21-1-2-4-512"),
                         sid_of("S-1-5-21-1-2-3-513")};
    static const char *const absent[] = {"S-1-5-21-1-2-3-514", "S-1-5-21-1-2-3-511",
                                         "S-1-5-21-1-2-4-513", "S-1-5-21-1-2-3", "S-1-1-1"};
    struct sid_list_at at = {0};
    struct bytes list BYTES_CLEANUP = {0};
    size_t n = 0;
    assert_true(sid_list_make(sids, 5, &list));
    assert_true(sid_list_check(bytes_as_view(&list)));
    assert_int_equal(sid_list_count(bytes_as_view(&list)), 4);
    for (at.rest = bytes_as_view(&list); sid_list_next(&at); n++)
        assert_true(sid_list_contains(bytes_as_view(&list), &at.sid));
    assert_int_equal(n, 4);
    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
        struct sid sid = sid_of(absent[i]);
        assert_false(sid_list_contains(bytes_as_view(&list), &sid));
    }
}

static void an_empty_list_has_no_octets(void **state)
{
    struct bytes list BYTES_CLEANUP = {0};
    struct sid_list_at at = {0};
    struct sid sid = sid_of("S-1-1-0");
    assert_true(sid_list_make(NULL, 0, &list));
    assert_int_equal(list.len, 0);
    assert_true(sid_list_check(bytes_as_view(&list)));
    assert_false(sid_list_contains(bytes_as_view(&list), &sid));
    assert_false(sid_list_next(&at));
}

static void the_limit_of_a_list_holds(void **state)
{
    struct sid *sids = calloc(SID_LIST_LIMIT + 1, sizeof(*sids));
    struct bytes list BYTES_CLEANUP = {0}, longer BYTES_CLEANUP = {0};
    assert_non_null(sids);
    for (uint32_t i = 0; i <= SID_LIST_LIMIT; i++) {
        sids[i] = sid_of("S-1-5-21-1-2-3-0");
        sids[i].sub[4] = 5000 - i;
    }
    assert_true(sid_list_make(sids, SID_LIST_LIMIT, &list));
    assert_true(sid_list_check(bytes_as_view(&list)));
    assert_false(sid_list_make(sids, SID_LIST_LIMIT + 1, &longer));
    free(sids);
}

static void a_cut_or_unsorted_list_is_malformed(void **state)
{
    struct sid sids[] = {sid_of("S-1-5-21-1-2-3-512"), sid_of("S-1-5-21-1-2-3-513")};
    struct bytes list BYTES_CLEANUP = {0};
    assert_true(sid_list_make(sids, 2, &list));
    for (size_t len = 1; len < list.len; len++) {
        char *cut = malloc(len); /* the sanitizer sees a read behind the end */
        assert_non_null(cut);
        memcpy(cut, list.data, len);
        assert_false(sid_list_check((struct sspi_view){cut, len}));
        free(cut);
    }
    memcpy(list.data + list.len - 4, list.data + list.len - 8, 4);
    assert_false(sid_list_check(bytes_as_view(&list)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sid_is_read_and_written),
        cmocka_unit_test(a_text_that_is_no_sid_is_refused),
        cmocka_unit_test(a_list_has_each_sid_once),
        cmocka_unit_test(an_empty_list_has_no_octets),
        cmocka_unit_test(the_limit_of_a_list_holds),
        cmocka_unit_test(a_cut_or_unsorted_list_is_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
