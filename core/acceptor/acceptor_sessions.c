/* SPDX-License-Identifier: Apache-2.0 */
#include "acceptor_sessions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "policy.h"
#include "session_audience.h"
#include "session_cookie.h"

struct acceptor_sessions {
    struct acceptor_sessions *next;
    char *cookie;    /* host, name, path and domain, each with a line break behind it */
    char *audiences; /* one for each package, each with a line break behind it */
    char *location;
    bool is_reported;
};

/* ---- audiences ---- */

/* Winbind is not asked at start. Its domain is the same for all locations. */
static const struct sid some_domain = {.n_sub = 1};

/* Appends the audience of logins by this mechanism. `option` names the user file. */
static void append_audience(const struct acceptor_sessions_location *location,
                            const struct hash_suite *hashes, uint8_t mech, enum sspi_option option,
                            struct bytes *to)
{
    const struct sspi_policy *policy = location->policy;
    const struct sspi_words *path = policy_words(policy, option);
    struct session_audience audience;
    const struct session_audience_facts facts = {
        .configured = policy_session_audience(policy),
        .mech = mech,
        .realm = location->realm,
        .path = path->n > 0 ? path->words[0] : (struct sspi_view){NULL, 0},
        .domain = &some_domain,
    };
    if (!session_audience_of(&facts, hashes, &audience))
        return;
    bytes_append(to, audience.text, audience.len);
    bytes_append_char(to, '\n');
}

static void append_audiences(const struct acceptor_sessions_location *location,
                             const struct hash_suite *hashes, struct bytes *to)
{
    const struct sspi_policy *policy = location->policy;
    if (policy_uses_mech(policy, SSPI_MECH_KERBEROS))
        append_audience(location, hashes, SSPI_MECH_KERBEROS, SSPI_OPTION_KEYTAB, to);
    if (policy_uses_mech(policy, SSPI_MECH_NTLM))
        append_audience(location, hashes, SSPI_MECH_NTLM, SSPI_OPTION_NTLM_USER_FILE, to);
    if (policy_uses_digest_users(policy))
        append_audience(location, hashes, SSPI_MECH_NONE, SSPI_OPTION_DIGEST_USER_FILE, to);
    bytes_append_char(to, '\0');
}

/* ---- the list ---- */

static void append_cookie(const struct acceptor_sessions_location *location, struct bytes *to)
{
    struct session_cookie cookie;
    session_cookie_of(location->policy, true, &cookie);
    bytes_append_text(to, location->host);
    bytes_append_char(to, '\n');
    bytes_append_view(to, cookie.name);
    bytes_append_char(to, '\n');
    bytes_append_view(to, cookie.path);
    bytes_append_char(to, '\n');
    bytes_append_view(to, cookie.domain);
    bytes_append_char(to, '\0');
}

static void free_one(struct acceptor_sessions *one)
{
    free(one->cookie);
    free(one->audiences);
    free(one->location);
    free(one);
}

void acceptor_sessions_free(struct acceptor_sessions *list)
{
    while (list != NULL) {
        struct acceptor_sessions *next = list->next;
        free_one(list);
        list = next;
    }
}

/* NULL: no memory. */
static struct acceptor_sessions *make(const struct acceptor_sessions_location *location,
                                      const struct hash_suite *hashes)
{
    struct bytes cookie BYTES_CLEANUP = {0}, audiences BYTES_CLEANUP = {0};
    struct acceptor_sessions *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return NULL;
    append_cookie(location, &cookie);
    append_audiences(location, hashes, &audiences);
    made->cookie = bytes_steal(&cookie, NULL);
    made->audiences = bytes_steal(&audiences, NULL);
    made->location = strdup(location->name);
    if (made->cookie != NULL && made->audiences != NULL && made->location != NULL)
        return made;
    free_one(made);
    return NULL;
}

static struct acceptor_sessions *find(struct acceptor_sessions *list, const char *cookie)
{
    while (list != NULL && strcmp(list->cookie, cookie) != 0)
        list = list->next;
    return list;
}

static void write_text(const struct acceptor_sessions_location *location,
                       const struct acceptor_sessions *first, char *text)
{
    struct session_cookie cookie;
    session_cookie_of(location->policy, true, &cookie);
    snprintf(
        text, SSPI_ERROR_SIZE,
        "%.100s and %.100s of the host %.60s have the session cookie %.*s, but a session of one "
        "does not count in the other: name one with %s, or give both the same %s",
        first->location, location->name, location->host,
        (int)(cookie.name.len < 60 ? cookie.name.len : 60), cookie.name.data,
        sspi_option_info(SSPI_OPTION_SESSION_COOKIE)->name[location->server],
        sspi_option_info(SSPI_OPTION_SESSION_AUDIENCE)->name[location->server]);
}

/* True if the realm of Digest's users is not known now, so the audience is not known either. */
static bool is_open(const struct acceptor_sessions_location *location)
{
    return policy_uses_digest_users(location->policy) && location->realm.len == 0 &&
           location->policy->session_audience.n == 0;
}

bool acceptor_sessions_check(struct acceptor_sessions **list,
                             const struct acceptor_sessions_location *location,
                             const struct hash_suite *hashes, char *text)
{
    struct acceptor_sessions *made =
        location->policy->session && !is_open(location) ? make(location, hashes) : NULL;
    if (made == NULL)
        return true;
    struct acceptor_sessions *first = find(*list, made->cookie);
    if (first == NULL) {
        made->next = *list;
        *list = made;
        return true;
    }
    bool good = first->is_reported || strcmp(first->audiences, made->audiences) == 0;
    free_one(made);
    if (good)
        return true;
    first->is_reported = true;
    write_text(location, first, text);
    return false;
}
