/* SPDX-License-Identifier: Apache-2.0 */
/* A GSSAPI client of conf-examples/sspi/sealed_server.c: sealed_client PORT krb5|spnego|ntlm
 * [USER PASSWORD]. It sends each line of its input as one message, and prints the answers. It sends
 * an empty line without encryption. In the message of a line that begins with "!" it changes an
 * octet. */
#include <arpa/inet.h>
#include <gssapi/gssapi_ext.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char krb5_oid[] = "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02";
static char ntlm_oid[] = "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a";
static char spnego_oid[] = "\x2b\x06\x01\x05\x05\x02";
static gss_OID_desc mechanisms[] = {{9, krb5_oid}, {10, ntlm_oid}, {6, spnego_oid}};
static const char *const names[] = {"krb5", "ntlm", "spnego"};

static void die(const char *what, OM_uint32 code)
{
    printf("%s: 0x%08x\n", what, (unsigned)code);
    exit(1);
}

static void read_all(int server, void *to, size_t len)
{
    for (char *at = to; len > 0;) {
        ssize_t n = read(server, at, len);
        if (n <= 0) {
            printf("closed\n");
            exit(0);
        }
        at += n;
        len -= (size_t)n;
    }
}

static gss_buffer_desc read_frame(int server)
{
    uint32_t len;
    read_all(server, &len, sizeof len);
    gss_buffer_desc frame = {ntohl(len), malloc(ntohl(len) + 1)};
    if (frame.value == NULL)
        die("memory", 0);
    read_all(server, frame.value, frame.length);
    return frame;
}

static void write_frame(int server, const gss_buffer_desc *frame)
{
    uint32_t len = htonl((uint32_t)frame->length);
    if (write(server, &len, sizeof len) != sizeof len ||
        write(server, frame->value, frame->length) != (ssize_t)frame->length)
        die("write", 0);
}

static gss_name_t import(char *text, gss_OID type)
{
    OM_uint32 minor;
    gss_name_t name = GSS_C_NO_NAME;
    gss_buffer_desc buffer = {strlen(text), text};
    OM_uint32 major = gss_import_name(&minor, &buffer, type, &name);
    if (major != GSS_S_COMPLETE)
        die("name", major);
    return name;
}

static gss_cred_id_t credential_of(gss_OID mechanism, char *user, char *password)
{
    OM_uint32 minor;
    gss_cred_id_t credential = GSS_C_NO_CREDENTIAL;
    gss_OID_set_desc set = {1, mechanism};
    gss_buffer_desc secret = {strlen(password), password};
    gss_name_t name = import(user, GSS_C_NT_USER_NAME);
    OM_uint32 major = gss_acquire_cred_with_password(&minor, name, &secret, GSS_C_INDEFINITE, &set,
                                                     GSS_C_INITIATE, &credential, NULL, NULL);
    if (major != GSS_S_COMPLETE)
        die("credential", major);
    gss_release_name(&minor, &name);
    return credential;
}

/* gss-ntlmssp puts a MIC into its AUTHENTICATE message only after this query, which MIT's SPNEGO
 * makes. A server that requires integrity demands a MIC. */
static void want_mic(gss_ctx_id_t context)
{
    static char oid[] = "\x2b\x06\x01\x04\x01\xb7\x7d\x85\x0f\x01\x02";
    gss_OID_desc wanted = {11, oid};
    gss_buffer_set_t ignored = GSS_C_NO_BUFFER_SET;
    OM_uint32 minor;
    gss_inquire_sec_context_by_oid(&minor, context, &wanted, &ignored);
    gss_release_buffer_set(&minor, &ignored);
}

static gss_ctx_id_t login(int server, gss_OID mechanism, gss_cred_id_t credential)
{
    static char service[] = "HTTP@localhost";
    const OM_uint32 flags = GSS_C_MUTUAL_FLAG | GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG |
                            GSS_C_SEQUENCE_FLAG | GSS_C_REPLAY_FLAG;
    OM_uint32 minor, major;
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    gss_name_t name = import(service, GSS_C_NT_HOSTBASED_SERVICE);
    gss_buffer_desc in = GSS_C_EMPTY_BUFFER;
    do {
        gss_buffer_desc out = GSS_C_EMPTY_BUFFER;
        major = gss_init_sec_context(&minor, credential, &context, name, mechanism, flags, 0,
                                     GSS_C_NO_CHANNEL_BINDINGS, &in, NULL, &out, NULL, NULL);
        if (GSS_ERROR(major))
            die("login", major);
        if (mechanism->elements == ntlm_oid)
            want_mic(context);
        free(in.value);
        in = (gss_buffer_desc)GSS_C_EMPTY_BUFFER;
        if (out.length > 0) {
            write_frame(server, &out);
            in = read_frame(server);
        }
        gss_release_buffer(&minor, &out);
    } while (major == GSS_S_CONTINUE_NEEDED);
    free(in.value);
    gss_release_name(&minor, &name);
    return context;
}

static void talk(int server, gss_ctx_id_t context, char *line)
{
    OM_uint32 minor;
    int encrypted = 0;
    gss_buffer_desc text = {strcspn(line, "\n"), line}, out = GSS_C_EMPTY_BUFFER;
    OM_uint32 major =
        gss_wrap(&minor, context, text.length > 0, GSS_C_QOP_DEFAULT, &text, &encrypted, &out);
    if (major != GSS_S_COMPLETE)
        die("wrap", major);
    if (line[0] == '!')
        ((char *)out.value)[out.length / 2] ^= 1;
    write_frame(server, &out);
    gss_release_buffer(&minor, &out);
    gss_buffer_desc in = read_frame(server);
    major = gss_unwrap(&minor, context, &in, &out, &encrypted, NULL);
    if (major != GSS_S_COMPLETE)
        die("unwrap", major);
    printf("%.*s\n", (int)out.length, (char *)out.value);
    gss_release_buffer(&minor, &out);
    free(in.value);
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    static char line[65536];
    OM_uint32 minor;
    size_t mechanism = 0;
    if (argc != 3 && argc != 5)
        return 2;
    while (mechanism < 2 && strcmp(argv[2], names[mechanism]) != 0)
        mechanism++;
    address.sin_port = htons((uint16_t)atoi(argv[1]));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int server = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(server, (struct sockaddr *)&address, sizeof address) != 0)
        die("connect", 0);
    gss_cred_id_t credential = GSS_C_NO_CREDENTIAL;
    if (argc == 5)
        credential = credential_of(&mechanisms[mechanism], argv[3], argv[4]);
    gss_ctx_id_t context = login(server, &mechanisms[mechanism], credential);
    while (fgets(line, sizeof line, stdin) != NULL)
        talk(server, context, line);
    gss_delete_sec_context(&minor, &context, GSS_C_NO_BUFFER);
    gss_release_cred(&minor, &credential);
    return close(server);
}
