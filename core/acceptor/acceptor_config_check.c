/* SPDX-License-Identifier: Apache-2.0 */
#include "acceptor_config_check.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "bytes.h"
#include "digest_challenge.h"
#include "escape.h"
#include "policy.h"
#include "policy_require.h"

/* For a name of the configuration: with the names to use instead it fits into SSPI_ERROR_SIZE. */
#define SHOWN_SIZE 101

static bool is_printable(char octet)
{
    return octet >= 0x20 && octet <= 0x7E;
}

/* ---- realms ---- */

/* Firefox (153) sends no Authorization header for a realm beyond ASCII, whatever its encoding. A
 * colon ends the realm in a user file. */
static bool is_usable_realm(struct sspi_view realm, bool is_of_file)
{
    if (realm.len == 0 || realm.len > DIGEST_CHALLENGE_REALM_LIMIT)
        return false;
    for (size_t i = 0; i < realm.len; i++)
        if (!is_printable(realm.data[i]) || (is_of_file && realm.data[i] == ':'))
            return false;
    return true;
}

bool sspi_policy_check_realm(const struct sspi_policy *policy, struct sspi_view realm,
                             enum sspi_server server, char *error)
{
    char shown[SHOWN_SIZE];
    bool digest = policy->schemes.offers[SSPI_SCHEME_DIGEST];
    if ((!digest && !policy->schemes.offers[SSPI_SCHEME_BASIC]) ||
        is_usable_realm(realm, policy_uses_digest_users(policy)))
        return true;
    snprintf(error, SSPI_ERROR_SIZE,
             "%s: \"%s\" is not valid for %s: use 1 to %d characters of printable ASCII without "
             "a colon. A user file cannot hold a colon, and some browsers answer no other realm",
             sspi_option_info(SSPI_OPTION_REALM)->name[server],
             escape_text(shown, sizeof(shown), realm), digest ? "Digest" : "Basic",
             DIGEST_CHALLENGE_REALM_LIMIT);
    return false;
}

/* ---- names of a requirement ---- */

static bool is_digest_name(struct sspi_view name)
{
    const struct sspi_view prefix = SSPI_VIEW(POLICY_DIGEST_PREFIX);
    return name.len > prefix.len && memcmp(name.data, prefix.data, prefix.len) == 0;
}

/* True if the octet is in `name`, with other octets on both sides. */
static bool divides(struct sspi_view name, char octet)
{
    return name.len > 2 && memchr(name.data + 1, octet, name.len - 2) != NULL;
}

static bool can_match(const struct sspi_policy *policy, struct sspi_view name)
{
    return (policy_uses_mech(policy, SSPI_MECH_KERBEROS) && divides(name, '@')) ||
           (policy_uses_mech(policy, SSPI_MECH_NTLM) && divides(name, '\\')) ||
           (policy_uses_digest_users(policy) && is_digest_name(name));
}

/* True for text that an administrator may mean as a pattern. The core compares it literally. */
static bool looks_like_pattern(struct sspi_view name)
{
    return name.len > 0 && (name.data[0] == '~' || memchr(name.data, '*', name.len) != NULL);
}

/* Returns the text after the last `octet`, or all of the text. */
static struct sspi_view behind_last(struct sspi_view text, char octet)
{
    size_t start = text.len;
    while (start > 0 && text.data[start - 1] != octet)
        start--;
    return (struct sspi_view){text.data + start, text.len - start};
}

/* Returns the user's part of a name of any form; "alice" if the name has no such part. */
static struct sspi_view user_part(struct sspi_view name)
{
    if (is_digest_name(name))
        name = behind_last(name, ':');
    name = behind_last(name, '\\');
    const char *end = name.len == 0 ? NULL : memchr(name.data, '@', name.len);
    if (end != NULL)
        name.len = (size_t)(end - name.data);
    return name.len == 0 || looks_like_pattern(name) ? SSPI_VIEW("alice") : name;
}

