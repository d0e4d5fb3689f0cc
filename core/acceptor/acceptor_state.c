/* SPDX-License-Identifier: Apache-2.0 */
#include "acceptor_state.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "clock.h"
#include "store_keys.h"
#include "store_state_file.h"

struct sspi_state *sspi_http_state_format(void *memory, size_t size)
{
    return store_state_format(memory, size, clock_machine());
}

struct sspi_state *sspi_http_state_attach(void *memory, size_t size)
{
    return store_state_attach(memory, size);
}

/* Without memory for the keys there are no sessions. */
void sspi_acceptor_set_state(struct sspi_acceptor *acceptor, struct sspi_state *state)
{
    store_keys_unref(acceptor->state_keys);
    store_state_free(acceptor->state);
    acceptor->state = state;
    acceptor->state_keys = store_keys_new(store_state_session_key(state), clock_machine());
}

struct store_keys *acceptor_keys(const struct sspi_acceptor *acceptor,
                                 const struct sspi_policy *policy)
{
    if (policy->key_file.n == 0)
        return acceptor->state_keys;
    const struct acceptor_source *source =
        acceptor_source_find(acceptor->sources, policy, SSPI_OPTION_KEY_FILE);
    return source == NULL ? NULL : source->keys;
}

static size_t state_size(const struct sspi_policy *policy)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t size = (size_t)policy->state_size;
    return (size + page - 1) / page * page;
}

static void log_state_size(struct sspi_acceptor *acceptor, const char *path, size_t size)
{
    size_t found = store_state_size(acceptor->state);
    if (found != size)
        acceptor_entries_add(
            &acceptor->entries, SSPI_REASON_STATE_SIZE,
            "state file %.300s is in use and keeps its size of %zu bytes, but %s is "
            "%zu. To change the size, stop all servers that use the file",
            path, found, sspi_option_info(SSPI_OPTION_STATE_SIZE)->name[acceptor->config.server],
            size);
}

static void log_state(struct sspi_acceptor *acceptor, const char *path,
                      enum store_state_found found)
{
    if (found == STORE_STATE_REPLACED)
        acceptor_entries_add(
            &acceptor->entries, SSPI_REASON_STATE_REPLACED,
            "state file %.300s was replaced, but other processes still use the old file, which has "
            "another layout: restart the other servers that share it",
            path);
    else
        acceptor_entries_add(
            &acceptor->entries, SSPI_REASON_STATE_FILE,
            found == STORE_STATE_EXISTING
                ? "state file %.300s was opened with the nonces and replays that it holds"
                : "state file %.300s was created: nonces and Kerberos authenticators that are "
                  "older than it are refused",
            path);
}

bool sspi_acceptor_open_state(struct sspi_acceptor *acceptor, const struct sspi_policy *policy,
                              bool only_check, char *error)
{
    char why[SSPI_ERROR_SIZE] = "";
    char path[PATH_MAX];
    enum store_state_found found = STORE_STATE_EXISTING;
    size_t size = state_size(policy);
    const struct sspi_view *word = policy->state_file.words;
    snprintf(path, sizeof(path), "%.*s", (int)word->len, word->data);
    struct sspi_state *state =
        only_check ? NULL
                   : store_state_file_open(path, size, clock_machine(), &found, why, sizeof(why));
    if (state == NULL && !(only_check && store_state_file_check(path, why, sizeof(why)))) {
        snprintf(error, SSPI_ERROR_SIZE, "%s: %.450s",
                 sspi_option_info(SSPI_OPTION_STATE_FILE)->name[acceptor->config.server], why);
        return false;
    }
    if (state == NULL)
        return true;
    sspi_acceptor_set_state(acceptor, state);
    log_state(acceptor, path, found);
    log_state_size(acceptor, path, size);
    return true;
}
