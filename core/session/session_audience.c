/* SPDX-License-Identifier: Apache-2.0 */
#include "session_audience.h"

#include <string.h>

#include "sspi_http.h"

/* The first octet says what the text is made of. */
enum {
    KIND_CONFIGURED = 't',
    KIND_KERBEROS = 'k',
    KIND_NTLM_FILE = 'n',
    KIND_WINBIND = 'w',
    KIND_DIGEST = 'd',
    KIND_HASHED = '#'
};

/* The parts of a text, one after the other. */
struct parts {
    struct sspi_view part[4];
    size_t n;
};

static void add(struct parts *to, struct sspi_view part)
{
    to->part[to->n++] = part;
}

static size_t len_of(const struct parts *parts)
{
    size_t len = 0;
    for (size_t i = 0; i < parts->n; i++)
        len += parts->part[i].len;
    return len;
}

static void join(const struct parts *parts, struct session_audience *ret_audience)
{
    ret_audience->len = 0;
    for (size_t i = 0; i < parts->n; i++) {
        if (parts->part[i].len > 0)
            memcpy(ret_audience->text + ret_audience->len, parts->part[i].data, parts->part[i].len);
        ret_audience->len += parts->part[i].len;
    }
}

static bool hash_parts(const struct parts *parts, const struct hash_suite *hashes,
                       struct session_audience *ret_audience)
{
    HASH_RUN_CLEANUP struct hash_run run = {0};
    uint8_t digest[HASH_MAX];
    if (!hash_run_init(&run, hashes))
        return false;
    hash_begin(&run, SSPI_DIGEST_SHA_256);
    for (size_t i = 0; i < parts->n; i++)
        hash_update_view(&run, parts->part[i]);
    if (!hash_end(&run, digest))
        return false;
    ret_audience->text[0] = KIND_HASHED;
    bytes_write_hex(digest, sizeof(digest), ret_audience->text + 1);
    ret_audience->len = 1 + 2 * sizeof(digest);
    return true;
}

/* A realm has no colon (sspi_policy_check_realm()), so that two pairs never make one text. */
static bool add_digest(struct parts *parts, const struct session_audience_facts *facts)
{
    add(parts, facts->realm);
    add(parts, SSPI_VIEW(":"));
    add(parts, facts->path);
    return facts->path.len > 0 && facts->realm.len > 0 &&
           memchr(facts->realm.data, ':', facts->realm.len) == NULL;
}

/* `sid_text` (SID_TEXT_SIZE octets) holds the text of a SID. */
static bool add_source(struct parts *parts, const struct session_audience_facts *facts, char kind,
                       char *sid_text)
{
    switch (kind) {
    case KIND_CONFIGURED:
        add(parts, facts->configured);
        return true;
    case KIND_KERBEROS:
        return true;
    case KIND_NTLM_FILE:
        add(parts, facts->path);
        return true;
    case KIND_WINBIND:
        if (facts->domain == NULL || facts->domain->n_sub == 0)
            return false;
        add(parts, (struct sspi_view){sid_text, sid_write(facts->domain, sid_text)});
        return true;
    default:
        return add_digest(parts, facts);
    }
}

static char kind_of(const struct session_audience_facts *facts)
{
    if (facts->configured.data != NULL)
        return KIND_CONFIGURED;
    if (facts->mech == SSPI_MECH_NONE)
        return KIND_DIGEST;
    if (facts->mech == SSPI_MECH_KERBEROS)
        return KIND_KERBEROS;
    return facts->path.len > 0 ? KIND_NTLM_FILE : KIND_WINBIND;
}

bool session_audience_of(const struct session_audience_facts *facts,
                         const struct hash_suite *hashes, struct session_audience *ret_audience)
{
    char kind = kind_of(facts);
    char sid_text[SID_TEXT_SIZE];
    struct parts parts = {.part = {{&kind, 1}}, .n = 1};
    if (!add_source(&parts, facts, kind, sid_text))
        return false;
    if (len_of(&parts) > sizeof(ret_audience->text))
        return hash_parts(&parts, hashes, ret_audience);
    join(&parts, ret_audience);
    return true;
}
