/* SPDX-License-Identifier: Apache-2.0 */
/* Drives kerberos_ap_req_parse.
 *  - Realm and ciphertext lie inside the token; the ciphertext is not empty.
 *  - The principal is a text within its size, in UTF-8 without control characters. Split at the
 *    separators without a backslash, it gives the realm and the components of the token. So no two
 *    names have the same text.
 *  - A token that does not begin with the frame of Kerberos belongs to another mechanism. */
#define _GNU_SOURCE /* memmem */
#include "kerberos_ap_req.h"

#include "der.h"
#include "fuzz.h"
#include "utf8.h"

/* Reads the next component without its backslashes. Returns the separator behind it, or NUL. */
static char take_component(const char **text, bool is_realm, struct bytes *to)
{
    const char *at = *text;
    while (*at != '\0' && (is_realm || (*at != '/' && *at != '@'))) {
        FUZZ_REQUIRE(*at != '@');
        if (*at == '\\') {
            at++;
            FUZZ_REQUIRE(*at == '@' || *at == '\\' || (*at == '/' && !is_realm));
            bytes_append_char(to, *at);
        } else {
            bytes_append_char(to, *at);
        }
        at++;
    }
    char end = *at;
    *text = end == '\0' ? at : at + 1;
    return end;
}

static bool holds(struct sspi_view token, struct sspi_view part)
{
    return memmem(token.data, token.len, part.data, part.len) != NULL;
}

static void check_principal(const struct kerberos_ap_req *found, struct sspi_view token)
{
    BYTES_CLEANUP struct bytes names = {0};
    BYTES_CLEANUP struct bytes realm = {0};
    const char *rest = found->principal;
    size_t n_components = 0;
    char end = '/';
    FUZZ_REQUIRE(memchr(found->principal, '\0', sizeof(found->principal)) != NULL);
    FUZZ_REQUIRE(utf8_is_name(bytes_view(found->principal)));
    while (end == '/') {
        BYTES_CLEANUP struct bytes component = {0};
        end = take_component(&rest, false, &component);
        der_append(&names, DER_GENERAL_STRING, bytes_as_view(&component));
        n_components++;
    }
    FUZZ_REQUIRE(end == '@' && n_components <= KERBEROS_AP_REQ_COMPONENTS_LIMIT);
    der_wrap(&names, 0, DER_SEQUENCE);
    FUZZ_REQUIRE(!names.failed && holds(token, bytes_as_view(&names)));
    FUZZ_REQUIRE(take_component(&rest, true, &realm) == '\0');
    FUZZ_REQUIRE(bytes_equal(bytes_as_view(&realm), found->realm));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sspi_view token = fuzz_view(data, size);
    struct kerberos_ap_req found;
    enum kerberos_ap_req_status status = kerberos_ap_req_parse(token, &found);
    if (!der_at(token, DER_APPLICATION(0)))
        FUZZ_REQUIRE(status == KERBEROS_AP_REQ_OTHER_MECHANISM);
    if (status != KERBEROS_AP_REQ_OK)
        return 0;
    FUZZ_REQUIRE(fuzz_inside(found.realm, token) && fuzz_inside(found.cipher, token));
    FUZZ_REQUIRE(found.cipher.len > 0);
    FUZZ_REQUIRE(found.has_kvno || found.kvno == 0);
    check_principal(&found, token);
    return 0;
}
