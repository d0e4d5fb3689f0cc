/* SPDX-License-Identifier: Apache-2.0 */
/* Verifies passwords by the KDC, for kerberos_password.t.
 *
 *   kerberos_password KEYTAB HOST CLIENT REALM...
 *
 * HOST "-": none. CLIENT is the principal for FAST; "-": none, "+": one of the keytab. A line of
 * the input is a user, a tab and a password. The answer has several lines, the last of which is
 * only a dot: the status, and the identity or the reason. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kerberos_credential.h"
#include "kerberos_password.h"
#include "package_status.h"
#include "sid_list.h"

#define LINE_SIZE    4096
#define REALMS_LIMIT 16

static const char *reason_name(enum sspi_reason reason)
{
    static const char *const names[] = {
#define SSPI_REASON(id, ...) #id,
#include "sspi_reasons.def"
#undef SSPI_REASON
    };
    return names[reason];
}

static void show_sid(const struct sid *sid)
{
    char text[SID_TEXT_SIZE];
    sid_write(sid, text);
    printf("sid %s\n", text);
}

static void show_login(struct package_context *context)
{
    if (package_context_read_logon(context) != SEC_E_OK)
        abort();
    const struct package_info *info = package_context_info(context);
    printf("name %s\nrealm %s\ntarget %s\nproven %d\nlife %llu\n", info->name, info->realm,
           info->target, info->target_proven,
           (unsigned long long)(info->expiry_ms - info->start_ms) / 1000);
    if (info->user_sid.n_sub > 0)
        show_sid(&info->user_sid);
    struct sid_list_at at = {.rest = bytes_as_view(&info->groups)};
    while (sid_list_next(&at))
        show_sid(&at.sid);
}

static void verify(const struct kerberos_password_config *config, char *line)
{
    struct sspi_error_info error_info = {0};
    struct package_context context;
    line[strcspn(line, "\n")] = '\0';
    char *tab = strchr(line, '\t');
    if (tab == NULL)
        abort();
    const struct package_password in = {.user = {line, (size_t)(tab - line)},
                                        .password = bytes_view(tab + 1)};
    SECURITY_STATUS status = kerberos_password_verify(config, &in, &context, &error_info);
    printf("status %s\n", package_status_name(status));
    if (status == SEC_E_OK)
        show_login(&context);
    else
        printf("reason %s\ntext %s\n", reason_name(error_info.reason), error_info.text);
    printf(".\n");
    fflush(stdout);
    package_context_clear(&context);
}

static struct kerberos_service_credential *open_service(struct package_credential *credential,
                                                        const char *client)
{
    char error[SSPI_ERROR_TEXT_SIZE];
    if (strcmp(client, "-") == 0)
        return NULL;
    struct kerberos_service_credential *service = kerberos_service_credential_new(
        kerberos_credential_keytab(credential->data), strcmp(client, "+") == 0 ? NULL : client,
        NULL, 0, error, sizeof(error));
    if (service == NULL) {
        fprintf(stderr, "%s\n", error);
        exit(2);
    }
    return service;
}

int main(int argc, char **argv)
{
    char line[LINE_SIZE];
    struct sspi_error_info error_info = {0};
    struct sspi_view realms[REALMS_LIMIT];
    struct package_credential *credential;
    if (argc < 4 || argc - 4 > REALMS_LIMIT)
        return 2;
    const SSPI_ACCEPTOR_DATA data = {.Version = SSPI_ACCEPTOR_DATA_VERSION, .KeytabName = argv[1]};
    if (package_credential_new(&kerberos_package, &data, &credential, &error_info) != SEC_E_OK) {
        fprintf(stderr, "%s\n", error_info.text);
        return 2;
    }
    for (int i = 4; i < argc; i++)
        realms[i - 4] = bytes_view(argv[i]);
    const struct kerberos_password_config config = {
        .credential = credential,
        .realms = realms,
        .n_realms = (size_t)argc - 4,
        .host = bytes_view(strcmp(argv[2], "-") == 0 ? NULL : argv[2]),
        .service = open_service(credential, argv[3]),
    };
    while (fgets(line, sizeof(line), stdin) != NULL)
        verify(&config, line);
    kerberos_service_credential_unref(config.service);
    package_credential_unref(credential);
    return 0;
}
