/* SPDX-License-Identifier: Apache-2.0 */
/* The names of two users never read the same, with any characters in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "policy.h"
#include "request_user_name.h"
#include "krb5_fixture.h"

static struct request_user kerberos(const char *name)
{
    return (struct request_user){
        .mech = SSPI_MECH_KERBEROS, .name = name, .service_realm = REALM, .default_realm = REALM};
}

static struct request_user ntlm(const char *name, bool own)
{
    return (struct request_user){
        .mech = SSPI_MECH_NTLM, .name = name, .default_realm = REALM, .is_of_own_domain = own};
}

static struct request_user digest(const char *name)
{
    return (struct request_user){.name = name, .default_realm = REALM};
}

#define AMBIGUOUS  "(ambiguous)"
#define NO_ACCOUNT "(no account)"

/* Returns the name, or a text that stands for the result. The caller frees it. */
static char *spell(const struct request_user *user, uint64_t form)
{
    char *name = NULL;
    switch (request_user_name_spell(user, form, &name)) {
    case REQUEST_USER_NAME_GOOD:
        return name;
    case REQUEST_USER_NAME_AMBIGUOUS:
        return strdup(AMBIGUOUS);
    case REQUEST_USER_NAME_NO_ACCOUNT:
        return strdup(NO_ACCOUNT);
    default:
        return NULL;
    }
}

static void check(struct request_user user, const char *full, const char *shortened,
                  const char *local)
{
    const char *const wanted[] = {[SSPI_USER_NAME_FULL] = full,
                                  [SSPI_USER_NAME_SHORT] = shortened,
                                  [SSPI_USER_NAME_LOCAL] = local};
    for (uint64_t form = 0; form < 3; form++) {
        char *name = spell(&user, form);
        assert_non_null(name);
        if (strcmp(name, wanted[form]) != 0)
            fail_msg("%s in form %d: %s", user.name, (int)form, name);
        free(name);
    }
}

static void principals(void **state)
{
    check(kerberos("alice@" REALM), "alice@" REALM, "alice", "alice");
    check(kerberos("alice@OTHER"), "alice@OTHER", "alice@OTHER", NO_ACCOUNT);
    check(kerberos("alice/admin@" REALM), "alice/admin@" REALM, "alice/admin", NO_ACCOUNT);
    /* Escapes are kept: without them each name would be another user's. */
    check(kerberos("alice\\@OTHER@" REALM), "alice\\@OTHER@" REALM, "alice\\@OTHER", AMBIGUOUS);
    check(kerberos("LAB\\\\bob@" REALM), "LAB\\\\bob@" REALM, "LAB\\\\bob", AMBIGUOUS);
    check(kerberos("alice\\/admin@" REALM), "alice\\/admin@" REALM, "alice\\/admin", AMBIGUOUS);
    /* A realm with a separator in it is not the default realm. */
    check(kerberos("alice@X\\@" REALM), "alice@X\\@" REALM, "alice@X\\@" REALM, AMBIGUOUS);
    struct request_user user = kerberos("alice@" REALM);
    user.default_realm = NULL;
    check(user, "alice@" REALM, "alice@" REALM, "alice");
}

static void accounts(void **state)
{
    check(ntlm("LAB\\alice", true), "LAB\\alice", "alice", "alice");
    check(ntlm("FAR\\alice", false), "FAR\\alice", "FAR\\alice", NO_ACCOUNT);
    /* The Kerberos user alice, and names that a page would read as hers. */
    check(ntlm("LAB\\alice@" REALM, true), "LAB\\alice@" REALM, AMBIGUOUS, AMBIGUOUS);
    check(ntlm("LAB\\alice@OTHER", true), "LAB\\alice@OTHER", AMBIGUOUS, AMBIGUOUS);
    check(ntlm("FAR\\alice@" REALM, false), "FAR\\alice@" REALM, "FAR\\alice@" REALM, NO_ACCOUNT);
    check(ntlm("LAB\\alice/admin", true), "LAB\\alice/admin", AMBIGUOUS, AMBIGUOUS);
    /* The principal whose only part is LAB@carol. */
    check(ntlm("LAB\\@carol@" REALM, true), AMBIGUOUS, AMBIGUOUS, AMBIGUOUS);
    check(ntlm("FAR\\@carol", false), AMBIGUOUS, AMBIGUOUS, AMBIGUOUS);
    check(ntlm("FAR\\/carol@" REALM, false), AMBIGUOUS, AMBIGUOUS, AMBIGUOUS);
}

static void digest_users(void **state)
{
    check(digest("alice"), "alice", "alice", "alice");
    check(digest("alice/admin"), "alice/admin", AMBIGUOUS, AMBIGUOUS);
    struct request_user user = digest("alice/admin");
    user.is_digest_only_scheme = true;
    check(user, "alice/admin", "alice/admin", "alice/admin");
}

