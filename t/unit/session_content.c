/* SPDX-License-Identifier: Apache-2.0 */
/* The octets of a session: every value comes back, and no other octets are read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "session_content.h"
#include "sid_list.h"
#include "sspi_http.h"

static struct bytes groups;

static struct sid sid_of(const char *text)
{
    struct sid sid = {0};
    assert_true(sid_parse(bytes_view(text), &sid));
    return sid;
}

static int make_groups(void **state)
{
    struct sid sids[] = {sid_of("S-1-5-21-1-2-3-512"), sid_of("S-1-5-21-1-2-3-1104"),
                         sid_of("S-1-18-1")};
    return sid_list_make(sids, 3, &groups) ? 0 : -1;
}

static int free_groups(void **state)
{
    bytes_free(&groups);
    return 0;
}

static struct session_content kerberos_login(void)
{
    return (struct session_content){
        .id = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
        .login_ms = 1700000000000,
        .issued_ms = 1700000001000,
        .end_ms = 1700036000000,
        .expiry_ms = 1700036000001,
        .scheme = SSPI_SCHEME_NEGOTIATE,
        .mech = SSPI_MECH_KERBEROS,
        .name = SSPI_VIEW("alice@EXAMPLE.COM"),
        .realm = SSPI_VIEW("EXAMPLE.COM"),
        .target = SSPI_VIEW("HTTP/www.example.com@EXAMPLE.COM"),
        .audience = SSPI_VIEW("k"),
        .sam_name = SSPI_VIEW("EXAMPLE\\alice"),
        .upn = SSPI_VIEW("alice@example.com"),
        .user_sid = sid_of("S-1-5-21-1-2-3-1103"),
        .groups = bytes_as_view(&groups),
        .target_proven = true,
        .over_tls = true,
        .was_bound = true,
        .is_foreign = true,
        .groups_incomplete = true,
    };
}

static struct session_content digest_login(void)
{
    return (struct session_content){
        .id = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
        .login_ms = 1,
        .issued_ms = 2,
        .end_ms = UINT64_MAX,
        .expiry_ms = UINT64_MAX,
        .scheme = SSPI_SCHEME_DIGEST,
        .algorithm = SSPI_VIEW("SHA-256"),
        .name = SSPI_VIEW("bob"),
        .realm = SSPI_VIEW(""),
        .audience = SSPI_VIEW("drealm:/etc/users"),
        .groups = SSPI_VIEW(""),
        .integrity = true,
        .has_fingerprint = true,
        .fingerprint = {16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1},
    };
}

static bool decodes(struct sspi_view octets)
{
    struct session_content content;
    return session_content_decode(octets, &content);
}

static void assert_comes_back(const struct session_content *content)
{
    struct bytes octets BYTES_CLEANUP = {0}, again BYTES_CLEANUP = {0};
    struct session_content read;
    session_content_encode(content, &octets);
    assert_false(octets.failed);
    assert_true(session_content_decode(bytes_as_view(&octets), &read));
    assert_true(session_content_is_same_login(content, &read));
    assert_memory_equal(read.id, content->id, sizeof(read.id));
    assert_true(read.login_ms == content->login_ms && read.issued_ms == content->issued_ms);
    assert_true(read.end_ms == content->end_ms && read.expiry_ms == content->expiry_ms);
    session_content_encode(&read, &again);
    assert_int_equal(again.len, octets.len);
    assert_memory_equal(again.data, octets.data, octets.len);
}

static void every_value_comes_back(void **state)
{
    struct session_content kerberos = kerberos_login(), digest = digest_login();
    assert_comes_back(&kerberos);
    assert_comes_back(&digest);
}

static void a_nul_stands_behind_each_text(void **state)
{
    struct bytes octets BYTES_CLEANUP = {0};
    struct session_content content = kerberos_login(), read;
    session_content_encode(&content, &octets);
    assert_true(session_content_decode(bytes_as_view(&octets), &read));
    assert_string_equal(read.name.data, "alice@EXAMPLE.COM");
    assert_string_equal(read.target.data, "HTTP/www.example.com@EXAMPLE.COM");
    assert_string_equal(read.upn.data, "alice@example.com");
}

static void an_absent_text_stays_absent(void **state)
{
    struct bytes octets BYTES_CLEANUP = {0};
    struct session_content content = digest_login(), read;
    session_content_encode(&content, &octets);
    assert_true(session_content_decode(bytes_as_view(&octets), &read));
    assert_null(read.target.data);
    assert_null(read.upn.data);
    assert_non_null(read.realm.data);
    assert_int_equal(read.user_sid.n_sub, 0);
    assert_int_equal(read.groups.len, 0);
}

static void a_cut_content_is_refused_at_every_length(void **state)
{
    struct bytes octets BYTES_CLEANUP = {0};
    struct session_content content = kerberos_login();
    session_content_encode(&content, &octets);
    for (size_t len = 0; len < octets.len; len++) {
        char *cut = malloc(len + (len == 0)); /* the sanitizer sees a read behind the end */
        assert_non_null(cut);
        memcpy(cut, octets.data, len);
        assert_false(decodes((struct sspi_view){cut, len}));
        free(cut);
    }
    bytes_append_char(&octets, '\0');
    assert_false(decodes(bytes_as_view(&octets)));
}

