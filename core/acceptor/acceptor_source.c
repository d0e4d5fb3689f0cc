/* SPDX-License-Identifier: Apache-2.0 */
#include "acceptor_source.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error_info.h"
#include "acceptor_job.h"
#include "acceptor_log.h"
#include "policy.h"
#include "kerberos_keytab.h"
#include "ntlm_winbind.h"
#include "store_groups.h"
#include "store_keys.h"
#include "store_users.h"
#include "store_source.h"

/* Writes the paths of the directive as one name; empty: the directive is not set. False: no memory.
 */
static bool name_of(const struct sspi_policy *policy, enum sspi_option option,
                    struct bytes *ret_name)
{
    const struct sspi_words *paths = policy_words(policy, option);
    for (size_t i = 0; i < paths->n; i++) {
        if (i > 0)
            bytes_append_char(ret_name, '\n');
        bytes_append_view(ret_name, paths->words[i]);
    }
    return !ret_name->failed;
}

/* True if the directive has this name. Makes no copy. */
static bool is_named(const struct sspi_policy *policy, enum sspi_option option, const char *name)
{
    const struct sspi_words *paths = policy_words(policy, option);
    if (paths->n == 0 || name == NULL)
        return paths->n == 0 && name == NULL;
    for (size_t i = 0; i < paths->n; i++) {
        if (strncmp(name, paths->words[i].data, paths->words[i].len) != 0)
            return false;
        name += paths->words[i].len;
        if (*name++ != (i + 1 < paths->n ? '\n' : '\0'))
            return false;
    }
    return true;
}

/* The certificates of TLS front ends. */
static void open_certificates(struct acceptor_source *source, const struct sspi_policy *policy,
                              char *why)
{
    const struct sspi_words *paths = policy_words(policy, source->option);
    struct binding_candidates *made = calloc(1, sizeof(*made));
    bool read = made != NULL;
    if (made == NULL)
        snprintf(why, SSPI_ERROR_SIZE, OUT_OF_MEMORY);
    for (size_t i = 0; read && i < paths->n; i++) {
        char path[PATH_MAX];
        snprintf(path, sizeof(path), "%.*s", (int)paths->words[i].len, paths->words[i].data);
        read = binding_read_certificate(path, made, why, SSPI_ERROR_SIZE);
    }
    if (read)
        source->certificates = made;
    else
        free(made);
}

/* The users of NTLM: a file with at least one line of them, or winbind. */
static void open_nt_users(struct acceptor_source *source, char *why)
{
    char domain[STORE_USERS_NAME_LIMIT + 1];
    if (source->name == NULL) {
        source->winbind = ntlm_winbind_new();
        if (source->winbind == NULL)
            snprintf(why, SSPI_ERROR_SIZE, OUT_OF_MEMORY);
        return;
    }
    source->users = store_users_open(source->name, why, SSPI_ERROR_SIZE);
    if (source->users == NULL || store_users_nt_domain(source->users, domain))
        return;
    snprintf(why, SSPI_ERROR_SIZE,
             "%s has no line user:DOMAIN:NT:hash; add users with sspi-passwd -a NT -r DOMAIN",
             store_users_path(source->users));
    store_users_unref(source->users);
    source->users = NULL;
}

static struct store_source *reloadable_of(const struct acceptor_source *source)
{
    if (source->keytab != NULL)
        return kerberos_keytab_source(source->keytab);
    if (source->users != NULL)
        return store_users_source(source->users);
    if (source->groups != NULL)
        return store_groups_source(source->groups);
    if (source->keys != NULL)
        return store_keys_source(source->keys);
    return source->winbind != NULL ? ntlm_winbind_source(source->winbind) : NULL;
}

/* Opens the contents that the option of `source` asks for. */
static void open_contents(struct acceptor_source *source, const struct sspi_policy *policy,
                          char *why)
{
    switch (source->option) {
    case SSPI_OPTION_KEYTAB:
        source->keytab = kerberos_keytab_open(source->name, why, SSPI_ERROR_SIZE);
        break;
    case SSPI_OPTION_NTLM_USER_FILE:
        open_nt_users(source, why);
        break;
    case SSPI_OPTION_CHANNEL_BINDING_CERTIFICATE:
        open_certificates(source, policy, why);
        break;
    case SSPI_OPTION_GROUP_FILE:
        source->groups = store_groups_open(source->name, why, SSPI_ERROR_SIZE);
        break;
    case SSPI_OPTION_KEY_FILE:
        source->keys = store_keys_open(source->name, clock_machine(), why, SSPI_ERROR_SIZE);
        break;
    default:
        source->users = store_users_open(source->name, why, SSPI_ERROR_SIZE);
        break;
    }
}

