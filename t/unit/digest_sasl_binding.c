/* SPDX-License-Identifier: Apache-2.0 */
/* Channel bindings in the responses of DIGEST-MD5 (draft-santesson-digestbind). */
#include "digest_sasl_client.h"

#define HASHED                                                                                     \
    ",hashed-dirs=\"service-name,channel-binding\",service-name=\"imap/h\",channel-binding="
#define NO_CHANNEL "00000000000000000000000000000000"

static const struct package_channel_binding channel = {
    .application = {"tls-server-end-point:x", 22}};

/* The cnonce and directives of a client that binds to a channel. */
static void bind(const char *binding, char cnonce[128], char more[512])
{
    uint8_t digest[16];
    char text[128], hex[33];

    snprintf(text, sizeof(text), "imap/h:%s", binding);
    sasl_md5(text, strlen(text), digest);
    sasl_hex(digest, hex);
    snprintf(cnonce, 128, "+Upgraded+v1%s0123456789abcdef", hex);
    snprintf(more, 512, HASHED "\"%s\"", binding);
}

static void right_binding(char binding[33])
{
    uint8_t text[64] = {0}, digest[16];

    text[16] = 22;
    memcpy(text + 20, channel.application.data, 22);
    sasl_md5(text, 42, digest);
    sasl_hex(digest, binding);
}

static void bindings_are_checked_as_in_http(void **state)
{
    static const struct {
        const char *binding; /* NULL: none; "": right */
        bool given;
        ULONG requirements;
        SECURITY_STATUS status;
        enum package_bound bound;
    } cases[] = {
        {NULL, false, 0, SEC_E_OK, PACKAGE_BOUND_UNCHECKED},
        {NULL, true, 0, SEC_E_BAD_BINDINGS, 0},
        {NULL, true, ASC_REQ_ALLOW_MISSING_BINDINGS, SEC_E_OK, PACKAGE_BOUND_ABSENT},
        {NULL, false, ASC_REQ_PROXY_BINDINGS, SEC_E_BAD_BINDINGS, 0},
        {"", true, 0, SEC_E_OK, PACKAGE_BOUND_MATCHED},
        {"", true, ASC_REQ_ALLOW_MISSING_BINDINGS, SEC_E_OK, PACKAGE_BOUND_MATCHED},
        {NO_CHANNEL, true, 0, SEC_E_BAD_BINDINGS, 0},
        {NO_CHANNEL, true, ASC_REQ_ALLOW_MISSING_BINDINGS, SEC_E_BAD_BINDINGS, 0},
        {"0123456789abcdef0123456789abcdef", true, 0, SEC_E_BAD_BINDINGS, 0},
        {"0123456789abcdef0123456789abcdef", false, ASC_REQ_PROXY_BINDINGS, SEC_E_OK,
         PACKAGE_BOUND_PROXY},
    };
    struct fixture *f = *state;
    char nonce[DIGEST_NONCE_LEN + 1], cnonce[128], more[512], right[33];
    struct sasl_session session;

    acquire(f, (SSPI_ACCEPTOR_DATA){0});
    right_binding(right);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        BYTES_CLEANUP struct bytes token = {0};
        void *context = sasl_begin(f, 0, nonce);
        struct sasl_client c = sasl_alice(nonce);
        if (cases[i].binding != NULL) {
            bind(cases[i].binding[0] == '\0' ? right : cases[i].binding, cnonce, more);
            c.cnonce = cnonce;
            c.more = more;
        }
        sasl_answer(&c, &token, &session);
        struct package_input in = sasl_input(bytes_as_view(&token), cases[i].requirements);
        in.bindings = &channel;
        in.n_bindings = cases[i].given;
        assert_int_equal(call(f, &context, &in), cases[i].status);
        const struct package_info *info = digest_package.info(context);
        assert_int_equal(info != NULL, cases[i].status == SEC_E_OK);
        if (info != NULL) {
            assert_int_equal(info->bound, cases[i].bound);
            /* The service of the binding has priority over digest-uri. */
            assert_string_equal(info->target,
                                cases[i].binding == NULL ? "imap/host.example.org" : "imap/h");
        }
        digest_package.destroy(context);
    }
}

static void contradictory_bindings_are_refused(void **state)
{
    struct fixture *f = *state;
    struct sasl_client c = sasl_alice(NULL);
    char cnonce[128], more[512];

    acquire(f, (SSPI_ACCEPTOR_DATA){0});
    bind(NO_CHANNEL, cnonce, more);
    c.cnonce = cnonce;
    sasl_refused(f, 0, c, SEC_E_BAD_BINDINGS,
                 SSPI_REASON_BAD_BINDING); /* an attacker removed the directives */
    c.more = more;
    assert_int_equal(sasl_try(f, 0, c), SEC_E_OK);
    c.cnonce = "c";
    sasl_refused(f, 0, c, SEC_E_BAD_BINDINGS, SSPI_REASON_BAD_BINDING);
    c.password = "wrong";
    sasl_refused(f, 0, c, SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bindings_are_checked_as_in_http),
        TEST(contradictory_bindings_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
