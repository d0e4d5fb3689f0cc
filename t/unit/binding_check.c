/* SPDX-License-Identifier: Apache-2.0 */
/* The decision about channels and services. The expected results were written by hand from
 * Microsoft's pages (Extended Protection, AcceptSecurityContext, SEC_CHANNEL_BINDINGS_RESULT) and
 * .NET's published HttpListener. They were not taken from the code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "binding_check.h"

/* ---- channels ---- */

/* Each cell is a result. The columns are: the client was not read, it sends no binding, it says "no
 * TLS". The next three are for a client that names a channel: there is no candidate, a different
 * one, or an equal one. */
enum cell {
    UNCHECKED,      /* accepted; nothing was compared */
    ABSENT,         /* accepted without a binding */
    ALLOWED_NO_TLS, /* accepted, although the client says that it uses no TLS */
    PROXY,          /* accepted, bound to a channel that ends before this server */
    BOUND,          /* accepted, bound to this channel */
    UNREAD,         /* refused: nothing is known about the client */
    MISSING,        /* refused: no binding */
    NO_TLS,         /* refused: "no TLS" where there is TLS */
    OTHER,          /* refused: another channel */
    NOT_COMPARABLE  /* refused: a channel that cannot be compared */
};

static const struct {
    enum binding_answer answer;
    enum package_bound bound;
} outcomes[] = {
    [UNCHECKED] = {BINDING_ACCEPTED, PACKAGE_BOUND_UNCHECKED},
    [ABSENT] = {BINDING_ACCEPTED, PACKAGE_BOUND_ABSENT},
    [ALLOWED_NO_TLS] = {BINDING_ACCEPTED, PACKAGE_BOUND_NO_TLS},
    [PROXY] = {BINDING_ACCEPTED, PACKAGE_BOUND_PROXY},
    [BOUND] = {BINDING_ACCEPTED, PACKAGE_BOUND_MATCHED},
    [UNREAD] = {.answer = BINDING_NOT_READ},
    [MISSING] = {.answer = BINDING_CLIENT_ABSENT},
    [NO_TLS] = {.answer = BINDING_CLIENT_NO_TLS},
    [OTHER] = {.answer = BINDING_OTHER_CHANNEL},
    [NOT_COMPARABLE] = {.answer = BINDING_NOT_COMPARABLE},
};

enum { TLS, PLAIN };

static const struct row {
    enum binding_mode mode;
    enum binding_end end;
    int plain;
    enum cell unread, absent, no_tls, no_candidate, differs, equal;
} table[] = {
    /* tokenChecking None: nothing is checked. */
    {BINDING_MODE_NONE, BINDING_END_KNOWN, TLS, UNCHECKED, UNCHECKED, UNCHECKED, UNCHECKED,
     UNCHECKED, UNCHECKED},
    {BINDING_MODE_NONE, BINDING_END_KNOWN, PLAIN, UNCHECKED, UNCHECKED, UNCHECKED, UNCHECKED,
     UNCHECKED, UNCHECKED},
    {BINDING_MODE_NONE, BINDING_END_UNKNOWN, TLS, UNCHECKED, UNCHECKED, UNCHECKED, UNCHECKED,
     UNCHECKED, UNCHECKED},
    {BINDING_MODE_NONE, BINDING_END_UNKNOWN, PLAIN, UNCHECKED, UNCHECKED, UNCHECKED, UNCHECKED,
     UNCHECKED, UNCHECKED},
    {BINDING_MODE_NONE, BINDING_END_MIXED, TLS, UNCHECKED, UNCHECKED, UNCHECKED, UNCHECKED,
     UNCHECKED, UNCHECKED},
    {BINDING_MODE_NONE, BINDING_END_MIXED, PLAIN, UNCHECKED, UNCHECKED, UNCHECKED, UNCHECKED,
     UNCHECKED, UNCHECKED},
    /* tokenChecking Allow: a client without a binding is accepted, and the binding of a client must
     * be right. "No TLS" is right over plain HTTP. */
    {BINDING_MODE_ALLOW, BINDING_END_KNOWN, TLS, UNREAD, ABSENT, NO_TLS, NOT_COMPARABLE, OTHER,
     BOUND},
    {BINDING_MODE_ALLOW, BINDING_END_KNOWN, PLAIN, UNREAD, ABSENT, ALLOWED_NO_TLS, NOT_COMPARABLE,
     OTHER, BOUND},
    /* Flag Proxy: the exact match is bypassed, "no TLS" is still refused. */
    {BINDING_MODE_ALLOW, BINDING_END_UNKNOWN, TLS, UNREAD, ABSENT, NO_TLS, PROXY, PROXY, PROXY},
    {BINDING_MODE_ALLOW, BINDING_END_UNKNOWN, PLAIN, UNREAD, ABSENT, NO_TLS, PROXY, PROXY, PROXY},
    /* Flag ProxyCohosting: that test is skipped, too. */
    {BINDING_MODE_ALLOW, BINDING_END_MIXED, TLS, UNCHECKED, UNCHECKED, UNCHECKED, UNCHECKED,
     UNCHECKED, UNCHECKED},
    {BINDING_MODE_ALLOW, BINDING_END_MIXED, PLAIN, UNCHECKED, UNCHECKED, UNCHECKED, UNCHECKED,
     UNCHECKED, UNCHECKED},
    /* tokenChecking Require. */
    {BINDING_MODE_REQUIRE, BINDING_END_KNOWN, TLS, UNREAD, MISSING, NO_TLS, NOT_COMPARABLE, OTHER,
     BOUND},
    {BINDING_MODE_REQUIRE, BINDING_END_KNOWN, PLAIN, UNREAD, MISSING, NO_TLS, NOT_COMPARABLE, OTHER,
     BOUND},
    {BINDING_MODE_REQUIRE, BINDING_END_UNKNOWN, TLS, UNREAD, MISSING, NO_TLS, PROXY, PROXY, PROXY},
    {BINDING_MODE_REQUIRE, BINDING_END_UNKNOWN, PLAIN, UNREAD, MISSING, NO_TLS, PROXY, PROXY,
     PROXY},
    {BINDING_MODE_REQUIRE, BINDING_END_MIXED, TLS, UNCHECKED, UNCHECKED, UNCHECKED, UNCHECKED,
     UNCHECKED, UNCHECKED},
    {BINDING_MODE_REQUIRE, BINDING_END_MIXED, PLAIN, UNCHECKED, UNCHECKED, UNCHECKED, UNCHECKED,
     UNCHECKED, UNCHECKED},
};

