/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_offer.h"
#include "digest_fixture.h"

static struct digest_offer offer_of(struct fixture *f, const char *realm, ULONG requirements)
{
    struct package_input in = input(SSPI_VIEW(""));
    struct digest_offer offer;

    in.requirements = requirements;
    digest_offer_make(f->credential, &in, bytes_view(realm), &offer);
    return offer;
}

static void algorithms_follow_the_users_of_the_realm_or_the_list(void **state)
{
    struct fixture *f = *state;

    acquire(f, without_contexts);
    struct digest_offer offer = offer_of(f, "other", 0);
    assert_int_equal(offer.n_algorithms, 1);
    assert_int_equal(offer.algorithms[0], SSPI_DIGEST_SHA_256);
    /* Two of three users only have an MD5 hash: the server must still offer MD5 to them. */
    offer = offer_of(f, "old", 0);
    assert_int_equal(offer.n_algorithms, 1);
    assert_int_equal(offer.algorithms[0], SSPI_DIGEST_MD5);
    assert_int_equal(offer_of(f, "nobody's", 0).n_algorithms, 2);
    digest_package.release(f->credential);
    acquire(f, (SSPI_ACCEPTOR_DATA){.Algorithms = {SSPI_DIGEST_SHA_512_256, SSPI_DIGEST_MD5_SESS}});
    offer = offer_of(f, "old", ASC_REQ_PROXY_BINDINGS);
    assert_int_equal(offer.n_algorithms, 2);
    assert_int_equal(offer.algorithms[0], SSPI_DIGEST_SHA_512_256);
    assert_int_equal(offer.algorithms[1], SSPI_DIGEST_MD5_SESS);
}

static void a_required_binding_prefers_algorithms_that_windows_knows(void **state)
{
    struct fixture *f = *state;
    struct package_input in = input(SSPI_VIEW(""));
    struct package_channel_binding binding = {0};
    struct digest_offer offer;

    acquire(f, without_contexts);
    in.bindings = &binding;
    in.n_bindings = 1;
    digest_offer_make(f->credential, &in, SSPI_VIEW(REALM), &offer);
    assert_int_equal(offer.n_algorithms, 2);
    assert_int_equal(offer.algorithms[0], SSPI_DIGEST_MD5_SESS);
    assert_int_equal(offer.algorithms[1], SSPI_DIGEST_MD5);
    /* No user of this realm has an MD5 hash. */
    digest_offer_make(f->credential, &in, SSPI_VIEW("other"), &offer);
    assert_int_equal(offer.n_algorithms, 1);
    assert_int_equal(offer.algorithms[0], SSPI_DIGEST_SHA_256);
    in.requirements = ASC_REQ_ALLOW_MISSING_BINDINGS;
    digest_offer_make(f->credential, &in, SSPI_VIEW(REALM), &offer);
    assert_int_equal(offer.algorithms[0], SSPI_DIGEST_SHA_256);
}

static void required_integrity_offers_auth_int(void **state)
{
    struct fixture *f = *state;
    static const ULONG demands[] = {ASC_REQ_INTEGRITY, ASC_REQ_REPLAY_DETECT,
                                    ASC_REQ_SEQUENCE_DETECT};

    acquire(f, without_contexts);
    struct digest_offer offer = offer_of(f, REALM, 0);
    assert_true(offer.auth && !offer.auth_int && !offer.userhash);
    for (size_t i = 0; i < 3; i++) {
        offer = offer_of(f, REALM, demands[i]);
        assert_true(!offer.auth && offer.auth_int);
    }
    digest_package.release(f->credential);
    acquire(f, (SSPI_ACCEPTOR_DATA){.Flags = SSPI_ACCEPTOR_OFFER_INTEGRITY |
                                             SSPI_ACCEPTOR_OFFER_USERHASH});
    offer = offer_of(f, REALM, 0);
    assert_true(offer.auth && offer.auth_int && offer.userhash);
    digest_package.release(f->credential);
    acquire(f, (SSPI_ACCEPTOR_DATA){.Flags = SSPI_ACCEPTOR_CALLER_HASHES |
                                             SSPI_ACCEPTOR_OFFER_USERHASH});
    offer = offer_of(f, REALM, 0);
    assert_false(offer.userhash); /* the caller cannot find a user by it */
    assert_int_equal(offer.n_algorithms, 1);
    assert_int_equal(offer.algorithms[0], SSPI_DIGEST_MD5);
}

static void challenges_contain_the_offer(void **state)
{
    struct fixture *f = *state;
    struct package_input in = input(SSPI_VIEW(""));

    acquire(f, (SSPI_ACCEPTOR_DATA){.Flags = SSPI_ACCEPTOR_OFFER_INTEGRITY |
                                             SSPI_ACCEPTOR_OFFER_USERHASH,
                                    .Domain = "/a https://b/c"});
    assert_int_equal(
        digest_offer_challenge(f->credential, &in, SSPI_VIEW(REALM), SSPI_VIEW("n"), true, &f->out),
        SEC_I_CONTINUE_NEEDED);
    assert_int_equal(f->out.n_tokens, 2);
    for (size_t i = 0; i < 2; i++) {
        bytes_append(&f->out.tokens[i], "", 1);
        const char *text = f->out.tokens[i].data;
        assert_non_null(strstr(text, "nonce=\"n\""));
        assert_non_null(strstr(text, "qop=\"auth,auth-int\""));
        assert_non_null(strstr(text, "userhash=true"));
        assert_non_null(strstr(text, "domain=\"/a https://b/c\""));
        assert_non_null(strstr(text, "stale=true"));
        struct sspi_view opaque = store_state_opaque(f->state);
        const char *at = strstr(text, "opaque=\"");
        assert_non_null(at);
        assert_memory_equal(at + strlen("opaque=\""), opaque.data, opaque.len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(algorithms_follow_the_users_of_the_realm_or_the_list),
        TEST(a_required_binding_prefers_algorithms_that_windows_knows),
        TEST(required_integrity_offers_auth_int),
        TEST(challenges_contain_the_offer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
