/* SPDX-License-Identifier: Apache-2.0 */
#include "acceptor_credentials.h"

#include <stdlib.h>
#include <string.h>

#include "error_info.h"

struct acceptor_credential {
    struct acceptor_credential *next;
    struct package_credential *credential;
    unsigned users;
    uint64_t last_use;
    /* The key: the data that it was made of. */
    const struct package *package;
    const struct sspi_keytab *keytab;
    const struct sspi_users *user_file;
    const struct sspi_winbind *winbind;
    uint32_t mechanisms;
    uint8_t algorithms[SSPI_DIGEST_ALGORITHMS_LIMIT];
    uint32_t nonce_lifetime_s;
    uint32_t flags;
    char *services; /* each followed by a blank */
    char *domain;   /* empty: none */
};

bool acceptor_credentials_init(struct acceptor_credentials *set)
{
    return pthread_mutex_init(&set->lock, NULL) == 0;
}

static void free_credential(struct acceptor_credential *credential)
{
    package_credential_unref(credential->credential);
    free(credential->services);
    free(credential->domain);
    free(credential);
}

void acceptor_credentials_clear(struct acceptor_credentials *set)
{
    while (set->first != NULL) {
        struct acceptor_credential *first = set->first;
        set->first = first->next;
        free_credential(first);
    }
    pthread_mutex_destroy(&set->lock);
}

struct package_credential *
acceptor_credentials_of_package(const struct acceptor_credential *credential)
{
    return credential->credential;
}

static bool same_services(const char *joined, const SSPI_ACCEPTOR_DATA *data)
{
    for (uint32_t i = 0; i < data->ServiceNameCount; i++) {
        size_t len = data->ServiceNames[i].len;
        if (strncmp(joined, data->ServiceNames[i].data, len) != 0 || joined[len] != ' ')
            return false;
        joined += len + 1;
    }
    return *joined == '\0';
}

static const char *domain_of(const SSPI_ACCEPTOR_DATA *data)
{
    return data->Domain == NULL ? "" : data->Domain;
}

static struct acceptor_credential *find(const struct acceptor_credentials *set,
                                        const struct package *package,
                                        const SSPI_ACCEPTOR_DATA *data)
{
    for (struct acceptor_credential *at = set->first; at != NULL; at = at->next)
        if (at->package == package && at->keytab == data->Keytab && at->user_file == data->Users &&
            at->winbind == data->Winbind && at->mechanisms == data->Mechanisms &&
            at->nonce_lifetime_s == data->NonceLifetimeSeconds &&
            memcmp(at->algorithms, data->Algorithms, sizeof(at->algorithms)) == 0 &&
            at->flags == data->Flags && strcmp(at->domain, domain_of(data)) == 0 &&
            same_services(at->services, data))
            return at;
    return NULL;
}

static struct acceptor_credential *make(const struct package *package,
                                        const SSPI_ACCEPTOR_DATA *data, SECURITY_STATUS *ret_status,
                                        struct sspi_error_info *error_info)
{
    struct bytes services BYTES_CLEANUP = {0};
    for (uint32_t i = 0; i < data->ServiceNameCount; i++) {
        bytes_append_view(&services, data->ServiceNames[i]);
        bytes_append_char(&services, ' ');
    }
    struct acceptor_credential *made = calloc(1, sizeof(*made));
    char *joined = bytes_steal(&services, NULL);
    char *domain = strdup(domain_of(data));
    if (made == NULL || joined == NULL || domain == NULL) {
        free(made);
        free(joined);
        free(domain);
        *ret_status = error_info_no_memory(error_info);
        return NULL;
    }
    made->package = package;
    made->keytab = data->Keytab;
    made->user_file = data->Users;
    made->winbind = data->Winbind;
    made->mechanisms = data->Mechanisms;
    made->nonce_lifetime_s = data->NonceLifetimeSeconds;
    memcpy(made->algorithms, data->Algorithms, sizeof(made->algorithms));
    made->flags = data->Flags;
    made->services = joined;
    made->domain = domain;
    *ret_status = package_credential_new(package, data, &made->credential, error_info);
    if (*ret_status == SEC_E_OK)
        return made;
    free_credential(made);
    return NULL;
}

/* Frees the longest unused credential if there are too many. */
static void trim(struct acceptor_credentials *set)
{
    if (set->n <= ACCEPTOR_CREDENTIALS_LIMIT)
        return;
    struct acceptor_credential **oldest = NULL;
    for (struct acceptor_credential **at = &set->first; *at != NULL; at = &(*at)->next)
        if ((*at)->users == 0 && (oldest == NULL || (*at)->last_use < (*oldest)->last_use))
            oldest = at;
    if (oldest == NULL)
        return;
    struct acceptor_credential *gone = *oldest;
    *oldest = gone->next;
    set->n--;
    free_credential(gone);
}

SECURITY_STATUS acceptor_credentials_acquire(struct acceptor_credentials *set,
                                             const struct package *package,
                                             const SSPI_ACCEPTOR_DATA *data,
                                             struct acceptor_credential **ret_credential,
                                             struct sspi_error_info *error_info)
{
    SECURITY_STATUS status = SEC_E_OK;
    pthread_mutex_lock(&set->lock);
    struct acceptor_credential *credential = find(set, package, data);
    if (credential == NULL) {
        credential = make(package, data, &status, error_info);
        if (credential != NULL) {
            credential->next = set->first;
            set->first = credential;
            set->n++;
        }
    }
    if (credential != NULL) {
        credential->users++;
        credential->last_use = ++set->uses;
        trim(set);
    }
    pthread_mutex_unlock(&set->lock);

    if (credential == NULL)
        return status;
    *ret_credential = credential;
    return SEC_E_OK;
}

void acceptor_credentials_release(struct acceptor_credentials *set,
                                  struct acceptor_credential *credential)
{
    if (credential == NULL)
        return;
    pthread_mutex_lock(&set->lock);
    credential->users--;
    pthread_mutex_unlock(&set->lock);
}
