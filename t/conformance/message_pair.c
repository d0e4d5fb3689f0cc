/* SPDX-License-Identifier: Apache-2.0 */
#include <gssapi/gssapi_krb5.h>
#include <stdio.h>

#include "message_pair.h"

static char krb5_oid[] = "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02";
static char ntlm_oid[] = "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a";
static char spnego_oid[] = "\x2b\x06\x01\x05\x05\x02";
static gss_OID_desc krb5 = {9, krb5_oid}, ntlm = {10, ntlm_oid}, spnego = {6, spnego_oid};

/* Messages with RC4 have another format (RFC 4757) than those of the other types (RFC 4121). */
static const struct pair_kind kerberos_kinds[] = {
    {.package = "Kerberos"},
    {.package = "Kerberos", .enctype = 20},
    {.package = "Kerberos", .enctype = RC4},
    {.package = "Negotiate", .spnego = true},
    {.package = "Negotiate"},
    {.package = NULL},
};
static const struct pair_kind ntlm_kinds[] = {
    {.package = "NTLM", .ntlm = true},
    {.package = "Negotiate", .ntlm = true, .spnego = true},
    {.package = "Negotiate", .ntlm = true},
    {.package = NULL},
};

const struct pair_kind *pair_kinds;
static const char *realm_dir, *users;

int pair_start(void **state)
{
    realm_dir = getenv("SSPI_TEST_REALM");
    users = getenv("SSPI_TEST_USERS");
    pair_kinds = realm_dir != NULL ? kerberos_kinds : ntlm_kinds;
    return realm_dir != NULL || users != NULL ? 0 : -1;
}

static void show(OM_uint32 code, int type, gss_OID mechanism)
{
    OM_uint32 minor, more = 0;
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
    if (gss_display_status(&minor, code, type, mechanism, &more, &text) == GSS_S_COMPLETE)
        print_message("# peer: %.*s\n", (int)text.length, (char *)text.value);
    gss_release_buffer(&minor, &text);
}

static void check_peer(OM_uint32 major, OM_uint32 minor, gss_OID mechanism)
{
    if (GSS_ERROR(major)) {
        show(major, GSS_C_GSS_CODE, mechanism);
        show(minor, GSS_C_MECH_CODE, mechanism);
    }
    assert_false(GSS_ERROR(major));
}

static gss_buffer_desc text_buffer(char *text)
{
    return (gss_buffer_desc){strlen(text), text};
}

static gss_name_t import(char *text, gss_OID type)
{
    OM_uint32 minor;
    gss_name_t name = GSS_C_NO_NAME;
    gss_buffer_desc buffer = text_buffer(text);
    assert_int_equal(gss_import_name(&minor, &buffer, type, &name), GSS_S_COMPLETE);
    return name;
}

/* ---- login ---- */

static gss_OID mechanism_of(const struct pair_kind *kind)
{
    return kind->spnego ? &spnego : kind->ntlm ? &ntlm : &krb5;
}

static gss_cred_id_t ntlm_credential(gss_OID mechanism)
{
    static char user[] = "CORP\\alice", password[] = "Password";
    OM_uint32 minor;
    gss_cred_id_t credential = GSS_C_NO_CREDENTIAL;
    gss_OID_set_desc wanted = {1, mechanism}, only = {1, &ntlm};
    gss_buffer_desc secret = text_buffer(password);
    gss_name_t name = import(user, GSS_C_NT_USER_NAME);
    OM_uint32 major = gss_acquire_cred_with_password(
        &minor, name, &secret, GSS_C_INDEFINITE, &wanted, GSS_C_INITIATE, &credential, NULL, NULL);
    check_peer(major, minor, mechanism);
    if (mechanism == &spnego) {
        major = gss_set_neg_mechs(&minor, credential, &only);
        check_peer(major, minor, mechanism);
    }
    gss_release_name(&minor, &name);
    return credential;
}