static void check_cell(const struct row *row, enum package_client_binding client,
                       enum binding_comparison comparison, enum cell wanted)
{
    const struct binding_rules rules = {
        .mode = row->mode, .end = row->end, .plain = row->plain == PLAIN};
    enum package_bound bound;
    enum binding_answer answer = binding_check_channel(&rules, client, comparison, &bound);

    if (answer != outcomes[wanted].answer)
        print_error("row %td, client %d, comparison %d\n", row - table, (int)client,
                    (int)comparison);
    assert_int_equal(answer, outcomes[wanted].answer);
    if (answer == BINDING_ACCEPTED)
        assert_int_equal(bound, outcomes[wanted].bound);
}

static void every_combination_is_decided_as_the_table_says(void **state)
{
    /* All combinations: three modes, three ends, two kinds of connection. */
    assert_int_equal(sizeof(table) / sizeof(table[0]), 3 * 3 * 2);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const struct row *row = &table[i];
        for (int c = BINDING_NO_CANDIDATE; c <= BINDING_EQUAL; c++) {
            enum binding_comparison comparison = (enum binding_comparison)c;
            check_cell(row, PACKAGE_CLIENT_BINDING_UNKNOWN, comparison, row->unread);
            check_cell(row, PACKAGE_CLIENT_BINDING_ABSENT, comparison, row->absent);
            check_cell(row, PACKAGE_CLIENT_BINDING_NO_TLS, comparison, row->no_tls);
        }
        check_cell(row, PACKAGE_CLIENT_BINDING_PRESENT, BINDING_NO_CANDIDATE, row->no_candidate);
        check_cell(row, PACKAGE_CLIENT_BINDING_PRESENT, BINDING_DIFFERENT, row->differs);
        check_cell(row, PACKAGE_CLIENT_BINDING_PRESENT, BINDING_EQUAL, row->equal);
    }
}

/* ---- Windows' flags ---- */

static void flags_and_buffers_have_their_windows_meaning(void **state)
{
    static const struct {
        ULONG flags;
        size_t n_bindings;
        enum binding_mode mode;
        enum binding_end end;
    } rows[] = {
        {0, 0, BINDING_MODE_NONE, BINDING_END_KNOWN},
        /* 0x10000000 without a binding is ASC_REQ_HTTP. */
        {ASC_REQ_ALLOW_MISSING_BINDINGS, 0, BINDING_MODE_NONE, BINDING_END_KNOWN},
        {ASC_REQ_PROXY_BINDINGS, 0, BINDING_MODE_REQUIRE, BINDING_END_UNKNOWN},
        {ASC_REQ_PROXY_BINDINGS | ASC_REQ_ALLOW_MISSING_BINDINGS, 0, BINDING_MODE_REQUIRE,
         BINDING_END_UNKNOWN},
        {0, 1, BINDING_MODE_REQUIRE, BINDING_END_KNOWN},
        {ASC_REQ_ALLOW_MISSING_BINDINGS, 1, BINDING_MODE_ALLOW, BINDING_END_KNOWN},
        {ASC_REQ_PROXY_BINDINGS, 1, BINDING_MODE_REQUIRE, BINDING_END_KNOWN},
        {ASC_REQ_PROXY_BINDINGS | ASC_REQ_ALLOW_MISSING_BINDINGS, 1, BINDING_MODE_REQUIRE,
         BINDING_END_KNOWN},
    };
    const struct package_channel_binding binding = {.application = {"tls-unique:x", 12}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct package_input in = {
            .requirements = rows[i].flags, .bindings = &binding, .n_bindings = rows[i].n_bindings};
        struct binding_rules rules = binding_rules_of(&in);
        assert_int_equal(rules.mode, rows[i].mode);
        assert_int_equal(rules.end, rows[i].end);
        assert_int_equal(rules.n_bindings, rows[i].n_bindings);
        assert_false(rules.plain);
        assert_false(rules.checks_client_names);
        assert_int_equal(rules.n_services, 0);
    }
}

