/* SPDX-License-Identifier: Apache-2.0 */
/* An SSPI server on standard input, for the tests with a domain.
 *
 *   acceptor PACKAGE [integrity]
 *
 * A line is the token of the next leg in base64, or "new", which begins another exchange. The
 * answer has several lines, the last of which is only a dot. They are the status, the token ("-":
 * none), and the identity of a login, or the reason of a refusal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "package.h"
#include "sspi_peek.h"
#include "package_status.h"

#define LINE_SIZE (PACKAGE_TOKEN_LIMIT * 2)

static CredHandle credential;
static CtxtHandle context;
static bool has_context;
static ULONG requirements;

static void end_context(void)
{
    if (has_context && DeleteSecurityContext(&context) != SEC_E_OK)
        abort();
    has_context = false;
}

static void show_login(void)
{
    const struct package_info *info = peek_info(&context);
    if (info == NULL)
        return;
    printf("name %s\nrealm %s\n", info->name, info->realm);
    printf("mechanism %s\n", info->mechanism->about.Name);
    void *token;
    if (QuerySecurityContextToken(&context, &token) != SEC_E_OK)
        abort();
    size_t n_sids;
    const char *const *sids = sspi_token_sids(token, &n_sids);
    for (size_t i = 0; i < n_sids; i++)
        printf("sid %s\n", sids[i]);
    sspi_token_close(token);
}

static void step(struct sspi_view token)
{
    static char answer[PACKAGE_TOKEN_LIMIT];
    struct sspi_error_info error_info = {0};
    BYTES_CLEANUP struct bytes text = {0}, copy = {0};
    bytes_append_view(&copy, token);
    SecBuffer in = {(ULONG)copy.len, SECBUFFER_TOKEN, copy.data};
    SecBuffer out[] = {{sizeof answer, SECBUFFER_TOKEN, answer},
                       {sizeof error_info, SECBUFFER_SSPI_ERROR_INFO, &error_info}};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &in}, output = {SECBUFFER_VERSION, 2, out};
    ULONG attributes;
    printf("waits %d\n", has_context && peek_may_wait(&context));
    SECURITY_STATUS st =
        AcceptSecurityContext(&credential, has_context ? &context : NULL, &input, requirements,
                              SECURITY_NATIVE_DREP, &context, &output, &attributes, NULL);
    has_context = has_context || st >= 0;
    base64_encode(&text, (struct sspi_view){answer, out[0].cbBuffer});
    printf("status %s\n", package_status_name(st));
    if (text.len > 0)
        printf("token %.*s\n", (int)text.len, text.data);
    if (st == SEC_E_OK)
        show_login();
    else if (st < 0)
        printf("reason %d\ntext %s\n", (int)error_info.reason, error_info.text);
}

int main(int argc, char **argv)
{
    static char line[LINE_SIZE];
    SSPI_ACCEPTOR_DATA data = {.Version = SSPI_ACCEPTOR_DATA_VERSION,
                               .Mechanisms = SSPI_MECHANISM_NTLM};
    if (argc < 2)
        return 2;
    if (argc > 2 && strcmp(argv[2], "integrity") == 0)
        requirements = ASC_REQ_INTEGRITY;
    SECURITY_STATUS st = AcquireCredentialsHandleA(NULL, argv[1], SECPKG_CRED_INBOUND, NULL, &data,
                                                   NULL, NULL, &credential, NULL);
    printf("status %s\n.\n", package_status_name(st));
    fflush(stdout);
    if (st != SEC_E_OK)
        return 1;
    while (fgets(line, sizeof line, stdin) != NULL) {
        BYTES_CLEANUP struct bytes token = {0};
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, "new") == 0)
            end_context();
        else if (base64_decode(bytes_view(line), PACKAGE_TOKEN_LIMIT, &token) == BASE64_OK)
            step(bytes_as_view(&token));
        puts(".");
        fflush(stdout);
    }
    end_context();
    return FreeCredentialsHandle(&credential) == SEC_E_OK ? 0 : 1;
}
