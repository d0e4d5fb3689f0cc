/* SPDX-License-Identifier: Apache-2.0 */
#include "session_content.h"

#include <string.h>

#include "hash.h"
#include "sid_list.h"
#include "sspi_http.h"

#define VERSION 1

#define ABSENT 0xFFFFu

/* The bits of the flags. */
enum {
    FLAG_TARGET_PROVEN = 1,
    FLAG_INTEGRITY = 2,
    FLAG_FOREIGN = 4,
    FLAG_INCOMPLETE = 8,
    FLAG_TLS = 16,
    FLAG_BOUND = 32,
    FLAG_FINGERPRINT = 64,
    FLAGS_ALL = 127
};

/* ---- writing ---- */

static void append_number(struct bytes *to, uint64_t number, size_t n_octets)
{
    for (size_t i = 0; i < n_octets; i++)
        bytes_append_char(to, (char)(uint8_t)(number >> (8 * i)));
}

static void append_text(struct bytes *to, struct sspi_view text)
{
    if (text.data == NULL) {
        append_number(to, ABSENT, 2);
        return;
    }
    if (text.len > SESSION_CONTENT_TEXT_LIMIT || memchr(text.data, '\0', text.len) != NULL)
        to->failed = true;
    append_number(to, text.len, 2);
    bytes_append_view(to, text);
    bytes_append_char(to, '\0');
}

static void append_list(struct bytes *to, struct sspi_view list)
{
    if (list.len > UINT16_MAX || !sid_list_check(list))
        to->failed = true;
    append_number(to, list.len, 2);
    bytes_append_view(to, list);
}

static void append_sid(struct bytes *to, const struct sid *sid)
{
    struct bytes list BYTES_CLEANUP = {0};
    struct sid copy = *sid;
    if (!sid_list_make(&copy, sid->n_sub > 0 ? 1 : 0, &list))
        to->failed = true;
    append_list(to, bytes_as_view(&list));
}

static unsigned flags_of(const struct session_content *content)
{
    return (content->target_proven ? FLAG_TARGET_PROVEN : 0u) |
           (content->integrity ? FLAG_INTEGRITY : 0u) | (content->is_foreign ? FLAG_FOREIGN : 0u) |
           (content->groups_incomplete ? FLAG_INCOMPLETE : 0u) |
           (content->over_tls ? FLAG_TLS : 0u) | (content->was_bound ? FLAG_BOUND : 0u) |
           (content->has_fingerprint ? FLAG_FINGERPRINT : 0u);
}

/* What two contents of one login have in common. */
static void append_login(struct bytes *to, const struct session_content *content)
{
    bytes_append(to, content->fingerprint, sizeof(content->fingerprint));
    append_text(to, content->algorithm);
    append_text(to, content->name);
    append_text(to, content->realm);
    append_text(to, content->target);
    append_text(to, content->audience);
    append_text(to, content->sam_name);
    append_text(to, content->upn);
    append_sid(to, &content->user_sid);
    append_list(to, content->groups);
}

void session_content_encode(const struct session_content *content, struct bytes *to)
{
    append_number(to, VERSION, 1);
    append_number(to, content->scheme, 1);
    append_number(to, content->mech, 1);
    append_number(to, flags_of(content), 2);
    bytes_append(to, content->id, sizeof(content->id));
    append_number(to, content->login_ms, 8);
    append_number(to, content->issued_ms, 8);
    append_number(to, content->end_ms, 8);
    append_number(to, content->expiry_ms, 8);
    append_login(to, content);
}

/* ---- reading ---- */

/* `failed` stays true, so that only the end is checked. */
struct reader {
    struct sspi_view rest;
    bool failed;
};

/* Returns the next `len` octets; without so many it fails, and the view is empty. */
static struct sspi_view take(struct reader *from, size_t len)
{
    if (from->failed || from->rest.len < len) {
        from->failed = true;
        return SSPI_VIEW("");
    }
    struct sspi_view taken = {from->rest.data, len};
    from->rest.data += len;
    from->rest.len -= len;
    return taken;
}

static uint8_t take_u8(struct reader *from)
{
    struct sspi_view octets = take(from, 1);
    return from->failed ? 0 : (uint8_t)octets.data[0];
}

static uint16_t take_u16(struct reader *from)
{
    struct sspi_view octets = take(from, 2);
    return from->failed ? 0 : bytes_read_u16(octets.data);
}

static uint64_t take_u64(struct reader *from)
{
    struct sspi_view octets = take(from, 8);
    return from->failed ? 0 : bytes_read_u64(octets.data);
}

static void take_octets(struct reader *from, uint8_t *to, size_t len)
{
    struct sspi_view octets = take(from, len);
    memcpy(to, octets.data, octets.len);
}

