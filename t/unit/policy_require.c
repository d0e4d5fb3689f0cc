/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of sspi_require: their words, and which identities meet them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"
#include "policy_check.h"
#include "policy_require.h"

static const struct sspi_view end = {NULL, 0};
static char error[SSPI_ERROR_SIZE];

static bool set(struct sspi_policy *policy, const struct sspi_view *words, size_t n_words)
{
    *policy = sspi_policy_defaults();
    return sspi_policy_set(policy, SSPI_OPTION_REQUIRE, words, n_words, SSPI_SERVER_NGINX, error);
}

static bool is_line(const char *kind, const char *word)
{
    const struct sspi_view words[] = {bytes_view(kind), bytes_view(word), end};
    struct sspi_policy policy;
    return set(&policy, words, word == NULL ? 2 : 3);
}

static void a_line_has_a_known_first_word_and_good_names(void **state)
{
    const struct {
        const char *kind, *word;
        bool good;
    } rows[] = {
        {"user", "alice@R", true},
        {"user", "~.*@R", true},
        {"user", "~", false},
        {"user", NULL, false},
        {"user", "", false},
        {"group", "admins", true},
        {"group", "all people", true},
        {"group", "admins@example.org", true},
        {"group", "LAB\\Domain Admins", true},
        {"group", "S-1-5-21-1-2-3-512", true},
        {"group", "S-1-5-32-544", true},
        {"group", "S-1-5-21-", false},
        {"group", "S-1-", false},
        {"group", "s-1-5-21-1-2-3-x", false},
        {"group", "S-1-5-21-4294967296", false},
        {"group", "\\admins", false},
        {"group", "LAB\\", false},
        {"group", "LAB\\\\admins", false},
        {"group", "LAB\\a\\b", false},
        {"group", "\\", false},
        {"group", "ad\tmins", false},
        {"group", "ad\xFFmins", false},
        {"group", "", false},
        {"group", NULL, false},
        {"realm", "EXAMPLE.ORG", true},
        {"realm", "digest:r", true},
        {"realm", "digest:", false},
        {"realm", "a\nb", false},
        {"realm", "", false},
        {"realm", NULL, false},
        {"channel-bound", NULL, true},
        {"channel-bound", "x", false},
        {"User", "alice@R", false},
        {"valid-user", NULL, false},
        {"", NULL, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (is_line(rows[i].kind, rows[i].word) != rows[i].good)
            fail_msg("%s %s", rows[i].kind, rows[i].word);
}

static void an_error_names_the_directive_the_word_and_what_is_right(void **state)
{
    assert_false(is_line("group", "S-1-5-x"));
    assert_string_equal(
        error, "sspi_require: \"S-1-5-x\" is not valid; use a SID (S-1-5-21-1-2-3-512), "
               "DOMAIN\\name for a group of the directory, or the name of a group of the group "
               "file or of this machine");
    assert_false(is_line("people", "x"));
    assert_string_equal(error, "sspi_require: \"people\" is not valid; use user NAME..., group "
                               "NAME..., realm NAME... or channel-bound");
}

static void a_group_is_a_sid_or_of_a_domain_or_plain(void **state)
{
    struct sid sid;
    assert_int_equal(policy_require_group(SSPI_VIEW("S-1-5-21-1-2-3-512"), &sid), POLICY_GROUP_SID);
    assert_int_equal(sid.n_sub, 5);
    assert_int_equal(sid.sub[4], 512);
    assert_int_equal(policy_require_group(SSPI_VIEW("LAB\\admins"), &sid), POLICY_GROUP_DOMAIN);
    assert_int_equal(policy_require_group(SSPI_VIEW("admins"), &sid), POLICY_GROUP_PLAIN);
    assert_int_equal(policy_require_group(SSPI_VIEW("S-1"), &sid), POLICY_GROUP_PLAIN);
}

/* ---- the check ---- */

static char principal[] = "alice@A", account[] = "lab\\ALICE", digest_user[] = "alice";
static char realm[] = "A", domain[] = "lab", digest_realm[] = "r";
static const struct policy_identity kerberos = {
    .scheme = SSPI_SCHEME_NEGOTIATE, .mech = SSPI_MECH_KERBEROS, .name = principal, .realm = realm};
static const struct policy_identity ntlm = {
    .scheme = SSPI_SCHEME_NTLM, .mech = SSPI_MECH_NTLM, .name = account, .realm = domain};
static const struct policy_identity digest = {
    .scheme = SSPI_SCHEME_DIGEST, .name = digest_user, .realm = digest_realm};

/* A "pattern" of these tests is the text that it matches. */
static bool is_text(void *compiled, struct sspi_view text)
{
    return bytes_equal(bytes_view(compiled), text);
}

/* The user is in the group "in". For the group "dropped" that is not known. */
static enum policy_met in_group(void *self, struct sspi_view group)
{
    assert_ptr_equal(self, &end);
    if (bytes_equal(group, SSPI_VIEW("dropped")))
        return POLICY_UNKNOWN;
    return bytes_equal(group, SSPI_VIEW("in")) ? POLICY_MET : POLICY_MISSED;
}

/* Words of a requirement in one text: "user a|group b c" is two lines. */
struct lines {
    char text[200];
    struct sspi_view words[20];
    void *compiled[20];
};

static struct sspi_policy policy_of(const char *text, struct lines *lines)
{
    struct sspi_policy policy;
    size_t n = 0;
    char *at = lines->text;
    snprintf(lines->text, sizeof(lines->text), "%s", text);
    memset(lines->compiled, 0, sizeof(lines->compiled));
    for (bool last = false; !last; at++) {
        size_t len = strcspn(at, " |");
        bool ends_line = at[len] != ' ';
        last = at[len] == '\0';
        at[len] = '\0';
        if (*at == '~')
            lines->compiled[n] = at + 1;
        lines->words[n++] = bytes_view(at);
        if (ends_line)
            lines->words[n++] = end;
        at += len;
    }
    if (!set(&policy, lines->words, n))
        fail_msg("%s: %s", text, error);
    policy.require.compiled = lines->compiled;
    return policy;
}

static enum policy_met check(const char *text, const struct policy_identity *identity, bool bound,
                             char ret_missed[100])
{
    struct lines lines;
    const struct sspi_policy policy = policy_of(text, &lines);
    const struct policy_require_facts facts = {bound, is_text, in_group, (void *)(uintptr_t)&end};
    struct sspi_words line = {NULL, 0, NULL};
    enum policy_met met = policy_check_require(&policy, identity, &facts, &line);
    *ret_missed = '\0';
    for (size_t i = 0; i < line.n; i++)
        snprintf(ret_missed + strlen(ret_missed), 100 - strlen(ret_missed), "%s%.*s",
                 i == 0 ? "" : " ", (int)line.words[i].len, line.words[i].data);
    return met;
}

static void a_line_is_met_by_one_of_its_words_and_each_line_must_be_met(void **state)
{
    const struct {
        const char *text;
        const struct policy_identity *identity;
        bool bound;
        enum policy_met met;
        const char *missed;
    } rows[] = {
        {"user bob@A alice@A", &kerberos, false, POLICY_MET, ""},
        {"user bob@A", &kerberos, false, POLICY_MISSED, "user bob@A"},
        {"user ALICE@A", &kerberos, false, POLICY_MISSED, "user ALICE@A"},
        {"user LAB\\alice", &ntlm, false, POLICY_MET, ""},
        {"user digest:alice", &digest, false, POLICY_MET, ""},
        {"user alice", &digest, false, POLICY_MISSED, "user alice"},
        {"user ~alice@A", &kerberos, false, POLICY_MET, ""},
        {"user ~alice", &kerberos, false, POLICY_MISSED, "user ~alice"},
        {"user ~digest:alice", &digest, false, POLICY_MET, ""},
        {"user ~alice", &digest, false, POLICY_MISSED, "user ~alice"},
        {"user x ~alice@A", &kerberos, false, POLICY_MET, ""},
        {"user x|user ~alice@A", &kerberos, false, POLICY_MISSED, "user x"},
        {"user alice@A|user ~alice@A", &kerberos, false, POLICY_MET, ""},
        {"realm B A", &kerberos, false, POLICY_MET, ""},
        {"realm a", &kerberos, false, POLICY_MISSED, "realm a"},
        {"realm digest:A", &kerberos, false, POLICY_MISSED, "realm digest:A"},
        {"realm LAB", &ntlm, false, POLICY_MET, ""},
        {"realm digest:r", &digest, false, POLICY_MET, ""},
        {"realm r", &digest, false, POLICY_MISSED, "realm r"},
        {"realm digest:R", &digest, false, POLICY_MISSED, "realm digest:R"},
        {"group out in", &kerberos, false, POLICY_MET, ""},
        {"group out", &kerberos, false, POLICY_MISSED, "group out"},
        {"group out dropped", &kerberos, false, POLICY_UNKNOWN, "group out dropped"},
        {"group dropped in", &kerberos, false, POLICY_MET, ""},
        {"group dropped|realm B", &kerberos, false, POLICY_MISSED, "realm B"},
        {"realm B|group dropped", &kerberos, false, POLICY_MISSED, "realm B"},
        {"group dropped|realm A", &kerberos, false, POLICY_UNKNOWN, "group dropped"},
        {"group in|realm A|user alice@A|channel-bound", &kerberos, true, POLICY_MET, ""},
        {"group in|channel-bound", &kerberos, false, POLICY_MISSED, "channel-bound"},
        {"channel-bound", &digest, true, POLICY_MET, ""},
    };
    char missed[100];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum policy_met met = check(rows[i].text, rows[i].identity, rows[i].bound, missed);
        if (met != rows[i].met || strcmp(missed, rows[i].missed) != 0)
            fail_msg("%zu, %s: %d %s", i, rows[i].text, met, missed);
    }
}

/* A KDC of another realm chooses the names of its users. */
static void a_name_that_looks_like_one_of_another_scheme_meets_nothing_of_it(void **state)
{
    const struct {
        const char *name, *realm;
        uint8_t mech;
        const char *text;
        enum policy_met met;
    } rows[] = {
        {"digest:bob@B", "B", SSPI_MECH_KERBEROS, "user ~digest:bob@B", POLICY_MISSED},
        {"digest:bob@B", "B", SSPI_MECH_KERBEROS, "user digest:bob@B", POLICY_MISSED},
        {"DIGEST:bob@B", "B", SSPI_MECH_KERBEROS, "user ~DIGEST:bob@B", POLICY_MISSED},
        {"digest:bob@B", "B", SSPI_MECH_KERBEROS, "realm B", POLICY_MET},
        {"bob@digest:r", "digest:r", SSPI_MECH_KERBEROS, "realm digest:r", POLICY_MISSED},
        {"digest:\\bob", "digest:", SSPI_MECH_NTLM, "user ~digest:\\bob", POLICY_MISSED},
        {"LAB\\\\bob@B", "B", SSPI_MECH_KERBEROS, "user ~LAB\\\\bob@B", POLICY_MISSED},
        {"LAB\\\\bob@B", "B", SSPI_MECH_KERBEROS, "user LAB\\\\bob@B", POLICY_MET},
        {"bob\\@A@B", "B", SSPI_MECH_KERBEROS, "user ~bob\\@A@B", POLICY_MISSED},
        {"LAB\\bob@A", "LAB", SSPI_MECH_NTLM, "user ~LAB\\bob@A", POLICY_MISSED},
        {"LAB\\bob@A", "LAB", SSPI_MECH_NTLM, "user LAB\\bob@A", POLICY_MET},
        {"LAB\\http/a", "LAB", SSPI_MECH_NTLM, "user ~LAB\\http/a", POLICY_MISSED},
        {"http/a@B", "B", SSPI_MECH_KERBEROS, "user ~http/a@B", POLICY_MET},
        {"LAB\\bob", "LAB", SSPI_MECH_NTLM, "user ~LAB\\bob", POLICY_MET},
    };
    char name[40], of[40], missed[100];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        snprintf(name, sizeof(name), "%s", rows[i].name);
        snprintf(of, sizeof(of), "%s", rows[i].realm);
        const struct policy_identity identity = {
            .scheme = SSPI_SCHEME_NEGOTIATE, .mech = rows[i].mech, .name = name, .realm = of};
        if (check(rows[i].text, &identity, false, missed) != rows[i].met)
            fail_msg("%zu, %s: %s", i, name, rows[i].text);
    }
}

