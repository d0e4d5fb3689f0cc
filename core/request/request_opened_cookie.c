/* SPDX-License-Identifier: Apache-2.0 */
#include "request_opened_cookie.h"

#include <stdlib.h>
#include <string.h>

static size_t text_len(const struct request_opened_cookie *cookie)
{
    return cookie->associated_len + cookie->value_len + cookie->octets_len;
}

static void destroy(struct request_opened_cookie *cookie)
{
    store_keys_unref(cookie->keys);
    bytes_wipe(cookie, sizeof(*cookie) + text_len(cookie));
    free(cookie);
}

REF(request_opened_cookie, struct request_opened_cookie, ref, destroy)

char *request_opened_cookie_octets(struct request_opened_cookie *cookie)
{
    return cookie->text + cookie->associated_len + cookie->value_len;
}

/* The parts are of a request's header, so their lengths are small numbers. */
struct request_opened_cookie *request_opened_cookie_new(const struct request_opening *opening,
                                                        struct sspi_view octets)
{
    const struct sspi_view associated = opening->associated, value = opening->value;
    struct request_opened_cookie *cookie =
        malloc(sizeof(*cookie) + associated.len + value.len + octets.len);
    if (cookie == NULL)
        return NULL;
    *cookie = (struct request_opened_cookie){
        .keys = store_keys_ref(opening->keys),
        .generation = opening->generation,
        .associated_len = associated.len,
        .value_len = value.len,
        .octets_len = octets.len,
    };
    ref_init(&cookie->ref);
    memcpy(cookie->text, associated.data, associated.len);
    memcpy(cookie->text + associated.len, value.data, value.len);
    char *copy = request_opened_cookie_octets(cookie);
    memcpy(copy, octets.data, octets.len);
    if (session_content_decode((struct sspi_view){copy, octets.len}, &cookie->content))
        return cookie;
    request_opened_cookie_unref(cookie);
    return NULL;
}

bool request_opened_cookie_is(const struct request_opened_cookie *cookie,
                              const struct request_opening *opening)
{
    const struct sspi_view associated = {cookie->text, cookie->associated_len};
    const struct sspi_view value = {cookie->text + cookie->associated_len, cookie->value_len};
    return cookie->keys == opening->keys && cookie->generation == opening->generation &&
           bytes_equal(associated, opening->associated) &&
           bytes_equal_secret(value, opening->value);
}
