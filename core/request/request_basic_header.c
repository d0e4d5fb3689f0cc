/* SPDX-License-Identifier: Apache-2.0 */
#include "request_basic_header.h"

#include <string.h>

#include "base64.h"
#include "error_info.h"
#include "field.h"
#include "nfc.h"
#include "utf8.h"

#define OCTETS_LIMIT (REQUEST_BASIC_USER_LIMIT + 1 + REQUEST_BASIC_PASSWORD_LIMIT)

/* Each octet of ISO-8859-1 has up to two in UTF-8. */
_Static_assert(2 * REQUEST_BASIC_PASSWORD_LIMIT <= NFC_LIMIT, "nfc_append() accepts it");

static enum sspi_reason refuse_large(struct sspi_error_info *error_info)
{
    return error_info_set(error_info, SSPI_REASON_TOO_LARGE_TOKEN,
                          "the name has more than %u octets, or the password more than %u",
                          REQUEST_BASIC_USER_LIMIT, REQUEST_BASIC_PASSWORD_LIMIT);
}

static enum sspi_reason no_memory(struct sspi_error_info *error_info)
{
    return error_info_set(error_info, SSPI_REASON_INTERNAL, OUT_OF_MEMORY);
}

static enum sspi_reason decode(struct sspi_view text, struct bytes *ret_octets,
                               struct sspi_error_info *error_info)
{
    if (text.len > 0 && !field_is_token68(text))
        return error_info_set(error_info, SSPI_REASON_MALFORMED,
                              "the credentials of Basic are not base64");
    switch (base64_decode(text, OCTETS_LIMIT, ret_octets)) {
    case BASE64_OK:
        return SSPI_REASON_NONE;
    case BASE64_TOO_LARGE:
        return refuse_large(error_info);
    case BASE64_MALFORMED:
        return error_info_set(error_info, SSPI_REASON_MALFORMED_TOKEN,
                              "the credentials of Basic are truncated, or another kind of base64");
    case BASE64_NO_MEMORY:
    default:
        return no_memory(error_info);
    }
}

/* Appends ISO-8859-1 as UTF-8: its octets are the first 256 characters of Unicode. */
static bool append_latin_1(struct bytes *to, struct sspi_view octets)
{
    for (size_t i = 0; i < octets.len; i++) {
        const char16_t unit = (unsigned char)octets.data[i];
        if (!utf8_from_utf16(to, &unit, 1))
            return false;
    }
    return !to->failed;
}

/* Appends `part` of the credentials as UTF-8 in NFC. False: no memory. */
static bool normalize(struct bytes *to, struct sspi_view part, bool is_utf8)
{
    BYTES_CLEANUP struct bytes utf8 = {0};
    if (is_utf8)
        return nfc_append(to, part);
    return append_latin_1(&utf8, part) && nfc_append(to, bytes_as_view(&utf8));
}

/* RFC 7617 section 2: "the user-id and password MUST NOT contain any control characters". So no NUL
 * can end a name early in a library of C. */
static enum sspi_reason check(const struct request_basic_header *header,
                              struct sspi_error_info *error_info)
{
    if (header->user.len > REQUEST_BASIC_USER_LIMIT ||
        header->password.len > REQUEST_BASIC_PASSWORD_LIMIT)
        return refuse_large(error_info);
    if (utf8_is_name(bytes_as_view(&header->user)) &&
        utf8_is_name(bytes_as_view(&header->password)))
        return SSPI_REASON_NONE;
    return error_info_set(error_info, SSPI_REASON_BAD_NAME,
                          "the name or the password of Basic holds a control character");
}

/* Divides at the first colon: a name has none, and a password may have some. */
static enum sspi_reason divide(struct sspi_view octets, struct request_basic_header *ret_header,
                               struct sspi_error_info *error_info)
{
    const char *colon = memchr(octets.data, ':', octets.len);
    if (colon == NULL)
        return error_info_set(error_info, SSPI_REASON_MALFORMED_TOKEN,
                              "the credentials of Basic have no colon behind the name");
    const struct sspi_view user = {octets.data, (size_t)(colon - octets.data)};
    const struct sspi_view password = {colon + 1, octets.len - user.len - 1};
    bool is_utf8 = utf8_valid(octets);
    if (user.len > REQUEST_BASIC_USER_LIMIT || password.len > REQUEST_BASIC_PASSWORD_LIMIT)
        return refuse_large(error_info);
    if (!normalize(&ret_header->user, user, is_utf8) ||
        !normalize(&ret_header->password, password, is_utf8))
        return no_memory(error_info);
    return check(ret_header, error_info);
}

enum sspi_reason request_basic_header_read(struct sspi_view text,
                                           struct request_basic_header *ret_header,
                                           struct sspi_error_info *error_info)
{
    BYTES_CLEANUP struct bytes octets = {0};
    enum sspi_reason reason = decode(text, &octets, error_info);
    if (reason == SSPI_REASON_NONE)
        reason = divide(bytes_as_view(&octets), ret_header, error_info);
    if (reason != SSPI_REASON_NONE)
        request_basic_header_clear(ret_header);
    return reason;
}

struct package_password request_basic_header_password(const struct request_basic_header *header)
{
    return (struct package_password){bytes_as_view(&header->user),
                                     bytes_as_view(&header->password)};
}

void request_basic_header_clear(struct request_basic_header *header)
{
    bytes_free(&header->user);
    bytes_free(&header->password);
}
