/* SPDX-License-Identifier: Apache-2.0 */
/* A SASL server, written as for Windows. It offers each mechanism that it has a credential for and
 * logs its client in. Then it sends each message back, in the security layer that the client chose.
 *
 *   cc sasl_server.c sasl_session.c $(pkg-config --cflags --libs sspi) -o sasl_server
 *   KRB5_KTNAME=/etc/host.keytab SSPI_USER_FILE=/etc/sasl.users ./sasl_server 9000 EXAMPLE.ORG
 *   socat TCP:localhost:9000 EXEC:"stdbuf -oL sasl-sample-client -m GSSAPI -s host -n $(hostname)"
 *
 * It uses the protocol of Cyrus SASL's sample programs: lines of "S: " or "C: " and base64. The
 * server sends the list of mechanisms. The client answers with one of them and, behind a NUL, an
 * initial response if it has one. Challenges and responses follow, then messages; the first message
 * is the server's greeting. The server ignores other lines of the client. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sasl_session.h"

#define LINE_LIMIT (SASL_FRAME_LIMIT / 3 * 4)

static FILE *from_client;
static int to_client;

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static SECURITY_STATUS send_line(const SecBuffer *octets)
{
    static char text[2 * LINE_LIMIT];
    const unsigned char *from = octets->pvBuffer;
    const size_t len = octets->cbBuffer;
    char *to = text;
    for (size_t i = 0; i < len; i += 3) {
        uint32_t bits = (uint32_t)from[i] << 16 | (i + 1 < len ? from[i + 1] << 8 : 0) |
                        (i + 2 < len ? from[i + 2] : 0);
        for (size_t j = 0; j < 4; j++)
            *to++ = i + j <= len ? digits[bits >> (18 - 6 * j) & 63] : '=';
    }
    int sent = dprintf(to_client, "S: %.*s\n", (int)(to - text), text);
    return sent > 0 ? SEC_E_OK : SEC_E_INCOMPLETE_MESSAGE;
}

/* Decodes the client's next line. The octets are valid until the next call. */
static SECURITY_STATUS receive_line(SecBuffer *ret_octets)
{
    static char line[LINE_LIMIT];
    do {
        if (fgets(line, sizeof line, from_client) == NULL)
            return SEC_E_INCOMPLETE_MESSAGE;
        if (strchr(line, '\n') == NULL)
            return SEC_E_INVALID_TOKEN;
    } while (strncmp(line, "C: ", 3) != 0);
    char *text = line + 3, *to = line;
    size_t n = strspn(text, digits), n_equals = strspn(text + n, "=");
    if (n_equals > 2 || (n + n_equals) % 4 != 0 || strcspn(text + n + n_equals, "\r\n") > 0)
        return SEC_E_INVALID_TOKEN;
    uint32_t bits = 0;
    for (size_t i = 0; i < n; i++) {
        bits = bits << 6 | (uint32_t)(strchr(digits, text[i]) - digits);
        if (i % 4 != 0)
            *to++ = (char)(bits >> (6 - i % 4 * 2));
    }
    *ret_octets = (SecBuffer){(ULONG)(to - line), SECBUFFER_TOKEN, line};
    return SEC_E_OK;
}

static SECURITY_STATUS ask(const SecBuffer *challenge, SecBuffer *ret_response)
{
    SECURITY_STATUS status = send_line(challenge);
    return status == SEC_E_OK ? receive_line(ret_response) : status;
}

static SECURITY_STATUS login(struct sasl_session *session, SecBuffer *response)
{
    SecBuffer challenge;
    SECURITY_STATUS status = sasl_begin(session, response, &challenge);
    /* An initial response may follow the mechanism's name and a NUL. */
    size_t name_len = strnlen(response->pvBuffer, response->cbBuffer) + 1;
    if (status == SEC_I_CONTINUE_NEEDED && name_len < response->cbBuffer) {
        response->pvBuffer = (char *)response->pvBuffer + name_len;
        response->cbBuffer -= (ULONG)name_len;
        status = sasl_step(session, response, &challenge);
    }
    while (status == SEC_I_CONTINUE_NEEDED) {
        status = ask(&challenge, response);
        if (status == SEC_E_OK)
            status = sasl_step(session, response, &challenge);
    }
    /* Octets that come with the success are sent as one more challenge; the response is empty. */
    if (status == SEC_E_OK && challenge.cbBuffer > 0) {
        status = ask(&challenge, response);
        if (status == SEC_E_OK && response->cbBuffer > 0)
            status = SEC_E_INVALID_TOKEN;
    }
    FreeContextBuffer(challenge.pvBuffer);
    return status;
}

/* Sends a message in parts that are not longer than the client allows. */
static SECURITY_STATUS say(struct sasl_session *session, char *text, ULONG len)
{
    SECURITY_STATUS status = SEC_E_OK;
    for (ULONG part; status == SEC_E_OK && len > 0; text += part, len -= part) {
        SecBuffer sealed;
        part = len < session->send_size || session->send_size == 0 ? len : session->send_size;
        status = sasl_seal(session, text, part, &sealed);
        if (status == SEC_E_OK)
            status = send_line(&sealed);
    }
    return status;
}

static SECURITY_STATUS talk(struct sasl_session *session)
{
    char greeting[] = "srv message 1", who[2048];
    SecBuffer list = {(ULONG)strlen(sasl_mechanisms), SECBUFFER_TOKEN, sasl_mechanisms};
    SecBuffer line, text;
    SECURITY_STATUS status = ask(&list, &line);
    if (status == SEC_E_OK)
        status = login(session, &line);
    if (status == SEC_E_OK)
        status = sasl_introduce(session, who, sizeof who);
    if (status != SEC_E_OK)
        return status;
    printf("%s\n", who);
    status = say(session, greeting, sizeof greeting);
    while (status == SEC_E_OK && (status = receive_line(&line)) == SEC_E_OK) {
        status = sasl_open(session, line.pvBuffer, line.cbBuffer, &text);
        if (status == SEC_E_OK) {
            printf("says \"%.*s\"\n", (int)(text.cbBuffer < 60 ? text.cbBuffer : 60),
                   (char *)text.pvBuffer);
            status = say(session, text.pvBuffer, text.cbBuffer);
        }
    }
    return status;
}

static SECURITY_STATUS serve(int client, struct sasl_session *session)
{
    to_client = client;
    from_client = fdopen(dup(client), "r");
    SECURITY_STATUS status = from_client != NULL ? talk(session) : SEC_E_INSUFFICIENT_MEMORY;
    if (from_client != NULL)
        fclose(from_client);
    return status;
}

int main(int argc, char **argv)
{
    return sasl_run(argc, argv, serve);
}
