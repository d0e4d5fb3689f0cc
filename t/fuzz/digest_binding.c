/* SPDX-License-Identifier: Apache-2.0 */
/* Drives digest_binding_read and digest_binding_check. The input begins with six octets. The first
 * has the requirements and the number of bindings. The second chooses the absent directives, the
 * third the parts of the header to make right. Two choose a place, and the last is the change
 * there. Then follow texts, each ended by a NUL: cnonce, hashed-dirs, service-name and
 * channel-binding. For each binding two types, initiator, acceptor and application follow.
 *  - The client binding is reported only if the cnonce protects the values of the header. The
 *    target computes this itself.
 *  - A right header is never called forged. If one octet of a protected value or
 *    of the cnonce is changed, the header is always called forged.
 *  - The decision is that of the policy table, and MATCHED only if a hash is equal.
 *  - A refusal sets nothing and has a printable reason. */
#include "digest_binding.h"

#include "fuzz.h"
#include "hex.h"

#define DIGITS 32
#define N_MAX  3

static struct hash_run *the_run(void)
{
    static struct hash_suite suite;
    static struct hash_run run;
    if (run.suite == NULL)
        FUZZ_REQUIRE(hash_suite_init(&suite) && hash_run_init(&run, &suite));
    return &run;
}

static void append_md5(struct bytes *to, struct sspi_view what)
{
    uint8_t digest[HASH_MAX];
    hash_begin(the_run(), SSPI_DIGEST_MD5);
    hash_update_view(the_run(), what);
    FUZZ_REQUIRE(hash_end(the_run(), digest));
    bytes_append_hex(to, digest, 16);
}

static void append_number(struct bytes *to, size_t number)
{
    for (size_t i = 0; i < 4; i++)
        bytes_append_char(to, (char)(number >> (8 * i)));
}

/* The channel that `binding` names. */
static void append_channel(struct bytes *to, const struct package_channel_binding *binding)
{
    BYTES_CLEANUP struct bytes all = {0};
    append_number(&all, binding->initiator_type);
    append_number(&all, binding->initiator.len);
    bytes_append_view(&all, binding->initiator);
    append_number(&all, binding->acceptor_type);
    append_number(&all, binding->acceptor.len);
    bytes_append_view(&all, binding->acceptor);
    append_number(&all, binding->application.len);
    bytes_append_view(&all, binding->application);
    append_md5(to, bytes_as_view(&all));
}

static void append_voucher(struct bytes *to, struct sspi_view first, struct sspi_view second)
{
    BYTES_CLEANUP struct bytes all = {0};
    bytes_append_view(&all, first);
    bytes_append_char(&all, ':');
    bytes_append_view(&all, second);
    append_md5(to, bytes_as_view(&all));
}

/* True if the cnonce protects service and channel in one of the two orders. */
static bool vouches(const struct digest_response *from)
{
    static const size_t prefix_len = sizeof(DIGEST_BINDING_PREFIX) - 1;
    BYTES_CLEANUP struct bytes one = {0}, other = {0};
    if (from->cnonce.len <= prefix_len + DIGITS ||
        memcmp(from->cnonce.data, DIGEST_BINDING_PREFIX, prefix_len) != 0)
        return false;
    struct sspi_view sent = {from->cnonce.data + prefix_len, DIGITS};
    append_voucher(&one, from->service_name, from->channel_binding);
    append_voucher(&other, from->channel_binding, from->service_name);
    return bytes_equal(sent, bytes_as_view(&one)) || bytes_equal(sent, bytes_as_view(&other));
}

static bool is_zero(struct sspi_view channel)
{
    for (size_t i = 0; i < channel.len; i++)
        if (channel.data[i] != '0')
            return false;
    return true;
}

