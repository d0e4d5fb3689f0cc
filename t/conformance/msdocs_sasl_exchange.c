/* SPDX-License-Identifier: Apache-2.0 */
#include "msdocs_sasl.h"

static gss_buffer_desc buffer(struct sspi_view view)
{
    union {
        const char *in;
        void *out;
    } data = {.in = view.data};
    return (gss_buffer_desc){view.len, data.out};
}

void exchange_open(struct exchange *e, OM_uint32 client_flags, ULONG server_flags)
{
    *e = (struct exchange){
        .client = {.mechanism = &krb5_mechanism, .service = SERVICE, .flags = client_flags},
        .call = {.sasl = true, .credential = &gssapi, .flags = server_flags},
    };
}

void exchange_close(struct exchange *e)
{
    msdocs_call_end(&e->call);
    client_end(&e->client);
    if (e->begun)
        assert_int_equal(DeleteSecurityContext(&e->context), SEC_E_OK);
}

SECURITY_STATUS exchange_say(struct exchange *e, const void *data, size_t len)
{
    e->call.token = (struct sspi_view){len == 0 ? "" : data, len};
    SECURITY_STATUS status = msdocs_call(&e->call, e->begun ? &e->context : NULL, &e->context);
    e->begun = e->begun || status >= 0;
    return status;
}

void exchange_to_cookie(struct exchange *e)
{
    BYTES_CLEANUP struct bytes token = {0}, cookie = {0};
    bool encrypted = true;

    client_step(&e->client, SSPI_VIEW(""), &token);
    MSDOCS_CHECK(&e->call, exchange_say(e, token.data, token.len), SEC_I_CONTINUE_NEEDED);
    if (!e->client.done) {
        client_step(&e->client, bytes_as_view(&e->call.answer), &token);
        assert_true(e->client.done);
        assert_int_equal(token.len, 0);
        MSDOCS_CHECK(&e->call, exchange_say(e, "", 0), SEC_I_CONTINUE_NEEDED);
    }
    assert_true(exchange_unwrap(e, bytes_as_view(&e->call.answer), &cookie, &encrypted));
    assert_false(encrypted); /* RFC 4752 3.2: conf_flag FALSE */
    assert_int_equal(cookie.len, 4);
    const uint8_t *octets = (const uint8_t *)cookie.data;
    e->layers = octets[0];
    e->size = (uint32_t)octets[1] << 16 | (uint32_t)octets[2] << 8 | octets[3];
}

SECURITY_STATUS exchange_answer(struct exchange *e, const void *cookie, size_t len)
{
    BYTES_CLEANUP struct bytes token = {0};

    exchange_wrap(e, false, (struct sspi_view){cookie, len}, &token);
    return exchange_say(e, token.data, token.len);
}

void exchange_complete(struct exchange *e, uint8_t layer, uint32_t size)
{
    const uint8_t cookie[] = {layer, (uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size};

    exchange_open(e, CLIENT_FLAGS, SERVER_FLAGS);
    exchange_to_cookie(e);
    MSDOCS_CHECK(&e->call, exchange_answer(e, cookie, sizeof cookie), SEC_E_OK);
    assert_int_equal(e->call.answer.len, 0);
}

void exchange_wrap(struct exchange *e, bool encrypt, struct sspi_view message,
                   struct bytes *ret_token)
{
    OM_uint32 minor;
    gss_buffer_desc in = buffer(message), out = GSS_C_EMPTY_BUFFER;
    int encrypted;

    assert_int_equal(gss_wrap(&minor, e->client.gss, encrypt, 0, &in, &encrypted, &out), 0);
    bytes_free(ret_token);
    bytes_append(ret_token, out.value, out.length);
    gss_release_buffer(&minor, &out);
}

bool exchange_unwrap(struct exchange *e, struct sspi_view token, struct bytes *ret_message,
                     bool *ret_encrypted)
{
    OM_uint32 minor;
    gss_buffer_desc in = buffer(token), out = GSS_C_EMPTY_BUFFER;
    int encrypted = 0;

    OM_uint32 major = gss_unwrap(&minor, e->client.gss, &in, &out, &encrypted, NULL);
    bytes_free(ret_message);
    bytes_append(ret_message, out.value, out.length);
    gss_release_buffer(&minor, &out);
    *ret_encrypted = encrypted != 0;
    return major == GSS_S_COMPLETE;
}
