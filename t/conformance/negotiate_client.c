/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <gssapi/gssapi_krb5.h>

#include "der.h"
#include "negotiate_client.h"

static char spnego_oid[] = "\x2b\x06\x01\x05\x05\x02";
static char krb5_oid[] = "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02";
gss_OID_desc spnego_mechanism = {6, spnego_oid};
gss_OID_desc krb5_mechanism = {9, krb5_oid};

static gss_buffer_desc buffer(const char *text, size_t len)
{
    union {
        const char *in;
        void *out;
    } data = {.in = text};
    return (gss_buffer_desc){len, data.out};
}

static gss_name_t import_service(const char *service)
{
    OM_uint32 minor;
    gss_name_t name = GSS_C_NO_NAME;
    gss_buffer_desc text = buffer(service, strlen(service));
    assert_int_equal(gss_import_name(&minor, &text, GSS_C_NT_HOSTBASED_SERVICE, &name), 0);
    return name;
}

static void show(OM_uint32 code, int type)
{
    OM_uint32 minor;
    OM_uint32 more = 0;
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
    if (gss_display_status(&minor, code, type, &krb5_mechanism, &more, &text) == GSS_S_COMPLETE)
        print_message("# client: %.*s\n", (int)text.length, (char *)text.value);
    gss_release_buffer(&minor, &text);
}

void client_step(struct client *client, struct sspi_view input, struct bytes *ret_token)
{
    OM_uint32 minor;
    OM_uint32 ignored;
    gss_buffer_desc in = buffer(input.data, input.len);
    gss_buffer_desc out = GSS_C_EMPTY_BUFFER;
    struct gss_channel_bindings_struct bindings = {0};
    gss_name_t name = import_service(client->service);
    if (client->binding != NULL)
        bindings.application_data = buffer(client->binding, strlen(client->binding));
    OM_uint32 major = gss_init_sec_context(
        &minor, client->credential, &client->gss, name, client->mechanism, client->flags, 0,
        client->binding != NULL ? &bindings : GSS_C_NO_CHANNEL_BINDINGS, &in, NULL, &out, NULL,
        NULL);
    gss_release_name(&ignored, &name);
    if (GSS_ERROR(major)) {
        show(major, GSS_C_GSS_CODE);
        show(minor, GSS_C_MECH_CODE);
    }
    assert_false(GSS_ERROR(major));
    client->done = major == GSS_S_COMPLETE;
    bytes_free(ret_token);
    bytes_append(ret_token, out.value, out.length);
    gss_release_buffer(&minor, &out);
}

void client_end(struct client *client)
{
    OM_uint32 minor;
    gss_delete_sec_context(&minor, &client->gss, GSS_C_NO_BUFFER);
    gss_release_cred(&minor, &client->credential);
}

void client_token(gss_OID mechanism, const char *service, const char *binding, OM_uint32 flags,
                  struct bytes *ret_token)
{
    struct client client = {
        .mechanism = mechanism, .service = service, .binding = binding, .flags = flags};
    client_step(&client, (struct sspi_view){NULL, 0}, ret_token);
    client_end(&client);
}

SECURITY_STATUS server_step(struct server *server, struct sspi_view token)
{
    struct package_channel_binding bindings[4] = {0};
    struct package_input in = {.token = token,
                               .requirements = server->requirements,
                               .reads_client_binding = server->reads_client_binding};
    struct package_output out = {.error_info = &server->error_info};
    while (in.n_bindings < 4 && server->bindings[in.n_bindings] != NULL) {
        bindings[in.n_bindings].application = bytes_view(server->bindings[in.n_bindings]);
        in.n_bindings++;
    }
    in.bindings = bindings;
    in.n_tokens = 1;
    server->error_info = (struct sspi_error_info){0};
    SECURITY_STATUS status =
        server->package->accept(server->credential, &server->context, &in, &out);
    bytes_free(&server->answer);
    server->answer = out.tokens[0];
    assert_int_equal(out.n_tokens, server->answer.len > 0);
    if (status != SEC_E_OK && status != SEC_I_CONTINUE_NEEDED) {
        assert_int_not_equal(server->error_info.reason, SSPI_REASON_NONE);
        assert_int_not_equal(server->error_info.text[0], '\0');
    }
    bool established = server->context != NULL && server->package->info(server->context) != NULL;
    assert_int_equal(established, status == SEC_E_OK);
    return status;
}

void server_end(struct server *server)
{
    if (server->context != NULL)
        server->package->destroy(server->context);
    server->context = NULL;
    bytes_free(&server->answer);
}

void wrap_init(const struct sspi_view *oids, size_t n_oids, struct sspi_view token,
               struct bytes *to)
{
    der_append(to, DER_OID, (struct sspi_view){spnego_oid, 6});
    size_t fields = to->len;
    for (size_t i = 0; i < n_oids; i++)
        der_append(to, DER_OID, oids[i]);
    der_wrap(to, fields, DER_SEQUENCE);
    der_wrap(to, fields, DER_CONTEXT(0));
    if (token.data != NULL) {
        size_t start = to->len;
        der_append(to, DER_OCTET_STRING, token);
        der_wrap(to, start, DER_CONTEXT(2));
    }
    der_wrap(to, fields, DER_SEQUENCE);
    der_wrap(to, fields, DER_CONTEXT(0));
    der_wrap(to, 0, DER_APPLICATION(0));
}
