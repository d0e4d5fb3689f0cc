/* SPDX-License-Identifier: Apache-2.0 */
#include "http_resource.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_messages.h"
#include "http_options.h"
#include "kerberos_keytab.h"
#include "store_users.h"

/* The absent view: MIT's default keytab. */
static struct sspi_view name_of(const struct sspi_policy *policy, enum sspi_option option)
{
    size_t n_words;
    const struct sspi_view *words = http_options_words(policy, option, &n_words);
    return n_words > 0 ? words[0] : (struct sspi_view){NULL, 0};
}

struct http_resource *http_resource_open(const struct sspi_policy *policy, enum sspi_option option,
                                         char *why)
{
    struct sspi_view name = name_of(policy, option);
    struct http_resource *made = calloc(1, sizeof(*made));
    char *copy = name.data == NULL ? NULL : strndup(name.data, name.len);
    if (made == NULL || (name.data != NULL && copy == NULL)) {
        free(made);
        free(copy);
        snprintf(why, SSPI_ERROR_SIZE, "out of memory");
        return NULL;
    }
    made->option = option;
    made->name = copy;
    if (option == SSPI_OPTION_KEYTAB)
        made->keytab = kerberos_keytab_open(copy, why, SSPI_ERROR_SIZE);
    else
        made->users = store_users_open(copy, why, SSPI_ERROR_SIZE);
    if (made->keytab == NULL && made->users == NULL) {
        http_resource_free(made);
        return NULL;
    }
    return made;
}

void http_resource_free(struct http_resource *resource)
{
    kerberos_keytab_close(resource->keytab);
    store_users_close(resource->users);
    free(resource->name);
    free(resource);
}

const char *http_resource_path(const struct http_resource *resource)
{
    return resource->keytab != NULL ? kerberos_keytab_path(resource->keytab)
                                    : store_users_path(resource->users);
}

struct http_resource *http_resource_find(struct http_resource *list,
                                         const struct sspi_policy *policy, enum sspi_option option)
{
    struct sspi_view name = name_of(policy, option);
    for (struct http_resource *at = list; at != NULL; at = at->next)
        if (at->option == option && (at->name == NULL) == (name.data == NULL) &&
            (name.data == NULL || bytes_equal(bytes_view(at->name), name)))
            return at;
    return NULL;
}

/* ---- reading again ---- */

/* Holds references of its own: a request may end, and an acceptor may go, while it runs. */
struct sspi_job {
    atomic_uint n_references;
    struct sspi_keytab *keytab;
    struct sspi_users *users;
    char why[SSPI_ERROR_SIZE];
    _Atomic(enum store_refresh) outcome; /* UNCHANGED until it has run */
};

struct sspi_job *http_resource_look(struct http_resource *resource, uint64_t now_ms)
{
    bool is_keytab = resource->keytab != NULL;
    if (is_keytab ? !kerberos_keytab_look(resource->keytab, now_ms)
                  : !store_users_look(resource->users, now_ms))
        return NULL;
    struct sspi_job *job = calloc(1, sizeof(*job));
    if (job == NULL) {
        if (is_keytab)
            kerberos_keytab_look_again(resource->keytab);
        else
            store_users_look_again(resource->users);
        return NULL;
    }
    atomic_init(&job->n_references, 1);
    atomic_init(&job->outcome, STORE_REFRESH_UNCHANGED);
    if (is_keytab)
        job->keytab = kerberos_keytab_reference(resource->keytab);
    else
        job->users = store_users_reference(resource->users);
    return job;
}

void sspi_job_run(struct sspi_job *job)
{
    enum store_refresh outcome =
        job->keytab != NULL ? kerberos_keytab_reread(job->keytab, job->why, sizeof(job->why))
                            : store_users_reread(job->users, job->why, sizeof(job->why));
    atomic_store_explicit(&job->outcome, outcome, memory_order_release);
}

struct sspi_job *sspi_job_reference(struct sspi_job *job)
{
    atomic_fetch_add(&job->n_references, 1);
    return job;
}

void sspi_job_release(struct sspi_job *job)
{
    if (job == NULL || atomic_fetch_sub(&job->n_references, 1) != 1)
        return;
    bool has_run = atomic_load(&job->outcome) != STORE_REFRESH_UNCHANGED;
    if (job->keytab != NULL && !has_run)
        kerberos_keytab_look_again(job->keytab);
    if (job->users != NULL && !has_run)
        store_users_look_again(job->users);
    kerberos_keytab_close(job->keytab);
    store_users_close(job->users);
    free(job);
}

bool http_resource_outcome(const struct sspi_job *job, struct sspi_record *ret_record)
{
    const char *path =
        job->keytab != NULL ? kerberos_keytab_path(job->keytab) : store_users_path(job->users);
    switch (atomic_load_explicit(&job->outcome, memory_order_acquire)) {
    case STORE_REFRESH_DONE:
        http_messages_write(ret_record, HTTP_MESSAGE_REREAD, SEC_E_OK,
                            "%s changed and was read again", path);
        return true;
    case STORE_REFRESH_UNREADABLE:
        http_messages_write(
            ret_record, HTTP_MESSAGE_NOT_REREAD, SEC_E_OK,
            "%s changed, the old contents stay in force until the next reload: %.300s", path,
            job->why);
        return true;
    case STORE_REFRESH_UNCHANGED:
        break;
    }
    return false;
}
