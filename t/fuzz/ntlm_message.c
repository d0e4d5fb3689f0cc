/* SPDX-License-Identifier: Apache-2.0 */
/* Drives ntlm_message_type, ntlm_message_read_negotiate, ntlm_message_read_authenticate and
 * ntlm_response_read.
 *  - A message that is read has the right type and is within the limits. A refusal has a reason.
 *  - Fields lie behind the header and inside the message, and have the lengths of the header. A MIC
 *    overlaps no field.
 *  - The parts of a response lie inside it. Octets behind the end of its pairs change nothing.
 *  - The fields, written again by a plain writer, are read as the same fields. */
#include "ntlm_response.h"

#include "fuzz.h"

#define AUTHENTICATE_LEN 64
#define N_FIELDS         6

static const struct sspi_view *field_of(const struct ntlm_authenticate *message, size_t i)
{
    const struct sspi_view *const all[N_FIELDS] = {&message->lm_response, &message->nt_response,
                                                   &message->domain,      &message->user,
                                                   &message->workstation, &message->session_key};
    return all[i];
}

static void check_optional(struct sspi_view part, struct sspi_view whole, size_t len)
{
    if (part.data != NULL)
        FUZZ_REQUIRE(fuzz_inside(part, whole) && (len == 0 || part.len == len));
}

static void check_response(struct sspi_view octets)
{
    struct ntlm_response response, again;
    const char *problem = NULL;
    bool read = ntlm_response_read(octets, &response, &problem);
    FUZZ_REQUIRE(read == (problem == NULL));
    if (!read) {
        FUZZ_REQUIRE(problem[0] != '\0' && fuzz_printable(problem));
        return;
    }
    FUZZ_REQUIRE(fuzz_inside(response.proof, octets) && response.proof.len == NTLM_KEY_LEN);
    FUZZ_REQUIRE(fuzz_inside(response.temp, octets) &&
                 response.temp.len == octets.len - NTLM_KEY_LEN);
    check_optional(response.target, response.temp, 0);
    FUZZ_REQUIRE(response.target.len % 2 == 0);
    check_optional(response.channel, response.temp, NTLM_KEY_LEN);
    BYTES_CLEANUP struct bytes longer = {0};
    bytes_append_view(&longer, octets);
    bytes_append_text(&longer, "behind");
    FUZZ_REQUIRE(!longer.failed && ntlm_response_read(bytes_as_view(&longer), &again, &problem));
    FUZZ_REQUIRE(again.time == response.time && again.flags == response.flags);
    FUZZ_REQUIRE(fuzz_same(again.target, response.target));
    FUZZ_REQUIRE(fuzz_same(again.channel, response.channel));
}

static void check_negotiate(struct sspi_view token)
{
    const char *problem = NULL;
    uint32_t flags;
    bool read = ntlm_message_read_negotiate(token, &flags, &problem);
    FUZZ_REQUIRE(read == (problem == NULL));
    if (!read) {
        FUZZ_REQUIRE(problem[0] != '\0' && fuzz_printable(problem));
        return;
    }
    FUZZ_REQUIRE(token.len >= 32 && token.len <= NTLM_MESSAGE_LIMIT);
    FUZZ_REQUIRE(ntlm_message_type(token) == NTLM_MESSAGE_NEGOTIATE);
    FUZZ_REQUIRE(flags == bytes_read_u32(token.data + 12));
}

static void put_number(struct bytes *to, uint64_t number, size_t n_octets)
{
    for (size_t i = 0; i < n_octets; i++, number >>= 8)
        bytes_append_char(to, (char)(number & 0xFF));
}

/* Writes the fields one after the other, behind a MIC if there was one. */
static void check_written_again(const struct ntlm_authenticate *message)
{
    BYTES_CLEANUP struct bytes token = {0};
    struct ntlm_authenticate again;
    const char *problem;
    size_t offset = message->mic.data != NULL ? NTLM_MIC_END : AUTHENTICATE_LEN;
    bytes_append_view(&token, NTLM_SIGNATURE);
    put_number(&token, NTLM_MESSAGE_AUTHENTICATE, 4);
    for (size_t i = 0; i < N_FIELDS; i++) {
        put_number(&token, field_of(message, i)->len, 2);
        put_number(&token, 0, 2);
        put_number(&token, offset, 4);
        offset += field_of(message, i)->len;
    }
    put_number(&token, message->flags, 4);
    if (message->mic.data != NULL) {
        put_number(&token, 0, 8);
        bytes_append_view(&token, message->mic);
    }
    for (size_t i = 0; i < N_FIELDS; i++)
        bytes_append_view(&token, *field_of(message, i));
    FUZZ_REQUIRE(!token.failed);
    if (token.len > NTLM_MESSAGE_LIMIT) /* fields that overlapped do not overlap now */
        return;
    FUZZ_REQUIRE(ntlm_message_read_authenticate(bytes_as_view(&token), &again, &problem));
    for (size_t i = 0; i < N_FIELDS; i++)
        FUZZ_REQUIRE(fuzz_same(*field_of(&again, i), *field_of(message, i)));
    FUZZ_REQUIRE(again.flags == message->flags);
    if (message->mic.data != NULL)
        FUZZ_REQUIRE(fuzz_same(again.mic, message->mic));
}

static void check_authenticate(struct sspi_view token)
{
    struct ntlm_authenticate message;
    const char *problem = NULL;
    bool read = ntlm_message_read_authenticate(token, &message, &problem);
    FUZZ_REQUIRE(read == (problem == NULL));
    if (!read) {
        FUZZ_REQUIRE(problem[0] != '\0' && fuzz_printable(problem));
        return;
    }
    FUZZ_REQUIRE(token.len >= AUTHENTICATE_LEN && token.len <= NTLM_MESSAGE_LIMIT);
    FUZZ_REQUIRE(ntlm_message_type(token) == NTLM_MESSAGE_AUTHENTICATE);
    size_t first = token.len;
    for (size_t i = 0; i < N_FIELDS; i++) {
        struct sspi_view field = *field_of(&message, i);
        FUZZ_REQUIRE(field.len == bytes_read_u16(token.data + 12 + 8 * i));
        FUZZ_REQUIRE((field.data == NULL) == (field.len == 0));
        if (field.len == 0)
            continue;
        FUZZ_REQUIRE(fuzz_inside(field, token));
        if ((size_t)(field.data - token.data) < first)
            first = (size_t)(field.data - token.data);
    }
    FUZZ_REQUIRE(first >= AUTHENTICATE_LEN || first == token.len);
    FUZZ_REQUIRE((message.mic.data != NULL) == (first >= NTLM_MIC_END));
    if (message.mic.data != NULL)
        FUZZ_REQUIRE(message.mic.data == token.data + NTLM_MIC_START &&
                     message.mic.len == NTLM_KEY_LEN && fuzz_inside(message.mic, token));
    check_response(message.nt_response.data != NULL ? message.nt_response : SSPI_VIEW(""));
    check_written_again(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sspi_view token = fuzz_view(data, size);
    check_negotiate(token);
    check_authenticate(token);
    check_response(token);
    return 0;
}
