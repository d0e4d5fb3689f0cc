/* SPDX-License-Identifier: Apache-2.0 */
/* For scenarios: Digest by neon, which verifies rspauth and supports userhash, SHA-512-256 and
 * nextnonce. SSPI::Test::Clients describes input and output. */
#include <ne_auth.h>
#include <ne_request.h>
#include <ne_session.h>
#include <ne_string.h>
#include <ne_uri.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_LIMIT 200000
#define TEXT_LIMIT 1000

enum field {
    FIELD_METHOD,
    FIELD_URLS,
    FIELD_USER,
    FIELD_PASSWORD,
    FIELD_TIMES,
    FIELD_BODY,
    N_FIELDS
};

struct conversation {
    char *fields[N_FIELDS];
    char sent[TEXT_LIMIT]; /* Authorization of the last request */
    bool failed;
    bool next_nonce; /* the last answer had one */
};

static int give_password(void *data, const char *realm, int attempt, char *user, char *password)
{
    const struct conversation *conversation = data;
    snprintf(user, NE_ABUFSIZ, "%s", conversation->fields[FIELD_USER]);
    snprintf(password, NE_ABUFSIZ, "%s", conversation->fields[FIELD_PASSWORD]);
    return attempt;
}

static void note_sent(ne_request *request, void *data, ne_buffer *header)
{
    static const char name[] = "\r\nAuthorization: ";
    struct conversation *conversation = data;
    const char *value = strstr(header->data, name);
    value = value != NULL ? value + sizeof(name) - 1 : "";
    snprintf(conversation->sent, sizeof(conversation->sent), "%.*s", (int)strcspn(value, "\r\n"),
             value);
}

static int keep_text(void *data, const char *piece, size_t len)
{
    char *text = data;
    size_t have = strlen(text);
    size_t room = TEXT_LIMIT - 1 - have;
    size_t n = len < room ? len : room;
    memcpy(text + have, piece, n);
    text[have + n] = '\0';
    return 0;
}

static const char *header_or_empty(ne_request *request, const char *name)
{
    const char *value = ne_get_response_header(request, name);
    return value != NULL ? value : "";
}

static void ask(ne_session *session, struct conversation *conversation, const char *path)
{
    char text[TEXT_LIMIT] = "";
    const char *body = conversation->fields[FIELD_BODY];
    ne_request *request = ne_request_create(session, conversation->fields[FIELD_METHOD], path);
    if (body[0] != '\0')
        ne_set_request_body_buffer(request, body, strlen(body));
    ne_add_response_body_reader(request, ne_accept_2xx, keep_text, text);
    int result = ne_request_dispatch(request);
    int status = ne_get_status(request)->code;
    /* With status 401 the server refused. With any other status the error is neon's own. */
    if (result != NE_OK && status != 401) {
        status = 0;
        snprintf(text, sizeof(text), "%s", ne_get_error(session));
    }
    text[strcspn(text, "\r\n")] = '\0';
    const char *info = header_or_empty(request, "Authentication-Info");
    printf("%d\t%s\t%s\t%s\t%s\t%s\n", status, header_or_empty(request, "X-Sspi-User"),
           header_or_empty(request, "X-Sspi-Mechanism"), text, conversation->sent, info);
    conversation->failed = status != 200;
    conversation->next_nonce = strstr(info, "nextnonce=") != NULL;
    ne_request_destroy(request);
}

static void ask_all(ne_session *session, struct conversation *conversation)
{
    static char urls[LINE_LIMIT];
    snprintf(urls, sizeof(urls), "%s", conversation->fields[FIELD_URLS]);
    for (char *url = strtok(urls, " "); url != NULL; url = strtok(NULL, " ")) {
        ne_uri uri = {0};
        if (ne_uri_parse(url, &uri) != 0)
            exit(2);
        char *path = ne_concat(uri.path, uri.query != NULL ? "?" : NULL, uri.query, NULL);
        ask(session, conversation, path);
        ne_free(path);
        ne_uri_free(&uri);
    }
}

static int converse(struct conversation *conversation)
{
    ne_uri uri = {0};
    char *first = ne_strndup(conversation->fields[FIELD_URLS],
                             strcspn(conversation->fields[FIELD_URLS], " "));
    if (ne_uri_parse(first, &uri) != 0)
        return 2;
    ne_session *session = ne_session_create(uri.scheme, uri.host, uri.port);
    ne_add_server_auth(session, NE_AUTH_DIGEST, give_password, conversation);
    ne_hook_pre_send(session, note_sent, conversation);
    const char *times = conversation->fields[FIELD_TIMES];
    if (strcmp(times, "nextnonce") == 0) {
        do
            ask_all(session, conversation);
        while (!conversation->next_nonce && !conversation->failed);
        ask_all(session, conversation);
    } else {
        for (int n = atoi(times); n > 0; n--)
            ask_all(session, conversation);
    }
    printf("end\n");
    ne_session_destroy(session);
    ne_uri_free(&uri);
    ne_free(first);
    return 0;
}

int main(void)
{
    static char line[LINE_LIMIT];
    int failed = 0;
    while (!failed && fgets(line, sizeof(line), stdin) != NULL) {
        struct conversation conversation = {0};
        char *rest = line;
        line[strcspn(line, "\n")] = '\0';
        for (int i = 0; i < N_FIELDS; i++) {
            conversation.fields[i] = strsep(&rest, "\t");
            if (conversation.fields[i] == NULL)
                return 2;
        }
        failed = converse(&conversation);
    }
    return failed;
}