struct acceptor_source *acceptor_source_open(const struct sspi_policy *policy,
                                             enum sspi_option option, char *why)
{
    struct bytes name BYTES_CLEANUP = {0};
    struct acceptor_source *made = calloc(1, sizeof(*made));
    bool named = name_of(policy, option, &name);
    char *copy = named && name.len > 0 ? bytes_steal(&name, NULL) : NULL;
    size_t n_words = policy_words(policy, option)->n;
    if (made == NULL || (n_words > 0 && copy == NULL)) {
        free(made);
        free(copy);
        snprintf(why, SSPI_ERROR_SIZE, OUT_OF_MEMORY);
        return NULL;
    }
    made->option = option;
    made->name = copy;
    open_contents(made, policy, why);
    made->reloadable = reloadable_of(made);
    if (made->reloadable == NULL && made->certificates == NULL) {
        acceptor_source_free(made);
        return NULL;
    }
    return made;
}

void acceptor_source_free(struct acceptor_source *source)
{
    store_source_unref(source->reloadable);
    free(source->certificates);
    free(source->name);
    free(source);
}

const char *acceptor_source_path(const struct acceptor_source *source)
{
    return source->reloadable != NULL ? store_source_path(source->reloadable) : source->name;
}

struct acceptor_source *acceptor_source_find(struct acceptor_source *list,
                                             const struct sspi_policy *policy,
                                             enum sspi_option option)
{
    for (struct acceptor_source *at = list; at != NULL; at = at->next)
        if (at->option == option && is_named(policy, option, at->name))
            return at;
    return NULL;
}

/* ---- reload ---- */

struct reload {
    struct sspi_job job;
    struct store_source *source;  /* its own reference: the request may end while the job runs */
    struct sspi_winbind *winbind; /* the same object if the source is winbind */
    char why[SSPI_ERROR_SIZE];
    enum store_source_result result;
};

static void run(struct sspi_job *job)
{
    struct reload *reload = (struct reload *)job;
    reload->result = store_source_reload(reload->source, reload->why, sizeof(reload->why));
}

static void destroy(struct sspi_job *job)
{
    struct reload *reload = (struct reload *)job;
    if (acceptor_job_state(job) == ACCEPTOR_JOB_NEW)
        store_source_cancel_reload(reload->source);
    store_source_unref(reload->source);
    free(reload);
}

/* Called after a check that found a change. NULL: no memory; a later check finds the change again.
 */
static struct sspi_job *reload_new(struct acceptor_source *source)
{
    struct reload *reload = calloc(1, sizeof(*reload));
    if (reload == NULL) {
        store_source_cancel_reload(source->reloadable);
        return NULL;
    }
    acceptor_job_init(&reload->job, run, destroy);
    reload->source = store_source_ref(source->reloadable);
    reload->winbind = source->winbind;
    return &reload->job;
}

struct sspi_job *acceptor_source_check_changed(struct acceptor_source *source, uint64_t now_ms)
{
    return store_source_check_changed(source->reloadable, now_ms) ? reload_new(source) : NULL;
}

struct sspi_job *acceptor_source_check_changed_now(struct acceptor_source *source, uint64_t now_ms)
{
    bool changed =
        source->reloadable != NULL && store_source_check_changed_now(source->reloadable, now_ms);
    return changed ? reload_new(source) : NULL;
}

static void log_winbind(const struct reload *reload, struct sspi_log_entry *ret_entry)
{
    struct ntlm_winbind_names names;
    if (ntlm_winbind_names(reload->winbind, &names))
        acceptor_log_write(ret_entry, SSPI_REASON_WINBIND, SEC_E_OK,
                           "winbind: this machine is %s of the domain %s", names.nb_computer,
                           names.nb_domain);
    else
        acceptor_log_write(ret_entry, SSPI_REASON_NO_WINBIND, SEC_E_OK, "winbind: %.400s",
                           reload->why);
}

bool acceptor_source_log_reload(const struct sspi_job *job, struct sspi_log_entry *ret_entry)
{
    const struct reload *reload = (const struct reload *)job;
    if (acceptor_job_state(job) != ACCEPTOR_JOB_DONE || reload->result == STORE_SOURCE_UNCHANGED)
        return false;
    if (reload->winbind != NULL) {
        log_winbind(reload, ret_entry);
        return true;
    }
    const char *path = store_source_path(reload->source);
    if (reload->result == STORE_SOURCE_RELOADED)
        acceptor_log_write(ret_entry, SSPI_REASON_RELOADED, SEC_E_OK,
                           "%s changed and was read again", path);
    else
        acceptor_log_write(
            ret_entry, SSPI_REASON_NOT_RELOADED, SEC_E_OK,
            "%s changed, the old contents stay in force until the next reload: %.300s", path,
            reload->why);
    return true;
}
