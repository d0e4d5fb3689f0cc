/* SPDX-License-Identifier: Apache-2.0 */
#include "ntlm_credential.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error_info.h"
#include "store_users.h"
#include "store_source.h"

static SECURITY_STATUS open_winbind(struct ntlm_credential *credential,
                                    struct sspi_error_info *error_info)
{
    char error[SSPI_ERROR_TEXT_SIZE / 2];
    credential->winbind = ntlm_winbind_new();
    if (credential->winbind == NULL)
        return error_info_no_memory(error_info);
    if (store_source_reload(ntlm_winbind_source(credential->winbind), error, sizeof(error)) !=
        STORE_SOURCE_RELOADED)
        return error_info_refuse(error_info, SEC_E_NO_CREDENTIALS, SSPI_REASON_CONFIGURATION,
                                 "%s If this machine is in no domain, name a user file in the "
                                 "credential's data or in SSPI_USER_FILE",
                                 error);
    return SEC_E_OK;
}

static SECURITY_STATUS open_users(struct ntlm_credential *credential, const char *path,
                                  struct sspi_error_info *error_info)
{
    char error[SSPI_ERROR_TEXT_SIZE];
    credential->own_users = store_users_open(path, error, sizeof(error));
    if (credential->own_users == NULL)
        return error_info_refuse(error_info,
                                 errno == ENOMEM ? SEC_E_INSUFFICIENT_MEMORY : SEC_E_NO_CREDENTIALS,
                                 SSPI_REASON_CONFIGURATION, "%s", error);
    credential->users = credential->own_users;
    return SEC_E_OK;
}

static SECURITY_STATUS take_users(struct ntlm_credential *credential,
                                  const SSPI_ACCEPTOR_DATA *data,
                                  struct sspi_error_info *error_info)
{
    char domain[STORE_USERS_NAME_LIMIT + 1];
    const char *path = data->UserFile != NULL ? data->UserFile : getenv("SSPI_USER_FILE");
    if (data->Winbind != NULL) {
        credential->winbind = ntlm_winbind_ref(data->Winbind);
        return SEC_E_OK;
    }
    if (data->Users == NULL && path == NULL)
        return open_winbind(credential, error_info);
    if (data->Users != NULL) {
        credential->users = store_users_ref(data->Users);
    } else {
        SECURITY_STATUS status = open_users(credential, path, error_info);
        if (status != SEC_E_OK)
            return status;
    }
    if (!store_users_nt_domain(credential->users, domain))
        return error_info_refuse(error_info, SEC_E_NO_CREDENTIALS, SSPI_REASON_CONFIGURATION,
                                 "%s: no user has an NT line, user:DOMAIN:NT:hash; add some with "
                                 "sspi-passwd -a NT",
                                 store_users_path(credential->users));
    return SEC_E_OK;
}

static char upper(char c)
{
    return (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

/* Windows takes the part before the first dot, in upper case, as the NetBIOS name. */
static bool take_names(struct ntlm_credential *credential)
{
    if (gethostname(credential->dns_computer, sizeof(credential->dns_computer)) != 0)
        return false;
    credential->dns_computer[sizeof(credential->dns_computer) - 1] = '\0';
    size_t len = strcspn(credential->dns_computer, ".");
    if (len > NTLM_WINBIND_NB_LIMIT)
        len = NTLM_WINBIND_NB_LIMIT;
    for (size_t i = 0; i < len; i++)
        credential->nb_computer[i] = upper(credential->dns_computer[i]);
    return true;
}

static SECURITY_STATUS fill(struct ntlm_credential *credential, const SSPI_ACCEPTOR_DATA *data,
                            struct sspi_error_info *error_info)
{
    credential->clock = clock_machine();
    if (!ntlm_crypto_init(&credential->crypto))
        return error_info_refuse(
            error_info, SEC_E_NO_CREDENTIALS, SSPI_REASON_CONFIGURATION,
            "OpenSSL has no RC4, which NTLM needs: install its legacy provider");
    if (!take_names(credential))
        return error_info_refuse(error_info, SEC_E_INTERNAL_ERROR, SSPI_REASON_INTERNAL,
                                 "the name of this machine is unknown: gethostname() failed");
    return take_users(credential, data, error_info);
}

SECURITY_STATUS ntlm_credential_new(const SSPI_ACCEPTOR_DATA *data,
                                    struct ntlm_credential **ret_credential,
                                    struct sspi_error_info *error_info)
{
    struct ntlm_credential *credential = calloc(1, sizeof(*credential));
    if (credential == NULL)
        return error_info_no_memory(error_info);
    SECURITY_STATUS status = fill(credential, data, error_info);
    if (status != SEC_E_OK) {
        ntlm_credential_free(credential);
        return status;
    }
    *ret_credential = credential;
    return SEC_E_OK;
}

void ntlm_credential_free(struct ntlm_credential *credential)
{
    ntlm_winbind_unref(credential->winbind);
    store_users_unref(credential->users);
    ntlm_crypto_clear(&credential->crypto);
    free(credential);
}

void ntlm_credential_refresh(struct ntlm_credential *credential)
{
    char error[SSPI_ERROR_TEXT_SIZE];
    const struct clock *clock = credential->clock;
    /* If the file cannot be read, the old users stay. */
    if (credential->own_users != NULL)
        (void)store_source_refresh(store_users_source(credential->own_users),
                                   clock->steady_ms(clock->self), error, sizeof(error));
}