static void check_form(struct request_user user, uint64_t form, const char *wanted)
{
    char *name = spell(&user, form);
    assert_non_null(name);
    if (strcmp(name, wanted) != 0)
        fail_msg("%s in form %d: %s instead of %s", user.name, (int)form, name, wanted);
    free(name);
}

static void check_sam(const char *sam_name, const char *wanted)
{
    struct request_user user = kerberos("alice@" REALM);
    user.sam_name = sam_name;
    check_form(user, SSPI_USER_NAME_SAM, wanted);
}

static void account_names_of_the_directory(void **state)
{
    check_sam("LAB\\alice", "LAB\\alice");
    check_sam(NULL, "alice@" REALM);
    /* The principal whose only part is LAB@carol. */
    check_sam("LAB\\@carol@" REALM, AMBIGUOUS);
    check_sam("LAB\\/carol@" REALM, AMBIGUOUS);
    check_form(ntlm("LAB\\alice", true), SSPI_USER_NAME_SAM, "LAB\\alice");
    check_form(ntlm("FAR\\alice", false), SSPI_USER_NAME_SAM, "FAR\\alice");
    check_form(digest("alice/admin"), SSPI_USER_NAME_SAM, "alice/admin");
    struct request_user user = ntlm("LAB\\alice", true);
    user.is_of_user_file = true;
    check_form(user, SSPI_USER_NAME_SAM, AMBIGUOUS);
    check_form(user, SSPI_USER_NAME_FULL, "LAB\\alice");
}

static void check_upn(const char *upn, const char *wanted)
{
    struct request_user user = kerberos("alice@" REALM);
    user.upn = upn;
    user.service_realm = "service.realm";
    check_form(user, SSPI_USER_NAME_UPN, wanted);
}

static void user_principal_names(void **state)
{
    check_upn("alice@example.com", "alice@example.com");
    check_upn("alice.liddell@example.com", "alice.liddell@example.com");
    check_upn("alice@Example.Com", "alice@Example.Com");
    check_upn("alice@" REALM, "alice@" REALM);
    check_upn("Alice@" REALM, "Alice@" REALM);
    check_upn(NULL, "alice@" REALM);
    check_form(ntlm("LAB\\alice", true), SSPI_USER_NAME_UPN, "LAB\\alice");
    check_form(digest("alice"), SSPI_USER_NAME_UPN, "alice");
}

static void a_user_principal_name_is_no_principal_of_another_user(void **state)
{
    static const char *const names[] = {"bob@" REALM,
                                        "bob@service.realm",
                                        "bob@OTHER",
                                        "bob@OTHER.REALM-2",
                                        "alice",
                                        "@example.com",
                                        "alice@",
                                        "a@b@example.com",
                                        "LAB\\bob@x.com",
                                        "HTTP/www@x.com",
                                        "bob\\@OTHER@" REALM,
                                        ""};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        check_upn(names[i], AMBIGUOUS);
    struct request_user user = kerberos("alice@OTHER.REALM");
    user.upn = "bob@lower.realm";
    user.default_realm = "lower.realm";
    check_form(user, SSPI_USER_NAME_UPN, AMBIGUOUS);
    user.default_realm = user.service_realm = NULL;
    check_form(user, SSPI_USER_NAME_UPN, "bob@lower.realm");
}

static void check_made(bool is_foreign, bool unfiltered, uint64_t form, const char *wanted)
{
    static char name[] = "alice@OTHER", target[] = "HTTP/www@" REALM, sam_name[] = "LAB\\bob",
                upn[] = "bob@example.com";
    struct sspi_acceptor acceptor = {.default_realm = NULL};
    struct sspi_exchange exchange = {.acceptor = &acceptor,
                                     .identity = {.scheme = SSPI_SCHEME_NEGOTIATE,
                                                  .mech = SSPI_MECH_KERBEROS,
                                                  .name = name,
                                                  .target = target,
                                                  .sam_name = sam_name,
                                                  .upn = upn,
                                                  .is_foreign = is_foreign}};
    struct sspi_policy policy = sspi_policy_defaults();
    char *made = NULL;
    policy.user_name = form;
    policy.groups.offers[SSPI_GROUPS_TICKET_UNFILTERED] = unfiltered;
    assert_int_equal(request_user_name_make(&exchange, &policy, &made), REQUEST_USER_NAME_GOOD);
    assert_string_equal(made, wanted);
    free(made);
}