/* Writes the full names that this user has under the schemes of `policy`. */
static void append_right_names(struct bytes *to, const struct sspi_policy *policy,
                               struct sspi_view name, const char *default_realm)
{
    char user[SHOWN_SIZE];
    escape_text(user, sizeof(user), user_part(name));
    if (policy_uses_mech(policy, SSPI_MECH_KERBEROS))
        bytes_append_format(to, "%s@%s", user, default_realm != NULL ? default_realm : "REALM");
    if (policy_uses_mech(policy, SSPI_MECH_NTLM))
        bytes_append_format(to, "%sDOMAIN\\%s", to->len > 0 ? " or " : "", user);
    if (policy_uses_digest_users(policy))
        bytes_append_format(to, "%sdigest:%s", to->len > 0 ? " or " : "", user);
    bytes_append_char(to, '\0');
}

bool acceptor_config_check_name(const struct sspi_policy *policy, const char *directive,
                                struct sspi_view name, const char *default_realm, char *text)
{
    char shown[SHOWN_SIZE];
    struct bytes right BYTES_CLEANUP = {0};
    bool pattern = looks_like_pattern(name);
    if (!pattern && can_match(policy, name))
        return true;
    append_right_names(&right, policy, name, default_realm);
    snprintf(text, SSPI_ERROR_SIZE, "%.40s: \"%s\" %s; use %.250s", directive,
             escape_configured(shown, sizeof(shown), name),
             pattern ? "is compared literally, because only ~REGEX of sspi-user is a pattern"
                     : "is not a full name that a client of the offered schemes can have",
             right.failed ? "a full name" : right.data);
    return false;
}

bool acceptor_config_check_realm(const struct sspi_policy *policy, const char *directive,
                                 struct sspi_view realm, char *text)
{
    char shown[SHOWN_SIZE];
    bool digest = policy_uses_digest_users(policy);
    bool directory =
        policy_uses_mech(policy, SSPI_MECH_KERBEROS) || policy_uses_mech(policy, SSPI_MECH_NTLM);
    if (is_digest_name(realm) ? digest : directory)
        return true;
    snprintf(text, SSPI_ERROR_SIZE,
             "%.40s: \"%s\" is not a realm that a client of the offered schemes can have; use %s",
             directive, escape_configured(shown, sizeof(shown), realm),
             digest ? "digest:REALM" : "a Kerberos realm or an NTLM domain");
    return false;
}

bool acceptor_config_check_user_name(const struct sspi_policy *policy, enum sspi_server server,
                                     char *error)
{
    const char *user_name = sspi_option_info(SSPI_OPTION_USER_NAME)->name[server];
    const char *file = sspi_option_info(SSPI_OPTION_NTLM_USER_FILE)->name[server];
    if (policy->user_name != SSPI_USER_NAME_SAM || !policy_uses_mech(policy, SSPI_MECH_NTLM) ||
        !sspi_policy_is_set(policy, SSPI_OPTION_NTLM_USER_FILE))
        return true;
    snprintf(error, SSPI_ERROR_SIZE,
             "%s sam: a user of %s could have the same name DOMAIN\\user as another person of the "
             "directory: use %s full, or remove %s, so that winbind verifies NTLM users",
             user_name, file, user_name, file);
    return false;
}

/* ---- required groups ---- */

/* Only a ticket and winbind have SIDs. */
static bool can_have_sids(const struct sspi_policy *policy)
{
    return policy_uses_mech(policy, SSPI_MECH_KERBEROS) ||
           (policy_uses_mech(policy, SSPI_MECH_NTLM) && policy->ntlm_user_file.n == 0);
}

static const char *lack_of_sids(const struct sspi_policy *policy)
{
    if (!policy->groups.offers[SSPI_GROUPS_TICKET] &&
        !policy->groups.offers[SSPI_GROUPS_TICKET_UNFILTERED])
        return "is a group of the directory, but ticket is not in";
    return can_have_sids(policy) ? NULL
                                 : "is a group of the directory, which only Kerberos and winbind "
                                   "know, whatever is in";
}

