/* SPDX-License-Identifier: Apache-2.0 */
/* A server, written as for Windows. It logs its client in, then opens each sealed message of the
 * client and sends it back in upper case, sealed.
 *
 *   cc sealed_server.c $(pkg-config --cflags --libs sspi) -o sealed_server
 *   KRB5_KTNAME=/etc/host.keytab ./sealed_server 9000 Negotiate
 *   SSPI_USER_FILE=/etc/ntlm.users ./sealed_server 9000 NTLM
 *
 * A frame is a length in four octets, the highest first, and as many octets. First come the login's
 * tokens; the server answers each with a token, perhaps empty. Then come gss_wrap()'s messages. */
#include <arpa/inet.h>
#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sspi.h"

#define FRAME_LIMIT 65536
#define ROOM        1024 /* octets that a package may add to a message */

static int read_all(int client, char *to, size_t len)
{
    ssize_t n = 1;
    for (; len > 0 && n > 0; to += n, len -= (size_t)n)
        n = read(client, to, len);
    return n > 0;
}

static int read_frame(int client, char frame[FRAME_LIMIT], ULONG *ret_len)
{
    if (!read_all(client, (char *)ret_len, sizeof *ret_len))
        return 0;
    *ret_len = ntohl(*ret_len);
    return *ret_len <= FRAME_LIMIT && read_all(client, frame, *ret_len);
}

/* Sends one frame that contains several buffers, one after the other. */
static int write_frame(int client, const SecBuffer *buffers, size_t n)
{
    uint32_t len = 0;
    for (size_t i = 0; i < n; i++)
        len += buffers[i].cbBuffer;
    len = htonl(len);
    int good = write(client, &len, sizeof len) == (ssize_t)sizeof len;
    for (const SecBuffer *b = buffers; good && b < buffers + n; b++)
        good = write(client, b->pvBuffer, b->cbBuffer) == (ssize_t)b->cbBuffer;
    return good;
}

/* Exchanges tokens until the client is verified. */
static SECURITY_STATUS login(int client, PCredHandle credential, PCtxtHandle context)
{
    static char frame[FRAME_LIMIT];
    const ULONG wanted = ASC_REQ_ALLOCATE_MEMORY | ASC_REQ_CONFIDENTIALITY | ASC_REQ_INTEGRITY |
                         ASC_REQ_SEQUENCE_DETECT | ASC_REQ_REPLAY_DETECT;
    SECURITY_STATUS status = SEC_I_CONTINUE_NEEDED;
    ULONG attributes = 0;
    for (PCtxtHandle known = NULL; status == SEC_I_CONTINUE_NEEDED; known = context) {
        SecBuffer in = {0, SECBUFFER_TOKEN, frame}, out = {0, SECBUFFER_TOKEN, NULL};
        SecBufferDesc input = {SECBUFFER_VERSION, 1, &in}, output = {SECBUFFER_VERSION, 1, &out};
        if (!read_frame(client, frame, &in.cbBuffer))
            return SEC_E_INCOMPLETE_MESSAGE;
        status = AcceptSecurityContext(credential, known, &input, wanted, SECURITY_NATIVE_DREP,
                                       context, &output, &attributes, NULL);
        if (status >= 0 && !write_frame(client, &out, 1))
            status = SEC_E_INCOMPLETE_MESSAGE;
        FreeContextBuffer(out.pvBuffer);
    }
    /* A missing protection is not an error of the call, so the server checks what it needs. */
    if (status == SEC_E_OK && (attributes & ASC_RET_CONFIDENTIALITY) == 0)
        status = SEC_E_QOP_NOT_SUPPORTED;
    return status;
}

/* Answers one message; SEC_E_INCOMPLETE_MESSAGE at the end of the connection. */
static SECURITY_STATUS serve(int client, PCtxtHandle context, const SecPkgContext_Sizes *sizes)
{
    static char frame[FRAME_LIMIT], token[ROOM], padding[ROOM];
    SecBuffer in[] = {{0, SECBUFFER_STREAM, frame}, {0, SECBUFFER_DATA, NULL}};
    SecBufferDesc sealed = {SECBUFFER_VERSION, 2, in};
    ULONG qop;
    if (!read_frame(client, frame, &in[0].cbBuffer))
        return SEC_E_INCOMPLETE_MESSAGE;
    SECURITY_STATUS status = DecryptMessage(context, &sealed, 0, &qop);
    if (status == SEC_E_OK && qop == SECQOP_WRAP_NO_ENCRYPT)
        status = SEC_E_QOP_NOT_SUPPORTED; /* this server requires encryption */
    if (status != SEC_E_OK)
        return status;
    unsigned char *text = in[1].pvBuffer;
    for (ULONG i = 0; i < in[1].cbBuffer; i++)
        text[i] = (unsigned char)toupper(text[i]);
    SecBuffer out[] = {{sizes->cbSecurityTrailer, SECBUFFER_TOKEN, token},
                       {in[1].cbBuffer, SECBUFFER_DATA, text},
                       {sizes->cbBlockSize, SECBUFFER_PADDING, padding}};
    SecBufferDesc answer = {SECBUFFER_VERSION, 3, out};
    status = EncryptMessage(context, 0, &answer, 0);
    if (status == SEC_E_OK && !write_frame(client, out, 3))
        status = SEC_E_INCOMPLETE_MESSAGE;
    return status;
}

static void talk(int client, PCredHandle credential)
{
    CtxtHandle context = {0, 0};
    SecPkgContext_Names names;
    SecPkgContext_Sizes sizes;
    SECURITY_STATUS status = login(client, credential, &context);
    if (status == SEC_E_OK)
        status = QueryContextAttributes(&context, SECPKG_ATTR_SIZES, &sizes);
    if (status == SEC_E_OK && sizes.cbSecurityTrailer + sizes.cbBlockSize > ROOM)
        status = SEC_E_BUFFER_TOO_SMALL;
    if (status == SEC_E_OK)
        status = QueryContextAttributes(&context, SECPKG_ATTR_NAMES, &names);
    if (status == SEC_E_OK) {
        printf("%s is here\n", names.sUserName);
        FreeContextBuffer(names.sUserName);
        while (status == SEC_E_OK)
            status = serve(client, &context, &sizes);
    }
    printf("ended with 0x%08x\n", (unsigned)status);
    DeleteSecurityContext(&context);
    close(client);
}

int main(int argc, char **argv)
{
    CredHandle credential;
    if (argc != 3)
        return fprintf(stderr, "usage: %s PORT PACKAGE\n", argv[0]), 2;
    SECURITY_STATUS status = AcquireCredentialsHandle(NULL, argv[2], SECPKG_CRED_INBOUND, NULL,
                                                      NULL, NULL, NULL, &credential, NULL);
    if (status != SEC_E_OK)
        return fprintf(stderr, "no credential: 0x%08x\n", (unsigned)status), 1;
    int server = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)atoi(argv[1])),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(server, (struct sockaddr *)&address, sizeof address) != 0 || listen(server, 8) != 0)
        return perror("listen"), 1;
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int client; (client = accept(server, NULL, NULL)) >= 0;)
        talk(client, &credential);
    FreeCredentialsHandle(&credential);
    return 1;
}
