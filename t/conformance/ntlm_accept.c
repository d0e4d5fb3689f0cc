/* SPDX-License-Identifier: Apache-2.0 */
/* The NTLM package against the initiator of gss-ntlmssp. ntlm_accept.t configures GSSAPI to find
 * gss-ntlmssp. SSPI_TEST_USERS names a user file with Corp's Alice, whose password is
 * "Password". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <gssapi/gssapi_ext.h>

#include "negotiate_client.h"

#define HTTP "HTTP@www.example.org"
#define LIST SSPI_VIEW("\x30\x0c\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a")
#define CERT "tls-server-end-point:thirty-two octets of a certificate"

static char ntlm_oid[] = "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a";
static gss_OID_desc ntlm_mechanism = {10, ntlm_oid};

/* A client that asks for it, as MIT's SPNEGO does, puts a MIC into AUTHENTICATE. */
static char wants_mic_oid[] = "\x2b\x06\x01\x04\x01\xb7\x7d\x85\x0f\x01\x02";
static gss_OID_desc wants_mic = {11, wants_mic_oid};

static void *credential;

static int start(void **state)
{
    struct sspi_error_info error_info = {0};
    SSPI_ACCEPTOR_DATA data = {.Version = SSPI_ACCEPTOR_DATA_VERSION,
                               .UserFile = getenv("SSPI_TEST_USERS")};
    SECURITY_STATUS status = ntlm_package.acquire(&data, &credential, &error_info);
    if (status != SEC_E_OK)
        print_message("# acquire: %s\n", error_info.text);
    return status == SEC_E_OK ? 0 : -1;
}

static int end(void **state)
{
    ntlm_package.release(credential);
    return 0;
}

static gss_buffer_desc buffer(struct sspi_view view)
{
    union {
        const char *in;
        void *out;
    } data = {.in = view.data};
    return (gss_buffer_desc){view.len, data.out};
}

static struct client client_for(const char *name, const char *password, OM_uint32 flags)
{
    OM_uint32 minor;
    gss_name_t user = GSS_C_NO_NAME;
    gss_OID_set_desc mechanisms = {1, &ntlm_mechanism};
    gss_buffer_desc name_text = buffer(bytes_view(name));
    gss_buffer_desc password_text = buffer(bytes_view(password));
    struct client client = {.mechanism = &ntlm_mechanism, .service = HTTP, .flags = flags};
    assert_int_equal(gss_import_name(&minor, &name_text, GSS_C_NT_USER_NAME, &user), 0);
    assert_int_equal(gss_acquire_cred_with_password(&minor, user, &password_text, GSS_C_INDEFINITE,
                                                    &mechanisms, GSS_C_INITIATE, &client.credential,
                                                    NULL, NULL),
                     GSS_S_COMPLETE);
    gss_release_name(&minor, &user);
    return client;
}

/* Runs all legs. With `mic` the client puts a MIC into the last one. */
static SECURITY_STATUS login(struct client *client, struct server *server, bool mic)
{
    OM_uint32 minor;
    gss_buffer_set_t ignored = GSS_C_NO_BUFFER_SET;
    struct bytes token = {0};
    client_step(client, (struct sspi_view){NULL, 0}, &token);
    assert_int_equal(server_step(server, bytes_as_view(&token)), SEC_I_CONTINUE_NEEDED);
    if (mic) {
        assert_int_equal(gss_inquire_sec_context_by_oid(&minor, client->gss, &wants_mic, &ignored),
                         GSS_S_COMPLETE);
        gss_release_buffer_set(&minor, &ignored);
    }
    client_step(client, bytes_as_view(&server->answer), &token);
    assert_true(client->done);
    SECURITY_STATUS status = server_step(server, bytes_as_view(&token));
    assert_int_equal(server->answer.len, 0);
    bytes_free(&token);
    return status;
}

static struct server server_with(const char *binding, ULONG requirements)
{
    return (struct server){.package = &ntlm_package,
                           .credential = credential,
                           .bindings = {binding},
                           .requirements = requirements};
}

static SECURITY_STATUS login_once(const char *name, const char *password)
{
    struct client client = client_for(name, password, GSS_C_INTEG_FLAG);
    struct server server = server_with(NULL, 0);
    SECURITY_STATUS status = login(&client, &server, false);
    if (status == SEC_E_OK)
        assert_string_equal(ntlm_package.info(server.context)->name, "Corp\\Alice");
    client_end(&client);
    server_end(&server);
    return status;
}

static void only_the_right_name_and_password_are_accepted(void **state)
{
    assert_int_equal(login_once("CORP\\alice", "Password"), SEC_E_OK);
    assert_int_equal(login_once("corp\\ALICE", "Password"), SEC_E_OK);
    assert_int_equal(login_once("CORP\\alice", "password"), SEC_E_LOGON_DENIED);
    assert_int_equal(login_once("CORP\\mallory", "Password"), SEC_E_LOGON_DENIED);
    assert_int_equal(login_once("OTHER\\alice", "Password"), SEC_E_LOGON_DENIED);
}