static gss_cred_id_t initiator(const struct pair_kind *kind)
{
    OM_uint32 minor;
    gss_cred_id_t credential = GSS_C_NO_CREDENTIAL;
    if (kind->ntlm)
        return ntlm_credential(mechanism_of(kind));
    if (kind->enctype != 0) {
        int32_t enctype = kind->enctype;
        gss_OID_set_desc wanted = {1, &krb5};
        OM_uint32 major = gss_acquire_cred(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &wanted,
                                           GSS_C_INITIATE, &credential, NULL, NULL);
        check_peer(major, minor, &krb5);
        major = gss_krb5_set_allowable_enctypes(&minor, credential, 1, &enctype);
        check_peer(major, minor, &krb5);
    }
    return credential;
}

static CredHandle acceptor(const struct pair_kind *kind)
{
    char keytab[512];
    CredHandle credential;
    SSPI_ACCEPTOR_DATA data = {.Version = SSPI_ACCEPTOR_DATA_VERSION};
    if (kind->ntlm) {
        data.UserFile = users;
        data.Mechanisms = SSPI_MECHANISM_NTLM;
    } else {
        snprintf(keytab, sizeof keytab, "%s/http.keytab", realm_dir);
        data.KeytabName = keytab;
    }
    assert_int_equal(AcquireCredentialsHandleA(NULL, kind->package, SECPKG_CRED_INBOUND, NULL,
                                               &data, NULL, NULL, &credential, NULL),
                     SEC_E_OK);
    return credential;
}

/* One leg of the acceptor; its answer replaces `token`. */
static SECURITY_STATUS accept_leg(struct pair *pair, bool first, gss_buffer_desc *token)
{
    OM_uint32 minor;
    SecBuffer in = {(ULONG)token->length, SECBUFFER_TOKEN, token->value};
    SecBuffer out[] = {{0, SECBUFFER_TOKEN, NULL}, {0, SECBUFFER_EMPTY, NULL}};
    struct sspi_error_info error_info;
    out[1] = (SecBuffer){sizeof error_info, SECBUFFER_SSPI_ERROR_INFO, &error_info};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &in}, output = {SECBUFFER_VERSION, 2, out};
    SECURITY_STATUS status = AcceptSecurityContext(
        &pair->credential, first ? NULL : &pair->context, &input, ASC_REQ_ALLOCATE_MEMORY, 0,
        &pair->context, &output, &pair->attributes, NULL);
    if (status < 0)
        print_message("# error: %s\n", error_info.text);
    gss_release_buffer(&minor, token);
    token->length = out[0].cbBuffer;
    token->value = out[0].pvBuffer; /* allocated by malloc(), as GSSAPI's buffers are */
    return status;
}

static void login(struct pair *pair, gss_cred_id_t credential, OM_uint32 flags)
{
    static char service[] = "HTTP@localhost";
    OM_uint32 minor, major = GSS_S_CONTINUE_NEEDED;
    SECURITY_STATUS status = SEC_I_CONTINUE_NEEDED;
    gss_buffer_desc token = GSS_C_EMPTY_BUFFER;
    gss_OID mechanism = mechanism_of(pair->kind);
    gss_name_t name = import(service, GSS_C_NT_HOSTBASED_SERVICE);
    for (bool first = true; first || token.length > 0; first = false) {
        gss_buffer_desc answer = GSS_C_EMPTY_BUFFER;
        major = gss_init_sec_context(&minor, credential, &pair->gss, name, mechanism, flags, 0,
                                     GSS_C_NO_CHANNEL_BINDINGS, &token, NULL, &answer, NULL, NULL);
        check_peer(major, minor, mechanism);
        gss_release_buffer(&minor, &token);
        token = answer;
        if (token.length > 0)
            status = accept_leg(pair, first, &token);
        assert_true(status >= 0);
    }
    gss_release_name(&minor, &name);
    assert_int_equal(major, GSS_S_COMPLETE);
    assert_int_equal(status, SEC_E_OK);
}

