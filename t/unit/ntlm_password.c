/* SPDX-License-Identifier: Apache-2.0 */
/* Users and their passwords, and the errors of wrong ones. */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <openssl/evp.h>

#include "ntlm_fixture.h"

/* ---- libcrypto's work, counted: this definition comes before libcrypto's own ---- */

static size_t n_updates;
static size_t n_octets;

int EVP_DigestUpdate(EVP_MD_CTX *context, const void *data, size_t len)
{
    union {
        void *object;
        int (*function)(EVP_MD_CTX *, const void *, size_t);
    } real = {.object = dlsym(RTLD_NEXT, "EVP_DigestUpdate")};
    n_updates++;
    n_octets += len;
    return real.function(context, data, len);
}

static void names_are_compared_without_case(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *user, *domain, *name;
    } all[] = {
        {"alice", "CORP", "Corp\\Alice"},
        {"ALICE", "corp", "Corp\\Alice"},
        {"aLiCe", "Corp", "Corp\\Alice"},
        /* A name without a domain belongs to the domain of the file. */
        {"alice", "", "Corp\\Alice"},
        {"J\xc3\xb6rg Stra\xc3\x9f"
         "e",
         "M\xc3\xbcnchen",
         "M\xc3\xbcnchen\\J\xc3\xb6rg Stra\xc3\x9f"
         "e"},
        {"j\xc3\x96RG STRA\xc3\x9f"
         "E",
         "M\xc3\x9cNCHEN",
         "M\xc3\xbcnchen\\J\xc3\xb6rg Stra\xc3\x9f"
         "e"},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct client client = client_alice();
        struct exchange exchange;
        client.user = all[i].user;
        client.domain = all[i].domain;
        assert_int_equal(login_with(f, &client, (struct package_input){0}, &exchange), SEC_E_OK);
        assert_string_equal(ntlm_package.info(exchange.context)->name, all[i].name);
        exchange_end(&exchange);
    }
}

static void unknown_users_and_wrong_passwords_get_the_same_answer(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *user, *domain, *nt_hash, *words;
    } all[] = {
        {"alice", "CORP", HASH_OF_OTHER, "user \"alice\", domain \"CORP\""},
        {"alicf", "CORP", HASH_OF_PASSWORD, "user \"alicf\", domain \"CORP\""},
        /* The alice of another domain has another password. */
        {"alice", "LAB", HASH_OF_PASSWORD, "user \"alice\", domain \"LAB\""},
        {"alice", "OTHER", HASH_OF_PASSWORD, "user \"alice\", domain \"OTHER\""},
        {"bob", "", HASH_OF_PASSWORD, "user \"bob\", domain \"\""},
        /* One name is not divided into domain and user. */
        {"CORP\\alice", "", HASH_OF_PASSWORD, "user \"CORP\\x5calice\""},
        {"alice@CORP", "", HASH_OF_PASSWORD, "user \"alice@CORP\""},
        {"a\":", "CORP", HASH_OF_PASSWORD, "user \"a\\x22:\""},
        /* The dotless i becomes I in upper case, but this name is still not Alice's. */
        {"al\xc4\xb1"
         "ce",
         "CORP", HASH_OF_OTHER, "user \"al\\xc4\\xb1ce\""},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct client client = client_alice();
        client.user = all[i].user;
        client.domain = all[i].domain;
        client.nt_hash = all[i].nt_hash;
        CHECK_REFUSED(f, login(f, &client), SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD,
                      all[i].words);
        assert_non_null(strstr(f->error_info.text, "unknown user or wrong password"));
    }
}

/* The octets that the server hashes until it refuses. */
static void measure(struct fixture *f, const char *user, const char *nt_hash, size_t *ret_updates,
                    size_t *ret_octets)
{
    struct client client = client_alice();
    struct exchange exchange;
    client.user = user;
    client.nt_hash = nt_hash;
    exchange_begin(f, &client, &exchange);
    n_updates = 0;
    n_octets = 0;
    assert_int_equal(send(f, &exchange.context, &exchange.authenticate), SEC_E_LOGON_DENIED);
    *ret_updates = n_updates;
    *ret_octets = n_octets;
    exchange_end(&exchange);
}

static void unknown_users_and_wrong_passwords_take_the_same_work(void **state)
{
    struct fixture *f = *state;
    size_t updates[2], octets[2];
    measure(f, "alice", HASH_OF_OTHER, &updates[0], &octets[0]);
    measure(f, "carol", HASH_OF_OTHER, &updates[1], &octets[1]);
    assert_true(updates[0] > 0);
    assert_int_equal(updates[0], updates[1]);
    assert_int_equal(octets[0], octets[1]);
}

