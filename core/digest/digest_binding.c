/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_binding.h"

#include <string.h>

#include "binding_check.h"
#include "field.h"
#include "hex.h"
#include "error_info.h"

/* The first octets of the cnonce in every version of the extension. */
#define ANY_VERSION "+Upgraded+"
#define PREFIX_LEN  (sizeof(DIGEST_BINDING_PREFIX) - 1)

/* The extension always uses MD5, also with other algorithms of the response. */
#define MD5_LEN    PACKAGE_CHANNEL_HASH_LEN
#define MD5_DIGITS (2 * MD5_LEN)

/* The cnonce protects these two directives, and it must protect both. */
#define N_HASHED 2

static bool begins_with(struct sspi_view text, struct sspi_view head)
{
    return text.len >= head.len && bytes_equal((struct sspi_view){text.data, head.len}, head);
}

/* Reads the values in the order of hashed-dirs. False: it does not list exactly the two directives.
 */
static bool list_hashed(const struct digest_response *from, struct sspi_view ret_values[N_HASHED])
{
    struct sspi_view list = from->hashed_dirs;
    const char *comma = memchr(list.data, ',', list.len);

    if (comma == NULL)
        return false;
    size_t first_len = (size_t)(comma - list.data);
    struct sspi_view first = field_trim((struct sspi_view){list.data, first_len});
    struct sspi_view second = field_trim((struct sspi_view){comma + 1, list.len - first_len - 1});
    bool service_first = bytes_equal_nocase(first, SSPI_VIEW("service-name"));
    if (!bytes_equal_nocase(service_first ? second : first, SSPI_VIEW("channel-binding")) ||
        !bytes_equal_nocase(service_first ? first : second, SSPI_VIEW("service-name")))
        return false;
    ret_values[0] = service_first ? from->service_name : from->channel_binding;
    ret_values[1] = service_first ? from->channel_binding : from->service_name;
    return true;
}

/* cnonce = prefix, hexadecimal MD5 of the values joined with ":", randomness. */
static bool read_cnonce(struct sspi_view cnonce, uint8_t ret_digest[MD5_LEN])
{
    return begins_with(cnonce, SSPI_VIEW(DIGEST_BINDING_PREFIX)) &&
           cnonce.len > PREFIX_LEN + MD5_DIGITS &&
           hex_decode_lower((struct sspi_view){cnonce.data + PREFIX_LEN, MD5_DIGITS}, ret_digest,
                            MD5_LEN);
}

/* True if the client sent neither hashed-dirs nor a directive that it can list. */
static bool is_silent(const struct digest_response *from)
{
    return from->hashed_dirs.data == NULL && from->service_name.data == NULL &&
           from->channel_binding.data == NULL;
}

/* Reads the directives that the cnonce must cover. False: one is missing or malformed. */
static bool read_all(const struct digest_response *from, struct sspi_view ret_values[N_HASHED],
                     uint8_t ret_channel[MD5_LEN], uint8_t ret_sent[MD5_LEN])
{
    return from->hashed_dirs.data != NULL && from->service_name.data != NULL &&
           from->channel_binding.data != NULL && list_hashed(from, ret_values) &&
           hex_decode_lower(from->channel_binding, ret_channel, MD5_LEN) &&
           read_cnonce(from->cnonce, ret_sent);
}

enum digest_binding_status digest_binding_read(struct hash_run *run,
                                               const struct digest_response *from,
                                               struct digest_binding *ret_binding)
{
    struct sspi_view values[N_HASHED];
    uint8_t sent[MD5_LEN], channel[MD5_LEN], digest[HASH_MAX];

    if (is_silent(from)) {
        *ret_binding = (struct digest_binding){.channel = {PACKAGE_CLIENT_BINDING_ABSENT, {0}}};
        return begins_with(from->cnonce, SSPI_VIEW(ANY_VERSION)) ? DIGEST_BINDING_FORGED
                                                                 : DIGEST_BINDING_READ;
    }
    if (!read_all(from, values, channel, sent))
        return DIGEST_BINDING_FORGED;
    hash_begin(run, SSPI_DIGEST_MD5);
    hash_update_view(run, values[0]);
    hash_update(run, ":", 1);
    hash_update_view(run, values[1]);
    if (!hash_end(run, digest))
        return DIGEST_BINDING_FAILED;
    if (!bytes_equal_secret((struct sspi_view){(const char *)digest, MD5_LEN},
                            (struct sspi_view){(const char *)sent, MD5_LEN}))
        return DIGEST_BINDING_FORGED;
    *ret_binding = (struct digest_binding){binding_channel_from_hash(channel), from->service_name};
    return DIGEST_BINDING_READ;
}

SECURITY_STATUS digest_binding_refuse(enum digest_binding_status status,
                                      struct sspi_error_info *error_info)
{
    if (status != DIGEST_BINDING_FORGED)
        return binding_check_no_md5(error_info);
    /* The response is refused even if no binding is required, because a third party changed the
     * header. */
    return error_info_refuse(error_info, SEC_E_BAD_BINDINGS, SSPI_REASON_BAD_BINDING,
                             "hashed-dirs, service-name, channel-binding and cnonce contradict one "
                             "another: a proxy or an attacker changed them");
}

SECURITY_STATUS digest_binding_check(struct hash_run *run, const struct digest_response *from,
                                     const struct package_input *in,
                                     struct digest_binding *ret_binding,
                                     enum package_bound *ret_bound,
                                     struct sspi_error_info *error_info)
{
    const struct binding_rules rules = binding_rules_of(in);
    struct digest_binding binding;
    enum digest_binding_status read = digest_binding_read(run, from, &binding);

    if (read != DIGEST_BINDING_READ)
        return digest_binding_refuse(read, error_info);
    const struct binding_facts facts = {.channel = binding.channel, .service = binding.service};
    SECURITY_STATUS status = binding_check(&rules, &facts, run->suite, ret_bound, error_info);
    if (status == SEC_E_OK)
        *ret_binding = binding;
    return status;
}