/* The seal detects each flipped bit. Without it, no flip may give the same content. */
static void a_flipped_bit_is_refused_or_seen(void **state)
{
    struct bytes octets BYTES_CLEANUP = {0};
    struct session_content content = kerberos_login(), read;
    session_content_encode(&content, &octets);
    for (size_t bit = 0; bit < 8 * octets.len; bit++) {
        octets.data[bit / 8] ^= (char)(1 << bit % 8);
        if (session_content_decode(bytes_as_view(&octets), &read)) {
            struct bytes again BYTES_CLEANUP = {0};
            session_content_encode(&read, &again);
            assert_int_equal(again.len, octets.len);
            assert_memory_equal(again.data, octets.data, octets.len);
        }
        octets.data[bit / 8] ^= (char)(1 << bit % 8);
    }
}

static void assert_is_not_written(const struct session_content *content)
{
    struct bytes octets BYTES_CLEANUP = {0};
    session_content_encode(content, &octets);
    assert_true(octets.failed);
}

static void the_limit_of_a_text_holds(void **state)
{
    char text[SESSION_CONTENT_TEXT_LIMIT + 2];
    struct session_content content = kerberos_login();
    memset(text, 'a', sizeof(text));
    content.name = (struct sspi_view){text, SESSION_CONTENT_TEXT_LIMIT};
    assert_comes_back(&content);
    content.name.len++;
    assert_is_not_written(&content);
    content.name = (struct sspi_view){"al\0ce", 5};
    assert_is_not_written(&content);
}

static void assert_is_not_read(const struct session_content *content)
{
    struct bytes octets BYTES_CLEANUP = {0};
    session_content_encode(content, &octets);
    assert_false(octets.failed);
    assert_false(decodes(bytes_as_view(&octets)));
}

static void a_scheme_has_only_its_own_mechanisms(void **state)
{
    struct session_content content = kerberos_login();
    content.scheme = SSPI_SCHEME_NTLM;
    assert_is_not_read(&content);
    content.mech = SSPI_MECH_NTLM;
    assert_comes_back(&content);
    content.scheme = SSPI_SCHEME_DIGEST;
    assert_is_not_read(&content);
    content = kerberos_login();
    content.mech = SSPI_MECH_NONE;
    assert_is_not_read(&content);
    content = digest_login();
    content.algorithm = SSPI_VIEW("SHA-3");
    assert_is_not_read(&content);
    content = digest_login();
    content.name = SSPI_VIEW("");
    assert_is_not_read(&content);
}

static void a_malformed_list_of_groups_is_not_written(void **state)
{
    struct session_content content = kerberos_login();
    content.groups.len--;
    assert_is_not_written(&content);
}

static void a_renewed_session_is_of_the_same_login(void **state)
{
    struct session_content first = kerberos_login(), second = kerberos_login();
    memset(second.id, 0, sizeof(second.id));
    second.login_ms = second.issued_ms = second.end_ms = second.expiry_ms = 7;
    assert_true(session_content_is_same_login(&first, &second));
    second.name = SSPI_VIEW("bob@EXAMPLE.COM");
    assert_false(session_content_is_same_login(&first, &second));
    second = kerberos_login();
    second.groups = SSPI_VIEW("");
    assert_false(session_content_is_same_login(&first, &second));
    second = kerberos_login();
    second.was_bound = false;
    assert_false(session_content_is_same_login(&first, &second));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_comes_back),
        cmocka_unit_test(a_nul_stands_behind_each_text),
        cmocka_unit_test(an_absent_text_stays_absent),
        cmocka_unit_test(a_cut_content_is_refused_at_every_length),
        cmocka_unit_test(a_flipped_bit_is_refused_or_seen),
        cmocka_unit_test(the_limit_of_a_text_holds),
        cmocka_unit_test(a_scheme_has_only_its_own_mechanisms),
        cmocka_unit_test(a_malformed_list_of_groups_is_not_written),
        cmocka_unit_test(a_renewed_session_is_of_the_same_login),
    };
    return cmocka_run_group_tests(tests, make_groups, free_groups);
}