static void the_pac_of_a_foreign_realm_does_not_name_our_users(void **state)
{
    check_made(true, false, SSPI_USER_NAME_SAM, "alice@OTHER");
    check_made(true, false, SSPI_USER_NAME_UPN, "alice@OTHER");
    check_made(true, true, SSPI_USER_NAME_SAM, "LAB\\bob");
    check_made(true, true, SSPI_USER_NAME_UPN, "bob@example.com");
    check_made(false, false, SSPI_USER_NAME_SAM, "LAB\\bob");
}

/* A user and its person: alice of the default realm, the own domain and the user file is one
 * person. */
struct person {
    struct request_user user;
    const char *who;
};

/* All parts of a name that could make it read as another one, for all three schemes. */
static const char *const crafted[] = {
    "alice",        ("alice@" REALM), "alice@OTHER",     "LAB\\alice", "alice/root",
    "@alice@OTHER", "/alice@OTHER",   "FAR\\@bob@OTHER", "\\@bob",     "alice\\"};
#define N_CRAFTED (sizeof crafted / sizeof crafted[0])

/* As krb5_unparse_name() escapes one part. */
static char *principal_of(const char *part, const char *realm)
{
    struct bytes text = {0};
    for (; *part != '\0'; part++) {
        if (strchr("@/\\", *part) != NULL)
            bytes_append_char(&text, '\\');
        bytes_append_char(&text, *part);
    }
    bytes_append_format(&text, "@%s", realm);
    return bytes_steal(&text, NULL);
}

static char *account_of(const char *domain, const char *user)
{
    struct bytes text = {0};
    bytes_append_format(&text, "%s\\%s", domain, user);
    return bytes_steal(&text, NULL);
}

#define N_FORMS 5

#define N_PEOPLE (6 * N_CRAFTED)

/* Users of the names above, of each scheme that can have them. Returns how many. */
static size_t make_people(struct person people[N_PEOPLE], char *names[N_PEOPLE])
{
    size_t n = 0;
    for (size_t i = 0; i < N_CRAFTED; i++) {
        const char *one = i == 0 ? "alice" : NULL;
        names[n] = principal_of(crafted[i], REALM);
        people[n] = (struct person){kerberos(names[n]), one != NULL ? one : names[n]};
        n++;
        names[n] = principal_of(crafted[i], "OTHER");
        people[n] = (struct person){kerberos(names[n]), names[n]};
        n++;
        /* An account that chose its names in the directory. */
        names[n] = principal_of("mallory", crafted[i]);
        people[n] = (struct person){kerberos(names[n]), names[n]};
        people[n].user.upn = crafted[i];
        n++;
        /* NTLM's names cannot hold a backslash (store_users_parse_nt_names()). */
        for (int own = 0; own < 2 && strchr(crafted[i], '\\') == NULL; own++) {
            names[n] = account_of(own ? "LAB" : "FAR", crafted[i]);
            people[n] = (struct person){ntlm(names[n], own), own && one != NULL ? one : names[n]};
            n++;
        }
        /* Digest's names cannot hold these beside other schemes (policy_identity_is_ambiguous()).
         */
        if (strpbrk(crafted[i], "@\\") == NULL) {
            names[n] = strdup(crafted[i]);
            people[n] = (struct person){digest(names[n]), one != NULL ? one : names[n]};
            n++;
        }
    }
    return n;
}

static void two_users_never_have_the_same_name(void **state)
{
    struct person people[N_PEOPLE];
    char *names[N_PEOPLE], *spelt[N_PEOPLE];
    size_t n = make_people(people, names), n_alike = 0;
    for (uint64_t form = 0; form < N_FORMS; form++) {
        for (size_t i = 0; i < n; i++)
            spelt[i] = spell(&people[i].user, form);
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j < i; j++) {
                bool alike = spelt[i][0] != '(' && strcmp(spelt[i], spelt[j]) == 0;
                if (alike && strcmp(people[i].who, people[j].who) != 0)
                    fail_msg("%s and %s are both %s", people[i].user.name, people[j].user.name,
                             spelt[i]);
                n_alike += alike;
            }
        }
        for (size_t i = 0; i < n; i++)
            free(spelt[i]);
    }
    assert_int_equal(n_alike, 3 + 3); /* the alices, in short and local */
    for (size_t i = 0; i < n; i++)
        free(names[i]);
}

static int start(void **state)
{
    return krb5_fixture_start();
}

static int end(void **state)
{
    return krb5_fixture_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(principals),
        cmocka_unit_test(accounts),
        cmocka_unit_test(digest_users),
        cmocka_unit_test(account_names_of_the_directory),
        cmocka_unit_test(user_principal_names),
        cmocka_unit_test(a_user_principal_name_is_no_principal_of_another_user),
        cmocka_unit_test(the_pac_of_a_foreign_realm_does_not_name_our_users),
        cmocka_unit_test(two_users_never_have_the_same_name),
    };
    return cmocka_run_group_tests(tests, start, end);
}
