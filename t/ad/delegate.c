/* SPDX-License-Identifier: Apache-2.0 */
/* Gets a ticket in a user's name, as a service does: KEYTAB CLIENT SERVICE USER TARGET CACHE. The
 * evidence is the ticket for SERVICE in the caller's own cache. If SERVICE is empty, the evidence
 * comes from S4U2Self. CLIENT may be empty. Prints the status, and the error text. */
#include <krb5/krb5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kerberos_s4u.h"
#include "package_status.h"

enum { KEYTAB = 1, CLIENT, SERVICE, USER, TARGET, CACHE, ARGUMENTS };

static krb5_error_code read_login(krb5_context context, const char *service, struct bytes *to)
{
    krb5_ccache cache;
    krb5_creds wanted = {0};
    krb5_creds *creds = NULL;
    krb5_error_code code = krb5_cc_default(context, &cache);
    if (code == 0)
        code = krb5_cc_get_principal(context, cache, &wanted.client);
    if (code == 0)
        code = krb5_parse_name(context, service, &wanted.server);
    if (code == 0)
        code = krb5_get_credentials(context, 0, cache, &wanted, &creds);
    if (code == 0)
        bytes_append(to, creds->ticket.data, creds->ticket.length);
    krb5_free_creds(context, creds);
    krb5_free_cred_contents(context, &wanted);
    krb5_cc_close(context, cache);
    return code;
}

static SECURITY_STATUS find_evidence(struct kerberos_service_credential *service, char **argv,
                                     struct bytes *to, struct sspi_error_info *error_info)
{
    krb5_context context;
    uint64_t end_ms;
    if (argv[SERVICE][0] == '\0')
        return kerberos_s4u_self(service, argv[USER], to, &end_ms, error_info);
    if (krb5_init_context(&context) != 0)
        return SEC_E_INSUFFICIENT_MEMORY;
    krb5_error_code code = read_login(context, argv[SERVICE], to);
    krb5_free_context(context);
    return code == 0 ? SEC_E_OK : SEC_E_NO_CREDENTIALS;
}

static SECURITY_STATUS delegate(struct kerberos_service_credential *service, char **argv,
                                struct sspi_error_info *error_info)
{
    BYTES_CLEANUP struct bytes evidence = {0};
    uint64_t end_ms;
    SECURITY_STATUS status = find_evidence(service, argv, &evidence, error_info);
    if (status != SEC_E_OK)
        return status;
    return kerberos_s4u_proxy(service, argv[USER], bytes_as_view(&evidence),
                              bytes_view(argv[TARGET]), argv[CACHE], &end_ms, error_info);
}

static struct kerberos_service_credential *open_service(char **argv, char *error, size_t error_size)
{
    const char *client = argv[CLIENT][0] != '\0' ? argv[CLIENT] : NULL;
    struct kerberos_service_credential *service = NULL;
    struct sspi_keytab *keytab = kerberos_keytab_open(argv[KEYTAB], error, error_size);
    if (keytab != NULL)
        service = kerberos_service_credential_new(keytab, client, NULL, 0, error, error_size);
    kerberos_keytab_unref(keytab);
    return service;
}

int main(int argc, char **argv)
{
    char error[SSPI_ERROR_TEXT_SIZE] = "";
    struct sspi_error_info error_info = {0};
    if (argc != ARGUMENTS)
        return 2;
    struct kerberos_service_credential *service = open_service(argv, error, sizeof(error));
    if (service == NULL) {
        printf("%s\n", error);
        return 1;
    }
    SECURITY_STATUS status = delegate(service, argv, &error_info);
    printf("%s %s\n", package_status_name(status), error_info.text);
    kerberos_service_credential_unref(service);
    return 0;
}