/* The client's channel; UNKNOWN: the header was changed. */
static enum package_client_binding check_client_binding(const struct digest_response *from)
{
    struct digest_binding binding;
    enum digest_binding_status status = digest_binding_read(the_run(), from, &binding);
    uint8_t octets[DIGITS / 2];
    bool present = from->hashed_dirs.data != NULL || from->service_name.data != NULL ||
                   from->channel_binding.data != NULL;
    if (status == DIGEST_BINDING_FORGED) {
        FUZZ_REQUIRE(present || from->cnonce.len >= 10);
        return PACKAGE_CLIENT_BINDING_UNKNOWN;
    }
    FUZZ_REQUIRE(status == DIGEST_BINDING_READ);
    if (binding.channel.client == PACKAGE_CLIENT_BINDING_ABSENT) {
        FUZZ_REQUIRE(!present &&
                     !(from->cnonce.len >= 10 && memcmp(from->cnonce.data, "+Upgraded+", 10) == 0));
        return binding.channel.client;
    }
    FUZZ_REQUIRE(from->hashed_dirs.data != NULL && from->service_name.data != NULL);
    FUZZ_REQUIRE(hex_decode_lower(from->channel_binding, octets, sizeof(octets)));
    FUZZ_REQUIRE(vouches(from));
    FUZZ_REQUIRE(is_zero(from->channel_binding) ==
                 (binding.channel.client == PACKAGE_CLIENT_BINDING_NO_TLS));
    FUZZ_REQUIRE(memcmp(octets, binding.channel.hash, sizeof(octets)) == 0);
    return binding.channel.client;
}

/* The decision of the policy table; -1 is a refusal. */
static int wanted(enum package_client_binding client, const struct digest_response *from,
                  const struct package_input *in)
{
    bool allow = (in->requirements & ASC_REQ_ALLOW_MISSING_BINDINGS) != 0;
    bool proxy = (in->requirements & ASC_REQ_PROXY_BINDINGS) != 0;
    if (client == PACKAGE_CLIENT_BINDING_UNKNOWN)
        return -1;
    if (in->n_bindings == 0 && !proxy)
        return PACKAGE_BOUND_UNCHECKED;
    if (client == PACKAGE_CLIENT_BINDING_ABSENT)
        return allow && !proxy ? PACKAGE_BOUND_ABSENT : -1;
    if (client == PACKAGE_CLIENT_BINDING_NO_TLS)
        return -1;
    if (in->n_bindings == 0)
        return PACKAGE_BOUND_PROXY;
    for (size_t i = 0; i < in->n_bindings; i++) {
        BYTES_CLEANUP struct bytes channel = {0};
        append_channel(&channel, &in->bindings[i]);
        if (bytes_equal(bytes_as_view(&channel), from->channel_binding))
            return PACKAGE_BOUND_MATCHED;
    }
    return -1;
}

static void check_decision(enum package_client_binding client, const struct digest_response *from,
                           const struct package_input *in)
{
    struct sspi_error_info error_info = {0};
    struct digest_binding binding;
    enum package_bound bound = (enum package_bound)99;
    SECURITY_STATUS status =
        digest_binding_check(the_run(), from, in, &binding, &bound, &error_info);
    int expected = wanted(client, from, in);
    if (expected >= 0) {
        FUZZ_REQUIRE(status == SEC_E_OK && (int)bound == expected);
        return;
    }
    FUZZ_REQUIRE(status == SEC_E_BAD_BINDINGS && (int)bound == 99);
    FUZZ_REQUIRE(error_info.reason == SSPI_REASON_BAD_BINDING ||
                 error_info.reason == SSPI_REASON_MISSING_BINDING);
    fuzz_check_error_info(&error_info, error_info.reason);
}

/* Changes one octet of service, channel or cnonce, so that the cnonce does not protect the
 * header. */
