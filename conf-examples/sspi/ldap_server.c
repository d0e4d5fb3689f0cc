/* SPDX-License-Identifier: Apache-2.0 */
/* The part of LDAP (RFC 4511) that a client needs to log in with SASL. The answer to any search
 * contains the client's user name.
 *
 *   cc ldap_server.c sasl_session.c $(pkg-config --cflags --libs sspi) -o ldap_server
 *   KRB5_KTNAME=/etc/ldap.keytab SSPI_USER_FILE=/etc/ldap.users ./ldap_server 9389 EXAMPLE.ORG
 *   ldapsearch -H ldap://$(hostname):9389 -Y GSSAPI -O maxssf=1 -b '' -s base */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "sasl_session.h"

enum { BIND = 0x60, BOUND = 0x61, UNBIND = 0x42, SEARCH = 0x63, ENTRY = 0x64, DONE = 0x65 };
enum { INTEGER = 0x02, OCTETS = 0x04, ENUMERATED = 0x0a, SEQUENCE = 0x30, SET = 0x31 };
enum { SASL_CHOICE = 0xa3, SERVER_SASL_CREDS = 0x87 };
enum {
    SUCCESS = 0,
    AUTH_METHOD_NOT_SUPPORTED = 7,
    SASL_BIND_IN_PROGRESS = 14,
    INVALID_CREDENTIALS = 49
};

static int client;
static unsigned char input[SASL_FRAME_LIMIT]; /* octets received, without the security layer */
static size_t input_len;
static char who[2048]; /* empty before the login */

/* ---- BER ---- */

struct ber {
    unsigned char *at, *end;
};

/* Reads the next tag and value. 0: the element is wrong, or not all of it was received. */
static int next(struct ber *from, int *ret_tag, struct ber *ret_value)
{
    unsigned char *at = from->at;
    if (from->end - at < 2)
        return 0;
    *ret_tag = *at++;
    size_t len = *at++;
    if (len >= 0x80) {
        size_t n = len & 0x7f;
        if (n < 1 || n > 4 || (size_t)(from->end - at) < n)
            return 0;
        for (len = 0; n > 0; n--)
            len = len << 8 | *at++;
    }
    if ((size_t)(from->end - at) < len)
        return 0;
    *ret_value = (struct ber){at, at + len};
    from->at = at + len;
    return 1;
}

static int expect(struct ber *from, int tag, struct ber *ret_value)
{
    int found;
    return next(from, &found, ret_value) && found == tag;
}

/* An answer is written from its end to its beginning, because a length stands before its value. */
static unsigned char output[SASL_FRAME_LIMIT], *const output_end = output + sizeof output;
static unsigned char *out;

static void wrap(int tag, const unsigned char *end)
{
    uint32_t len = (uint32_t)(end - out);
    for (int i = 0; i < 4; i++, len >>= 8)
        *--out = (unsigned char)len;
    *--out = 0x84;
    *--out = (unsigned char)tag;
}

static void put(int tag, const void *octets, size_t len)
{
    const unsigned char *end = out;
    out -= len;
    if (len > 0)
        memcpy(out, octets, len);
    wrap(tag, end);
}

/* ---- the connection ---- */

static int write_all(const char *octets, size_t len)
{
    ssize_t n = 1;
    for (; len > 0 && (n = write(client, octets, len)) > 0; len -= (size_t)n)
        octets += n;
    return n > 0;
}

/* Sends the octets from `out` to output_end, which are an operation of the message with this id. */
static SECURITY_STATUS answer(struct sasl_session *session, int operation, const struct ber *id)
{
    wrap(operation, output_end);
    put(INTEGER, id->at, (size_t)(id->end - id->at));
    wrap(SEQUENCE, output_end);
    SECURITY_STATUS status = SEC_E_OK;
    for (ULONG part; status == SEC_E_OK && out < output_end; out += part) {
        SecBuffer sealed;
        part = (ULONG)(output_end - out);
        if (session->send_size > 0 && part > session->send_size)
            part = session->send_size;
        status = sasl_seal(session, (char *)out, part, &sealed);
        if (status == SEC_E_OK && !write_all(sealed.pvBuffer, sealed.cbBuffer))
            status = SEC_E_INCOMPLETE_MESSAGE;
    }
    return status;
}

static SECURITY_STATUS answer_result(struct sasl_session *session, int operation,
                                     const struct ber *id, char result, const SecBuffer *creds)
{
    out = output_end;
    if (creds != NULL && creds->cbBuffer > 0)
        put(SERVER_SASL_CREDS, creds->pvBuffer, creds->cbBuffer);
    put(OCTETS, NULL, 0);
    put(OCTETS, NULL, 0);
    put(ENUMERATED, &result, 1);
    return answer(session, operation, id);
}

