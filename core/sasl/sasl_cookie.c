/* SPDX-License-Identifier: Apache-2.0 */
#include "sasl_cookie.h"

#include "error_info.h"
#include "utf8.h"

void sasl_cookie_write(uint8_t layers, uint32_t size, uint8_t ret_cookie[SASL_COOKIE_LEN])
{
    /* RFC 4752 3.2: "MUST be 0 if the server does not support any security layer". */
    if (layers == SASL_COOKIE_NONE)
        size = 0;
    ret_cookie[0] = layers;
    ret_cookie[1] = (uint8_t)(size >> 16);
    ret_cookie[2] = (uint8_t)(size >> 8);
    ret_cookie[3] = (uint8_t)size;
}

static bool is_one_layer(uint8_t layer)
{
    return layer == SASL_COOKIE_NONE || layer == SASL_COOKIE_INTEGRITY ||
           layer == SASL_COOKIE_CONFIDENTIALITY;
}

enum sspi_reason sasl_cookie_read(struct sspi_view text, struct sasl_cookie *ret_cookie,
                                  struct sspi_error_info *error_info)
{
    const uint8_t *octets = (const uint8_t *)text.data;
    struct sasl_cookie cookie;

    if (text.len < SASL_COOKIE_LEN)
        return error_info_set(error_info, SSPI_REASON_MALFORMED,
                              "the client's SASL cookie has %zu octets, fewer than 4", text.len);
    cookie.layer = octets[0];
    cookie.size = (uint32_t)octets[1] << 16 | (uint32_t)octets[2] << 8 | octets[3];
    cookie.authzid = (struct sspi_view){text.data + SASL_COOKIE_LEN, text.len - SASL_COOKIE_LEN};
    /* RFC 4752 3.1: "the selected security layer" is one bit. 3.3 defines only three bits. */
    if (!is_one_layer(cookie.layer))
        return error_info_set(error_info, SSPI_REASON_MALFORMED,
                              "the client's SASL cookie has layers 0x%02x, not one of 1, 2 and 4",
                              cookie.layer);
    /* RFC 4752 3.2: without a layer the server verifies that the size is 0. GNU SASL's client sends
     * another size, so the size is ignored instead. */
    if (cookie.layer == SASL_COOKIE_NONE)
        cookie.size = 0;
    if (cookie.authzid.len > SASL_COOKIE_AUTHZID_LIMIT)
        return error_info_set(error_info, SSPI_REASON_TOO_LARGE,
                              "the authorization identity has %zu octets, more than %d",
                              cookie.authzid.len, SASL_COOKIE_AUTHZID_LIMIT);
    /* RFC 4422 3.4.1: each protocol defines the form of the identity. No protocol allows control
     * characters in it. */
    if (!utf8_is_name(cookie.authzid))
        return error_info_set(error_info, SSPI_REASON_MALFORMED,
                              "the authorization identity is not UTF-8 without control characters");
    *ret_cookie = cookie;
    return SSPI_REASON_NONE;
}
