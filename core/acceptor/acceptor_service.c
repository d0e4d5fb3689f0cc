/* SPDX-License-Identifier: Apache-2.0 */
#include "acceptor_service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error_info.h"
#include "policy.h"

struct acceptor_service {
    struct acceptor_service *next;
    const struct acceptor_source *keytab;
    char *key;
    struct kerberos_service_credential *credential;
};

/* The words that tell two credentials of a keytab apart. Without SSPIClientPrincipal, the accepted
 * services are the principals that are tried. Words hold no line break. */
static bool make_key(const struct sspi_policy *policy, struct bytes *ret_key)
{
    const struct sspi_words *words =
        policy->client_principal.n > 0 ? &policy->client_principal : &policy->service_names;
    bytes_append_char(ret_key, policy->client_principal.n > 0 ? 'c' : 's');
    for (size_t i = 0; i < words->n; i++) {
        bytes_append_char(ret_key, '\n');
        bytes_append_view(ret_key, words->words[i]);
    }
    return !ret_key->failed;
}

static const struct acceptor_service *find(const struct acceptor_service *list,
                                           const struct acceptor_source *keytab,
                                           struct sspi_view key)
{
    for (const struct acceptor_service *at = list; at != NULL; at = at->next) {
        if (at->keytab == keytab && bytes_equal(bytes_view(at->key), key))
            return at;
    }
    return NULL;
}

static bool open_credential(struct acceptor_service *service, struct sspi_keytab *keytab,
                            const struct sspi_policy *policy, char *why)
{
    BYTES_CLEANUP struct bytes client = {0};
    bool named = policy->client_principal.n > 0;
    if (named)
        bytes_append_view(&client, policy->client_principal.words[0]);
    bytes_append_char(&client, '\0');
    if (client.failed) {
        snprintf(why, SSPI_ERROR_SIZE, OUT_OF_MEMORY);
        return false;
    }
    service->credential = kerberos_service_credential_new(
        keytab, named ? client.data : NULL, policy->service_names.words, policy->service_names.n,
        why, SSPI_ERROR_SIZE);
    return service->credential != NULL;
}

static struct acceptor_service *service_new(struct acceptor_source *keytab, struct bytes *key,
                                            const struct sspi_policy *policy, char *why)
{
    struct acceptor_service *made = calloc(1, sizeof(*made));
    char *text = bytes_steal(key, NULL);
    if (made == NULL || text == NULL) {
        free(made);
        free(text);
        snprintf(why, SSPI_ERROR_SIZE, OUT_OF_MEMORY);
        return NULL;
    }
    made->keytab = keytab;
    made->key = text;
    if (open_credential(made, keytab->keytab, policy, why))
        return made;
    acceptor_service_free(made);
    return NULL;
}

bool acceptor_service_add(struct acceptor_service **list, struct acceptor_source *keytab,
                          const struct sspi_policy *policy, char *why)
{
    BYTES_CLEANUP struct bytes key = {0};
    if (!make_key(policy, &key)) {
        snprintf(why, SSPI_ERROR_SIZE, OUT_OF_MEMORY);
        return false;
    }
    if (find(*list, keytab, bytes_as_view(&key)) != NULL)
        return true;
    struct acceptor_service *made = service_new(keytab, &key, policy, why);
    if (made == NULL)
        return false;
    made->next = *list;
    *list = made;
    return true;
}

struct kerberos_service_credential *acceptor_service_find(const struct acceptor_service *list,
                                                          const struct acceptor_source *keytab,
                                                          const struct sspi_policy *policy)
{
    BYTES_CLEANUP struct bytes key = {0};
    const struct acceptor_service *found =
        make_key(policy, &key) ? find(list, keytab, bytes_as_view(&key)) : NULL;
    return found == NULL ? NULL : found->credential;
}

void acceptor_service_free(struct acceptor_service *list)
{
    while (list != NULL) {
        struct acceptor_service *next = list->next;
        kerberos_service_credential_unref(list->credential);
        free(list->key);
        free(list);
        list = next;
    }
}