static void without_answers_patterns_and_groups_are_missed(void **state)
{
    const char *texts[] = {"user ~alice@A", "group in"};
    const struct policy_require_facts nothing = {.is_bound = true};
    struct lines lines;
    struct sspi_words line;
    for (size_t i = 0; i < 2; i++) {
        struct sspi_policy policy = policy_of(texts[i], &lines);
        assert_int_equal(policy_check_require(&policy, &kerberos, &nothing, &line), POLICY_MISSED);
    }
    /* Nor is a pattern that the server did not compile met by its own text. */
    const struct policy_require_facts facts = {true, is_text, NULL, NULL};
    struct sspi_policy policy = policy_of("user ~alice@A", &lines);
    policy.require.compiled = NULL;
    assert_int_equal(policy_check_require(&policy, &kerberos, &facts, &line), POLICY_MISSED);
}

static void a_user_without_a_realm_is_of_no_realm(void **state)
{
    struct policy_identity nowhere = kerberos;
    char empty[] = "";
    nowhere.realm = NULL;
    assert_false(policy_identity_realm_is(&nowhere, SSPI_VIEW("")));
    nowhere.realm = empty;
    assert_false(policy_identity_realm_is(&nowhere, SSPI_VIEW("")));
    nowhere.scheme = SSPI_SCHEME_DIGEST;
    assert_false(policy_identity_realm_is(&nowhere, SSPI_VIEW("digest:")));
}

