/* SPDX-License-Identifier: Apache-2.0 */
/* The page SaslAcceptSecurityContext with Digest's credentials: the profile DIGEST-MD5, and the two
 * flags that the page has. */
#include "msdocs_digest.h"

#include "digest_sasl_client.h"

/* A SASL context of a new credential. */
struct login {
    CredHandle credential;
    CtxtHandle context;
    struct msdocs_call call;
    char nonce[DIGEST_NONCE_LEN + 1];
};

static void open_login(struct login *l, ULONG flags)
{
    SSPI_ACCEPTOR_DATA data = {
        .Version = SSPI_ACCEPTOR_DATA_VERSION, .UserFile = user_file, .DefaultRealm = REALM};

    *l = (struct login){.call = {.sasl = true, .flags = flags}};
    l->credential = msdocs_credential("WDigest", &data);
    l->call.credential = &l->credential;
}

/* "On the first call": the challenge, as text in the call's answer. */
static void begin(struct login *l)
{
    MSDOCS_CHECK(&l->call, msdocs_call(&l->call, NULL, &l->context), SEC_I_CONTINUE_NEEDED);
    bytes_append(&l->call.answer, "", 1);
    const char *at = strstr(l->call.answer.data, "nonce=\"");
    assert_non_null(at);
    memcpy(l->nonce, at + 7, DIGEST_NONCE_LEN);
}

static SECURITY_STATUS respond(struct login *l, const struct sasl_client *c,
                               struct sasl_session *session)
{
    BYTES_CLEANUP struct bytes token = {0};

    sasl_answer(c, &token, session);
    l->call.token = bytes_as_view(&token);
    return msdocs_call(&l->call, &l->context, &l->context);
}

static void close_login(struct login *l)
{
    msdocs_call_end(&l->call);
    assert_int_equal(DeleteSecurityContext(&l->context), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&l->credential), SEC_E_OK);
}

static ULONG number(struct login *l, ULONG option)
{
    ULONG value;

    assert_int_equal(SaslGetContextOption(&l->context, option, &value, sizeof value, NULL),
                     SEC_E_OK);
    return value;
}

static bool challenged(const struct login *l, const char *text)
{
    return strstr(l->call.answer.data, text) != NULL;
}

/* "Encrypt and decrypt messages. Valid with the Digest SSP for SASL only." */
void sasl_asc_req_confidentiality_encrypts(void **unused)
{
    static const struct {
        ULONG flags;
        const char *qop;
    } rows[] = {
        {0, "qop=\"auth\""},
        {ASC_REQ_INTEGRITY, "qop=\"auth,auth-int\""},
        {ASC_REQ_CONFIDENTIALITY, "qop=\"auth,auth-conf\",cipher=\"3des,rc4\""},
        {ASC_REQ_CONFIDENTIALITY | ASC_REQ_INTEGRITY,
         "qop=\"auth,auth-int,auth-conf\",cipher=\"3des,rc4\""},
    };
    struct login l;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        open_login(&l, rows[i].flags);
        begin(&l);
        assert_true(challenged(&l, rows[i].qop));
        close_login(&l);
    }
    /* In HTTP it is an invalid flag. */
    open_login(&l, ASC_REQ_CONFIDENTIALITY | ASC_REQ_HTTP);
    MSDOCS_CHECK(&l.call, msdocs_call(&l.call, NULL, &l.context), SEC_E_SECURITY_QOS_FAILED);
    l.call.flags = 0;
    begin(&l);
    close_login(&l);
}

/* "Use Digest for HTTP. Omit this flag to use Digest as an SASL mechanism." */
void sasl_asc_req_http_uses_digest_for_http(void **unused)
{
    struct login l;

    open_login(&l, ASC_REQ_HTTP);
    l.call.http = true;
    l.call.method = "GET";
    l.call.uri = "/x?y";
    begin(&l);
    assert_true(challenged(&l, "opaque="));
    struct client c = alice(l.nonce, 1);
    client_sends(&c, &l.call);
    MSDOCS_CHECK(&l.call, msdocs_call(&l.call, &l.context, &l.context), SEC_E_OK);
    MSDOCS_CHECK(&l.call, msdocs_call(&l.call, &l.context, &l.context), STATUS_LOGON_FAILURE);
    client_free(&l.call);
    close_login(&l);
    /* A challenge in the form of HTTP needs no parameters. */
    open_login(&l, ASC_REQ_HTTP);
    begin(&l);
    assert_true(challenged(&l, "opaque="));
    close_login(&l);
    /* The other combinations of function and flag. */
    open_login(&l, 0);
    begin(&l);
    assert_false(challenged(&l, "opaque="));
    assert_true(challenged(&l, "algorithm=md5-sess"));
    close_login(&l);
    open_login(&l, 0);
    l.call.sasl = false;
    begin(&l);
    assert_true(challenged(&l, "algorithm=md5-sess"));
    close_login(&l);
}