static struct sspi_view take_text(struct reader *from)
{
    size_t len = take_u16(from);
    if (from->failed || len == ABSENT)
        return (struct sspi_view){NULL, 0};
    struct sspi_view text = take(from, len);
    struct sspi_view end = take(from, 1);
    if (from->failed || len > SESSION_CONTENT_TEXT_LIMIT || end.data[0] != '\0' ||
        memchr(text.data, '\0', len) != NULL)
        from->failed = true;
    return text;
}

static struct sspi_view take_list(struct reader *from)
{
    struct sspi_view list = take(from, take_u16(from));
    if (!sid_list_check(list))
        from->failed = true;
    return list;
}

static struct sid take_sid(struct reader *from)
{
    struct sspi_view list = take_list(from);
    struct sid_list_at at = {.rest = list};
    if (from->failed || list.len == 0)
        return (struct sid){0};
    if (sid_list_count(list) != 1 || !sid_list_next(&at))
        from->failed = true;
    return at.sid;
}

static void take_flags(struct reader *from, struct session_content *content)
{
    unsigned flags = take_u16(from);
    if (flags > FLAGS_ALL)
        from->failed = true;
    content->target_proven = (flags & FLAG_TARGET_PROVEN) != 0;
    content->integrity = (flags & FLAG_INTEGRITY) != 0;
    content->is_foreign = (flags & FLAG_FOREIGN) != 0;
    content->groups_incomplete = (flags & FLAG_INCOMPLETE) != 0;
    content->over_tls = (flags & FLAG_TLS) != 0;
    content->was_bound = (flags & FLAG_BOUND) != 0;
    content->has_fingerprint = (flags & FLAG_FINGERPRINT) != 0;
}

static void take_login(struct reader *from, struct session_content *content)
{
    take_octets(from, content->fingerprint, sizeof(content->fingerprint));
    content->algorithm = take_text(from);
    content->name = take_text(from);
    content->realm = take_text(from);
    content->target = take_text(from);
    content->audience = take_text(from);
    content->sam_name = take_text(from);
    content->upn = take_text(from);
    content->user_sid = take_sid(from);
    content->groups = take_list(from);
}

/* True if the scheme can run the mechanism. A line of Digest has an algorithm, and nothing else
 * does. */
static bool is_possible(const struct session_content *content)
{
    bool digest = content->algorithm.data != NULL;
    bool line =
        content->mech == SSPI_MECH_NONE && hash_from_name(content->algorithm) != SSPI_DIGEST_NONE;
    switch (content->scheme) {
    case SSPI_SCHEME_NEGOTIATE:
        return (content->mech == SSPI_MECH_KERBEROS || content->mech == SSPI_MECH_NTLM) && !digest;
    case SSPI_SCHEME_NTLM:
        return content->mech == SSPI_MECH_NTLM && !digest;
    case SSPI_SCHEME_DIGEST:
        return line;
    case SSPI_SCHEME_BASIC:
        return line || ((content->mech == SSPI_MECH_KERBEROS || content->mech == SSPI_MECH_NTLM) &&
                        !digest);
    default:
        return false;
    }
}

bool session_content_decode(struct sspi_view octets, struct session_content *ret_content)
{
    struct reader from = {.rest = octets};
    struct session_content content = {0};
    bool known = take_u8(&from) == VERSION;
    content.scheme = take_u8(&from);
    content.mech = take_u8(&from);
    take_flags(&from, &content);
    take_octets(&from, content.id, sizeof(content.id));
    content.login_ms = take_u64(&from);
    content.issued_ms = take_u64(&from);
    content.end_ms = take_u64(&from);
    content.expiry_ms = take_u64(&from);
    take_login(&from, &content);
    *ret_content = content;
    return known && !from.failed && from.rest.len == 0 && content.name.len > 0 &&
           content.audience.data != NULL && is_possible(&content);
}

/* ---- comparing ---- */

static bool same_text(struct sspi_view a, struct sspi_view b)
{
    return (a.data == NULL) == (b.data == NULL) && bytes_equal(a, b);
}

bool session_content_is_same_login(const struct session_content *a, const struct session_content *b)
{
    return a->scheme == b->scheme && a->mech == b->mech && flags_of(a) == flags_of(b) &&
           memcmp(a->fingerprint, b->fingerprint, sizeof(a->fingerprint)) == 0 &&
           same_text(a->algorithm, b->algorithm) && same_text(a->name, b->name) &&
           same_text(a->realm, b->realm) && same_text(a->target, b->target) &&
           same_text(a->audience, b->audience) && same_text(a->sam_name, b->sam_name) &&
           same_text(a->upn, b->upn) && sid_compare(&a->user_sid, &b->user_sid) == 0 &&
           bytes_equal(a->groups, b->groups);
}
