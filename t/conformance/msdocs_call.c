/* SPDX-License-Identifier: Apache-2.0 */
#include "msdocs_call.h"

const ULONG msdocs_flags[] = {
    ASC_REQ_DELEGATE,
    ASC_REQ_MUTUAL_AUTH,
    ASC_REQ_REPLAY_DETECT,
    ASC_REQ_SEQUENCE_DETECT,
    ASC_REQ_CONFIDENTIALITY,
    ASC_REQ_USE_SESSION_KEY,
    ASC_REQ_SESSION_TICKET,
    ASC_REQ_ALLOCATE_MEMORY,
    ASC_REQ_USE_DCE_STYLE,
    ASC_REQ_DATAGRAM,
    ASC_REQ_CONNECTION,
    ASC_REQ_CALL_LEVEL,
    ASC_REQ_FRAGMENT_SUPPLIED,
    ASC_REQ_EXTENDED_ERROR,
    ASC_REQ_STREAM,
    ASC_REQ_INTEGRITY,
    ASC_REQ_LICENSING,
    ASC_REQ_IDENTIFY,
    ASC_REQ_ALLOW_NULL_SESSION,
    ASC_REQ_ALLOW_NON_USER_LOGONS,
    ASC_REQ_ALLOW_CONTEXT_REPLAY,
    ASC_REQ_FRAGMENT_TO_FIT,
    ASC_REQ_NO_TOKEN,
    ASC_REQ_PROXY_BINDINGS,
    ASC_REQ_ALLOW_MISSING_BINDINGS,
};
const size_t msdocs_n_flags = sizeof(msdocs_flags) / sizeof(msdocs_flags[0]);

/* Octets for method, uri, hash, realm and a binding, beside the token. */
#define MORE_ROOM 4096

static void *keep(struct bytes *storage, const void *data, size_t len)
{
    size_t start = storage->len;

    assert_true(len <= storage->capacity - start);
    bytes_append(storage, data, len);
    assert_false(storage->failed);
    return storage->data + start;
}

/* Allocates all memory first, so that pointers into it stay valid. */
static void reserve(struct bytes *storage, size_t token_len)
{
    static const char zeros[MORE_ROOM];

    for (size_t room = 0; room < token_len + MORE_ROOM; room += MORE_ROOM)
        bytes_append(storage, zeros, MORE_ROOM);
    storage->len = 0;
}

static SecBuffer param(struct bytes *storage, const char *text)
{
    SecBuffer buffer = {0, SECBUFFER_PKG_PARAMS, NULL};

    if (text != NULL) {
        buffer.cbBuffer = (ULONG)strlen(text);
        buffer.pvBuffer = keep(storage, text, strlen(text));
    }
    return buffer;
}

/* Digest page, buffer 4: "Unicode string". */
static SecBuffer realm(struct bytes *storage, const char *text)
{
    char wide[256];
    SecBuffer buffer = {0, SECBUFFER_PKG_PARAMS, NULL};

    if (text == NULL)
        return buffer;
    for (size_t i = 0; text[i] != '\0'; i++) {
        assert_true(2 * i + 2 <= sizeof(wide));
        wide[2 * i] = text[i];
        wide[2 * i + 1] = '\0';
    }
    buffer.cbBuffer = (ULONG)(2 * strlen(text));
    buffer.pvBuffer = keep(storage, wide, buffer.cbBuffer);
    return buffer;
}

static SecBuffer bindings(struct bytes *storage, const char *application)
{
    SEC_CHANNEL_BINDINGS header = {
        .cbApplicationDataLength = (ULONG)strlen(application),
        .dwApplicationDataOffset = sizeof(header),
    };
    SecBuffer buffer = {(ULONG)(sizeof(header) + strlen(application)),
                        SECBUFFER_CHANNEL_BINDINGS | SECBUFFER_READONLY, NULL};

    buffer.pvBuffer = keep(storage, &header, sizeof(header));
    (void)keep(storage, application, strlen(application));
    return buffer;
}

size_t msdocs_call_input(const struct msdocs_call *call, SecBuffer buffers[MSDOCS_BUFFERS],
                         struct bytes *storage)
{
    size_t n = 0;

    reserve(storage, call->token.len);
    buffers[n++] = (SecBuffer){(ULONG)call->token.len, SECBUFFER_TOKEN,
                               keep(storage, call->token.data, call->token.len)};
    if (call->http) {
        buffers[n++] = param(storage, call->method);
        buffers[n++] = param(storage, call->uri);
        buffers[n++] = param(storage, call->entity_hash);
        buffers[n++] = realm(storage, call->realm);
    }
    if (call->binding != NULL)
        buffers[n++] = bindings(storage, call->binding);
    return n;
}

SECURITY_STATUS msdocs_call(struct msdocs_call *call, CtxtHandle *from, CtxtHandle *to)
{
    BYTES_CLEANUP struct bytes storage = {0};
    SecBuffer in[MSDOCS_BUFFERS];
    SecBuffer out[] = {{0, SECBUFFER_TOKEN, NULL},
                       {sizeof(call->error_info), SECBUFFER_SSPI_ERROR_INFO, &call->error_info},
                       {call->result_room, SECBUFFER_CHANNEL_BINDINGS_RESULT, &call->result}};
    SecBufferDesc input = {SECBUFFER_VERSION, (ULONG)msdocs_call_input(call, in, &storage), in};
    SecBufferDesc output = {SECBUFFER_VERSION, call->result_room == 0 ? 2 : 3, out};

    call->attributes = 0xFFFFFFFF;
    call->expiry = (TimeStamp){0, 0};
    SECURITY_STATUS status = (call->sasl ? SaslAcceptSecurityContext : AcceptSecurityContext)(
        call->credential, from, &input, call->flags | ASC_REQ_ALLOCATE_MEMORY, call->representation,
        to, &output, &call->attributes, &call->expiry);
    bytes_free(&call->answer);
    bytes_append(&call->answer, out[0].pvBuffer, out[0].cbBuffer);
    assert_int_equal((call->attributes & ASC_RET_ALLOCATED_MEMORY) != 0, out[0].pvBuffer != NULL);
    FreeContextBuffer(out[0].pvBuffer);
    if (status < 0) {
        assert_int_not_equal(call->error_info.reason, SSPI_REASON_NONE);
        assert_int_equal(call->attributes & ~(ULONG)ASC_RET_ALLOCATED_MEMORY, 0);
    }
    return status;
}

void msdocs_call_end(struct msdocs_call *call)
{
    bytes_free(&call->answer);
}

CredHandle msdocs_credential(const char *package, SSPI_ACCEPTOR_DATA *data)
{
    CredHandle credential;

    data->Version = SSPI_ACCEPTOR_DATA_VERSION;
    assert_int_equal(AcquireCredentialsHandleA(NULL, package, SECPKG_CRED_INBOUND, NULL, data, NULL,
                                               NULL, &credential, NULL),
                     SEC_E_OK);
    return credential;
}