static void rules_of_the_core_replace_flags_and_buffers(void **state)
{
    const struct binding_rules own = {.mode = BINDING_MODE_ALLOW, .plain = true};
    const struct package_input in = {.requirements = ASC_REQ_PROXY_BINDINGS, .rules = &own};

    assert_int_equal(binding_rules_of(&in).mode, BINDING_MODE_ALLOW);
    assert_int_equal(binding_rules_of(&in).end, BINDING_END_KNOWN);
    assert_true(binding_rules_of(&in).plain);
}

/* ---- services ---- */

#define LISTED SSPI_VIEW("HTTP/www.example.org")

static enum binding_answer service(enum binding_mode mode, bool proven, const char *name,
                                   enum package_bound bound, bool checks, bool refuses_dotless)
{
    const struct sspi_view services[] = {LISTED, SSPI_VIEW("HTTP/www"), SSPI_VIEW("host/")};
    const struct binding_rules rules = {.mode = mode,
                                        .services = services,
                                        .n_services = 3,
                                        .checks_client_names = checks,
                                        .refuses_dotless = refuses_dotless};
    const struct binding_facts facts = {.service = bytes_view(name), .service_proven = proven};

    return binding_check_service(&rules, &facts, bound);
}

static void every_policy_checks_a_proven_service(void **state)
{
    for (int m = BINDING_MODE_NONE; m <= BINDING_MODE_REQUIRE; m++) {
        for (int checks = 0; checks <= 1; checks++) {
            enum binding_mode mode = (enum binding_mode)m;
            assert_int_equal(
                service(mode, true, "HTTP/www.example.org@R", PACKAGE_BOUND_MATCHED, checks, true),
                BINDING_ACCEPTED);
            assert_int_equal(
                service(mode, true, "http/WWW.example.org@R", PACKAGE_BOUND_ABSENT, checks, true),
                BINDING_ACCEPTED);
            assert_int_equal(service(mode, true, "HTTP/www@R", PACKAGE_BOUND_ABSENT, checks, true),
                             BINDING_ACCEPTED);
            assert_int_equal(service(mode, true, "HTTP/other.example.org@R", PACKAGE_BOUND_MATCHED,
                                     checks, true),
                             BINDING_OTHER_SERVICE);
            /* An empty name means that the key is for another service, so the client proved no
             * service. */
            assert_int_equal(service(mode, true, "", PACKAGE_BOUND_MATCHED, checks, true),
                             BINDING_OTHER_SERVICE);
        }
    }
}

static void a_name_that_the_client_sends_is_checked_if_names_are_checked(void **state)
{
    static const struct {
        const char *name;
        bool refuses_dotless;
        enum binding_answer wanted;
    } rows[] = {
        {"HTTP/www.example.org", true, BINDING_ACCEPTED},
        {"http/WWW.EXAMPLE.ORG", true, BINDING_ACCEPTED},
        {"HTTP/other.example.org", true, BINDING_OTHER_SERVICE},
        {"HTTP/www", true, BINDING_ACCEPTED}, /* listed itself */
        {"host/any.example.org", true, BINDING_ACCEPTED},
        {"host/any", true, BINDING_OTHER_SERVICE}, /* only its service type is listed */
        {"host/any", false, BINDING_ACCEPTED},
        {"HTTP/localhost", true, BINDING_OTHER_SERVICE},
        {"HTTP", true, BINDING_OTHER_SERVICE},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(service(BINDING_MODE_ALLOW, false, rows[i].name, PACKAGE_BOUND_ABSENT,
                                 true, rows[i].refuses_dotless),
                         rows[i].wanted);
        assert_int_equal(service(BINDING_MODE_REQUIRE, false, rows[i].name, PACKAGE_BOUND_PROXY,
                                 true, rows[i].refuses_dotless),
                         rows[i].wanted);
        assert_int_equal(service(BINDING_MODE_NONE, false, rows[i].name, PACKAGE_BOUND_UNCHECKED,
                                 false, rows[i].refuses_dotless),
                         BINDING_ACCEPTED);
    }
}