static void both_sides_sign_messages(void **state)
{
    static const struct {
        OM_uint32 flags;
        ULONG attributes;
    } all[] = {
        {GSS_C_INTEG_FLAG, ASC_RET_INTEGRITY | ASC_RET_REPLAY_DETECT | ASC_RET_SEQUENCE_DETECT},
        {GSS_C_INTEG_FLAG | GSS_C_CONF_FLAG, ASC_RET_INTEGRITY | ASC_RET_REPLAY_DETECT |
                                                 ASC_RET_SEQUENCE_DETECT | ASC_RET_CONFIDENTIALITY},
    };

    for (size_t i = 0; i < 2; i++) {
        OM_uint32 minor;
        struct client client = client_for("CORP\\alice", "Password", all[i].flags);
        struct server server = server_with(NULL, 0);
        struct bytes ours = {0};
        gss_buffer_desc list = buffer(LIST), theirs = GSS_C_EMPTY_BUFFER;
        assert_int_equal(login(&client, &server, false), SEC_E_OK);
        assert_int_equal(ntlm_package.info(server.context)->attributes, all[i].attributes);
        assert_int_equal(gss_get_mic(&minor, client.gss, 0, &list, &theirs), GSS_S_COMPLETE);
        struct sspi_view mic = {theirs.value, theirs.length};
        assert_int_equal(ntlm_package.check_mic(server.context, LIST, mic), SEC_E_OK);
        assert_int_equal(ntlm_package.make_mic(server.context, LIST, &ours), SEC_E_OK);
        gss_buffer_desc answer = buffer(bytes_as_view(&ours));
        assert_int_equal(gss_verify_mic(&minor, client.gss, &list, &answer, NULL), GSS_S_COMPLETE);
        gss_release_buffer(&minor, &theirs);
        bytes_free(&ours);
        client_end(&client);
        server_end(&server);
    }
}

static void integrity_requires_a_mic(void **state)
{
    for (int mic = 0; mic < 2; mic++) {
        struct client client = client_for("CORP\\alice", "Password", GSS_C_INTEG_FLAG);
        struct server server = server_with(NULL, ASC_REQ_INTEGRITY);
        assert_int_equal(login(&client, &server, mic), mic ? SEC_E_OK : SEC_E_LOGON_DENIED);
        client_end(&client);
        server_end(&server);
    }
}

static void a_mic_is_accepted_if_none_is_required(void **state)
{
    struct client client = client_for("CORP\\alice", "Password", GSS_C_INTEG_FLAG);
    struct server server = server_with(NULL, 0);
    assert_int_equal(login(&client, &server, true), SEC_E_OK);
    client_end(&client);
    server_end(&server);
}

static void the_service_name_is_returned(void **state)
{
    struct client client = client_for("CORP\\alice", "Password", GSS_C_INTEG_FLAG);
    struct server server = server_with(NULL, 0);
    assert_int_equal(login(&client, &server, true), SEC_E_OK);
    assert_string_equal(ntlm_package.info(server.context)->target, "HTTP/www.example.org");
    client_end(&client);
    server_end(&server);
}

static void channel_bindings_follow_the_policy(void **state)
{
    static const struct {
        const char *sent, *wanted;
        ULONG requirements;
        SECURITY_STATUS status;
        enum package_bound bound;
    } all[] = {
        {CERT, CERT, 0, SEC_E_OK, PACKAGE_BOUND_MATCHED},
        {CERT, CERT, ASC_REQ_ALLOW_MISSING_BINDINGS, SEC_E_OK, PACKAGE_BOUND_MATCHED},
        {CERT, NULL, 0, SEC_E_OK, PACKAGE_BOUND_UNCHECKED},
        {CERT, NULL, ASC_REQ_PROXY_BINDINGS, SEC_E_OK, PACKAGE_BOUND_PROXY},
        {CERT "x", CERT, 0, SEC_E_BAD_BINDINGS, PACKAGE_BOUND_UNCHECKED},
        {CERT "x", CERT, ASC_REQ_ALLOW_MISSING_BINDINGS, SEC_E_BAD_BINDINGS,
         PACKAGE_BOUND_UNCHECKED},
        {NULL, CERT, 0, SEC_E_BAD_BINDINGS, PACKAGE_BOUND_UNCHECKED},
        {NULL, NULL, 0, SEC_E_OK, PACKAGE_BOUND_UNCHECKED},
    };

    for (int mic = 0; mic < 2; mic++) {
        for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
            struct client client = client_for("CORP\\alice", "Password", GSS_C_INTEG_FLAG);
            struct server server = server_with(all[i].wanted, all[i].requirements);
            client.binding = all[i].sent;
            assert_int_equal(login(&client, &server, mic != 0), all[i].status);
            if (all[i].status == SEC_E_OK)
                assert_int_equal(ntlm_package.info(server.context)->bound, all[i].bound);
            client_end(&client);
            server_end(&server);
        }
    }
}

static void ntlmv1_is_refused(void **state)
{
    assert_int_equal(setenv("LM_COMPAT_LEVEL", "2", 1), 0);
    struct client client = client_for("CORP\\alice", "Password", 0);
    struct server server = server_with(NULL, 0);
    assert_int_equal(login(&client, &server, false), SEC_E_LOGON_DENIED);
    assert_non_null(strstr(server.error_info.text, "NTLMv1"));
    assert_int_equal(unsetenv("LM_COMPAT_LEVEL"), 0);
    client_end(&client);
    server_end(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_right_name_and_password_are_accepted),
        cmocka_unit_test(both_sides_sign_messages),
        cmocka_unit_test(integrity_requires_a_mic),
        cmocka_unit_test(a_mic_is_accepted_if_none_is_required),
        cmocka_unit_test(the_service_name_is_returned),
        cmocka_unit_test(channel_bindings_follow_the_policy),
        cmocka_unit_test(ntlmv1_is_refused),
    };
    return cmocka_run_group_tests(tests, start, end);
}