void pair_open(struct pair *pair, const struct pair_kind *kind, OM_uint32 flags)
{
    OM_uint32 minor;
    *pair = (struct pair){.kind = kind, .gss = GSS_C_NO_CONTEXT, .credential = acceptor(kind)};
    gss_cred_id_t credential = initiator(kind);
    login(pair, credential, flags);
    gss_release_cred(&minor, &credential);
    assert_int_equal(QueryContextAttributesA(&pair->context, SECPKG_ATTR_SIZES, &pair->sizes),
                     SEC_E_OK);
}

void pair_close(struct pair *pair)
{
    OM_uint32 minor;
    gss_delete_sec_context(&minor, &pair->gss, GSS_C_NO_BUFFER);
    assert_int_equal(DeleteSecurityContext(&pair->context), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&pair->credential), SEC_E_OK);
}

/* ---- blocks ---- */

void block_free(struct block *block)
{
    free(block->data);
    *block = (struct block){0};
}

static struct block block_new(size_t len)
{
    struct block block = {malloc(len + 1), len};
    assert_non_null(block.data);
    return block;
}

struct block block_copy(const void *data, size_t len)
{
    struct block block = block_new(len);
    if (len > 0)
        memcpy(block.data, data, len);
    return block;
}

gss_buffer_desc block_buffer(const struct block *block)
{
    return (gss_buffer_desc){block->len, block->data};
}

struct block block_text(size_t len, unsigned salt)
{
    struct block block = block_new(len);
    for (size_t i = 0; i < len; i++)
        block.data[i] = (char)(i * 7 + i / 251 + salt * 31);
    return block;
}

static struct block block_take(gss_buffer_desc *buffer)
{
    OM_uint32 minor;
    struct block block = block_copy(buffer->value, buffer->length);
    if (buffer->length == 0)
        free(buffer->value); /* MIT does not free an empty buffer */
    else
        gss_release_buffer(&minor, buffer);
    return block;
}

/* ---- the initiator ---- */

struct block peer_mic(struct pair *pair, const struct block *message)
{
    OM_uint32 minor;
    gss_buffer_desc in = block_buffer(message), out = GSS_C_EMPTY_BUFFER;
    OM_uint32 major = gss_get_mic(&minor, pair->gss, GSS_C_QOP_DEFAULT, &in, &out);
    check_peer(major, minor, mechanism_of(pair->kind));
    return block_take(&out);
}

OM_uint32 peer_check_mic(struct pair *pair, const struct block *message, const struct block *mic)
{
    OM_uint32 minor;
    gss_buffer_desc in = block_buffer(message), token = block_buffer(mic);
    return gss_verify_mic(&minor, pair->gss, &in, &token, NULL);
}

struct block peer_wrap(struct pair *pair, int encrypt, const struct block *message)
{
    OM_uint32 minor;
    int encrypted = 0;
    gss_buffer_desc in = block_buffer(message), out = GSS_C_EMPTY_BUFFER;
    OM_uint32 major =
        gss_wrap(&minor, pair->gss, encrypt, GSS_C_QOP_DEFAULT, &in, &encrypted, &out);
    check_peer(major, minor, mechanism_of(pair->kind));
    return block_take(&out);
}

OM_uint32 peer_unwrap(struct pair *pair, const struct block *token, struct block *ret_message,
                      int *ret_encrypted)
{
    OM_uint32 minor;
    gss_buffer_desc in = block_buffer(token), out = GSS_C_EMPTY_BUFFER;
    OM_uint32 major = gss_unwrap(&minor, pair->gss, &in, &out, ret_encrypted, NULL);
    if (GSS_ERROR(major)) /* gss-ntlmssp then sets a length without memory */
        out = (gss_buffer_desc)GSS_C_EMPTY_BUFFER;
    *ret_message = block_take(&out);
    return major;
}

/* ---- the acceptor ---- */