/* .NET, CheckSpn: an empty name passes only under WhenSupported. A compared channel proves more
 * than a name. */
static void a_client_without_a_service_name_needs_a_compared_channel_or_allow(void **state)
{
    for (int i = 0; i < 2; i++) {
        const char *name = i == 0 ? NULL : "";
        assert_int_equal(service(BINDING_MODE_ALLOW, false, name, PACKAGE_BOUND_ABSENT, true, true),
                         BINDING_ACCEPTED);
        assert_int_equal(
            service(BINDING_MODE_REQUIRE, false, name, PACKAGE_BOUND_MATCHED, true, true),
            BINDING_ACCEPTED);
        assert_int_equal(
            service(BINDING_MODE_REQUIRE, false, name, PACKAGE_BOUND_PROXY, true, true),
            BINDING_NO_SERVICE);
        assert_int_equal(
            service(BINDING_MODE_REQUIRE, false, name, PACKAGE_BOUND_UNCHECKED, true, true),
            BINDING_NO_SERVICE);
    }
}

/* ---- channel and service together ---- */

static void facts_and_rules_become_a_status(void **state)
{
    const struct package_channel_binding right = {.application = {"tls-server-end-point:ours", 25}};
    const struct package_channel_binding relay = {
        .application = {"tls-server-end-point:relay", 26}};
    const struct sspi_view listed = LISTED;
    struct binding_rules rules = {.mode = BINDING_MODE_ALLOW,
                                  .bindings = &right,
                                  .n_bindings = 1,
                                  .services = &listed,
                                  .n_services = 1};
    struct binding_facts facts = {.service = SSPI_VIEW("HTTP/www.example.org@R"),
                                  .service_proven = true};
    struct hash_suite suite;
    struct sspi_error_info error_info;
    uint8_t hash[PACKAGE_CHANNEL_HASH_LEN];
    enum package_bound bound;

    assert_true(hash_suite_init(&suite));
    assert_true(binding_channel_hash(&right, &suite, hash));
    facts.channel = binding_channel_from_hash(hash);
    assert_int_equal(binding_check(&rules, &facts, &suite, &bound, &error_info), SEC_E_OK);
    assert_int_equal(bound, PACKAGE_BOUND_MATCHED);
    assert_int_equal(binding_check(&rules, &facts, NULL, &bound, &error_info), SEC_E_OK);

    /* The same login under rules with other channels or another service. */
    rules.bindings = &relay;
    assert_int_equal(binding_check(&rules, &facts, &suite, &bound, &error_info),
                     SEC_E_BAD_BINDINGS);
    assert_int_equal(error_info.reason, SSPI_REASON_BAD_BINDING);
    rules.n_bindings = 0;
    assert_int_equal(binding_check(&rules, &facts, &suite, &bound, &error_info),
                     SEC_E_BAD_BINDINGS);
    rules.bindings = &right;
    rules.n_bindings = 1;
    facts.service = SSPI_VIEW("HTTP/otherhost@R");
    assert_int_equal(binding_check(&rules, &facts, &suite, &bound, &error_info),
                     SEC_E_WRONG_PRINCIPAL);
    assert_int_equal(error_info.reason, SSPI_REASON_WRONG_SERVICE);
    assert_non_null(strstr(error_info.text, "HTTP/otherhost@R"));
    assert_non_null(strstr(error_info.text, "HTTP/www.example.org"));
    hash_suite_clear(&suite);
}

static void a_hash_of_zeros_says_no_tls(void **state)
{
    uint8_t hash[PACKAGE_CHANNEL_HASH_LEN] = {0};

    assert_int_equal(binding_channel_from_hash(hash).client, PACKAGE_CLIENT_BINDING_NO_TLS);
    hash[PACKAGE_CHANNEL_HASH_LEN - 1] = 1;
    assert_int_equal(binding_channel_from_hash(hash).client, PACKAGE_CLIENT_BINDING_PRESENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination_is_decided_as_the_table_says),
        cmocka_unit_test(flags_and_buffers_have_their_windows_meaning),
        cmocka_unit_test(rules_of_the_core_replace_flags_and_buffers),
        cmocka_unit_test(every_policy_checks_a_proven_service),
        cmocka_unit_test(a_name_that_the_client_sends_is_checked_if_names_are_checked),
        cmocka_unit_test(a_client_without_a_service_name_needs_a_compared_channel_or_allow),
        cmocka_unit_test(facts_and_rules_become_a_status),
        cmocka_unit_test(a_hash_of_zeros_says_no_tls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
