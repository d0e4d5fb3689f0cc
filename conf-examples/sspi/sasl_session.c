/* SPDX-License-Identifier: Apache-2.0 */
#include "sasl_session.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TIMEOUT_S 30   /* of one client's connection */
#define ROOM      1024 /* octets that a package may add to a message */

static struct mechanism {
    const char *name;
    PSecPkgInfo package;
    CredHandle credential;
} mechanisms[8], *mechanisms_end = mechanisms;
/* The layers offered. ASC_REQ_INTEGRITY would offer the same, but require one of NTLM clients. */
static ULONG layers = ASC_REQ_CONFIDENTIALITY | ASC_REQ_SEQUENCE_DETECT;
static ULONG flags, authz = Sasl_AuthZIDProcessed, receive_size = 65535;

char sasl_mechanisms[256];
static int client;

static void read_option(const char *word)
{
    if (strcmp(word, "none") == 0)
        layers = 0;
    else if (strcmp(word, "integrity") == 0)
        layers = ASC_REQ_SEQUENCE_DETECT;
    else if (strcmp(word, "forbid-authzid") == 0)
        authz = Sasl_AuthZIDForbidden;
    else if (strcmp(word, "weak-ciphers") == 0)
        flags = SSPI_ACCEPTOR_OFFER_WEAK_CIPHERS;
    else
        receive_size = (ULONG)atoi(word);
}

/* Acquires a credential for each profile, except those that have no keytab or no user file. */
static void acquire(const char *realm)
{
    const ULONG ntlm = getenv("SSPI_USER_FILE") != NULL ? SSPI_MECHANISM_NTLM : 0;
    SSPI_ACCEPTOR_DATA data = {.Version = SSPI_ACCEPTOR_DATA_VERSION,
                               .Flags = flags,
                               .Mechanisms = SSPI_MECHANISM_KERBEROS | ntlm,
                               .DefaultRealm = realm};
    char *name;
    ULONG n;
    if (SaslEnumerateProfiles(&name, &n) != SEC_E_OK)
        return;
    for (; *name != '\0' && mechanisms_end < mechanisms + 8; name += strlen(name) + 1) {
        struct mechanism *m = mechanisms_end;
        m->name = name;
        if (SaslGetProfilePackage(name, &m->package) != SEC_E_OK ||
            AcquireCredentialsHandle(NULL, m->package->Name, SECPKG_CRED_INBOUND, NULL, &data, NULL,
                                     NULL, &m->credential, NULL) != SEC_E_OK)
            continue;
        mechanisms_end++;
        strcat(strcat(sasl_mechanisms, sasl_mechanisms[0] != '\0' ? " " : ""), name);
    }
}

static struct mechanism *find_mechanism(SecBuffer *name)
{
    SecBufferDesc choice = {SECBUFFER_VERSION, 1, name};
    struct mechanism *m = mechanisms;
    PSecPkgInfo package;
    if (SaslIdentifyPackage(&choice, &package) != SEC_E_OK)
        return NULL;
    while (m < mechanisms_end && strcmp(m->package->Name, package->Name) != 0)
        m++;
    FreeContextBuffer(package);
    return m < mechanisms_end ? m : NULL;
}

static SECURITY_STATUS call(struct sasl_session *session, PCtxtHandle context, SecBuffer *response,
                            SecBuffer *ret_challenge)
{
    SecBufferDesc input = {SECBUFFER_VERSION, 1, response};
    SecBufferDesc output = {SECBUFFER_VERSION, 1, ret_challenge};
    ULONG attributes = 0;
    *ret_challenge = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
    SECURITY_STATUS status = SaslAcceptSecurityContext(
        session->credential, context, &input, layers | ASC_REQ_ALLOCATE_MEMORY,
        SECURITY_NATIVE_DREP, &session->context, &output, &attributes, NULL);
    if (status == SEC_E_OK)
        session->layer = attributes & (ASC_RET_CONFIDENTIALITY | ASC_RET_INTEGRITY);
    return status;
}

SECURITY_STATUS sasl_begin(struct sasl_session *session, SecBuffer *name, SecBuffer *ret_challenge)
{
    SecBuffer nothing = {0, SECBUFFER_TOKEN, NULL};
    struct mechanism *m = find_mechanism(name);
    *ret_challenge = nothing;
    if (m == NULL)
        return SEC_E_SECPKG_NOT_FOUND;
    session->mechanism = m->name;
    session->credential = &m->credential;
    SECURITY_STATUS status = call(session, NULL, &nothing, ret_challenge);
    /* The client does not know the size yet, except with DIGEST-MD5: the first challenge has it. */
    SaslSetContextOption(&session->context, SASL_OPTION_RECV_SIZE, &receive_size, sizeof(ULONG));
    SaslSetContextOption(&session->context, SASL_OPTION_AUTHZ_PROCESSING, &authz, sizeof(ULONG));
    return status;
}

SECURITY_STATUS sasl_step(struct sasl_session *session, SecBuffer *response,
                          SecBuffer *ret_challenge)
{
    FreeContextBuffer(ret_challenge->pvBuffer);
    return call(session, &session->context, response, ret_challenge);
}