/* A client that knows the dummy hash of unknown users must be refused. */
static void the_dummy_hash_verifies_no_client(void **state)
{
    struct fixture *f = *state;
    struct client client = client_alice();
    struct store_nt_user found;
    BYTES_CLEANUP struct bytes digits = {0};
    assert_false(store_users_nt_find(f->users, SSPI_VIEW("nobody"), SSPI_VIEW("Corp"), &found));
    bytes_append_hex(&digits, found.hash, sizeof(found.hash));
    bytes_append_char(&digits, '\0');
    client.user = "nobody";
    client.nt_hash = digits.data;
    CHECK_REFUSED(f, login(f, &client), SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD, "nobody");
}

/* A client that does not know the password learns nothing about the later checks. */
static void a_wrong_password_is_reported_before_other_errors(void **state)
{
    struct fixture *f = *state;
    struct client client = client_alice();
    struct exchange exchange;
    const struct package_channel_binding binding = {.application = SSPI_VIEW("x")};
    const struct package_input in = {
        .bindings = &binding, .n_bindings = 1, .requirements = ASC_REQ_INTEGRITY};
    client.nt_hash = HASH_OF_OTHER;
    client.own_time = true;
    client.makes_mic = false;
    client.pairs = SSPI_VIEW("\x09\0\x02\0\0\0");
    CHECK_REFUSED(f, login_with(f, &client, in, &exchange), SEC_E_LOGON_DENIED,
                  SSPI_REASON_WRONG_PASSWORD, "wrong password");
    exchange_end(&exchange);
}

static void names_that_are_not_utf_16_are_malformed(void **state)
{
    struct fixture *f = *state;
    const struct client client = client_alice();

    for (int field = DOMAIN_FIELD; field <= USER_FIELD; field++) {
        struct exchange exchange;
        exchange_begin(f, &client, &exchange);
        size_t at = bytes_read_u32(exchange.authenticate.data + FIELD_AT(field) + 4);
        exchange.authenticate.data[at + 1] = (char)0xDC;
        CHECK_REFUSED(f, send(f, &exchange.context, &exchange.authenticate), SEC_E_INVALID_TOKEN,
                      SSPI_REASON_MALFORMED, "UTF-16");
        exchange_end(&exchange);
    }
}

/* The whole message of MS-NLMP 4.2.4.3: its password is right, but its time is in 1601. */
static void the_message_of_the_specification_is_refused_only_for_its_time(void **state)
{
    static const char hex[] = "4e544c4d535350000300000018001800"
                              "6c00000054005400840000000c000c00"
                              "48000000080008005400000010001000"
                              "5c00000010001000d8000000358288e2"
                              "0501280a0000000f44006f006d006100"
                              "69006e00550073006500720043004f00"
                              "4d005000550054004500520086c35097"
                              "ac9cec102554764a57cccc19aaaaaaaa"
                              "aaaaaaaa68cd0ab851e51c96aabc927b"
                              "ebef6a1c010100000000000000000000"
                              "00000000aaaaaaaaaaaaaaaa00000000"
                              "02000c0044006f006d00610069006e00"
                              "01000c00530065007200760065007200"
                              "0000000000000000c5dad2544fc97990"
                              "94ce1ce90bc9d03e";
    struct fixture *f = *state;
    char octets[sizeof(hex) / 2];
    char error[512];
    struct ntlm_proof proof = {0};
    struct ntlm_verify_exchange exchange = {
        .negotiate = SSPI_VIEW(""),
        .challenge = SSPI_VIEW(""),
        .server_challenge = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef},
        .flags = 0xE28A8233};
    const struct package_input in = {.token = {octets, strlen(hex) / 2}};
    assert_true(hex_decode_lower(bytes_view(hex), octets, strlen(hex) / 2));
    write_file(f->path, "user:DOMAIN:NT:" HASH_OF_PASSWORD "\n");
    assert_int_equal(store_source_reload(store_users_source(f->users), error, sizeof(error)),
                     STORE_SOURCE_RELOADED);
    CHECK_REFUSED(f,
                  ntlm_verify_authenticate(f->credential, &exchange, &in, &proof, &f->error_info),
                  SEC_E_TIME_SKEW, SSPI_REASON_CLOCK_SKEW, "behind");
    exchange.server_challenge[0]++;
    CHECK_REFUSED(
        f, ntlm_verify_authenticate(f->credential, &exchange, &in, &proof, &f->error_info),
        SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD, "user \"User\", domain \"Domain\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names_are_compared_without_case),
        TEST(unknown_users_and_wrong_passwords_get_the_same_answer),
        TEST(unknown_users_and_wrong_passwords_take_the_same_work),
        TEST(the_dummy_hash_verifies_no_client),
        TEST(a_wrong_password_is_reported_before_other_errors),
        TEST(names_that_are_not_utf_16_are_malformed),
        TEST(the_message_of_the_specification_is_refused_only_for_its_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