static void check_changed(const struct digest_response *right, size_t position, char change)
{
    static const size_t prefix_len = sizeof(DIGEST_BINDING_PREFIX) - 1;
    struct digest_response from = *right;
    size_t lens[] = {from.service_name.len, from.channel_binding.len, prefix_len + DIGITS};
    struct sspi_view *parts[] = {&from.service_name, &from.channel_binding, &from.cnonce};
    position %= lens[0] + lens[1] + lens[2];
    size_t i = 0;
    while (position >= lens[i])
        position -= lens[i++];
    char *changed = fuzz_copy(*parts[i]);
    changed[position] ^= change;
    parts[i]->data = changed;
    struct digest_binding binding;
    FUZZ_REQUIRE(digest_binding_read(the_run(), &from, &binding) == DIGEST_BINDING_FORGED);
    free(changed);
}

/* Makes the header right: the channel of a binding or an empty one, and the cnonce for it. */
static void check_right(const struct digest_response *given, const struct package_input *in,
                        uint8_t how, size_t position, char change)
{
    BYTES_CLEANUP struct bytes channel = {0}, cnonce = {0};
    struct digest_response from = *given;
    if (from.service_name.data == NULL)
        from.service_name = SSPI_VIEW("");
    if (in->n_bindings > 0 && (how & 2) != 0)
        append_channel(&channel, &in->bindings[how % in->n_bindings]);
    else
        bytes_append_text(&channel, "00000000000000000000000000000000");
    from.channel_binding = bytes_as_view(&channel);
    bytes_append_text(&cnonce, DIGEST_BINDING_PREFIX);
    if ((how & 4) != 0) {
        from.hashed_dirs = SSPI_VIEW("service-name,channel-binding");
        append_voucher(&cnonce, from.service_name, from.channel_binding);
    } else {
        from.hashed_dirs = SSPI_VIEW("channel-binding , Service-Name");
        append_voucher(&cnonce, from.channel_binding, from.service_name);
    }
    bytes_append_char(&cnonce, 'x');
    bytes_append_view(&cnonce, given->cnonce);
    from.cnonce = bytes_as_view(&cnonce);
    enum package_client_binding client = check_client_binding(&from);
    FUZZ_REQUIRE(client == PACKAGE_CLIENT_BINDING_NO_TLS ||
                 client == PACKAGE_CLIENT_BINDING_PRESENT);
    check_decision(client, &from, in);
    if (change != 0)
        check_changed(&from, position, change);
}

static struct sspi_view take_directive(struct sspi_view *input, bool absent)
{
    struct sspi_view value = fuzz_until(input, '\0');
    return absent ? (struct sspi_view){NULL, 0} : value;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sspi_view input = fuzz_view(data, size);
    struct package_channel_binding bindings[N_MAX];
    struct package_input in = {.bindings = bindings};
    uint8_t policy = fuzz_octet(&input), absent = fuzz_octet(&input), how = fuzz_octet(&input);
    size_t position = fuzz_number(&input, 2);
    char change = (char)fuzz_octet(&input);
    struct digest_response from = {.cnonce = fuzz_until(&input, '\0')};
    from.hashed_dirs = take_directive(&input, (absent & 1) != 0);
    from.service_name = take_directive(&input, (absent & 2) != 0);
    from.channel_binding = take_directive(&input, (absent & 4) != 0);
    if ((policy & 1) != 0)
        in.requirements |= ASC_REQ_ALLOW_MISSING_BINDINGS;
    if ((policy & 2) != 0)
        in.requirements |= ASC_REQ_PROXY_BINDINGS;
    in.n_bindings = (policy >> 2) % (N_MAX + 1);
    for (size_t i = 0; i < in.n_bindings; i++) {
        bindings[i].initiator_type = (uint32_t)fuzz_number(&input, 4);
        bindings[i].acceptor_type = (uint32_t)fuzz_number(&input, 4);
        bindings[i].initiator = fuzz_until(&input, '\0');
        bindings[i].acceptor = fuzz_until(&input, '\0');
        bindings[i].application = fuzz_until(&input, '\0');
    }
    check_decision(check_client_binding(&from), &from, &in);
    if ((how & 1) != 0)
        check_right(&from, &in, how, position, change);
    return 0;
}