SECURITY_STATUS our_seal(struct pair *pair, ULONG qop, const struct block *message,
                         struct block *ret_token)
{
    struct block token = block_new(pair->sizes.cbSecurityTrailer);
    struct block data = block_copy(message->data, message->len);
    struct block padding = block_new(pair->sizes.cbBlockSize);
    SecBuffer buffers[] = {{(ULONG)token.len, SECBUFFER_TOKEN, token.data},
                           {(ULONG)data.len, SECBUFFER_DATA, data.data},
                           {(ULONG)padding.len, SECBUFFER_PADDING, padding.data}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 3, buffers};
    SECURITY_STATUS status = EncryptMessage(&pair->context, qop, &desc, 0);
    *ret_token = (struct block){0};
    if (status == SEC_E_OK) {
        *ret_token = block_new(buffers[0].cbBuffer + buffers[1].cbBuffer + buffers[2].cbBuffer);
        char *to = ret_token->data;
        for (size_t i = 0; i < 3; i++) {
            memcpy(to, buffers[i].pvBuffer, buffers[i].cbBuffer);
            to += buffers[i].cbBuffer;
        }
    }
    block_free(&token);
    block_free(&data);
    block_free(&padding);
    return status;
}

SECURITY_STATUS our_unseal(struct pair *pair, const struct block *token, struct block *ret_message,
                           ULONG *ret_qop)
{
    struct block stream = block_copy(token->data, token->len);
    SecBuffer buffers[] = {{(ULONG)stream.len, SECBUFFER_STREAM, stream.data},
                           {0, SECBUFFER_DATA, NULL}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    SECURITY_STATUS status = DecryptMessage(&pair->context, &desc, 0, ret_qop);
    *ret_message = (struct block){0};
    if (status == SEC_E_OK) {
        const char *plain = buffers[1].pvBuffer;
        assert_true(plain >= stream.data &&
                    plain + buffers[1].cbBuffer <= stream.data + stream.len);
        *ret_message = block_copy(plain, buffers[1].cbBuffer);
    } else {
        assert_memory_equal(stream.data, token->data, token->len);
        assert_null(buffers[1].pvBuffer);
    }
    block_free(&stream);
    return status;
}

SECURITY_STATUS our_unseal_split(struct pair *pair, const struct block *token, size_t token_len,
                                 struct block *ret_message, ULONG *ret_qop)
{
    struct block head = block_copy(token->data, token_len);
    struct block data = block_copy(token->data + token_len, token->len - token_len);
    /* Windows' examples put the data before the token. */
    SecBuffer buffers[] = {{(ULONG)data.len, SECBUFFER_DATA, data.data},
                           {(ULONG)head.len, SECBUFFER_TOKEN, head.data}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    SECURITY_STATUS status = DecryptMessage(&pair->context, &desc, 0, ret_qop);
    *ret_message = (struct block){0};
    if (status == SEC_E_OK) {
        assert_ptr_equal(buffers[0].pvBuffer, data.data);
        *ret_message = block_copy(data.data, buffers[0].cbBuffer);
    } else {
        assert_memory_equal(data.data, token->data + token_len, token->len - token_len);
    }
    block_free(&head);
    block_free(&data);
    return status;
}

SECURITY_STATUS our_sign(struct pair *pair, const struct block *message, struct block *ret_mic)
{
    struct block token = block_new(pair->sizes.cbMaxSignature);
    SecBuffer buffers[] = {{(ULONG)message->len, SECBUFFER_DATA, message->data},
                           {(ULONG)token.len, SECBUFFER_TOKEN, token.data}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    SECURITY_STATUS status = MakeSignature(&pair->context, 0, &desc, 0);
    *ret_mic = block_copy(token.data, status == SEC_E_OK ? buffers[1].cbBuffer : 0);
    block_free(&token);
    return status;
}

SECURITY_STATUS our_verify(struct pair *pair, const struct block *message, const struct block *mic)
{
    SecBuffer buffers[] = {{(ULONG)mic->len, SECBUFFER_TOKEN, mic->data},
                           {(ULONG)message->len, SECBUFFER_DATA, message->data}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    ULONG qop = 1;
    SECURITY_STATUS status = VerifySignature(&pair->context, &desc, 0, &qop);
    assert_int_equal(qop, status == SEC_E_OK ? 0 : 1);
    return status;
}