/* Reads more octets of the client, or the next message of the security layer. */
static SECURITY_STATUS read_more(struct sasl_session *session)
{
    static char frame[SASL_FRAME_LIMIT];
    const size_t room = sizeof input - input_len;
    size_t have = 0, wanted = 4;
    SecBuffer text;
    if (session->layer == 0) {
        ssize_t n = read(client, input + input_len, room);
        input_len += n > 0 ? (size_t)n : 0;
        return n > 0 ? SEC_E_OK : SEC_E_INCOMPLETE_MESSAGE;
    }
    while (have < wanted) {
        ssize_t n = read(client, frame + have, wanted - have);
        if (n <= 0)
            return SEC_E_INCOMPLETE_MESSAGE;
        have += (size_t)n;
        if (have == 4 && wanted == 4) {
            ULONG len;
            memcpy(&len, frame, 4);
            wanted += ntohl(len);
            if (wanted > sizeof frame)
                return SEC_E_INVALID_TOKEN;
        }
    }
    SECURITY_STATUS status = sasl_open(session, frame, (ULONG)have, &text);
    if (status == SEC_E_OK && text.cbBuffer > room)
        status = SEC_E_INVALID_TOKEN;
    if (status == SEC_E_OK) {
        memcpy(input + input_len, text.pvBuffer, text.cbBuffer);
        input_len += text.cbBuffer;
    }
    return status;
}

/* ---- operations ---- */

static SECURITY_STATUS bind_by_sasl(struct sasl_session *session, struct ber *request,
                                    const struct ber *id)
{
    struct ber version, name, choice, mechanism, creds;
    SecBuffer challenge = {0, SECBUFFER_TOKEN, NULL};
    if (!expect(request, INTEGER, &version) || !expect(request, OCTETS, &name) ||
        !expect(request, SASL_CHOICE, &choice) || !expect(&choice, OCTETS, &mechanism))
        return answer_result(session, BOUND, id, AUTH_METHOD_NOT_SUPPORTED, NULL);
    if (!expect(&choice, OCTETS, &creds))
        creds = (struct ber){choice.end, choice.end};
    SecBuffer chosen = {(ULONG)(mechanism.end - mechanism.at), SECBUFFER_TOKEN, mechanism.at};
    SecBuffer response = {(ULONG)(creds.end - creds.at), SECBUFFER_TOKEN, creds.at};
    SECURITY_STATUS status = SEC_I_CONTINUE_NEEDED;
    int goes_on = session->mechanism != NULL && strlen(session->mechanism) == chosen.cbBuffer &&
                  strncasecmp(session->mechanism, chosen.pvBuffer, chosen.cbBuffer) == 0;
    if (!goes_on) { /* RFC 4513 5.2.1.2: another mechanism restarts the bind */
        sasl_end(session);
        status = sasl_begin(session, &chosen, &challenge);
    }
    if (status == SEC_I_CONTINUE_NEEDED && (goes_on || response.cbBuffer > 0))
        status = sasl_step(session, &response, &challenge);
    const ULONG layer = session->layer; /* begins after this answer */
    session->layer = 0;
    SECURITY_STATUS sent = answer_result(session, BOUND, id,
                                         status == SEC_E_OK                ? SUCCESS
                                         : status == SEC_I_CONTINUE_NEEDED ? SASL_BIND_IN_PROGRESS
                                                                           : INVALID_CREDENTIALS,
                                         &challenge);
    session->layer = layer;
    FreeContextBuffer(challenge.pvBuffer);
    if (status == SEC_E_OK)
        status = sasl_introduce(session, who, sizeof who);
    if (status == SEC_E_OK)
        printf("%s\n", who);
    return status < 0 ? status : sent;
}

static SECURITY_STATUS search(struct sasl_session *session, const struct ber *id)
{
    out = output_end;
    put(OCTETS, who, strlen(who));
    wrap(SET, output_end);
    put(OCTETS, "description", strlen("description"));
    wrap(SEQUENCE, output_end);
    wrap(SEQUENCE, output_end);
    put(OCTETS, NULL, 0);
    SECURITY_STATUS status = answer(session, ENTRY, id);
    return status == SEC_E_OK ? answer_result(session, DONE, id, SUCCESS, NULL) : status;
}

static SECURITY_STATUS serve(int socket, struct sasl_session *session)
{
    SECURITY_STATUS status = SEC_E_OK;
    client = socket;
    input_len = 0;
    who[0] = '\0';
    while (status == SEC_E_OK) {
        struct ber all = {input, input + input_len}, message, id, request;
        int operation;
        if (input_len > 0 && input[0] != SEQUENCE)
            return SEC_E_INVALID_TOKEN;
        if (!expect(&all, SEQUENCE, &message)) {
            status = input_len < sizeof input ? read_more(session) : SEC_E_INVALID_TOKEN;
            continue;
        }
        if (!expect(&message, INTEGER, &id) || !next(&message, &operation, &request))
            return SEC_E_INVALID_TOKEN;
        if (operation == BIND && who[0] == '\0')
            status = bind_by_sasl(session, &request, &id);
        else if (operation == SEARCH && who[0] != '\0')
            status = search(session, &id);
        else
            return operation == UNBIND ? SEC_E_OK : SEC_E_INVALID_TOKEN;
        input_len = (size_t)(all.end - all.at);
        if (operation == BIND && session->layer != 0 && input_len > 0)
            return SEC_E_INVALID_TOKEN; /* plain octets, perhaps an attacker's */
        memmove(input, all.at, input_len);
    }
    return status;
}

int main(int argc, char **argv)
{
    return sasl_run(argc, argv, serve);
}