SECURITY_STATUS sasl_introduce(struct sasl_session *session, char *text, size_t room)
{
    static char other[1024];
    ULONG other_len = 0;
    SecPkgContext_Names names;
    SECURITY_STATUS status = QueryContextAttributes(&session->context, SECPKG_ATTR_NAMES, &names);
    if (status != SEC_E_OK)
        return status;
    if (authz == Sasl_AuthZIDProcessed)
        status = SaslGetContextOption(&session->context, SASL_OPTION_AUTHZ_STRING, other,
                                      sizeof other, &other_len);
    if (status == SEC_E_OK)
        status = SaslGetContextOption(&session->context, SASL_OPTION_SEND_SIZE, &session->send_size,
                                      sizeof(ULONG), NULL);
    if (status == SEC_E_OK && session->layer != 0)
        status = QueryContextAttributes(&session->context, SECPKG_ATTR_SIZES, &session->sizes);
    if (session->sizes.cbSecurityTrailer > ROOM ||
        session->sizes.cbMaxSignature + session->sizes.cbBlockSize > ROOM)
        status = SEC_E_BUFFER_TOO_SMALL;
    const char *layer = session->layer & ASC_RET_CONFIDENTIALITY ? "confidentiality"
                        : session->layer & ASC_RET_INTEGRITY     ? "integrity"
                                                                 : "none";
    snprintf(text, room, "%s by %s for \"%.*s\", layer %s, takes %u", names.sUserName,
             session->mechanism, (int)other_len, other, layer, (unsigned)session->send_size);
    FreeContextBuffer(names.sUserName);
    return status;
}

SECURITY_STATUS sasl_seal(struct sasl_session *session, char *text, ULONG len, SecBuffer *ret_sent)
{
    static char frame[SASL_FRAME_LIMIT + 2 * ROOM], token[ROOM], padding[ROOM];
    const SecPkgContext_Sizes *sizes = &session->sizes;
    /* Digest puts its signature behind the message. */
    SecBuffer parts[] = {{sizes->cbSecurityTrailer, SECBUFFER_TOKEN, token},
                         {len, SECBUFFER_DATA, text},
                         {sizes->cbMaxSignature + sizes->cbBlockSize, SECBUFFER_PADDING, padding}};
    SecBufferDesc message = {SECBUFFER_VERSION, 3, parts};
    const ULONG qop = session->layer & ASC_RET_CONFIDENTIALITY ? 0 : SECQOP_WRAP_NO_ENCRYPT;
    *ret_sent = (SecBuffer){len, SECBUFFER_DATA, text};
    if (session->layer == 0)
        return SEC_E_OK;
    if (len > SASL_FRAME_LIMIT - 4)
        return SEC_E_BUFFER_TOO_SMALL;
    SECURITY_STATUS status = EncryptMessage(&session->context, qop, &message, 0);
    if (status != SEC_E_OK)
        return status;
    char *end = frame + 4;
    for (SecBuffer *part = parts; part < parts + 3; end += part++->cbBuffer)
        memcpy(end, part->pvBuffer, part->cbBuffer);
    ULONG frame_len = htonl((ULONG)(end - frame - 4));
    memcpy(frame, &frame_len, 4);
    *ret_sent = (SecBuffer){(ULONG)(end - frame), SECBUFFER_DATA, frame};
    return SEC_E_OK;
}

SECURITY_STATUS sasl_open(struct sasl_session *session, char *received, ULONG len,
                          SecBuffer *ret_text)
{
    ULONG frame_len, qop;
    *ret_text = (SecBuffer){len, SECBUFFER_DATA, received};
    if (session->layer == 0)
        return SEC_E_OK;
    if (len < 4 || (memcpy(&frame_len, received, 4), ntohl(frame_len) != len - 4))
        return SEC_E_INVALID_TOKEN;
    SecBuffer parts[] = {{len - 4, SECBUFFER_STREAM, received + 4}, {0, SECBUFFER_DATA, NULL}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, parts};
    SECURITY_STATUS status = DecryptMessage(&session->context, &message, 0, &qop);
    if (status == SEC_E_OK && session->layer & ASC_RET_CONFIDENTIALITY &&
        qop == SECQOP_WRAP_NO_ENCRYPT)
        status = SEC_E_QOP_NOT_SUPPORTED; /* not encrypted, although encryption was agreed on */
    *ret_text = parts[1];
    return status;
}

void sasl_end(struct sasl_session *session)
{
    DeleteSecurityContext(&session->context);
    *session = (struct sasl_session){0};
}

/* ---- clients ---- */

/* Ends the connection of a client that is too slow. */
static void hang_up(int number)
{
    (void)number;
    shutdown(client, SHUT_RDWR);
}

int sasl_run(int argc, char **argv,
             SECURITY_STATUS (*serve)(int client, struct sasl_session *session))
{
    if (argc < 3) {
        fprintf(stderr, "usage: %s PORT REALM [OPTION]...\n", argv[0]);
        return 2;
    }
    for (char **word = argv + 3; *word != NULL; word++)
        read_option(*word);
    acquire(argv[2]);
    int server = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)atoi(argv[1])),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(server, (struct sockaddr *)&address, sizeof address) != 0 || listen(server, 8) != 0)
        return perror("listen"), 1;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGALRM, hang_up);
    setvbuf(stdout, NULL, _IOLBF, 0);
    while ((client = accept(server, NULL, NULL)) >= 0) {
        struct sasl_session session = {0};
        alarm(TIMEOUT_S);
        printf("ended with 0x%08x\n", (unsigned)serve(client, &session));
        alarm(0);
        sasl_end(&session);
        close(client);
    }
    return 1;
}