static void an_inner_scope_replaces_the_lines_with_their_patterns(void **state)
{
    struct lines outer_lines, inner_lines;
    struct sspi_policy outer = policy_of("user ~alice@A|channel-bound", &outer_lines);
    struct sspi_policy inner = policy_of("realm B", &inner_lines), merged;
    sspi_policy_merge(&merged, &outer, &inner);
    assert_ptr_equal(merged.require.compiled, inner_lines.compiled);
    assert_true(merged.requires_channel_bound);
    inner = sspi_policy_defaults();
    sspi_policy_merge(&merged, &outer, &inner);
    assert_ptr_equal(merged.require.compiled, outer_lines.compiled);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_a_known_first_word_and_good_names),
        cmocka_unit_test(an_error_names_the_directive_the_word_and_what_is_right),
        cmocka_unit_test(a_group_is_a_sid_or_of_a_domain_or_plain),
        cmocka_unit_test(a_line_is_met_by_one_of_its_words_and_each_line_must_be_met),
        cmocka_unit_test(a_name_that_looks_like_one_of_another_scheme_meets_nothing_of_it),
        cmocka_unit_test(without_answers_patterns_and_groups_are_missed),
        cmocka_unit_test(a_user_without_a_realm_is_of_no_realm),
        cmocka_unit_test(an_inner_scope_replaces_the_lines_with_their_patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