/* Beside a channel binding the bit is the other flag's: see sspi.h, "The bit 0x10000000". */
void sasl_the_bit_does_not_mean_http_beside_a_channel_binding(void **unused)
{
    struct sasl_session session;
    struct login l;

    open_login(&l, ASC_REQ_ALLOW_MISSING_BINDINGS);
    l.call.binding = CHANNEL;
    begin(&l);
    assert_true(challenged(&l, "algorithm=md5-sess"));
    struct sasl_client c = sasl_alice(l.nonce);
    MSDOCS_CHECK(&l.call, respond(&l, &c, &session), SEC_E_OK);
    close_login(&l);
    open_login(&l, 0);
    l.call.binding = CHANNEL;
    begin(&l);
    c = sasl_alice(l.nonce);
    MSDOCS_CHECK(&l.call, respond(&l, &c, &session), SEC_E_BAD_BINDINGS);
    close_login(&l);
}

/* The options of a context, from both sides' directives. */
void sasl_options_of_digest_md5(void **unused)
{
    char authzid[16];
    ULONG needed, size = 100;
    struct sasl_session session;
    struct login l;

    open_login(&l, ASC_REQ_INTEGRITY);
    begin(&l);
    assert_true(challenged(&l, "maxbuf=65535"));
    assert_int_equal(number(&l, SASL_OPTION_RECV_SIZE), 65535);
    /* The challenge has already named the size. */
    assert_int_equal(SaslSetContextOption(&l.context, SASL_OPTION_RECV_SIZE, &size, sizeof size),
                     SEC_E_UNSUPPORTED_FUNCTION);
    struct sasl_client c = sasl_alice(l.nonce);
    c.qop = "auth-int";
    c.authzid = "bob";
    c.more = ",charset=utf-8,maxbuf=1000";
    MSDOCS_CHECK(&l.call, respond(&l, &c, &session), SEC_E_OK);
    assert_memory_equal(l.call.answer.data, "rspauth=", 8);
    assert_memory_equal(l.call.answer.data + 8, session.rspauth, 32);
    assert_int_equal(number(&l, SASL_OPTION_SEND_SIZE), 1000 - 16 - 1);
    assert_int_equal(SaslGetContextOption(&l.context, SASL_OPTION_AUTHZ_STRING, authzid,
                                          sizeof authzid, &needed),
                     SEC_E_OK);
    assert_int_equal(needed, 3);
    assert_memory_equal(authzid, "bob", 3);
    MSDOCS_CHECK(&l.call, respond(&l, &c, &session), STATUS_LOGON_FAILURE);
    close_login(&l);
}

/* "Authz processing is not permitted.": the client does not learn that its password was right. */
void sasl_authz_of_digest_md5_may_be_forbidden(void **unused)
{
    ULONG forbidden = Sasl_AuthZIDForbidden;
    struct sasl_session session;
    struct login l;

    for (int named = 0; named < 2; named++) {
        open_login(&l, 0);
        begin(&l);
        assert_int_equal(SaslSetContextOption(&l.context, SASL_OPTION_AUTHZ_PROCESSING, &forbidden,
                                              sizeof forbidden),
                         SEC_E_OK);
        struct sasl_client c = sasl_alice(l.nonce);
        c.authzid = named ? "root" : NULL;
        MSDOCS_CHECK(&l.call, respond(&l, &c, &session),
                     named ? SEC_E_ALGORITHM_MISMATCH : SEC_E_OK);
        assert_int_equal(l.call.answer.len, named ? 0 : 40);
        close_login(&l);
    }
}