static const char *lack_of_names(const struct sspi_policy *policy)
{
    if (policy->groups.offers[SSPI_GROUPS_LOCAL] || policy_uses_group_file(policy))
        return NULL;
    return policy->groups.offers[SSPI_GROUPS_FILE]
               ? "has no domain, so it is a group of a group file or of this machine, but there is "
                 "no group file, and local is not in"
               : "has no domain, so it is a group of a group file or of this machine, but neither "
                 "file nor local is in";
}

bool acceptor_config_check_group(const struct sspi_policy *policy, enum sspi_server server,
                                 const char *directive, struct sspi_view group, char *text)
{
    char shown[SHOWN_SIZE];
    struct sid sid;
    bool plain = policy_require_group(group, &sid) == POLICY_GROUP_PLAIN;
    const char *lack = plain ? lack_of_names(policy) : lack_of_sids(policy);
    if (lack == NULL)
        return true;
    snprintf(text, SSPI_ERROR_SIZE, "%.40s: \"%s\" %s %s, so no client is a member", directive,
             escape_configured(shown, sizeof(shown), group), lack,
             sspi_option_info(SSPI_OPTION_GROUPS)->name[server]);
    return false;
}

/* ---- sessions ---- */

bool sspi_policy_check_session(const struct sspi_policy *policy, enum sspi_server server,
                               char *error)
{
    static const char *const lines[] = {[SSPI_SERVER_APACHE] = "Require sspi-channel-bound",
                                        [SSPI_SERVER_NGINX] = "sspi_require channel-bound"};
    const char *session = sspi_option_info(SSPI_OPTION_SESSION)->name[server];
    bool by_line = policy->requires_channel_bound;
    if (!policy->session || !policy_demands_channel(policy))
        return true;
    snprintf(
        error, SSPI_ERROR_SIZE,
        "%s is on, but %s%s demands a channel binding: a session's cookie proves no channel, so "
        "it would never count. Set %s off there. %s all keeps a login on its TLS connection "
        "instead",
        session,
        by_line ? lines[server] : sspi_option_info(SSPI_OPTION_CHANNEL_BINDING)->name[server],
        by_line ? "" : " require", session,
        sspi_option_info(SSPI_OPTION_CONNECTION_AUTH)->name[server]);
    return false;
}

/* ---- modes of files ---- */

bool acceptor_config_check_mode(const char *what, const char *path, bool is_secret, char *text)
{
    struct stat st;
    mode_t exposed = is_secret ? S_IROTH | S_IWOTH : S_IWOTH;
    if (stat(path, &st) != 0 || (st.st_mode & exposed) == 0)
        return true;
    snprintf(
        text, SSPI_ERROR_SIZE,
        "%s %.300s has mode %04o, so every account of this machine can %s it: set mode %s", what,
        path, (unsigned)(st.st_mode & 07777), (st.st_mode & S_IWOTH) != 0 ? "change" : "read",
        is_secret ? "0600 (chmod 0600), or 0640 with the workers' group" : "0644 (chmod 0644)");
    return false;
}

static bool in_group(uid_t uid, gid_t gid, gid_t wanted)
{
    if (gid == wanted)
        return true;
    gid_t groups[64];
    int n_groups = 64;
    const struct passwd *account = getpwuid(uid);
    if (account == NULL || getgrouplist(account->pw_name, gid, groups, &n_groups) < 0)
        return false;
    for (int i = 0; i < n_groups; i++)
        if (groups[i] == wanted)
            return true;
    return false;
}

bool acceptor_config_check_worker_may(const struct sspi_acceptor_config *config, const char *path,
                                      mode_t wanted)
{
    struct stat st;
    if (config->worker_uid == 0)
        return true;
    if (stat(path, &st) != 0)
        return false;
    if (st.st_uid == config->worker_uid)
        return (st.st_mode & wanted) != 0;
    if (in_group(config->worker_uid, config->worker_gid, st.st_gid))
        return (st.st_mode & (wanted >> 3)) != 0;
    return (st.st_mode & (wanted >> 6)) != 0;
}
